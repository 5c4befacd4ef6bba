package network_test

import (
	"slices"
	"testing"

	"dialtone/diag"
	"dialtone/diag/diagtest"
	"dialtone/diag/judge/network"
)

// TestOnlyProxy: where a server works through the proxy and cannot be connected to without it, silence over UDP says
// nothing against the servers, whether one of them is silent or several are.
func TestOnlyProxy(t *testing.T) {
	through := relay("tls", "9.9.9.9:50000", carried()...)
	through.Proxy, through.Address = "http://192.0.2.1:8888", ""
	direct := diagtest.Failing("stuns:9.9.9.1:5349", "tls", "9.9.9.1:5349", diag.StageConnect, diag.Failure{Cause: diag.CauseTimeout})
	direct.Direct = true
	for name, d := range map[string]func() *diagtest.Diagnosis{"one host": oneSilent, "several hosts": silent} {
		n := diagnose(d().Asked(through, direct))
		ids := findingIDs(n)
		has := func(id string) bool { return slices.Contains(ids, id) }
		if n.Outcome != network.OnlyProxy || n.Exit != diag.ExitRelay || !has("nat.only_proxy") || has("nat.udp_blocked") || has("server.timeout") {
			t.Errorf("%s: %s, exit %s: %v", name, n.Outcome, n.Exit, ids)
		}
		reached := direct
		reached.Stages = []diag.Stage{{Name: diag.StageConnect}, {Name: diag.StageBinding}}
		if n := diagnose(d().Asked(through, reached)); n.Outcome == network.OnlyProxy {
			t.Errorf("%s: a server is reached without the proxy: %s", name, n.Outcome)
		}
		if n := diagnose(d().Asked(through)); n.Outcome == network.OnlyProxy {
			t.Errorf("%s: no server was asked without the proxy: %s", name, n.Outcome)
		}
	}
}
