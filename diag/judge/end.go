package judge

import (
	"slices"
	"strings"
	"time"

	"dialtone/diag"
	"dialtone/diag/call"
	"dialtone/diag/finding"
)

// Signaling is how the descriptions of a call travel.
type Signaling struct {
	Way     string `json:"signaling,omitempty"`
	Room    string `json:"room,omitempty"`    // the room code; empty if the way needs none
	Listens bool   `json:"listens,omitempty"` // the peer comes to a server of this program
	Carried bool   `json:"carried,omitempty"` // people carry texts
}

func signaling(c *call.Call) Signaling {
	return Signaling{
		Way: diag.Clean(c.Start.Signaling, 80), Room: diag.Clean(c.Start.Code, 80), Listens: c.Listens(),
		Carried: c.Start.Carried,
	}
}

// Evidence about how a call ended before it had done what was asked of it.
type (
	// PeerAbsent means that the wait for the peer timed out.
	PeerAbsent struct {
		WaitedMs diag.Millis `json:"waited_ms"`
		Signaling
		Server string `json:"server,omitempty"`
		Join   string `json:"join,omitempty"` // what the peer types
		// POST requests of clients that were refused; other findings say why
		Refused int `json:"refused,omitempty"`
	}
	// SignalingFailed means that descriptions could not be exchanged.
	SignalingFailed struct {
		Signaling
		Requests  int                 `json:"requests"`
		Failed    int                 `json:"failed"`
		Code      string              `json:"code,omitempty"`    // as of call.ended
		Failure   *diag.SignalFailure `json:"failure,omitempty"` // likewise
		By        diag.EndedBy        `json:"by,omitempty"`
		Cause     string              `json:"cause,omitempty"`     // the text of the error that ended the call
		LastError string              `json:"lastError,omitempty"` // of an earlier request, if it is another
	}
	// PeerLeft means that the peer was there and went before the call was connected.
	PeerLeft struct {
		Signaling
		HungUp bool   `json:"hungUp,omitempty"` // it said so
		Cause  string `json:"cause,omitempty"`
	}
	// PeerLost means that an established path went silent and did not come back.
	PeerLost struct {
		UpMs     *diag.Millis `json:"up_ms,omitempty"`     // nil: unknown
		RedialMs *diag.Millis `json:"redial_ms,omitempty"` // how long the call was dialed again without the peer
		Code     string       `json:"code,omitempty"`      // "certificate": another peer dialed the room
		Cause    string       `json:"cause,omitempty"`
	}
	// EndedEarly means that the peer hung up before the time that was asked for.
	EndedEarly struct {
		UpMs    diag.Millis `json:"up_ms"`
		AskedMs diag.Millis `json:"asked_ms"`
	}
	// CannotRun means that this program could not do its part.
	CannotRun struct {
		Reason string `json:"reason,omitempty"` // an end that this version does not know; empty: internal
		Cause  string `json:"cause,omitempty"`
		Stuck  bool   `json:"stuck,omitempty"` // it no longer reacted
	}
	// SilentAtEnd means that the connection was not up when the call ended in order.
	SilentAtEnd struct {
		Connection string `json:"connection"`     // RTCPeerConnectionState
		Open       bool   `json:"open,omitempty"` // the dump of a browser ends here, and not the call
		Own        bool   `json:"own,omitempty"`  // this machine broke it, as another finding says
	}
)

// endFindings name what ended a call before it had done what was asked of it.
func endFindings(out *finding.List, c *call.Call, x Expectation) {
	if c.Ended == nil {
		return
	}
	cause := diag.Clean(c.Ended.Cause, 300)
	add := func(id string, evidence any) { out.Add(id, Problem, "", evidence) }
	switch c.Ended.Reason {
	case diag.EndSignaling:
		add(signalFindingID(c.Ended.Signal), signalingFailed(c, cause))
	case diag.EndNoPeer:
		add("call.nobody_came", PeerAbsent{
			diag.Millis(c.EndedAt), signaling(c), diag.Clean(c.Start.Server, 200), diag.Clean(c.Start.Join, 200),
			refusedPosts(c),
		})
	case diag.EndPeerLeft:
		add("call.peer_left", PeerLeft{Signaling: signaling(c), Cause: cause})
	case diag.EndPeerLost:
		if brokeOwn(c) {
			return
		}
		lost := PeerLost{RedialMs: redialed(c), Code: diag.Clean(c.Ended.Code, 40), Cause: cause}
		if up := upTime(c); up != nil {
			lost.UpMs = new(diag.Millis(*up))
		}
		add("call.peer_lost", lost)
	case diag.EndPeerHangup:
		if c.ConnectedAt == nil {
			add("call.peer_left", PeerLeft{Signaling: signaling(c), HungUp: true, Cause: cause})
		} else {
			endedEarly(out, c, x)
		}
	case diag.EndHangup, diag.EndDuration, diag.EndInterrupted, diag.EndDTLS, diag.EndICE, diag.EndDump:
		// other rules know of them, or nothing is wrong
	case diag.EndInternal:
		add("call.cannot_run", CannotRun{Cause: cause, Stuck: c.Ended.Code == diag.CodeStuck})
	default:
		add("call.cannot_run", CannotRun{Reason: diag.Clean(string(c.Ended.Reason), 60), Cause: cause})
	}
}

// upTime is how long the connection was up; of one that was lost, until its path was last seen to work. Nil: it never
// was up, or the dump of a browser does not say when that ended.
func upTime(c *call.Call) *time.Duration {
	if c.ConnectedAt == nil {
		return nil
	}
	up, lost := c.UpTime(), c.Ended != nil && c.Ended.Reason == diag.EndPeerLost
	at, known := c.LostAt()
	if lost && known {
		up = at - *c.ConnectedAt
	}
	if c.Browser == nil || c.Ended == nil {
		return &up
	}
	traced := lost && c.Browser.Start.Format != diag.DumpFirefox // the time at which it went down is that of the change
	switch goodbye := c.Ended.Reason == diag.EndPeerHangup; {
	case up == 0, (lost || goodbye) && !traced && !seenBefore(c, c.DownAt):
		return nil
	case goodbye:
		up = max(0, c.DownAt-*c.ConnectedAt)
	}
	return &up
}

// seenBefore reports whether there is a sample so shortly before a time that nearly all of the time up to it is known.
func seenBefore(c *call.Call, at time.Duration) bool {
	for _, s := range slices.Backward(c.Samples) {
		if s.At < at {
			return at-s.At <= max(3*time.Second, (at-*c.ConnectedAt)/10)
		}
	}
	return false
}

// redialed is how long the peer was waited for in vain, after the path was lost; nil: it was not.
func redialed(c *call.Call) *diag.Millis {
	if c.Ended.Code != diag.CodeNoRedial || c.RestartAt == nil {
		return nil
	}
	return new(diag.Millis(c.EndedAt - *c.RestartAt))
}

func signalingFailed(c *call.Call, cause string) SignalingFailed {
	f := SignalingFailed{
		Signaling: signaling(c), Requests: c.Signal.Requests, Failed: c.Signal.Failed, Cause: cause,
		Code: diag.Clean(c.Ended.Code, 40), Failure: c.Ended.Signal, By: c.Ended.By,
	}
	if last := diag.Clean(c.Signal.LastError, 300); last != cause {
		f.LastError = last
	}
	return f
}

// signalReasons are the causes of failed signaling that have a finding of their own; those of signal.Reason.
var signalReasons = map[string]bool{
	"dns": true, "refused": true, "unreachable": true, "proxy": true, "tls": true, "timeout": true, "broken": true,
	"status": true, "limit": true, "protocol": true, "rejected": true, "peer-gone": true, "shutdown": true,
	"forgotten": true,
}

// signalFindingID names the cause of failed signaling.
func signalFindingID(f *diag.SignalFailure) string {
	if f != nil && signalReasons[f.Reason] {
		return "signal." + strings.ReplaceAll(f.Reason, "-", "_")
	}
	return "signal.failed"
}

// early is how much sooner than asked a call may end: timers and goodbyes take their time.
const early = 250 * time.Millisecond

// endedEarly names a call that the peer ended before its time; a person may hang up at any time.
func endedEarly(out *finding.List, c *call.Call, x Expectation) {
	if !x.check || c.Start.ForMs == nil || c.UpTime()+early >= c.Start.ForMs.Duration() {
		return
	}
	out.Add("call.ended_early", Problem, "", EndedEarly{diag.Millis(c.UpTime()), *c.Start.ForMs})
}

// pathLostFindings name a path that was silent when the call ended in order.
func pathLostFindings(out *finding.List, c *call.Call, _ Expectation) {
	if silentAtEnd(c) {
		out.Add("ice.silent_at_end", Problem, "", SilentAtEnd{c.Connection, c.Ended.Reason == diag.EndDump, brokeOwn(c)})
	}
}

// silentAtEnd reports whether the path was silent when the call ended in order.
func silentAtEnd(c *call.Call) bool {
	if c.Ended == nil || c.ConnectedAt == nil || c.Connection != "disconnected" && c.Connection != "failed" {
		return false
	}
	switch c.Ended.Reason {
	case diag.EndHangup, diag.EndDuration, diag.EndPeerHangup, diag.EndDump:
		return true
	default: // another finding names it
		return false
	}
}
