package words

import (
	"cmp"
	"fmt"
	"net/http"
	"strings"

	"dialtone/diag"
	"dialtone/diag/judge"
)

// callFindings are those about the start and the end of a call.
var callFindings = map[string]entry{
	"call.nobody_came": on(
		"The room code was dialed and the server answered, but no other peer dialed it in time. Both peers need the "+
			"same code at the same server, and the first one must wait long enough (--wait).",
		func(_ judge.Finding, e judge.PeerAbsent) Text {
			t := Text{
				Title:    "The peer did not come within " + Millis(e.WaitedMs) + ".",
				Evidence: absentEvidence(e), Advice: absentAdvice(e),
			}
			if e.Refused > 0 {
				t.Title = "No client posted an offer that could be accepted within " + Millis(e.WaitedMs) + "."
			}
			return t
		}),
	"call.peer_left": on(
		"The peer was there and left before the call was connected: its program ended, was interrupted, or gave up.",
		func(_ judge.Finding, e judge.PeerLeft) Text {
			how := "the exchange of descriptions ended on its side"
			switch {
			case e.HungUp:
				how = "it hung up"
			case e.Room != "":
				how = "the signaling server says that the pair has ended"
			}
			return say("The peer left before the call was connected.",
				"Check why the peer's program ended, then call again; both sides must stay until the call is connected.",
				how, labeled("cause", e.Cause))
		}),
	"call.peer_lost": on(
		"The connection was established, and then neither answers to connectivity checks nor media arrived. The "+
			"peer's program, its machine, or the network between the peers failed.",
		func(_ judge.Finding, e judge.PeerLost) Text {
			return say("The path was up and then went silent.",
				Ended(diag.CallEnded{Reason: diag.EndPeerLost, Code: e.Code}),
				lostAfter(e), redialText(e), labeled("cause", e.Cause))
		}),
	"call.ended_early": fixed(
		"The peer hung up before the call was to end, so the call could not be checked to its end.",
		"The peer hung up before the call was to end.",
		"Keep the peer connected longer, or make the call shorter (--for, in load tests --hold).",
		func(e judge.EndedEarly) []string {
			return []string{"connected for " + Millis(e.UpMs) + " of " + Millis(e.AskedMs)}
		}),
	"call.cannot_run": on(
		"dialtone itself could not run the call: it found no free port or no network interface, or a newer version "+
			"made the recording. Or a lock inside dialtone was never released, so that the call no longer reacted and was "+
			"left; a machine that is short of CPU makes that more likely.",
		func(_ judge.Finding, e judge.CannotRun) Text {
			if e.Reason != "" {
				return say("The call ended for a reason that this version does not know.",
					"Read the recording with the version of dialtone that wrote it, or a newer one.",
					"reason: "+e.Reason, labeled("cause", e.Cause))
			}
			if e.Stuck {
				return say("The call no longer reacted, because of a fault in dialtone, which ended it.",
					Ended(diag.CallEnded{Reason: diag.EndInternal, Code: diag.CodeStuck}),
					"nothing was finished for 15 s in which the program ran")
			}
			return say("dialtone could not run the call.",
				Ended(diag.CallEnded{Reason: diag.EndInternal}),
				labeled("cause", e.Cause))
		}),
	"tester.cpu": fixed(
		"While the check ran, more than one in twenty timers of the program fired more than 10 ms late. The times, "+
			"jitter, loss and pauses that it measured may be its own. Heavy loss is then a warning, not a failure.",
		"This machine was short of CPU: times, loss and jitter may be caused by it, not by the network.",
		"Run fewer calls at once (--parallel), or use a machine with less load.",
		func(e judge.TesterShort) []string {
			return []string{fmt.Sprintf("%d of %d timers fired more than %s late, the latest by %s",
				e.Late, e.Ticks, Millis(e.LimitMs), Millis(e.WorstMs))}
		}),
}

// lostAfter says what was seen until the path went silent.
func lostAfter(e judge.PeerLost) string {
	const since = "no consent answers and no media since then"
	if e.UpMs == nil {
		return "for how long it was connected is unknown; " + since
	}
	return "connected for " + Millis(*e.UpMs) + "; " + since
}

// redialText says what became of dialing again.
func redialText(e judge.PeerLost) string {
	if e.RedialMs == nil {
		return ""
	}
	return "dialed again for " + Millis(*e.RedialMs) + "; the peer did not dial back (--redial)"
}

func absentEvidence(e judge.PeerAbsent) []string {
	switch {
	case e.Carried:
		return []string{"no text of the peer was pasted"}
	case e.Refused > 0:
		return []string{Count(e.Refused, "POST request was", "POST requests were") + " refused"}
	case e.Listens:
		return []string{"no offer was posted to " + e.Server}
	}
	return []string{fmt.Sprintf("the room code %q was dialed and the server answered, but no peer dialed it", e.Room)}
}

func absentAdvice(e judge.PeerAbsent) string {
	switch {
	case e.Carried:
		return "Start again with the peer's text; wait longer with --wait 5m."
	case e.Refused > 0:
		return checkClient
	case e.Listens:
		return "Check that the peer uses this address and can reach it; wait longer with --wait 5m."
	case e.Join != "":
		return "Ask the peer to run: " + e.Join
	}
	return "Check that both peers use the same room code and the same server; wait longer with --wait 5m."
}

// signalTitles say what the signaling server did, by the part of the ID after "signal.", and explain it.
var signalTitles = map[string][2]string{
	"dns": {"The name of the signaling server does not resolve.", ""},
	"refused": {"The signaling server refused the connection.", "No program listens at its address: it does not run, " +
		"or it listens on another port."},
	"unreachable": {"The signaling server is unreachable.", "There is no route to it, or no network."},
	"proxy": {"The HTTP proxy failed or rejected the request.", "The environment names the proxy (HTTP_PROXY, " +
		"HTTPS_PROXY)."},
	"tls": {
		"The TLS handshake with the signaling server failed.",
		"The usual cause is its certificate: expired, for another name, or of an unknown authority (--ca).",
	},
	"timeout": {"The signaling server did not answer in time.", ""},
	"broken":  {"The connection to the signaling server ended before its response was complete.", ""},
	"status": {
		"The signaling server answered with an unexpected HTTP status.",
		"The address may belong to another service, or a gateway or login page in front of the server answered.",
	},
	"limit": {"The signaling server limits the rate or the size of requests.", "It answers with 429 or 413."},
	"protocol": {
		"The server at this address does not speak this signaling protocol.", "A web page or unreadable data came back.",
	},
	"rejected": {"The signaling server rejected the message.", "It does not accept this message at this point of the " +
		"exchange."},
	"peer_gone": {"The signaling server says that the peer is gone.", "It hung up, or was silent for longer than the " +
		"server waits."},
	"shutdown": {"The signaling server is shutting down.", ""},
	"forgotten": {
		"The signaling server does not know the call anymore.",
		"It was restarted, its store lost its data, or this side was silent for longer than it remembers a call. " +
			"If the peer had hung up, that would have been its answer.",
	},
	"failed": {
		"The peers could not exchange offer, answer and candidates.",
		"The cause has no finding of its own; the evidence quotes it.",
	},
}

// signalFindings are those about failed signaling, and about the roles that a room gave.
var signalFindings = func() map[string]entry {
	table := map[string]entry{}
	for reason, texts := range signalTitles {
		title := texts[0]
		table["signal."+reason] = on(strings.TrimSpace(title+" "+texts[1]),
			func(_ judge.Finding, e judge.SignalingFailed) Text {
				t := Text{Title: title, Evidence: signalingEvidence(e), Advice: signalingAdvice(e)}
				if reason == "status" && e.Failure != nil && e.Failure.Status > 0 {
					t.Title = "The signaling server answered with " + httpStatus(e.Failure.Status) + "."
				}
				return t
			})
	}
	return table
}()

// httpStatus names an HTTP status: "HTTP 404 (Not Found)".
func httpStatus(status int) string {
	if text := http.StatusText(status); text != "" {
		return fmt.Sprintf("HTTP %d (%s)", status, text)
	}
	return fmt.Sprintf("HTTP %d", status)
}

func signalingEvidence(e judge.SignalingFailed) []string {
	requests := ""
	if e.Requests > 0 || e.Room != "" {
		requests = fmt.Sprintf("%s to the signaling server, %d failed", Count(e.Requests, "request", "requests"), e.Failed)
	}
	return lines(labeled("cause", e.Cause), requests, labeled("the last error", e.LastError))
}

func signalingAdvice(e judge.SignalingFailed) string {
	switch {
	case e.Code != "" || e.Failure != nil:
		return Ended(diag.CallEnded{Reason: diag.EndSignaling, By: e.By, Code: e.Code, Signal: e.Failure})
	case e.Carried:
		return "Start again on both sides: each text is valid for one call."
	case e.Listens:
		return "Check what the peer posts, and its log."
	case e.By == diag.ByRemote:
		return "Check the description that the peer or its server sends; --record keeps it."
	case e.Room != "":
		return "Check that --server names a signaling server that runs, then call again."
	}
	return "Check the address and that its server runs, then call again."
}

// endings are the next steps after a call, by the most specific of what is known about its end: the reason with the
// code, with the party, or alone. What failed in signaling has a table of its own.
var endings = map[string]string{
	"dump-end":                 "Save the dump again when the call is connected, or has failed.",
	"internal":                 "Check that this machine has a network interface and free ports.",
	"internal stuck":           "Call again, on a machine with less load; report the fault with a recording (--record).",
	"peer-lost":                "Ask whether the peer's program or network went away, then call again.",
	"peer-lost certificate":    "Another peer dialed the same room code. Choose a code that others cannot guess.",
	"peer-left":                "Call again; both peers must stay until the call is connected.",
	"signaling":                "Check the log of the signaling server, then call again.",
	"signaling remote":         "Check the log of the peer's program, then call again.",
	"signaling no-description": "Check the peer's program: it dials, but sends no offer or answer.",
	"signaling offer-storm":    "Look in the peer's program for what makes it negotiate without end.",
}

// Ended returns the next step after a call that ended; empty if the end needs none or its findings know it.
func Ended(e diag.CallEnded) string {
	reason := string(e.Reason)
	advice := ""
	if e.Signal != nil && e.Reason == diag.EndSignaling {
		advice = SignalAdvice(*e.Signal)
	}
	return cmp.Or(advice, endings[reason+" "+e.Code], endings[reason+" "+string(e.By)], endings[reason])
}
