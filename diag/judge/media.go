package judge

import (
	"slices"
	"time"

	"dialtone/diag"
	"dialtone/diag/call"
	"dialtone/diag/finding"
	"dialtone/diag/sdp"
)

// Evidence about media that was expected. Kind is audio or video, Direction is seen from here.
type (
	// MediaMissing means that no packet was counted.
	MediaMissing struct {
		Direction diag.Direction `json:"direction"`
		Kind      string         `json:"kind"`
		UpMs      diag.Millis    `json:"up_ms"`
		Agreed    bool           `json:"agreed"`            // both descriptions agree on it
		Padding   uint64         `json:"padding,omitempty"` // packets that were counted, without media
	}
	// MediaOneWay means that packets were counted in one direction only.
	MediaOneWay struct {
		Flows diag.Direction `json:"flows"`
		Kinds []string       `json:"kinds"`
		UpMs  diag.Millis    `json:"up_ms"`
		Path  string         `json:"path,omitempty"`
	}
	// MediaStopped means that packets came, or were sent, and then none; or that the peer receives none any more.
	MediaStopped struct {
		Direction diag.Direction `json:"direction"`
		Kind      string         `json:"kind"`
		Packets   uint64         `json:"packets"`             // received or sent
		AgoMs     diag.Millis    `json:"ago_ms"`              // since the last one
		AtPeer    bool           `json:"at_peer,omitempty"`   // they are sent; by the peer's feedback they do not arrive
		Running   bool           `json:"running,omitempty"`   // the call goes on
		Muted     bool           `json:"muted,omitempty"`     // the sender said so
		OneFrame  bool           `json:"one_frame,omitempty"` // of inbound video: no pause between two is known
		// of inbound media: what its sender's reports say of the time since, and whether the sender ended the stream (BYE)
		SentSince *diag.SentSince `json:"sentSince,omitempty"`
		Goodbye   bool            `json:"goodbye,omitempty"`
		// this machine was short of CPU, which may be the reason
		TesterShort bool `json:"testerShort,omitempty"`
	}
	// ReportsStopped means that the peer reported on a stream that is sent, and does not any more.
	ReportsStopped struct {
		Kind  string      `json:"kind"`
		AgoMs diag.Millis `json:"ago_ms"` // time of sending since the last report
		Sent  uint64      `json:"packetsSent"`
	}
	// MediaLoss means that packets did not arrive: here, or at the peer by its reports.
	MediaLoss struct {
		Direction   diag.Direction `json:"direction"`
		Kind        string         `json:"kind"`
		Packets     uint64         `json:"packets"` // received or sent
		Lost        int64          `json:"packetsLost"`
		Repaired    *int64         `json:"packetsRepaired,omitempty"`
		Share       float64        `json:"fractionLost"`          // 0–1, without those that were dropped on purpose
		Injected    int64          `json:"injected,omitempty"`    // of those lost, dropped on purpose (--impair)
		TesterShort bool           `json:"testerShort,omitempty"` // this machine was short of CPU, which may be the reason
	}
	// NoKeyFrame means that frames came, and none that decoding can begin with.
	NoKeyFrame struct {
		Frames uint32      `json:"framesReceived"`
		UpMs   diag.Millis `json:"up_ms"`
	}
	// CodecDeclined means that the peer offered no codec that can be used here.
	CodecDeclined struct {
		Kind   string   `json:"kind"`
		Offers []string `json:"offers"`          // names of codecs
		Known  []string `json:"known,omitempty"` // those that the answer would take
	}
	// MediaRefused means that the peer's answer refuses media that was offered.
	MediaRefused struct {
		Kind     string      `json:"kind"`
		How      sdp.Refusal `json:"how"`
		Offered  []string    `json:"offered"` // names of codecs
		Answered []string    `json:"answered,omitempty"`
		Server   bool        `json:"server,omitempty"` // it answered a request
		Dump     bool        `json:"dump,omitempty"`   // the offer is of a browser
	}
	// MediaUnconfirmed means that media was sent, and nothing shows that the peer gets it.
	MediaUnconfirmed struct {
		Kind    string      `json:"kind"`
		Packets uint64      `json:"packetsSent"`
		UpMs    diag.Millis `json:"up_ms"`
		Reports []string    `json:"reports,omitempty"` // kinds of media on which the peer reports
	}
)

// Bounds of what counts as loss of media.
const (
	lossWarn    = 0.05
	lossProblem = 0.20
	lossPackets = 50 // fewer packets than this say nothing about a share
)

// mediaFindings name media that was agreed on, or is expected, and was not seen.
func mediaFindings(out *finding.List, c *call.Call, x Expectation) {
	before := len(*out)
	refusedFindings(out, c, x)
	if c.ConnectedAt == nil {
		return
	}
	for _, m := range c.MissingMedia() { // what both sides agreed to send and no one saw, once there was time to look
		missing(out, m, c, true, c.Ended != nil)
	}
	if c.Ended != nil && c.MediaOnly() && c.NoMedia() && len(*out) == before {
		missing(out, call.MediaKind{}, c, true, true) // there is nothing else that such a call could prove
	}
	x.expectedMedia(out, c)
	unconfirmedFindings(out, c, x)
	reportsFindings(out, c)
	gone := c.Ended != nil && (c.Ended.Reason == diag.EndPeerLost || // then the peer is missing, not its media
		c.Ended.Reason == diag.EndPeerHangup && c.Browser != nil) // a dump may end long after the peer hung up
	if !gone {
		for _, m := range call.MediaKinds {
			if !c.Hushed(m.Direction, m.Kind) && !x.expects(m.Direction, m.Kind) {
				x.faded(out, c, m, Warn)
			}
		}
	}
}

// refusedFindings name media that the peer's answer refuses. It is a failure unless a check expects it; an echo, which
// only sends what comes, loses nothing.
func refusedFindings(out *finding.List, c *call.Call, x Expectation) {
	if c.Ended != nil && c.Ended.Reason == diag.EndSignaling {
		return // the answer was not used
	}
	for _, kind := range diag.Kinds {
		a, refused := c.Refused(kind)
		if !refused {
			continue
		}
		severity := Problem
		switch {
		case x.check && !x.expects(diag.Outbound, kind):
			severity = Info
		case c.Start.Command == "answer":
			severity = Warn
		}
		out.Add("media.refused", severity, kind, MediaRefused{
			kind, a.Refusal, cleanNames(a.Offered), cleanNames(a.Answered), c.Start.Dialed, c.Browser != nil,
		})
	}
}

// cleanNames bounds and cleans names out of a description.
func cleanNames(names []string) []string {
	return diag.Map(names[:min(len(names), 16)], func(name string) string { return diag.Clean(name, 40) })
}

// ReportGrace is how long a call must have lasted before a report on what it sends is missed: the first comes within
// seconds (RFC 3550 §6.2).
const ReportGrace = 6 * time.Second

// unconfirmedFindings name media that is sent without a sign that the peer gets it. It is a failure if the peer reports
// on the other kind, as it does not get this one then, and in a check, which wants to see one at its end; one of many
// calls must have lasted until a first report was due.
func unconfirmedFindings(out *finding.List, c *call.Call, x Expectation) {
	var reported []string
	for _, kind := range diag.Kinds {
		if c.Confirmed(kind) {
			reported = append(reported, kind)
		}
	}
	if c.Browser != nil && len(reported) == 0 && !x.check {
		return // a dump may lack what peers report
	}
	if at, lost := c.LostAt(); lost && at-*c.ConnectedAt < ReportGrace {
		return // it was gone before a report was due
	}
	for _, kind := range diag.Kinds {
		packets, wanted := c.StreamOf(diag.Outbound, kind).Packets, x.expects(diag.Outbound, kind) && c.Ended != nil
		soon := c.UpTime() < ReportGrace
		if packets == 0 || c.Hushed(diag.Outbound, kind) || slices.Contains(reported, kind) || soon && !wanted {
			continue
		}
		grave := wanted && !(soon && x.OneOfMany) || len(reported) > 0
		out.Add("media.unconfirmed", finding.Graver(grave), kind,
			MediaUnconfirmed{kind, packets, diag.Millis(c.UpTime()), reported})
	}
}

// reportsFindings name media on which the peer has stopped reporting, while the connection lasts.
func reportsFindings(out *finding.List, c *call.Call) {
	for _, kind := range diag.Kinds {
		s := c.StreamOf(diag.Outbound, kind)
		lasting := c.Connection == "connected" && (c.Ended == nil || c.Ended.Reason != diag.EndPeerLost)
		if s.Unreported != nil && s.NotReceived == nil && lasting && c.Agreed(diag.Outbound, kind) {
			out.Add("media.reports_stopped", Warn, kind, ReportsStopped{kind, diag.Millis(*s.Unreported), s.Packets})
		}
	}
}

// expectedMedia is what a check asks for.
func (x Expectation) expectedMedia(out *finding.List, c *call.Call) {
	if !x.check {
		return
	}
	way := OneWay(c)
	missed := func(m call.MediaKind) bool { return m.Direction != way.Flows && c.Agreed(m.Direction, m.Kind) }
	if way != nil && slices.ContainsFunc(x.Media, missed) {
		out.Add("media.one_way", Problem, "", *way)
	}
	for _, m := range x.Media {
		if _, refused := c.Refused(m.Kind); !refused && c.StreamOf(m.Direction, m.Kind).Packets == 0 {
			missing(out, m, c, m.Direction == diag.Inbound && c.Promised(m.Kind), true)
		}
	}
	for _, m := range x.Media {
		x.faded(out, c, m, Problem)
	}
}

// missing names media of which no packet was counted; any kind and direction for empty ones.
func missing(out *finding.List, m call.MediaKind, c *call.Call, agreed, problem bool) {
	id := "media.none"
	if m.Kind != "" {
		id = "media.no_" + string(m.Direction) + "_" + m.Kind
	}
	out.Add(id, finding.Graver(problem), "",
		MediaMissing{m.Direction, m.Kind, diag.Millis(c.Counted()), agreed, c.Padding(m.Direction, m.Kind)})
}

// faded names media that came, or was sent, and stopped.
func (x Expectation) faded(out *finding.List, c *call.Call, m call.MediaKind, severity Severity) {
	s, came := c.StreamOf(m.Direction, m.Kind), c.StreamOf(diag.Inbound, m.Kind)
	e := MediaStopped{
		Direction: m.Direction, Kind: m.Kind, Packets: s.Packets,
		Running: c.Ended == nil, Muted: c.Muted(m.Direction, m.Kind),
		OneFrame:  m.Direction == diag.Inbound && s.Frames != nil && *s.Frames == 1,
		SentSince: s.SentSince, Goodbye: s.Goodbye,
		TesterShort: x.Load.Short(),
	}
	switch {
	case !c.Agreed(m.Direction, m.Kind):
		return
	case m.Direction == diag.Outbound && c.IsEcho() && s.Ago != nil && came.Ago != nil && *came.Ago+time.Second >= *s.Ago:
		return // nothing came that could be sent
	case s.HasStopped():
		e.AgoMs = diag.Millis(*s.Ago)
	case s.NotReceived != nil:
		e.AgoMs, e.AtPeer = diag.Millis(*s.NotReceived), true
	default:
		return
	}
	if stopped := c.EndedAt - e.AgoMs.Duration(); silentAtEnd(c) && brokeOwn(c) && ownSilence(c, stopped) {
		return // it went with the path, which this machine lost
	}
	subject := m.Kind
	if m.Direction == diag.Outbound {
		subject = string(m.Direction) + " " + m.Kind
	}
	out.Add("media.stopped", severity, subject, e)
}

// publishFindings name what is wrong with the video that the peer sends.
func publishFindings(out *finding.List, c *call.Call, _ Expectation) {
	for _, kind := range diag.Kinds {
		if offers, declined := c.Declined(kind); declined {
			out.Add("media.codec_declined", Warn, kind,
				CodecDeclined{kind, cleanNames(offers), cleanNames(c.Start.Codecs(kind))})
		}
	}
	if frames, without := c.WithoutKeyFrame(); without {
		out.Add("media.no_key_frame", finding.Graver(c.MediaOnly() && c.Ended != nil), "",
			NoKeyFrame{frames, diag.Millis(c.UpTime())})
	}
}

// lossFindings name heavy loss in either direction. It fails a check if too much was not repaired, unless the program
// was short of CPU: the packets may have been late here.
func lossFindings(out *finding.List, c *call.Call, x Expectation) {
	if c.ConnectedAt == nil {
		return
	}
	for _, direction := range []diag.Direction{diag.Inbound, diag.Outbound} {
		for _, kind := range diag.Kinds {
			s := c.StreamOf(direction, kind)
			injected := c.Injected(direction, kind)
			share := s.LossBeyond(injected)
			if share == nil || *share <= lossWarn || s.Packets < lossPackets {
				continue
			}
			harmful := *share
			if s.UnrepairedLoss != nil {
				harmful = min(harmful, *s.UnrepairedLoss)
			}
			short := x.Load.Short() && direction == diag.Inbound
			out.Add("media.loss", finding.Graver(x.check && harmful > lossProblem && !short), string(direction)+" "+kind,
				MediaLoss{direction, kind, s.Packets, *s.Lost, s.Repaired, *share, injected, short})
		}
	}
}

// OneWay is the evidence that packets were counted in one direction only, over all kinds of media; nil if that is not
// so.
func OneWay(c *call.Call) *MediaOneWay {
	way := MediaOneWay{UpMs: diag.Millis(c.UpTime()), Path: Path(c.Selected)}
	for _, direction := range []diag.Direction{diag.Outbound, diag.Inbound} {
		var kinds []string
		for _, kind := range diag.Kinds {
			if c.StreamOf(direction, kind).Packets > 0 {
				kinds = append(kinds, kind)
			}
		}
		switch {
		case len(kinds) > 0 && way.Flows != "":
			return nil
		case len(kinds) > 0:
			way.Flows, way.Kinds = direction, kinds
		}
	}
	if way.Flows == "" {
		return nil
	}
	return &way
}
