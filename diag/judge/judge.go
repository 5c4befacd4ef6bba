package judge

import (
	"fmt"
	"slices"
	"strings"

	"dialtone/diag"
	"dialtone/diag/call"
)

// Verdict is what a call amounts to. The terminal session, the plain output and a check all speak these words.
type Verdict struct {
	Done     bool           // the call has ended; before that Exit says what it would be now
	Exit     diag.Exit      // the exit code
	Headline string         // one line: "connected for 4.0 s", "no path found"
	Why      []string       // sentences with the evidence
	Todo     []string       // next steps, most promising first
	Findings []diag.Finding // everything that was noticed, gravest first
}

// Judge reads a call's state and gives the verdict. It is pure: the same call has the same verdict, live or replayed.
func Judge(c *call.Call) Verdict {
	if c.Alone() {
		return judgeDiagnosis(c)
	}
	if c.Ended == nil {
		if c.Failing() {
			v := judgeICE(c)
			v.Findings = warnings(c)
			return v
		}
		return Verdict{Exit: diag.ExitInterrupted, Headline: c.State().String(), Findings: warnings(c)}
	}
	v := judgeEnd(c)
	v.Done = true
	if v.Exit != diag.ExitPass && c.Ended.Cause != "" {
		v.Why = append(v.Why, "Cause: "+diag.Clean(c.Ended.Cause, 300))
	}
	if c.Ended.Advice != "" {
		v.Todo = append([]string{diag.Clean(c.Ended.Advice, 300)}, v.Todo...)
	}
	v.Findings = append(v.Findings, warnings(c)...)
	if v.Exit != diag.ExitPass {
		for _, f := range v.Findings {
			if f.Severity != diag.Info && f.Advice != "" && len(v.Todo) < 6 && !contains(v.Todo, f.Advice) {
				v.Todo = append(v.Todo, f.Advice)
			}
		}
	}
	return v
}

// warnings are the findings that explain no failure by themselves.
func warnings(c *call.Call) []diag.Finding {
	return slices.Concat(dtlsFindings(c), mediaFindings(c), EndsFindings(c), publishFindings(c),
		serverFindings(c), inEnglish(networkFindings(c)), warningFindings(c))
}

func contains(list []string, s string) bool {
	for _, x := range list {
		if x == s {
			return true
		}
	}
	return false
}

// judgeEnd sorts the call by how it ended.
func judgeEnd(c *call.Call) Verdict {
	switch c.Ended.Reason {
	case diag.EndHangup, diag.EndDuration, diag.EndPeerHangup, diag.EndInterrupted:
		return judgeOrderly(c)
	case diag.EndPeerLost:
		return Verdict{
			Exit: diag.ExitICE, Headline: "the other party vanished after " + diag.Span(c.UpTime()),
			Why:  []string{"The path was up and then went silent: no consent answers and no media came any more."},
			Todo: []string{"Ask the other party whether its program or its network went away, then call again."},
		}
	case diag.EndNobody:
		return judgeNobody(c)
	case diag.EndSignaling:
		return Verdict{
			Exit: diag.ExitSignaling, Headline: "signaling failed after " +
				diag.Span(c.EndedAt), Why: signalWhy(c), Todo: []string{signalTodo(c)},
		}
	case diag.EndPeerLeft:
		return Verdict{
			Exit: diag.ExitSignaling, Headline: "the other party left before the call was up",
			Why: []string{leftWhy(c)}, Todo: []string{"Call again; both sides must stay until the call is up."},
		}
	case diag.EndICE:
		return judgeICE(c)
	case diag.EndDTLS:
		return Verdict{
			Exit: diag.ExitDTLS, Headline: "the DTLS handshake failed",
			Why: []string{"A path works (" + pathWords(c) + "), but the handshake over it did not succeed."},
			Todo: []string{
				"If the fingerprints differ, somebody between the parties changed the offer or the answer: check the signaling server.",
				"If it timed out, large packets may be lost on the way: check the MTU of VPNs and tunnels.",
			},
		}
	case diag.EndInternal:
		return Verdict{
			Exit: diag.ExitCannotRun, Headline: "dialtone could not run the call",
			Todo: []string{"Mend what the cause names; if nothing on this machine is wrong, report it with a recording (--record FILE --redact)."},
		}
	}
	return Verdict{
		Exit: diag.ExitCannotRun, Headline: "the call ended for a reason this version does not know: " +
			diag.Clean(string(c.Ended.Reason), 60),
		Todo: []string{"Read the recording with the version of dialtone that wrote it, or a newer one."},
	}
}

// judgeOrderly judges a call that somebody ended on purpose.
func judgeOrderly(c *call.Call) Verdict {
	ended := map[diag.EndReason]string{
		diag.EndHangup: "you hung up", diag.EndDuration: "its time was over", diag.EndPeerHangup: "the other party hung up", diag.EndInterrupted: "it was interrupted",
	}[c.Ended.Reason]
	switch {
	case c.ConnectedAt == nil && c.Ended.Reason == diag.EndPeerHangup:
		return Verdict{Exit: diag.ExitSignaling, Headline: "the other party hung up before the call was up",
			Todo: []string{"Call again."}}
	case c.ConnectedAt == nil:
		return Verdict{Exit: diag.ExitInterrupted, Headline: ended + " while " + c.Stage(),
			Todo: []string{"Call again and wait until the state says connected."}}
	case c.Ended.Reason == diag.EndInterrupted:
		return Verdict{Exit: diag.ExitInterrupted, Headline: "connected for " + diag.Span(c.UpTime()) + ", then " + ended,
			Why: connectedWhy(c)}
	case c.Connection == "disconnected" || c.Connection == "failed":
		return Verdict{
			Exit: diag.ExitICE, Headline: "the path was silent when the call ended", Why: []string{"Connection state: " +
				c.Connection + "."},
			Todo: []string{"Check the network on both sides, then call again."},
		}
	case c.OpenAt == nil && !c.Start.MediaOnly:
		return Verdict{
			Exit: diag.ExitChannel, Headline: "connected, but no data channel opened", Why: []string{"SCTP: " +
				diag.OrUnknown(c.SCTP.State) + "."},
			Todo: []string{"Check that the other party accepts data channels (an m=application section in its answer)."},
		}
	}
	missing := c.MissingMedia()
	if c.Start.MediaOnly && !c.AnyMedia() && len(missing) == 0 {
		missing = []string{"media"} // there is nothing else that such a call could prove
	}
	if _, without := c.WithoutKeyFrame(); without && c.Start.MediaOnly {
		missing = append(missing, "key frame of inbound video")
	}
	if len(missing) > 0 {
		return Verdict{
			Exit: diag.ExitMedia, Headline: "connected, but no " + strings.Join(missing, ", no "), Why: connectedWhy(c),
			Todo: []string{"The path carries packets, so look at the sender: muted, without a source, or with a codec that was not negotiated."},
		}
	}
	return Verdict{Exit: diag.ExitPass, Headline: "connected for " + diag.Span(c.UpTime()) + "; " + ended,
		Why: connectedWhy(c)}
}

func judgeNobody(c *call.Call) Verdict {
	v := Verdict{Exit: diag.ExitNobody, Headline: "nobody came within " + diag.Span(c.EndedAt)}
	if c.Start.Join != "" {
		v.Todo = append(v.Todo, "The other party joins with: "+diag.Clean(c.Start.Join, 200))
	}
	switch c.Start.Signaling {
	case diag.SignalingPaste:
		v.Why = append(v.Why, "No text of the other party was pasted.")
		v.Todo = append(v.Todo, "Begin again with the text of the other party; wait longer with --wait 5m.")
	case diag.SignalingOffer, diag.SignalingWHIP, diag.SignalingWHEP:
		v.Why = append(v.Why, "Nobody posted an offer to "+diag.Clean(c.Start.Server, 200)+".")
		v.Todo = append(v.Todo, "Check that the other side uses this address and can reach it; wait longer with --wait 5m.")
	default:
		v.Why = append(v.Why, fmt.Sprintf("The code %q was dialled and the server answered, but no other party dialled it.",
			diag.Clean(c.Start.Code, 80)))
		v.Todo = append(v.Todo, "Check that both sides use the same code and the same server; wait longer with --wait 5m.")
	}
	return v
}

func signalTodo(c *call.Call) string {
	switch {
	case c.Start.Signaling == "":
		return "Check that --server names a signaling server that runs, then call again."
	case c.Start.Signaling == diag.SignalingPaste:
		return "Begin again on both sides: texts are good for one call."
	case c.Listens():
		return "Look at what the other side posts, and at its log."
	}
	return "Check the address after --" + string(c.Start.Signaling) + " and that its server runs, then call again."
}

func leftWhy(c *call.Call) string {
	if c.Start.Signaling == "" {
		return "The signaling server says that the pair has ended."
	}
	return "The exchange of descriptions ended on its side."
}

func signalWhy(c *call.Call) []string {
	if c.Signal.Requests == 0 && c.Start.Signaling != "" {
		return nil // nothing was asked: others came to us, or people carried texts
	}
	why := []string{fmt.Sprintf("%s sent to the signaling server, %d failed.",
		diag.Plural(int(c.Signal.Requests), "request was", "requests were"), c.Signal.Failed)}
	if c.Signal.LastError != "" && c.Signal.LastError != c.Ended.Cause {
		why = append(why, "The last error: "+diag.Clean(c.Signal.LastError, 300))
	}
	return why
}

// connectedWhy describes a call that was up.
func connectedWhy(c *call.Call) []string {
	why := []string{"Path: " + pathWords(c) + "."}
	if d, ok := c.SetupTime(); ok {
		why = append(why, "Set-up took "+diag.Span(d)+" from the pairing to an open channel.")
	}
	return why
}

func pathWords(c *call.Call) string {
	if c.Selected == nil {
		return "unknown"
	}
	return diag.Clean(c.Selected.Local+" ⇄ "+c.Selected.Remote, 200)
}
