package report

import (
	"time"

	"dialtone/diag"
	"dialtone/diag/call"
	"dialtone/diag/judge"
	"dialtone/diag/nat"
)

// shownOf is what is told of one call.
func shownOf(c *call.Call) shown {
	var s shown
	for _, row := range c.Local {
		s.candidates = append(s.candidates, candidateOf(&row))
	}
	for _, row := range c.Remote {
		s.candidates = append(s.candidates, candidateOf(&row))
	}
	for _, p := range c.Pairs {
		s.pairs = append(s.pairs, pairOf(c, p))
	}
	for _, row := range c.Channels {
		s.channels = append(s.channels, channelOf(c, row))
	}
	for _, server := range c.Servers {
		if server.State() != diag.ServerUnknown && server.State() != diag.ServerAsking {
			s.servers = append(s.servers, newServer(nat.ServerRow{Server: server.Server}))
		}
	}
	if d := c.Diagnosed(); d != nil {
		s.nat = diag.Ptr(NewNetwork(judge.Diagnose(d.State)))
	}
	return s
}

func setupOf(c *call.Call) Setup {
	s := Setup{Phases: []Phase{}}
	if total, ok := setupTime(c); ok {
		s.TotalMs = diag.Ptr(ms(total))
	}
	for _, span := range c.Spans {
		p := Phase{Name: string(span.Phase), Subject: span.Subject, StartMs: ms(span.Start), Outcome: string(span.Outcome),
			Detail: span.Detail}
		if span.Outcome != "" {
			p.DurationMs = diag.Ptr(ms(span.End - span.Start))
		}
		s.Phases = append(s.Phases, p)
	}
	return s
}

// setupTime is from the pairing until a channel was open; of a call of media alone, until it was connected.
func setupTime(c *call.Call) (time.Duration, bool) {
	if !c.Start.MediaOnly {
		return c.SetupTime()
	}
	if c.ConnectedAt == nil {
		return 0, false
	}
	with := *c
	with.OpenAt = c.ConnectedAt
	return with.SetupTime()
}

func pathOf(c *call.Call) *Path {
	if c.Selected == nil {
		return nil
	}
	p := &Path{Relay: c.Relayed(), Local: Candidate{Side: string(diag.Local)},
		Remote: Candidate{Side: string(diag.Remote)}}
	if row := c.LocalCandidate(c.Selected.LocalCandidateID); row != nil {
		p.Local, p.IPv6 = candidateOf(row), row.IsIPv6()
	}
	if row := c.RemoteCandidate(c.Selected.RemoteCandidateID); row != nil {
		p.Remote = candidateOf(row)
	}
	if rtt, ok := c.RoundTripTime(); ok {
		p.RTTMs = diag.Ptr(ms(rtt))
	}
	return p
}

func candidateOf(row *call.CandidateRow) Candidate {
	return Candidate{
		Side: string(row.Side), Type: string(row.CandidateType), Protocol: row.Protocol, Address: row.Address, Port: row.Port,
		RelayProtocol: row.RelayProtocol, URL: row.URL, Interface: row.NetworkInterface,
	}
}

func pairOf(c *call.Call, p diag.Pair) Pair {
	out := Pair{
		State: string(p.State), Nominated: p.Nominated, Selected: c.Selected != nil && c.Selected.PairID == p.ID,
		Sent: p.RequestsSent, Answered: p.ResponsesReceived, RTTMs: secondsMs(p.CurrentRoundTripTime),
	}
	if row := c.LocalCandidate(p.LocalCandidateID); row != nil {
		out.Local = row.String()
	}
	if row := c.RemoteCandidate(p.RemoteCandidateID); row != nil {
		out.Remote = row.String()
	}
	return out
}

func channelOf(c *call.Call, row call.ChannelRow) Channel {
	ch := Channel{Label: row.Label, Open: row.ClosedAt == nil, Sent: row.Sent, Received: row.Received}
	if row.Stats != nil {
		ch.Sent, ch.Received = max(ch.Sent, row.Stats.MessagesSent), max(ch.Received, row.Stats.MessagesReceived)
	}
	switch row.Label {
	case diag.LabelPing:
		ch.Echoed = c.Pings.Count > 0
	case diag.LabelChat:
		ch.Echoed = c.ChatEchoed()
	}
	return ch
}

func mediaOf(c *call.Call) Media {
	return Media{Audio: kindOf(c, "audio"), Video: kindOf(c, "video")}
}

func kindOf(c *call.Call, kind string) *Kind {
	k := Kind{Inbound: streamOf(c, diag.Inbound, kind), Outbound: streamOf(c, diag.Outbound, kind)}
	if k.Inbound == nil && k.Outbound == nil {
		return nil
	}
	return &k
}

func streamOf(c *call.Call, dir diag.Direction, kind string) *Stream {
	in := c.StreamOf(dir, kind)
	if in.Packets == 0 {
		return nil
	}
	s := &Stream{
		MimeType: in.MimeType, Packets: in.Packets, Bytes: in.Bytes, Lost: in.Lost, Loss: in.Loss, JitterMs: msPtr(in.Jitter), RTTMs: msPtr(in.RoundTrip),
		Width: in.Width, Height: in.Height, Freezes: in.Freezes, NACK: in.NACK, PLI: in.PLI,
		Flows: in.Ago == nil || in.Ago.Seconds() < call.SilentAfter,
	}
	if dir == diag.Inbound {
		s.Silent = c.IsSilent(kind)
	}
	if up := c.UpTime().Seconds(); up > 0 {
		s.Bitrate = diag.Ptr(float64(in.Bytes) * 8 / up)
		if in.Frames != nil {
			s.FramesPerSecond = diag.Ptr(float64(*in.Frames) / up)
		}
	}
	return s
}

// maxRunSamples bounds the samples of a run: ten minutes.
const maxRunSamples = 600

func samplesOf(c *call.Call) []Sample {
	out := []Sample{}
	for _, row := range c.Samples[max(0, len(c.Samples)-maxRunSamples):] {
		s := Sample{AtMs: ms(row.At)}
		if row.Pair != nil {
			s.RTTMs = secondsMs(row.Pair.CurrentRoundTripTime)
		}
		for _, in := range row.Inbound {
			switch in.Kind {
			case "audio":
				s.AudioInLoss, s.AudioInRate, s.AudioInJitter = in.FractionLost, in.Bitrate, secondsMs(in.Jitter)
			case "video":
				s.VideoInLoss, s.VideoInRate, s.VideoInJitter, s.VideoInFPS = in.FractionLost, in.Bitrate, secondsMs(in.Jitter), in.FramesPerSecond
			}
		}
		out = append(out, s)
	}
	return out
}
