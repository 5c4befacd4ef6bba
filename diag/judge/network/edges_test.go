package network_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"dialtone/diag"
	"dialtone/diag/diagtest"
	"dialtone/diag/judge/network"
	"dialtone/diag/nat"
)

// lasting is a diagnosis in which a mapping was gone after a pause, and lived one second less where lived is set.
func lasting(seconds int, lived bool) *diagtest.Diagnosis {
	d := diagtest.NewDiagnosis(diagtest.ServerA).Grade(20, 0)
	d.Start.Deep = true
	at := func(r *diag.NATRequest, socket diag.NATSocket, sent time.Duration) {
		r.Socket, r.SentMs = socket, diag.Millis(sent)
	}
	waking := diag.NATSocket{Use: diag.SocketWaking}
	wake := func(number, pause int, mapped string) {
		held := diag.NATSocket{Use: diag.SocketHeld, Number: number}
		at(d.Add(0, diag.TestHold, diagtest.ServerA, fmt.Sprint("5.5.5.5:", 7000+number)), held, time.Second)
		for range 8 {
			r := d.Add(0, diag.TestWake, diagtest.ServerA, mapped)
			at(r, waking, time.Duration(1020+1000*pause)*time.Millisecond)
			r.Held = held
			if mapped != "" {
				break
			}
		}
	}
	if lived {
		wake(1, seconds-1, "5.5.5.5:1")
	}
	wake(2, seconds, "")
	for _, use := range []diag.SocketUse{diag.SocketBefore, diag.SocketAfter} {
		r := d.Add(0, diag.TestProveWake, diagtest.ServerA, "5.5.5.5:1")
		at(r, waking, 200*time.Second)
		r.Held = diag.NATSocket{Use: use}
	}
	return d
}

// TestShortLifetimes: a NAT must remember a silent port for two minutes.
func TestShortLifetimes(t *testing.T) {
	for seconds, want := range map[int]bool{30: true, 120: true, 121: false, 150: false} {
		n := diagnose(lasting(seconds, true))
		if l := n.Behaviors.Lifetime; l.ToS == nil || *l.ToS != seconds {
			t.Fatalf("%d s: %+v", seconds, l)
		}
		if got := slices.Contains(findingIDs(n), "nat.lifetime_short"); got != want {
			t.Errorf("%d s: %v", seconds, got)
		}
	}
	if slices.Contains(findingIDs(diagnose(independent())), "nat.lifetime_short") {
		t.Error("a lifetime that was not tested is short")
	}
}

// TestWhatIsAChange: of lifetimes their bounds, and of servers those with the same address.
func TestWhatIsAChange(t *testing.T) {
	changes := func(a, b *diagtest.Diagnosis) (out []string) {
		before, now := diagnose(a), diagnose(b)
		for _, c := range network.Changes(&before, &now) {
			out = append(out, fmt.Sprint(c.What, " ", c.Name))
		}
		return out
	}
	lifetime := fmt.Sprint(network.ChangedBehavior, " ", nat.Name("lifetime"))
	for name, tt := range map[string]struct {
		a, b *diagtest.Diagnosis
		want bool
	}{
		"the same":      {lasting(30, true), lasting(30, true), false},
		"longer":        {lasting(30, true), lasting(60, true), true},
		"nothing lived": {lasting(30, true), lasting(30, false), true},
	} {
		got := changes(tt.a, tt.b)
		if slices.ContainsFunc(got, func(s string) bool {
			return s == lifetime || s == fmt.Sprint(network.ChangedBehavior, " binding-lifetime")
		}) != tt.want {
			t.Errorf("%s: %v", name, got)
		}
	}
	turn := func(address string, code int) *diagtest.Diagnosis {
		s := relay("tls", "9.9.9.9:50000", carried()...)
		if code != 0 {
			s = diagtest.Failing(s.URL, "tls", address, diag.StageAllocate, diag.Failure{Cause: diag.CauseAuth, Code: code})
		}
		s.Address = address
		return independent().Asked(s)
	}
	server := func(list []string) bool {
		return slices.ContainsFunc(list, func(s string) bool { return s == fmt.Sprint(network.ChangedServer, " ") })
	}
	for name, tt := range map[string]struct {
		a, b string
		want bool
	}{
		"the same address": {"9.9.9.9:3478", "9.9.9.9:3478", true}, "another address": {"9.9.9.9:3478", "9.9.9.8:3478", false},
		"unknown before": {"", "9.9.9.9:3478", true}, "unknown now": {"9.9.9.9:3478", "", true},
	} {
		if got := changes(turn(tt.a, 0), turn(tt.b, 401)); server(got) != tt.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

// TestWhatAnswers: a server that rejects shows that the network is there, one that is still asked does not.
func TestWhatAnswers(t *testing.T) {
	rejects := wrongPassword("turn:t?transport=tcp", "tcp", "9.9.9.9:3478")
	asking := diag.Server{URL: "turn:t?transport=tcp", Transport: "tcp", TURN: true, Address: "9.9.9.9:3478", Stages: []diag.Stage{{Name: diag.StageConnect}}}
	silence := diag.Failure{Cause: diag.CauseTimeout}
	accepting := diagtest.Failing("turns:t?transport=tcp", "tls", "9.9.9.9:5349", diag.StageTLS, silence)
	accepting.Stages = append([]diag.Stage{{Name: diag.StageConnect}}, accepting.Stages...)
	dropping := diagtest.Failing("turns:t?transport=tcp", "tls", "9.9.9.9:5349", diag.StageConnect, silence)
	for name, tt := range map[string]struct {
		server diag.Server
		want   network.Outcome
	}{
		"rejects": {rejects, network.UDPBlocked}, "asking": {asking, network.NoAnswer},
		"accepts the connection": {accepting, network.NoSTUN}, "drops it": {dropping, network.NoAnswer},
	} {
		if n := diagnose(silent().Asked(tt.server)); n.Outcome != tt.want {
			t.Errorf("%s: %s", name, n.Outcome)
		}
	}
	dtls := silent().Asked(relay("tls", "9.9.9.9:50000", carried()...), diagtest.Failing("turns:t?transport=udp", "dtls", "9.9.9.9:5349", diag.StageConnect, diag.Failure{Cause: diag.CauseTimeout}))
	if found := findingIDs(diagnose(dtls)); slices.Contains(found, "turn.timeout") {
		t.Errorf("UDP is blocked, and a server over DTLS is blamed: %v", found)
	}
	for repeated, want := range map[int]bool{19: false, 20: false, 21: true} {
		d := diagtest.NewDiagnosis(diagtest.ServerA).Maps(0, "9.9.9.1:3478", "5.5.5.5:1")
		d.Servers[0].Repeated = repeated
		if got := slices.Contains(findingIDs(diagnose(d)), "server.floods"); got != want {
			t.Errorf("%d answers too many: %v", repeated, got)
		}
	}
}
