package judge

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"dialtone/diag"
	"dialtone/diag/call"
)

func TestPathTrouble(t *testing.T) {
	local, remote := diag.Candidate{Side: diag.Local, ID: "l", CandidateType: diag.Host}, diag.Candidate{Side: diag.Remote, ID: "r", CandidateType: diag.Host, Address: "a.local"}
	pair := diag.Pair{ID: "p", LocalCandidateID: "l", RemoteCandidateID: "r", State: diag.PairInProgress, RequestsSent: 4}
	works := pair
	works.State, works.ResponsesReceived = diag.PairSucceeded, 1
	placed := func(list ...diag.Data) *call.Call {
		c := &call.Call{}
		for _, d := range list {
			c.Apply(diag.Event{Data: d})
		}
		return c
	}
	tests := []struct {
		name string
		call *call.Call
		want []string
	}{
		{"nothing is known", placed(), nil},
		{"silence", placed(local, remote, pair), []string{
			"1 pair was tried with 4 requests, none answered.", "Here: 1 host. There: 1 host.", "Neither side had a relay.",
			"The other party hides its addresses behind mDNS names, which only work within one network.",
		}},
		{"nothing to try", placed(local), []string{"The other party sent no candidate, so there was nothing to try."}},
		{"a pair answered", placed(local, remote, works), nil},
		{"a path is in use", placed(local, remote, diag.Selected{PairID: "p"}), nil},
	}
	for _, tt := range tests {
		if diff := cmp.Diff(tt.want, PathTrouble(tt.call)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.name, diff)
		}
	}
}
