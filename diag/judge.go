package diag

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// mediaGrace is how long an established call must have lasted before missing media is held against it.
const mediaGrace = 2 * time.Second

// Verdict is what a call amounts to. The terminal session, the plain output and a check all speak these words.
type Verdict struct {
	Done     bool      // the call has ended; before that Exit says what it would be now
	Exit     Exit      // the exit code
	Headline string    // one line: "connected for 4.0 s", "no path found"
	Why      []string  // sentences with the evidence
	Todo     []string  // next steps, most promising first
	Findings []Finding // everything that was noticed, gravest first
}

// Judge reads a call's state and gives the verdict. It is pure: the same call has the same verdict, live or replayed.
func Judge(c *Call) Verdict {
	if c.Alone() {
		return judgeDiagnosis(c)
	}
	if c.Ended == nil {
		if c.Failing() {
			v := judgeICE(c)
			v.Findings = warnings(c)
			return v
		}
		return Verdict{Exit: ExitInterrupted, Headline: c.State().String(), Findings: warnings(c)}
	}
	v := judgeEnd(c)
	v.Done = true
	if v.Exit != ExitPass && c.Ended.Cause != "" {
		v.Why = append(v.Why, "Cause: "+Clean(c.Ended.Cause, 300))
	}
	if c.Ended.Advice != "" {
		v.Todo = append([]string{Clean(c.Ended.Advice, 300)}, v.Todo...)
	}
	v.Findings = append(v.Findings, warnings(c)...)
	if v.Exit != ExitPass {
		for _, f := range v.Findings {
			if f.Severity != Info && f.Advice != "" && len(v.Todo) < 6 && !contains(v.Todo, f.Advice) {
				v.Todo = append(v.Todo, f.Advice)
			}
		}
	}
	return v
}

// warnings are the findings that explain no failure by themselves.
func warnings(c *Call) []Finding {
	severity := Warn
	if c.noPath() {
		severity = Problem
	}
	return slices.Concat(dtlsFindings(c), mediaFindings(c), EndsFindings(c), publishFindings(c),
		serverFindings(c, severity), networkFindings(c), warningFindings(c))
}

// noPath reports whether the call has failed because no path was found.
func (c *Call) noPath() bool { return c.Failing() || c.Ended != nil && c.Ended.Reason == EndICE }

func contains(list []string, s string) bool {
	for _, x := range list {
		if x == s {
			return true
		}
	}
	return false
}

// judgeEnd sorts the call by how it ended.
func judgeEnd(c *Call) Verdict {
	switch c.Ended.Reason {
	case EndHangup, EndDuration, EndPeerHangup, EndInterrupted:
		return judgeOrderly(c)
	case EndPeerLost:
		return Verdict{
			Exit: ExitICE, Headline: "the other party vanished after " + span(c.upTime()),
			Why:  []string{"The path was up and then went silent: no consent answers and no media came any more."},
			Todo: []string{"Ask the other party whether its program or its network went away, then call again."},
		}
	case EndNobody:
		return judgeNobody(c)
	case EndSignaling:
		return Verdict{
			Exit: ExitSignaling, Headline: "signaling failed after " +
				span(c.EndedAt), Why: signalWhy(c), Todo: []string{signalTodo(c)},
		}
	case EndPeerLeft:
		return Verdict{
			Exit: ExitSignaling, Headline: "the other party left before the call was up",
			Why: []string{leftWhy(c)}, Todo: []string{"Call again; both sides must stay until the call is up."},
		}
	case EndICE:
		return judgeICE(c)
	case EndDTLS:
		return Verdict{
			Exit: ExitDTLS, Headline: "the DTLS handshake failed",
			Why: []string{"A path works (" + pathWords(c) + "), but the handshake over it did not succeed."},
			Todo: []string{
				"If the fingerprints differ, somebody between the parties changed the offer or the answer: check the signaling server.",
				"If it timed out, large packets may be lost on the way: check the MTU of VPNs and tunnels.",
			},
		}
	case EndInternal:
		return Verdict{
			Exit: ExitCannotRun, Headline: "dialtone could not run the call",
			Todo: []string{"Mend what the cause names; if nothing on this machine is wrong, report it with a recording (--record FILE --redact)."},
		}
	}
	return Verdict{
		Exit: ExitCannotRun, Headline: "the call ended for a reason this version does not know: " +
			Clean(string(c.Ended.Reason), 60),
		Todo: []string{"Read the recording with the version of dialtone that wrote it, or a newer one."},
	}
}

// judgeOrderly judges a call that somebody ended on purpose.
func judgeOrderly(c *Call) Verdict {
	ended := map[EndReason]string{
		EndHangup: "you hung up", EndDuration: "its time was over", EndPeerHangup: "the other party hung up", EndInterrupted: "it was interrupted",
	}[c.Ended.Reason]
	switch {
	case c.ConnectedAt == nil && c.Ended.Reason == EndPeerHangup:
		return Verdict{Exit: ExitSignaling, Headline: "the other party hung up before the call was up",
			Todo: []string{"Call again."}}
	case c.ConnectedAt == nil:
		return Verdict{Exit: ExitInterrupted, Headline: ended + " while " + c.stage(),
			Todo: []string{"Call again and wait until the state says connected."}}
	case c.Ended.Reason == EndInterrupted:
		return Verdict{Exit: ExitInterrupted, Headline: "connected for " + span(c.upTime()) + ", then " + ended,
			Why: connectedWhy(c)}
	case c.Connection == "disconnected" || c.Connection == "failed":
		return Verdict{
			Exit: ExitICE, Headline: "the path was silent when the call ended", Why: []string{"Connection state: " +
				c.Connection + "."},
			Todo: []string{"Check the network on both sides, then call again."},
		}
	case c.OpenAt == nil && !c.Start.MediaOnly:
		return Verdict{
			Exit: ExitChannel, Headline: "connected, but no data channel opened", Why: []string{"SCTP: " +
				orUnknown(c.SCTP.State) + "."},
			Todo: []string{"Check that the other party accepts data channels (an m=application section in its answer)."},
		}
	}
	missing := c.missingMedia()
	if c.Start.MediaOnly && !c.anyMedia() && len(missing) == 0 {
		missing = []string{"media"} // there is nothing else that such a call could prove
	}
	if _, without := c.withoutKeyFrame(); without && c.Start.MediaOnly {
		missing = append(missing, "key frame of inbound video")
	}
	if len(missing) > 0 {
		return Verdict{
			Exit: ExitMedia, Headline: "connected, but no " + strings.Join(missing, ", no "), Why: connectedWhy(c),
			Todo: []string{"The path carries packets, so look at the sender: muted, without a source, or with a codec that was not negotiated."},
		}
	}
	return Verdict{Exit: ExitPass, Headline: "connected for " + span(c.upTime()) + "; " + ended, Why: connectedWhy(c)}
}

// upTime is how long the connection was (or has been) up.
func (c *Call) upTime() time.Duration {
	if c.ConnectedAt == nil {
		return 0
	}
	end := c.Now
	if s := c.Latest(); s != nil && s.Final {
		end = s.At // goodbyes come after it
	} else if c.Ended != nil {
		end = c.EndedAt
	}
	return end - *c.ConnectedAt
}

// stage says what a call that is not up was doing.
func (c *Call) stage() string {
	switch {
	case c.Role == "" && c.waited():
		return "waiting for the other party"
	case c.Role == "":
		return "dialling"
	case c.ICE == "checking" || c.ICE == "failed":
		return "looking for a path"
	case c.ICE == "connected" || c.ICE == "completed":
		return "securing the path (DTLS)"
	}
	return "exchanging offer and answer"
}

// waited reports whether the code was dialled and the other party awaited.
func (c *Call) waited() bool {
	return c.Signal.State == SignalWaiting ||
		slices.ContainsFunc(c.Spans, func(s Span) bool { return s.Phase == PhaseWait })
}

// missingMedia lists what both sides agreed to send and nobody saw: "outbound audio", "inbound video".
func (c *Call) missingMedia() []string {
	if !c.Start.Media || c.upTime() < mediaGrace {
		return nil
	}
	sample := c.Latest()
	if sample == nil {
		return nil
	}
	var missing []string
	for _, kind := range []string{"audio", "video"} {
		if c.sent(kind) && !flowsOut(sample.Sample, kind) {
			missing = append(missing, "outbound "+kind)
		}
		if c.promised(kind) && !c.RemoteMuted[kind] && !flowsIn(sample.Sample, kind) {
			missing = append(missing, "inbound "+kind)
		}
	}
	return missing
}

// anyMedia reports whether a packet of media was sent or has come.
func (c *Call) anyMedia() bool {
	sample := c.Latest()
	return sample != nil && slices.ContainsFunc(kinds,
		func(kind string) bool { return flowsIn(sample.Sample, kind) || flowsOut(sample.Sample, kind) })
}

// sent reports whether we have a track of this kind that is not muted.
func (c *Call) sent(kind string) bool {
	for _, t := range c.Tracks {
		if t.Direction == Outbound && t.Kind == kind && !c.LocalMuted[kind] {
			return true
		}
	}
	return false
}

// promised reports whether the other party's latest description says that it sends this kind (RFC 8866 §6.7).
func (c *Call) promised(kind string) bool {
	for i := len(c.Descriptions) - 1; i >= 0; i-- {
		if c.Descriptions[i].Side == Remote {
			return SDPSends(c.Descriptions[i].SDP, kind)
		}
	}
	return false
}

func flowsIn(s Sample, kind string) bool {
	for _, in := range s.Inbound {
		if in.Kind == kind && in.PacketsReceived > 0 {
			return true
		}
	}
	return false
}

func flowsOut(s Sample, kind string) bool {
	for _, out := range s.Outbound {
		if out.Kind == kind && out.PacketsSent > 0 {
			return true
		}
	}
	return false
}

// SDPSends reports whether a media section of the kind is sendrecv (the default) or sendonly, and not refused: a port
// of 0 refuses it (RFC 3264 §6), unless the section is bundle-only (RFC 9143 §6).
func SDPSends(sdp, kind string) bool {
	inside, sends, open := false, false, false
	for line := range strings.Lines(sdp) {
		line = strings.TrimRight(line, "\r\n")
		switch {
		case strings.HasPrefix(line, "m="):
			if inside && sends && open {
				return true
			}
			inside, sends = strings.HasPrefix(line, "m="+kind+" "), true
			open = !strings.HasPrefix(line, "m="+kind+" 0 ")
		case line == "a=bundle-only":
			open = true
		case line == "a=recvonly" || line == "a=inactive":
			sends = false
		}
	}
	return inside && sends && open
}

func judgeNobody(c *Call) Verdict {
	v := Verdict{Exit: ExitNobody, Headline: "nobody came within " + span(c.EndedAt)}
	if c.Start.Join != "" {
		v.Todo = append(v.Todo, "The other party joins with: "+Clean(c.Start.Join, 200))
	}
	switch c.Start.Signaling {
	case SignalingPaste:
		v.Why = append(v.Why, "No text of the other party was pasted.")
		v.Todo = append(v.Todo, "Begin again with the text of the other party; wait longer with --wait 5m.")
	case SignalingOffer, SignalingWHIP, SignalingWHEP:
		v.Why = append(v.Why, "Nobody posted an offer to "+Clean(c.Start.Server, 200)+".")
		v.Todo = append(v.Todo, "Check that the other side uses this address and can reach it; wait longer with --wait 5m.")
	default:
		v.Why = append(v.Why, fmt.Sprintf("The code %q was dialled and the server answered, but no other party dialled it.",
			Clean(c.Start.Code, 80)))
		v.Todo = append(v.Todo, "Check that both sides use the same code and the same server; wait longer with --wait 5m.")
	}
	return v
}

// listens reports whether the call waited at a server of its own.
func (c *Call) listens() bool {
	return c.Start.Signaling != "" && c.Start.Signaling != SignalingPaste && c.Start.Command == "answer"
}

func signalTodo(c *Call) string {
	switch {
	case c.Start.Signaling == "":
		return "Check that --server names a signaling server that runs, then call again."
	case c.Start.Signaling == SignalingPaste:
		return "Begin again on both sides: texts are good for one call."
	case c.listens():
		return "Look at what the other side posts, and at its log."
	}
	return "Check the address after --" + string(c.Start.Signaling) + " and that its server runs, then call again."
}

func leftWhy(c *Call) string {
	if c.Start.Signaling == "" {
		return "The signaling server says that the pair has ended."
	}
	return "The exchange of descriptions ended on its side."
}

func signalWhy(c *Call) []string {
	if c.Signal.Requests == 0 && c.Start.Signaling != "" {
		return nil // nothing was asked: others came to us, or people carried texts
	}
	why := []string{fmt.Sprintf("%s sent to the signaling server, %d failed.",
		plural(int(c.Signal.Requests), "request was", "requests were"), c.Signal.Failed)}
	if c.Signal.LastError != "" && c.Signal.LastError != c.Ended.Cause {
		why = append(why, "The last error: "+Clean(c.Signal.LastError, 300))
	}
	return why
}

// connectedWhy describes a call that was up.
func connectedWhy(c *Call) []string {
	why := []string{"Path: " + pathWords(c) + "."}
	if d, ok := c.SetupTime(); ok {
		why = append(why, "Set-up took "+span(d)+" from the pairing to an open channel.")
	}
	return why
}

func pathWords(c *Call) string {
	if c.Selected == nil {
		return "unknown"
	}
	return Clean(c.Selected.Local+" ⇄ "+c.Selected.Remote, 200)
}

// span writes a duration with three significant digits: 41 ms, 2.10 s, 3m12s.
func span(d time.Duration) string {
	switch {
	case d < time.Second:
		return fmt.Sprintf("%d ms", d.Milliseconds())
	case d < time.Minute:
		return fmt.Sprintf("%.1f s", d.Seconds())
	}
	return d.Round(time.Second).String()
}
