package words

import (
	"fmt"
	"strings"

	"dialtone/diag"
)

// flows say how kinds of media fare in a direction.
var flows = map[diag.Direction]map[diag.Flow]string{
	diag.Inbound: {
		diag.FlowOK:      "receiving %s.",
		diag.FlowMuted:   "the peer muted %s.",
		diag.FlowNone:    "the peer sends no %s: it was not negotiated.",
		diag.FlowSilent:  "%s from the peer stopped.",
		diag.FlowMissing: "no %s received, although the peer negotiated to send it.",
	},
	diag.Outbound: {
		diag.FlowOK:      "sending %s.",
		diag.FlowMuted:   "you muted %s.",
		diag.FlowMissing: "no %s sent, although it was negotiated.",
	},
}

// Flow says in a sentence how kinds of media ("audio", "video") fare in a direction; nothing when that is not known.
func Flow(dir diag.Direction, flow diag.Flow, kinds []string) string {
	format, ok := flows[dir][flow]
	if !ok || len(kinds) == 0 {
		return ""
	}
	return Capital(fmt.Sprintf(format, strings.Join(kinds, " and ")))
}

// Codec is the name of a MIME type: "opus" of "audio/opus".
func Codec(mime string) string {
	if _, name, found := strings.Cut(mime, "/"); found {
		return name
	}
	return mime
}
