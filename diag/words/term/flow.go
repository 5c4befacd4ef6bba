package term

import (
	"fmt"
	"strings"

	"dialtone/diag"
	"dialtone/diag/call"
	"dialtone/diag/words"
)

// flows say how kinds of media fare in a direction.
var flows = map[diag.Direction]map[call.Flow]string{
	diag.Inbound: {
		call.FlowOK:      "receiving %s.",
		call.FlowMuted:   "the peer muted %s.",
		call.FlowNone:    "the peer sends no %s: it was not negotiated.",
		call.FlowSilent:  "%s from the peer stopped.",
		call.FlowQuiet:   "%s from the peer is nothing but silence or noise.",
		call.FlowMissing: "no %s received, although the peer negotiated to send it.",
	},
	diag.Outbound: {
		call.FlowOK:      "sending %s.",
		call.FlowMuted:   "you muted %s.",
		call.FlowSilent:  "%s to the peer stopped.",
		call.FlowMissing: "no %s sent, although it was negotiated.",
	},
}

// Flow says in a sentence how kinds of media ("audio", "video") fare in a direction; nothing when that is not known.
func Flow(dir diag.Direction, flow call.Flow, kinds []string) string {
	format, ok := flows[dir][flow]
	if !ok || len(kinds) == 0 {
		return ""
	}
	and := " and "
	if strings.Contains(format, "no %s") {
		and = " or "
	}
	return words.Capital(fmt.Sprintf(format, strings.Join(kinds, and)))
}

// Codec is the name of a MIME type: "opus" of "audio/opus".
func Codec(mime string) string {
	if _, name, found := strings.Cut(mime, "/"); found {
		return name
	}
	return mime
}
