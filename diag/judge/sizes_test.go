package judge

import (
	"testing"

	"dialtone/diag"
)

// TestLongPackets: loss by length, and not loss of all.
func TestLongPackets(t *testing.T) {
	for name, tt := range map[string]struct {
		sizes []diag.PacketSizes
		over  int
	}{
		"all long ones":   {[]diag.PacketSizes{{Bytes: 200, Sent: 90}, {Bytes: 800, Sent: 20, Missed: 1}, {Bytes: 900, Sent: 9, Missed: 9}, {Bytes: 1200, Sent: 30, Missed: 29}}, 900},
		"of every length": {[]diag.PacketSizes{{Bytes: 200, Sent: 90, Missed: 80}, {Bytes: 1200, Sent: 30, Missed: 29}}, 0},
		"half of them":    {[]diag.PacketSizes{{Bytes: 200, Sent: 90}, {Bytes: 1200, Sent: 30, Missed: 15}}, 0},
		"too few":         {[]diag.PacketSizes{{Bytes: 200, Sent: 90}, {Bytes: 1200, Sent: 7, Missed: 7}}, 0},
		"none lost":       {[]diag.PacketSizes{{Bytes: 200, Sent: 90}, {Bytes: 1200, Sent: 30}}, 0},
	} {
		e := longPackets(tt.sizes)
		if e == nil && tt.over != 0 || e != nil && e.Over != tt.over {
			t.Errorf("%s: %+v, want %d", name, e, tt.over)
		}
	}
}
