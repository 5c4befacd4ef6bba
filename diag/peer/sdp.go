package peer

import (
	"strings"

	"dialtone/diag"
	"dialtone/diag/sdp"
)

// maxSDP bounds the description that is kept in an event; a browser's has 6 KB.
const maxSDP = 64 << 10

// describe makes the event of a description. The ICE password is a secret of the call and does not leave it.
func describe(side diag.Side, kind string, d *sdp.Description, restart bool) diag.SessionDescription {
	masked := d.With("ice-pwd", "***")
	if len(masked) > maxSDP {
		masked = masked[:strings.LastIndexByte(masked[:maxSDP], '\n')+1] // whole lines
	}
	return diag.SessionDescription{
		Side: side, SDPType: kind, SDP: masked, Fingerprint: announced(d), ICERestart: restart,
	}
}

// announced returns the first "algorithm VALUE" that a description announces; empty for none.
func announced(d *sdp.Description) string {
	value, _ := d.Attribute("fingerprint")
	algorithm, hex, ok := strings.Cut(value, " ")
	if !ok {
		return ""
	}
	return diag.Clean(strings.ToLower(algorithm)+" "+strings.ToUpper(hex), 256)
}
