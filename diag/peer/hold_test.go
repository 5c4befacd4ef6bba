package peer

import (
	"strings"
	"testing"

	"dialtone/diag"
)

// TestHold: a call that the peer puts on hold goes on with the tracks that it had.
func TestHold(t *testing.T) {
	t.Parallel()
	a, b := pair(t, Options{NoChannels: true}, Options{NoChannels: true})
	for i, step := range []struct {
		offered, answered string
		sends             bool
	}{
		{"sendrecv", "sendrecv", true},
		{"inactive", "inactive", false},
		{"sendrecv", "sendrecv", true},
		{"sendonly", "recvonly", false},
		{"inactive", "inactive", false},
		{"recvonly", "sendonly", true},
		{"sendrecv", "sendrecv", true},
	} {
		offer, err := a.Offer(i > 0)
		if err != nil {
			t.Fatal(err)
		}
		offer.SDP = strings.ReplaceAll(offer.SDP, "a=sendrecv", "a="+step.offered)
		answer, err := b.Answer(offer)
		if err != nil {
			t.Fatal(err)
		}
		if strings.Count(answer.SDP, "a="+step.answered) != len(diag.Kinds) {
			t.Errorf("%d: %s was answered with\n%s", i, step.offered, answer.SDP)
		}
		for kind, s := range b.tracks.sends {
			if s.track.Held() == step.sends {
				t.Errorf("%d: %s was answered with %s, and %s is held: %t", i, step.offered, step.answered, kind, s.track.Held())
			}
		}
		if err := a.SetAnswer(answer); err != nil {
			t.Fatal(err)
		}
	}
}
