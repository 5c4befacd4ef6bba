package judge_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"dialtone/diag"
	"dialtone/diag/call"
	"dialtone/diag/judge"
	"dialtone/diag/words"
)

func TestPathTrouble(t *testing.T) {
	local, remote := diag.Candidate{Side: diag.Local, ID: "l", CandidateType: diag.Host}, diag.Candidate{Side: diag.Remote, ID: "r", CandidateType: diag.Host, Address: "a.local"}
	pair := diag.Pair{ID: "p", LocalCandidateID: "l", RemoteCandidateID: "r", State: diag.PairInProgress, RequestsSent: 4}
	here, there := local, remote
	here.ID, here.CandidateType, here.Address = "l2", diag.Srflx, "203.0.113.7"
	there.ID, there.CandidateType, there.Address = "r2", diag.Srflx, "203.0.113.7"
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
			"1 candidate pair checked with 4 requests, none answered", "local candidates: 1 host; remote candidates: 1 host", "neither side has a relay candidate",
		}},
		{"one NAT", placed(local, here, remote, there, pair), []string{
			"1 candidate pair checked with 4 requests, none answered",
			"local candidates: 1 host, 1 srflx; remote candidates: 1 host, 1 srflx",
			"both peers have the mapped address 203.0.113.7: they are behind one NAT", "neither side has a relay candidate",
		}},
		{"nothing to try", placed(local), []string{"The peer sent no candidate, so there was nothing to check."}},
		{"a pair answered", placed(local, remote, works), nil},
		{"a path is in use", placed(local, remote, diag.Selected{PairID: "p"}), nil},
	}
	for _, tt := range tests {
		var got []string
		if trouble := judge.PathTrouble(tt.call); trouble != nil {
			got = words.NoPath(*trouble)
		}
		if diff := cmp.Diff(tt.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.name, diff)
		}
	}
}
