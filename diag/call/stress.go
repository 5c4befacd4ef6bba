package call

import (
	"slices"
	"time"

	"dialtone/diag"
	"dialtone/diag/sdp"
)

// Reactions is how the peer took a stress test. What was not tested is nil: the peer sends no video, the call ended
// before, or too little was lost.
type Reactions struct {
	// of lost inbound video, the peer retransmitted at least half
	Retransmits   *bool  `json:"retransmits,omitempty"`
	Lost          *int64 `json:"lost,omitempty"`          // packets of inbound video in that step
	Retransmitted *int64 `json:"retransmitted,omitempty"` // of those lost
	// the peer requested lost outbound video (NACK)
	Asks *bool `json:"asks,omitempty"`
	// the peer answered a request for a key frame (PLI) with one
	KeyFrame     *bool        `json:"key_frame,omitempty"`
	KeyFrameTime *diag.Millis `json:"key_frame_time_ms,omitempty"` // from the request until it was complete, the longest
	// of that, without the round trip: what the peer needs; absent while the round trip is unknown
	KeyFrameDelay *diag.Millis `json:"key_frame_delay_ms,omitempty"`
	// the peer reports on the bandwidth to it, as was agreed: transport-wide congestion control or REMB
	Feedback *bool `json:"feedback,omitempty"`
	// the peer continued to send while packets or reports were lost
	KeepsSending *bool `json:"keeps_sending,omitempty"`
	// the peer sent again all kinds of media after a gap in which nothing passed
	Recovers     *bool        `json:"recovers,omitempty"`
	RecoveryTime *diag.Millis `json:"recovery_time_ms,omitempty"` // from the end of the gap until all kinds came
}

// StepRow is a step of a stress test: when it began, and what was counted then.
type StepRow struct {
	Step     diag.StressName
	At       time.Duration
	Sample   *SampleRow // nil: there was none
	Impaired diag.Impaired
}

// KeyFrameRow is a request for a key frame and what came of it.
type KeyFrameRow struct {
	diag.KeyFrameRequested
	At    time.Duration
	After *time.Duration // until a key frame was complete; nil: none was
}

// maxKeyFrames bounds the requests for key frames that are kept.
const maxKeyFrames = 256

func (c *Call) applyStress(e diag.Event) bool {
	switch d := e.Data.(type) {
	case diag.Impaired:
		c.Impaired = &d
	case diag.StressStep:
		row := StepRow{Step: d.Step, At: e.At}
		if s := c.Latest(); s != nil {
			row.Sample = new(*s)
		}
		if c.Impaired != nil {
			row.Impaired = *c.Impaired
		}
		c.Steps = keep(c.Steps, row, maxRows)
	case diag.KeyFrameRequested:
		c.KeyFrames = keep(c.KeyFrames, KeyFrameRow{KeyFrameRequested: d, At: e.At}, maxKeyFrames)
	case diag.KeyFrame:
		for i := range c.KeyFrames {
			if r := &c.KeyFrames[i]; r.SSRC == d.SSRC && r.After == nil {
				r.After = new(e.At - r.At)
			}
		}
	case diag.MediaResumed:
		c.Resumed = keep(c.Resumed, ResumedRow{d, e.At, c.explained(d, e.At)}, maxRows)
	default:
		return false
	}
	return true
}

// ResumedRow is the end of a pause of a stream.
type ResumedRow struct {
	diag.MediaResumed
	At        time.Duration
	Explained bool // by what else happened meanwhile
}

// explained reports whether it is known why a stream paused: the peer had muted or agreed on something else, the path
// was down, this program did not run, or another stream of the kind went on: a layer of simulcast may be left out.
func (c *Call) explained(d diag.MediaResumed, at time.Duration) bool {
	from := at - d.AfterMs.Duration()
	unmuted, was := c.unmuted[muting{diag.Remote, d.Kind}]
	described := len(c.Descriptions) > 0 && c.Descriptions[len(c.Descriptions)-1].At >= from
	stopped := len(c.Machine.Pauses) > 0 && c.Machine.Pauses[len(c.Machine.Pauses)-1].At >= from
	return c.Muted(diag.Inbound, d.Kind) || was && unmuted >= from || described || stopped ||
		c.State() != StateConnected || c.StateAt >= from || c.otherFlowed(d, from)
}

// otherFlowed reports whether another stream of the kind had packets since a time.
func (c *Call) otherFlowed(d diag.MediaResumed, since time.Duration) bool {
	sample := c.Latest()
	return sample != nil && slices.ContainsFunc(sample.Inbound, func(in diag.InboundRTP) bool {
		ago := in.LastPacketReceivedAgo
		return in.Kind == d.Kind && in.SSRC != d.SSRC && ago != nil && sample.At-diag.SecondsOf(*ago) > since
	})
}

// Reactions is how the peer took a stress test; nil without one.
func (c *Call) Reactions() *Reactions {
	if len(c.Steps) == 0 {
		return nil
	}
	r := &Reactions{}
	c.retransmission(r)
	c.asking(r)
	c.keyFrames(r)
	c.bandwidth(r)
	c.persistence(r)
	c.recovery(r)
	return r
}

// step finds a step and the one after it; false if one of them has not begun.
func (c *Call) step(name diag.StressName) (from, to StepRow, ok bool) {
	i := slices.IndexFunc(c.Steps, func(s StepRow) bool { return s.Step == name })
	if i < 0 || i+1 >= len(c.Steps) || c.Steps[i].Sample == nil || c.Steps[i+1].Sample == nil {
		return from, to, false
	}
	return c.Steps[i], c.Steps[i+1], true
}

// fewLost is how many packets must be lost before it counts what becomes of them.
const fewLost = 3

// retransmission compares what was lost of inbound video with what was repaired, until the step after, so that the last
// repairs have come.
func (c *Call) retransmission(r *Reactions) {
	from, _, ok := c.step(diag.StressLossIn)
	_, to, after := c.step(diag.StressLossOut)
	if !ok || !after {
		return
	}
	var lost, repaired int64
	for _, in := range to.Sample.Inbound {
		if in.Kind != "video" {
			continue
		}
		lost, repaired = lost+diag.OrZero(in.PacketsLost), repaired+diag.OrZero(in.PacketsRepaired)
		if old := inbound(from.Sample.Inbound, in.Kind, in.SSRC); old != nil {
			lost, repaired = lost-diag.OrZero(old.PacketsLost), repaired-diag.OrZero(old.PacketsRepaired)
		}
	}
	if lost >= fewLost {
		r.Lost, r.Retransmitted, r.Retransmits = &lost, &repaired, new(2*repaired >= lost)
	}
}

// asking looks for requests to retransmit what was dropped of outbound video, if the peer announces them, until the end
// of the step after, so that the last ones have come.
func (c *Call) asking(r *Reactions) {
	from, _, ok := c.step(diag.StressLossOut)
	_, to, after := c.step(diag.StressKeyFrame)
	if !ok || !after || !c.agreedFeedback("nack", "") {
		return
	}
	dropped, nacks := uint64(0), uint32(0)
	for _, out := range to.Sample.Outbound {
		old := outbound(from.Sample.Outbound, out.Kind, out.SSRC)
		if out.Kind != "video" || old == nil {
			continue
		}
		nacks += diag.OrZero(out.NACKCount) - diag.OrZero(old.NACKCount)
		now, _ := to.Impaired.Outbound.Stream(out.SSRC)
		before, _ := from.Impaired.Outbound.Stream(out.SSRC)
		dropped += now.Dropped - before.Dropped
	}
	if dropped >= fewLost {
		r.Asks = new(nacks > 0)
	}
}

// agreedFeedback reports whether both sides' latest descriptions announce a kind of feedback for video, and the header
// extension that it needs; "": it needs none.
func (c *Call) agreedFeedback(feedback, extension string) bool {
	announces := func(s sdp.Section) bool {
		return s.Kind == "video" &&
			slices.ContainsFunc(s.Codecs, func(f sdp.Codec) bool { return slices.Contains(f.Feedback, feedback) }) &&
			(extension == "" || slices.ContainsFunc(s.Extensions, func(e sdp.Extension) bool { return e.Short() == extension }))
	}
	for _, side := range []diag.Side{diag.Local, diag.Remote} {
		if d := c.description(side); d == nil || !slices.ContainsFunc(d.Media, announces) {
			return false
		}
	}
	return true
}

const (
	// keyFrameTime is how long a peer may take to answer a request for a key frame, beside the round trip.
	keyFrameTime = time.Second
	// ownShare is which part of the usual time between key frames may have passed, for one not to come by itself. After
	// overdue of it, there is no usual time.
	ownShare, overdue = 0.8, 1.5
)

// keyFrames looks at the requests in the quiet after the losses. A key frame counts as an answer if it comes sooner
// than the next one would by itself. One that comes after one request of several proves nothing: encoders also make key
// frames when they like.
func (c *Call) keyFrames(r *Reactions) {
	from, to, ok := c.step(diag.StressKeyFrame)
	if !ok || !slices.Contains(c.flowing(to.Sample), "video") { // what does not flow has no key frames
		return
	}
	trip, known := c.RoundTripTime()
	until := c.Now
	if gap, _, begun := c.step(diag.StressGap); begun {
		until = gap.At
	}
	answered, ignored := 0, 0
	for _, row := range c.KeyFrames {
		if row.At < from.At || row.At >= to.At {
			continue
		}
		late := row.After == nil || *row.After > keyFrameTime+trip
		switch {
		case late && until-row.At >= keyFrameTime+trip:
			ignored++
		case late: // there was no time to see it
		case row.own():
		default:
			answered++
			if after := diag.Millis(*row.After); r.KeyFrameTime == nil || after > *r.KeyFrameTime {
				r.KeyFrameTime = &after
			}
		}
	}
	if known && r.KeyFrameTime != nil {
		r.KeyFrameDelay = new(max(0, *r.KeyFrameTime-diag.Millis(trip)))
	}
	switch {
	case answered > 1, answered == 1 && ignored == 0:
		r.KeyFrame = new(true)
	case answered == 0 && ignored > 0:
		r.KeyFrame = new(false)
	}
}

// own reports whether the key frame after a request may have come without it.
func (k KeyFrameRow) own() bool {
	if k.SinceMs == nil || k.IntervalMs == nil {
		return false
	}
	since, usual := float64(k.SinceMs.Duration()), float64(k.IntervalMs.Duration())
	return since+float64(*k.After) >= ownShare*usual && since < overdue*usual
}

// fewSent is how many packets of video must have been sent before reports on them are missed.
const fewSent = 50

// bandwidth looks for reports on what is sent, if they were agreed on. Without the header extension, the peer does not
// learn what it would have to report: the number, or the time, of each packet that was sent.
func (c *Call) bandwidth(r *Reactions) {
	gap, _, ok := c.step(diag.StressGap)
	if !ok || !c.Agreed(diag.Outbound, "video") ||
		!c.agreedFeedback("transport-cc", "transport-wide-cc") && !c.agreedFeedback("goog-remb", "abs-send-time") {
		return
	}
	sent := uint64(0)
	for _, out := range gap.Sample.Outbound {
		if out.Kind == "video" {
			sent += diag.OrZero(out.PacketsSent)
		}
	}
	if sent >= fewSent {
		r.Feedback = new(gap.Sample.Feedback != nil)
	}
}

// flowing lists the kinds of inbound media of which a packet has just come.
func (c *Call) flowing(s *SampleRow) []string {
	_, quiet, ok := c.step(diag.StressQuiet)
	if !ok {
		return nil
	}
	just := (quiet.At - c.Steps[0].At).Seconds() / 2
	var kinds []string
	for _, in := range s.Inbound {
		if in.LastPacketReceivedAgo != nil && *in.LastPacketReceivedAgo < just && !slices.Contains(kinds, in.Kind) {
			kinds = append(kinds, in.Kind)
		}
	}
	return kinds
}

// persistence looks whether all kinds of media flow at the end of each step with losses that flowed in the quiet.
func (c *Call) persistence(r *Reactions) {
	if !c.IsImpaired() {
		return // nothing was dropped, as on a path over TCP
	}
	_, quiet, ok := c.step(diag.StressQuiet)
	if !ok {
		return
	}
	before := c.flowing(quiet.Sample)
	if len(before) == 0 {
		return
	}
	for _, name := range []diag.StressName{diag.StressLossIn, diag.StressLossOut, diag.StressReports} {
		_, to, ok := c.step(name)
		if !ok {
			return
		}
		r.KeepsSending = new(c.still(before, to.Sample) && (r.KeepsSending == nil || *r.KeepsSending))
	}
}

// still reports whether all kinds flow that did, but for those that the peer muted.
func (c *Call) still(before []string, s *SampleRow) bool {
	now := c.flowing(s)
	return !slices.ContainsFunc(before, func(kind string) bool {
		return !slices.Contains(now, kind) && !c.RemoteMuted[kind]
	})
}

// sentAgain reports whether packets of all kinds came between two samples, but for those that the peer muted.
func (c *Call) sentAgain(kinds []string, from, to *SampleRow) bool {
	came := map[string]bool{}
	for _, in := range to.Inbound {
		old := inbound(from.Inbound, in.Kind, in.SSRC)
		came[in.Kind] = came[in.Kind] || old == nil || diag.OrZero(in.PacketsReceived) > diag.OrZero(old.PacketsReceived)
	}
	return !slices.ContainsFunc(kinds, func(kind string) bool { return !came[kind] && !c.RemoteMuted[kind] })
}

// recovery looks whether all kinds of media that flowed before the gap flow after it.
func (c *Call) recovery(r *Reactions) {
	if !c.IsImpaired() {
		return
	}
	gap, quiet, ok := c.step(diag.StressGap)
	if !ok {
		return
	}
	before := c.flowing(gap.Sample)
	if len(before) == 0 {
		return
	}
	_, over, done := c.step(diag.StressRecovery)
	lost := c.Ended != nil && c.Ended.Reason == diag.EndPeerLost
	if !done && !lost {
		return
	}
	r.Recovers = new(done && c.sentAgain(before, quiet.Sample, over.Sample))
	if !*r.Recovers {
		return
	}
	for _, kind := range before {
		for _, row := range c.Resumed {
			if row.Kind != kind || row.At < quiet.At {
				continue
			}
			if took := diag.Millis(row.At - quiet.At); r.RecoveryTime == nil || took > *r.RecoveryTime {
				r.RecoveryTime = &took
			}
			break
		}
	}
}
