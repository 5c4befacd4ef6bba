package words

import (
	"cmp"

	"dialtone/diag"
)

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
