package report

import (
	"testing"

	"dialtone/diag/call"
)

// TestStreamState: what its sender has muted is not called a fault.
func TestStreamState(t *testing.T) {
	for want, d := range map[string]directed{
		"flows":     {"audio", "inbound", &call.Stream{Flows: true, Packets: 9}},
		"stopped":   {"audio", "inbound", &call.Stream{Packets: 9}},
		"only sent": {"audio", "outbound", &call.Stream{Packets: 9}},
		"silent":    {"audio", "inbound", &call.Stream{Flows: true, Silent: true, Packets: 9}},
		"muted":     {"audio", "inbound", &call.Stream{Flows: true, Silent: true, Muted: true, Packets: 9}},
	} {
		if got := d.state(); got.Text != want {
			t.Errorf("%q, want %q", got.Text, want)
		}
	}
}
