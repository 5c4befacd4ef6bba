package sdp

import (
	"strings"

	"dialtone/diag"
)

// MaxEvent bounds the description that is kept in an event; a browser's has 6 KB.
const MaxEvent = 64 << 10

// Event makes the event of a description. The ICE password is a secret of the call and does not leave it.
func (d *Description) Event(side diag.Side, kind string, restart bool) diag.SessionDescription {
	masked := d.With("ice-pwd", "***")
	if len(masked) > MaxEvent {
		masked = masked[:strings.LastIndexByte(masked[:MaxEvent], '\n')+1] // whole lines
	}
	return diag.SessionDescription{
		Side: side, SDPType: kind, SDP: masked, Fingerprint: d.Fingerprint(), ICERestart: restart,
	}
}

// Fingerprint returns the "algorithm VALUE" that a description announces; empty for none.
func (d *Description) Fingerprint() string {
	algorithm, hex, ok := strings.Cut(d.fingerprint(), " ")
	if !ok {
		return ""
	}
	return diag.Clean(strings.ToLower(algorithm)+" "+strings.ToUpper(hex), 256)
}
