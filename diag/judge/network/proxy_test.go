package network_test

import (
	"math"
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

// TestFailedBesideTheProxy: a server that was connected to, and failed then, shows that there is a way without the proxy.
func TestFailedBesideTheProxy(t *testing.T) {
	through := relay("tls", "9.9.9.9:50000", carried()...)
	through.Proxy, through.Address = "http://192.0.2.1:8888", ""
	direct := diagtest.Failing("stuns:9.9.9.1:5349", "tls", "9.9.9.1:5349", diag.StageConnect, diag.Failure{Cause: diag.CauseTimeout})
	direct.Direct = true
	for stage, want := range map[diag.StageName]bool{
		diag.StageDNS: true, diag.StageConnect: true, diag.StageTLS: false, diag.StageBinding: false,
	} {
		other := diagtest.Failing("stun:8.8.8.1:443", "tcp", "8.8.8.1:443", stage, diag.Failure{Cause: diag.CauseTimeout})
		if n := diagnose(silent().Asked(through, direct, other)); (n.Outcome == network.OnlyProxy) != want {
			t.Errorf("another server failed at %s: %s", stage, n.Outcome)
		}
	}
}

// TestDaysLeft: of a certificate whose end, or the time, is unknown nothing is said.
func TestDaysLeft(t *testing.T) {
	const now, end = "2030-01-01T12:00:00Z", "2030-01-03T11:59:59Z"
	for _, tt := range []struct {
		until, now string
		want       int
	}{{end, now, 1}, {now, now, 0}, {now, end, -2}, {"", now, math.MaxInt}, {end, "", math.MaxInt}, {"", "", math.MaxInt}} {
		if got := network.DaysLeft(&diag.Certificate{NotAfter: tt.until}, tt.now); got != tt.want {
			t.Errorf("until %q, now %q: %d", tt.until, tt.now, got)
		}
	}
}
