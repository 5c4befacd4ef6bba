package peer

import (
	"strings"
	"testing"
	"time"

	"github.com/pion/webrtc/v4"

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

// TestNominationWaitsForTheAnswer: a peer that nominates pairs and answers a restart gets the candidates of the offer
// when its answer has had time to arrive. The other one gets them at once.
func TestNominationWaitsForTheAnswer(t *testing.T) {
	t.Parallel()
	a, b := pair(t, Options{NoChannels: true}, Options{NoChannels: true})
	for i, step := range []struct {
		from, to *side
		waits    bool
	}{{a, b, false}, {a, b, false}, {b, a, true}} {
		if _, err := step.from.Offer(i > 0); err != nil {
			t.Fatal(err)
		}
		for !step.from.Gathered() { // then the offer has candidates
			time.Sleep(time.Millisecond)
		}
		answer, err := step.to.Answer(step.from.Local())
		if err != nil {
			t.Fatal(err)
		}
		known := func() bool {
			for _, stats := range step.to.pc.GetStats() {
				if c, ok := stats.(webrtc.ICECandidateStats); ok && c.Type == webrtc.StatsTypeRemoteCandidate {
					return true
				}
			}
			return false
		}
		for !step.waits && !known() {
			time.Sleep(time.Millisecond)
		}
		if time.Sleep(answerTime / 10); step.waits && known() {
			t.Errorf("%d: a candidate of the peer is known", i)
		}
		if err := step.from.SetAnswer(answer); err != nil {
			t.Fatal(err)
		}
	}
}
