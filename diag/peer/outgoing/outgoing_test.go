package outgoing

import (
	"testing"

	"github.com/pion/rtp"
)

// numbers keeps the sequence numbers of what is written to it.
type numbers []uint16

func (n *numbers) WriteRTP(h *rtp.Header, _ []byte) (int, error) {
	*n = append(*n, h.SequenceNumber)
	return 0, nil
}

func (*numbers) Write([]byte) (int, error) { return 0, nil }

// TestHeldPacketsAreNotLost: what is not sent leaves no gap.
func TestHeldPacketsAreNotLost(t *testing.T) {
	var sent numbers
	o := Track{writer: &sent}
	for seq := range uint16(9) {
		o.Hold(seq >= 3 && seq < 6)
		if err := o.WriteRTP(&rtp.Packet{Header: rtp.Header{SequenceNumber: seq}}); err != nil {
			t.Fatal(err)
		}
	}
	for i, seq := range sent {
		if int(seq) != i || len(sent) != 6 {
			t.Fatal(sent)
		}
	}
}
