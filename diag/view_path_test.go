package diag

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestPathTrouble(t *testing.T) {
	local, remote := Candidate{Side: Local, ID: "l", CandidateType: Host}, Candidate{Side: Remote, ID: "r", CandidateType: Host, Address: "a.local"}
	pair := Pair{ID: "p", LocalCandidateID: "l", RemoteCandidateID: "r", State: PairInProgress, RequestsSent: 4}
	works := pair
	works.State, works.ResponsesReceived = PairSucceeded, 1
	call := func(list ...Data) *Call {
		c := &Call{}
		for _, d := range list {
			c.Apply(Event{Data: d})
		}
		return c
	}
	tests := []struct {
		name string
		call *Call
		want []string
	}{
		{"nothing is known", call(), nil},
		{"silence", call(local, remote, pair), []string{
			"1 pair was tried with 4 requests, none answered.", "Here: 1 host. There: 1 host.", "Neither side had a relay.",
			"The other party hides its addresses behind mDNS names, which only work within one network.",
		}},
		{"nothing to try", call(local), []string{"The other party sent no candidate, so there was nothing to try."}},
		{"a pair answered", call(local, remote, works), nil},
		{"a path is in use", call(local, remote, Selected{PairID: "p"}), nil},
	}
	for _, tt := range tests {
		if diff := cmp.Diff(tt.want, tt.call.PathTrouble()); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.name, diff)
		}
	}
}
