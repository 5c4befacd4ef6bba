package probe

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"dialtone/diag"
	"dialtone/diag/lab"
	"dialtone/diag/lab/labtest"
	"dialtone/diag/reach"
	"dialtone/diag/words"
)

const (
	user     = "alice-of-the-test"
	password = "correct horse"
)

var transports = []lab.Transport{lab.UDP, lab.TCP, lab.TLS, lab.DTLS}

// ask probes a server.
func ask(t *testing.T, target Target) diag.Server {
	t.Helper()
	r := Server(t.Context(), target)
	checkResult(t, r)
	return r
}

// errorText is why a server failed, in English; empty when it did not.
func errorText(r diag.Server) string {
	if r.OK() {
		return ""
	}
	return words.ServerHeadline(&r)
}

// stageOf is the step at which a server failed; empty when it did not.
func stageOf(r diag.Server) diag.StageName {
	for _, stage := range r.Stages {
		if stage.Failure != nil && !r.OK() {
			return stage.Name
		}
	}
	return ""
}

// cause is why asking a server ended without success, however early.
func cause(r diag.Server) diag.Cause {
	for _, stage := range r.Stages {
		if stage.Failure != nil && !r.OK() {
			return stage.Failure.Cause
		}
	}
	return ""
}

// realmOf is what a TURN server wants credentials for.
func realmOf(r diag.Server) string {
	if stage := r.Stage(diag.StageAllocate); stage != nil {
		return stage.Realm
	}
	return ""
}

// stoppedAt is the step at which using a relay failed; empty when it did not.
func stoppedAt(r diag.Server) diag.StageName {
	if stage := r.Stopped(); stage != nil {
		return stage.Name
	}
	return ""
}

// sampled are the round trips of several requests, nil when they were not asked for.
func sampled(r diag.Server) *diag.Times {
	if stage := r.Stage(diag.StageSample); stage != nil {
		return stage.Times
	}
	return nil
}

// useRelay asks for a relay and sends bytes through it.
func useRelay(t *testing.T, to Target) diag.Server {
	t.Helper()
	to.Use = true
	return Server(t.Context(), to)
}

// checkResult checks what holds for every result.
func checkResult(t *testing.T, r diag.Server) {
	t.Helper()
	b, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	for _, secret := range []string{user, password} {
		if strings.Contains(string(b), secret) {
			t.Errorf("the result tells a credential: %s", b)
		}
	}
	if r.OK() != (cause(r) == "") || r.OK() != (errorText(r) == "") || r.OK() && stageOf(r) != "" {
		t.Errorf("success and failure at once: %s", b)
	}
	if !r.OK() && cause(r) != diag.CauseCancelled && words.ServerAdvice(&r) == "" {
		t.Errorf("no advice: %s", b)
	}
	if r.DurationMs() <= 0 {
		t.Errorf("no duration: %s", b)
	}
}

// target is for a server of the lab.
func target(url string, c *lab.Certificate) Target {
	t := Target{URL: url, Username: user, Password: password}
	if c != nil {
		t.TLS = &tls.Config{RootCAs: c.Pool}
	}
	return t
}

func startTURN(t *testing.T, o lab.TURNOptions) *lab.TURN {
	t.Helper()
	s, err := lab.StartTURN(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func startFault(t *testing.T, f lab.Fault) *lab.FaultServer {
	t.Helper()
	s, err := lab.StartFault(f)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func TestTURN(t *testing.T) {
	s := startTURN(t, lab.TURNOptions{UDP: true, TCP: true, TLS: true, DTLS: true, Username: user, Password: password, Realm: "example.org"})
	for _, tr := range transports {
		t.Run(string(tr), func(t *testing.T) {
			r := ask(t, target(s.URL(tr), s.Certificate()))
			if !r.OK() {
				t.Fatalf("%+v", r)
			}
			if r.URL != s.URL(tr) || r.Transport != string(tr) || r.Address != s.Addr(tr).String() || realmOf(r) != "example.org" {
				t.Errorf("%+v", r)
			}
			for _, a := range []string{r.Mapped(), r.Relayed()} {
				if !strings.HasPrefix(a, "127.0.0.1:") {
					t.Errorf("address %q in %+v", a, r)
				}
			}
			stream := tr == lab.TCP || tr == lab.TLS
			secured := tr == lab.TLS || tr == lab.DTLS
			if r.RTT() == nil || (r.Took(diag.StageConnect) != nil) != stream || (r.Took(diag.StageTLS) != nil) != secured || r.Took(diag.StageDNS) != nil {
				t.Errorf("times: %+v", r)
			}
			if n := s.Allocations(); n != 0 {
				t.Errorf("%d allocations are left behind", n)
			}
		})
	}
}

func TestSTUN(t *testing.T) {
	for _, tr := range transports {
		t.Run(string(tr), func(t *testing.T) {
			s := startTURN(t, lab.TURNOptions{UDP: tr == lab.UDP, TCP: tr == lab.TCP, TLS: tr == lab.TLS, DTLS: tr == lab.DTLS})
			r := ask(t, target(s.STUN(), s.Certificate()))
			if !r.OK() || r.Transport != string(tr) || r.RTT() == nil || r.Relayed() != "" || !strings.HasPrefix(r.Mapped(), "127.0.0.1:") {
				t.Errorf("%+v", r)
			}
		})
	}
}

// TestWrongPassword is the case that people ask about most. pion/turn before 5.1.3 answers 400, others 401.
func TestWrongPassword(t *testing.T) {
	for _, tr := range transports {
		pion := startTURN(t, lab.TURNOptions{UDP: tr == lab.UDP, TCP: tr == lab.TCP, TLS: tr == lab.TLS, DTLS: tr == lab.DTLS, Username: user, Password: password})
		other := startFault(t, lab.Fault{Network: tr, Behavior: lab.Correct, Username: user, Password: password})
		old := startFault(t, lab.Fault{Network: tr, Behavior: lab.AuthError, Code: 400})
		for name, s := range map[string]struct {
			target Target
			code   int
		}{
			"pion":  {target(pion.URL(tr), pion.Certificate()), 401},
			"old":   {target(old.TURN(), old.Certificate()), 400},
			"other": {target(other.TURN(), other.Certificate()), 401},
		} {
			t.Run(string(tr)+" "+name, func(t *testing.T) {
				s.target.Password = "wrong"
				r := ask(t, s.target)
				if r.Cause() != diag.CauseAuth || stageOf(r) != diag.StageAllocate || r.Code() != s.code || !strings.Contains(errorText(r), "password") {
					t.Errorf("%+v", r)
				}
				if r.DurationMs().Duration() > time.Second {
					t.Errorf("it took %v", r.DurationMs().Duration())
				}
				s.target.Password, s.target.Username = password, "bob"
				if r := ask(t, s.target); r.Cause() != diag.CauseAuth {
					t.Errorf("wrong user: %+v", r)
				}
			})
		}
	}
}

func TestQuota(t *testing.T) {
	s := startFault(t, lab.Fault{Behavior: lab.AuthError, Code: 486})
	if r := ask(t, target(s.TURN(), nil)); r.Cause() != diag.CauseSTUN || r.Code() != 486 || !strings.Contains(words.ServerAdvice(&r), "quota") {
		t.Errorf("%+v", r)
	}
}

func TestConfig(t *testing.T) {
	for _, tt := range []struct {
		name   string
		target Target
		text   string
	}{
		{"bad URL", Target{URL: "turn:h:99999"}, "outside"},
		{"credentials in the URL", Target{URL: "turn:" + user + ":x@h"}, "separately"},
		{"no credentials", Target{URL: "turn:127.0.0.1"}, "requires user name"},
		{"no password", Target{URL: "turn:127.0.0.1", Username: user}, "requires user name"},
		{"long user name", Target{URL: "turn:127.0.0.1", Username: strings.Repeat("u", 509), Password: password}, "508"},
	} {
		r := ask(t, tt.target)
		if r.Cause() != diag.CauseConfig || stageOf(r) != diag.StageConfig || !strings.Contains(errorText(r), tt.text) {
			t.Errorf("%s: %+v", tt.name, r)
		}
	}
}

// TestHostileText asks a server that writes to the terminal.
func TestHostileText(t *testing.T) {
	evil := "\x1b]0;title\a\u202e" + strings.Repeat("x", 500)
	s := startFault(t, lab.Fault{Behavior: lab.Correct, Username: user, Password: password, Realm: evil, Software: evil})
	r := ask(t, target(s.TURN(), nil))
	if !r.OK() {
		t.Fatalf("%+v", r)
	}
	for _, text := range []string{realmOf(r), r.Software()} {
		if len(text) > reach.MaxText || strings.ContainsAny(text, "\x1b\a\u202e") || !strings.Contains(text, "title") {
			t.Errorf("%q", text)
		}
	}
}

// TestCancel ends probes in each stage that waits.
func TestCancel(t *testing.T) {
	hanging := startFault(t, lab.Fault{Behavior: lab.Silent})
	dns := Target{URL: "stun:host.example", Resolver: labtest.ResolverAt(hanging.Addr())}
	targets := map[string]Target{"dns": dns}
	for _, tr := range transports {
		for _, b := range []lab.Behavior{lab.Silent, lab.Mute} {
			s := startFault(t, lab.Fault{Network: tr, Behavior: b})
			targets[b.String()+" "+string(tr)] = target(s.TURN(), s.Certificate())
		}
	}
	for name, target := range targets {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			target.Timeout = time.Hour
			ctx, cancel := context.WithCancel(t.Context())
			defer time.AfterFunc(50*time.Millisecond, cancel).Stop()
			r := Server(ctx, target)
			if cause(r) != diag.CauseCancelled || r.OK() {
				t.Errorf("%+v", r)
			}
		})
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if r := Server(ctx, dns); cause(r) != diag.CauseCancelled {
		t.Errorf("cancelled before: %+v", r)
	}
}

// TestDeadline has a context that ends before the timeout.
func TestDeadline(t *testing.T) {
	s := startFault(t, lab.Fault{Behavior: lab.Silent})
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if r := Server(ctx, Target{URL: s.STUN(), Timeout: time.Hour}); r.Cause() != diag.CauseTimeout {
		t.Errorf("%+v", r)
	}
}

func TestAll(t *testing.T) {
	s := startTURN(t, lab.TURNOptions{UDP: true, TCP: true, Username: user, Password: password})
	silent := startFault(t, lab.Fault{Behavior: lab.Silent})
	var targets []Target
	for range 10 {
		targets = append(targets, target(s.URL(lab.UDP), nil), target(s.URL(lab.TCP), nil))
	}
	targets = append(targets, Target{URL: silent.STUN(), Timeout: 300 * time.Millisecond}, Target{URL: "nonsense:"})
	var got []diag.Server
	All(t.Context(), targets, func(r diag.Server) { got = append(got, r) })
	ok := 0
	for _, r := range got {
		if r.OK() {
			ok++
		}
	}
	if len(got) != len(targets) || ok != 20 {
		t.Fatalf("%d results, %d good", len(got), ok)
	}
	if last := got[len(got)-1]; last.Cause() != diag.CauseTimeout {
		t.Errorf("the silent server was not the last to be known: %+v", last)
	}
	All(t.Context(), nil, func(diag.Server) { t.Error("a result of nothing") })
}

// udpServer answers datagrams with what answer returns, which may be nothing.
func udpServer(t *testing.T, answer func(n int, request []byte, from net.Addr, pc net.PacketConn) []byte) string {
	t.Helper()
	var lc net.ListenConfig
	pc, err := lc.ListenPacket(t.Context(), "udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var running sync.WaitGroup
	running.Go(func() {
		b := make([]byte, 2048)
		for n := 0; ; n++ {
			size, from, err := pc.ReadFrom(b)
			if err != nil {
				return
			}
			if out := answer(n, slices.Clone(b[:size]), from, pc); out != nil {
				if _, err := pc.WriteTo(out, from); err != nil {
					return
				}
			}
		}
	})
	t.Cleanup(func() {
		_ = pc.Close()
		running.Wait()
	})
	return pc.LocalAddr().String()
}
