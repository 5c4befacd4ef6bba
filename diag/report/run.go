package report

import (
	"slices"
	"time"

	"dialtone/diag"
	"dialtone/diag/call"
	"dialtone/diag/judge"
	"dialtone/diag/judge/network"
	"dialtone/diag/nat"
	"dialtone/diag/words"
)

// RunInput is one run: the fold of the peer that the report describes, and of the other peer if it ran in this
// process too.
type RunInput struct {
	Start     time.Duration // since the check began
	Began     time.Time     // when its log began
	Call      *call.Call    // of the offerer, or the only one
	Other     *call.Call    // nil: another program
	Events    []diag.Event  // of Call, for jsonl
	Recording string        // file; "" for none
}

// Folded is what a report needs of a run: some kilobytes, while its calls have everything that was said in them.
type Folded struct {
	Run            // judged as on a machine that had time enough
	short   Result // if it was short of CPU, which is known at the end
	details Details
}

// Fold judges a run. The Load of x does not count, that of the report does.
func Fold(x judge.Expectation, in RunInput) Folded {
	f := Folded{Run: runOf(in), details: detailsOf(in.Call)}
	x.Load = judge.Load{}
	f.Result = judgeRun(x, in)
	x.Load = judge.Load{Ticks: 100, Late: 100} // short of CPU
	f.short = judgeRun(x, in)
	return f
}

// runOf is one call without its result.
func runOf(in RunInput) Run {
	c := in.Call
	return Run{
		Start: diag.Millis(in.Start), Samples: samplesOf(c), Recording: in.Recording, Events: in.Events,
		Connected: c.ConnectedAt != nil, Echoed: c.Echoed(), Answered: c.Answered(),
		Measurements: Measurements{
			Setup: setupOf(c),
			Path:  pathOf(c),
			Media: Media{kindOf(c, "audio"), kindOf(c, "video")}, Stress: c.Reactions(),
			Speed:    c.Speed.Result(),
			Restarts: restartsOf(c),
		},
	}
}

func detailsOf(c *call.Call) Details {
	d := Details{
		Candidates: []diag.Candidate{}, Pairs: []Pair{}, Channels: []Channel{}, Servers: []ServerReport{},
		Certificates: c.Certificates(),
	}
	for _, row := range slices.Concat(c.Local, c.Remote) {
		d.Candidates = append(d.Candidates, row.Candidate)
	}
	for _, p := range c.Pairs {
		pair := Pair{Pair: p, Selected: c.Selected != nil && c.Selected.PairID == p.ID}
		if row := c.LocalCandidate(p.LocalCandidateID); row != nil {
			pair.Local = row.String()
		}
		if row := c.RemoteCandidate(p.RemoteCandidateID); row != nil {
			pair.Remote = row.String()
		}
		d.Pairs = append(d.Pairs, pair)
	}
	for _, row := range c.Channels {
		d.Channels = append(d.Channels, channelOf(c, row))
	}
	for _, server := range c.Servers {
		if s := server.State(); s == diag.ServerWorks || s == diag.ServerFailed {
			row := newServer(nat.ServerRow{Server: server.Server})
			if server.Served && !row.OK {
				row.OK, row.Headline, row.Advice = true, words.CallServerHeadline(server), ""
			}
			d.Servers = append(d.Servers, row)
		}
	}
	if last := c.Diagnosed(); last != nil {
		d.NAT = new(NewNetwork(network.Judge(last.State)))
	}
	return d
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

func setupOf(c *call.Call) Setup {
	s := Setup{Phases: []Phase{}}
	if total, ok := setupTime(c); ok {
		s.Total = new(diag.Millis(total))
	}
	for _, span := range c.Spans {
		p := Phase{
			PhaseEnd: diag.PhaseEnd{Phase: span.Phase, Subject: span.Subject, Outcome: span.Outcome, Detail: span.Detail},
			Start:    diag.Millis(span.Start),
		}
		if span.Outcome != "" {
			p.Duration = new(diag.Millis(span.End - span.Start))
		}
		s.Phases = append(s.Phases, p)
	}
	return s
}

// setupTime is from the pairing until a channel was open; of a call of media only, until it was connected.
func setupTime(c *call.Call) (time.Duration, bool) {
	if !c.MediaOnly() {
		return c.SetupTime()
	}
	connected := *c
	connected.OpenAt = c.ConnectedAt
	return connected.SetupTime()
}

func pathOf(c *call.Call) *Path {
	if c.Selected == nil {
		return nil
	}
	p := &Path{Relay: c.Relayed(), Local: diag.Candidate{Side: diag.Local}, Remote: diag.Candidate{Side: diag.Remote}}
	if row := c.LocalCandidate(c.Selected.LocalCandidateID); row != nil {
		p.Local, p.IPv6 = row.Candidate, row.IsIPv6()
	}
	if row := c.RemoteCandidate(c.Selected.RemoteCandidateID); row != nil {
		p.Remote = row.Candidate
	}
	if rtt, ok := c.RoundTripTime(); ok {
		p.RTT = new(diag.Millis(rtt))
	}
	return p
}

func restartsOf(c *call.Call) *Restarts {
	if c.Restarts == 0 {
		return nil
	}
	return &Restarts{c.Restarts, c.Paused.Inbound, c.Paused.Outbound}
}

func kindOf(c *call.Call, kind string) *Kind {
	var k Kind
	for dir, to := range map[diag.Direction]**call.Stream{diag.Inbound: &k.Inbound, diag.Outbound: &k.Outbound} {
		if s := c.StreamOf(dir, kind); s.Packets > 0 {
			*to = &s
		}
	}
	if k.Inbound == nil && k.Outbound == nil {
		return nil
	}
	return &k
}

// maxRunSamples bounds the samples of a run: ten minutes.
const maxRunSamples = 600

func samplesOf(c *call.Call) []Sample {
	out := []Sample{}
	for _, row := range c.Samples[max(0, len(c.Samples)-maxRunSamples):] {
		s := Sample{At: diag.Millis(row.At)}
		if row.Pair != nil {
			s.RTT = secondsMillis(row.Pair.CurrentRoundTripTime)
		}
		for _, in := range row.Inbound {
			interval := &Interval{in.FractionLost, in.Bitrate, secondsMillis(in.Jitter), in.FramesPerSecond, nil}
			if q := call.QualityIn(&row.Sample, &in); q != nil {
				interval.MOS = &q.MOS
			}
			switch in.Kind {
			case "audio":
				s.Audio = interval
			case "video":
				s.Video = interval
			}
		}
		out = append(out, s)
	}
	return out
}

// secondsMillis turns seconds of webrtc-stats into a time.
func secondsMillis(s *float64) *diag.Millis {
	if s == nil {
		return nil
	}
	return new(diag.Millis(diag.SecondsOf(*s)))
}
