package probe

import (
	"bytes"
	"net"
	"os"
	"testing"
	"time"
)

// pieces is a connection that gives a stream in pieces; an empty one is a deadline.
type pieces struct {
	net.Conn
	left [][]byte
}

func (p *pieces) SetReadDeadline(time.Time) error { return nil }

func (p *pieces) Read(b []byte) (int, error) {
	if len(p.left) == 0 || len(p.left[0]) == 0 {
		p.left = p.left[min(1, len(p.left)):]
		return 0, os.ErrDeadlineExceeded
	}
	n := copy(b, p.left[0])
	p.left[0] = p.left[0][n:]
	if len(p.left[0]) == 0 {
		p.left = p.left[1:]
	}
	return n, nil
}

// TestDeadlineInAMessage: a message that is cut off by deadlines, wherever, is whole afterwards, and so is the next one.
func TestDeadlineInAMessage(t *testing.T) {
	first, err := encodeBinding(newTxID(), behavior{})
	if err != nil {
		t.Fatal(err)
	}
	channel := []byte{0x40, 0, 0, 5, 'h', 'e', 'l', 'l', 'o', 0, 0, 0}
	for cut := range len(first) {
		l := &link{reliable: true, conn: &pieces{left: [][]byte{first[:cut:cut], {}, first[cut : cut+1 : cut+1], {}, first[cut+1:], channel}}}
		var got [][]byte
		for range 5 {
			if b, err := l.receiveRelayed(t.Context(), time.Time{}); err == nil {
				got = append(got, b)
			}
		}
		if len(got) != 2 || !bytes.Equal(got[0], first) || !bytes.Equal(got[1], channel) {
			t.Fatalf("cut at %d: %x", cut, got)
		}
	}
}
