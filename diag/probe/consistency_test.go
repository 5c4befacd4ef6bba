package probe

import (
	"bytes"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"dialtone/diag"
	"dialtone/diag/call"
	"dialtone/diag/judge"
	"dialtone/diag/judge/network"
	"dialtone/diag/lab"
	"dialtone/diag/lab/labtest"
	"dialtone/diag/nat"
	"dialtone/diag/nat/pair"
	"dialtone/diag/nat/turn"
	"dialtone/diag/report"
	"dialtone/diag/words"
	difference "dialtone/diag/words/compare"
	"dialtone/diag/words/verdict"
)

// Addresses that the servers of the lab get in a simulated network: those of the recorded calls, and of a world.
const (
	placedServer = "203.0.113.53"
	placedSTUN   = "1.2.3.10:3478"
)

// situation is what came of asking a server of the lab.
type situation struct {
	name   string
	stages []diag.ServerStage
}

// place moves it to another address, as if the server were there.
func (s situation) place(t *testing.T, server string) situation {
	t.Helper()
	out := situation{name: s.name + " at " + server}
	for _, stage := range s.stages {
		raw, err := json.Marshal(stage)
		if err != nil {
			t.Fatal(err)
		}
		var moved diag.ServerStage
		if err := json.Unmarshal(bytes.ReplaceAll(raw, []byte(placedServer), []byte(server)), &moved); err != nil {
			t.Fatal(err)
		}
		out.stages = append(out.stages, moved)
	}
	return out
}

// asked asks a server of the lab, through whose relay a STUN server of the lab is asked.
func asked(t *testing.T, name, url, stun string, to Target) situation {
	t.Helper()
	s := situation{name: name}
	to.URL, to.Use, to.Diagnosis, to.Timeout = url, true, true, 1500*time.Millisecond
	if to.Username == "" {
		to.Username, to.Password = user, password
	}
	to.Through = throughOnly(stun)
	r := Server(t.Context(), to)
	address := netip.MustParseAddrPort(cmpAddress(r.Address, url))
	for _, stage := range r.Stages {
		raw, err := json.Marshal(diag.ServerStage{
			URL: r.URL, Transport: r.Transport, TURN: r.TURN, Diagnosis: true, Address: r.Address, Redirects: r.Redirects, Stage: stage,
		})
		if err != nil {
			t.Fatal(err)
		}
		for _, names := range [][2]string{{stun, placedSTUN}, {address.String(), placedServer + ":3478"}, {"127.0.0.1", placedServer}} {
			raw = bytes.ReplaceAll(raw, []byte(names[0]), []byte(names[1]))
		}
		var moved diag.ServerStage
		if err := json.Unmarshal(raw, &moved); err != nil {
			t.Fatal(err)
		}
		s.stages = append(s.stages, moved)
	}
	return s
}

// cmpAddress is ip:port of a server that was asked, or else of its URL.
func cmpAddress(address, url string) string {
	if address != "" {
		return address
	}
	_, rest, _ := strings.Cut(url, ":")
	rest, _, _ = strings.Cut(rest, "?")
	return rest
}

// situations asks many servers, good and faulty ones.
func situations(t *testing.T) []situation {
	t.Helper()
	stun := strings.TrimPrefix(startTURN(t, lab.TURNOptions{}).STUN(), "stun:")
	var (
		mu  sync.Mutex
		out []situation
		all sync.WaitGroup
	)
	ask := func(name, url string, to Target) {
		all.Go(func() {
			s := asked(t, name, url, stun, to)
			mu.Lock()
			defer mu.Unlock()
			out = append(out, s)
		})
	}
	trusting := func(c *lab.Certificate) Target {
		if c == nil {
			return Target{}
		}
		return Target{TLS: &tls.Config{RootCAs: c.Pool}}
	}
	relaying := func(name string, o lab.TURNOptions) {
		o.Username, o.Password = user, password
		server := startTURN(t, o)
		for _, url := range server.URLs() {
			ask(name+" "+url[:5], url, trusting(server.Certificate()))
		}
	}
	relaying("good", lab.TURNOptions{UDP: true, TCP: true, TLS: true, DTLS: true})
	none, minute := time.Duration(0), time.Minute
	for name, f := range map[string]lab.TURNFaults{
		"no answer": {NoAnswer: true}, "silent relay": {NoSend: true}, "no ChannelData": {NoChannel: true}, "refresh of 0 s": {Lifetime: &none},
		"refresh of 60 s": {Lifetime: &minute}, "refresh 437": {Refresh: 437}, "refresh 441": {Refresh: 441}, "no channels, no refresh": {Bind: 508, Refresh: 438},
	} {
		relaying(name, lab.TURNOptions{Faults: f})
	}
	for _, code := range []int{401, 403, 437, 438, 441, 443, 486, 508} {
		relaying(fmt.Sprintf("permission %d", code), lab.TURNOptions{Faults: lab.TURNFaults{Permission: code}})
	}
	for _, code := range []int{400, 438, 486, 508} {
		relaying(fmt.Sprintf("bind %d", code), lab.TURNOptions{Faults: lab.TURNFaults{Bind: code}})
	}
	for _, relay := range []string{"0.0.0.0", "10.0.0.5", "198.51.100.77", "224.0.0.1", "::"} {
		relaying("relay at "+relay, lab.TURNOptions{RelayIP: netip.MustParseAddr(relay)})
	}
	faulty := func(name string, f lab.Fault, to Target) {
		f.Username, f.Password = user, password
		s := startFault(t, f)
		if to.TLS == nil && s.Certificate() != nil {
			to.TLS = &tls.Config{RootCAs: s.Certificate().Pool}
		}
		ask(name, s.TURN(), to)
	}
	for _, code := range []int{300, 400, 401, 403, 420, 437, 438, 440, 441, 442, 486, 500, 508} {
		faulty(fmt.Sprintf("error %d", code), lab.Fault{Behavior: lab.AuthError, Code: code, Reason: "no\x00\x00"}, Target{})
	}
	for _, b := range []lab.Behavior{lab.Silent, lab.Refused, lab.Garbage, lab.NoNonce, lab.EmptyRealm, lab.BadIntegrity, lab.NoAddress, lab.Unsigned, lab.Correct, lab.StaleOnce} {
		faulty(b.String(), lab.Fault{Behavior: b}, Target{})
	}
	for _, b := range []lab.Behavior{lab.Silent, lab.Mute, lab.Closing, lab.HTTP} {
		faulty(b.String()+" over TLS", lab.Fault{Network: lab.TLS, Behavior: b}, Target{})
	}
	good := startTURN(t, lab.TURNOptions{Username: user, Password: password})
	faulty("redirect", lab.Fault{Behavior: lab.AuthError, Code: 300, Alternate: netip.MustParseAddrPort(good.Addr(lab.UDP).String())}, Target{})
	faulty("redirect to nowhere", lab.Fault{Behavior: lab.AuthError, Code: 300, Alternate: netip.MustParseAddrPort("[::1]:9")}, Target{})
	faulty("unknown authority", lab.Fault{Network: lab.TLS, Behavior: lab.Correct}, Target{TLS: &tls.Config{}})
	faulty("another name", lab.Fault{Network: lab.TLS, Behavior: lab.Correct}, Target{TLS: &tls.Config{ServerName: "other.example"}})
	past := fmt.Sprintf("%d:ann", time.Now().Add(-time.Hour).Unix())
	faulty("expired credentials", lab.Fault{Behavior: lab.AuthError, Code: 401}, Target{Username: past, Password: password})
	hence := fmt.Sprintf("ann:%d", time.Now().Add(time.Hour).Unix())
	faulty("another secret", lab.Fault{Behavior: lab.AuthError, Code: 401}, Target{Username: hence, Password: password})
	all.Wait()
	slices.SortFunc(out, func(a, b situation) int { return strings.Compare(a.name, b.name) })
	return out
}

// networks are diagnoses of simulated networks by STUN servers: every kind of NAT, none, UDP blocked, and none asked.
func networks(t *testing.T) map[string]*nat.State {
	t.Helper()
	out := map[string]*nat.State{"not asked": {}}
	run := func(name string, o lab.WorldOptions) {
		o.Responders = 2
		synctest.Test(t, func(t *testing.T) {
			w, err := lab.NewWorld(o)
			if err != nil {
				t.Fatal(err)
			}
			s, err := NAT(t.Context(), worldServers(w), NATOptions{Net: w.Client(0)})
			if err := errors.Join(err, w.Close()); err != nil {
				t.Fatal(err)
			}
			out[name] = s
		})
	}
	for i := range 9 {
		run(kindName(natSide(i)), lab.WorldOptions{Sides: []lab.Side{natSide(i)}})
	}
	run("no NAT", lab.WorldOptions{NoNAT: true})
	run("UDP blocked", lab.WorldOptions{BlockUDP: true})
	return out
}

// TestConsistency: no two statements of one report contradict each other, whatever the network and the servers do. Reports
// are made of every network with every server by itself and beside one that works, at an address of its own and at that of
// the client's network, alone and with the result line of a peer; and of recorded calls with every server.
func TestConsistency(t *testing.T) {
	t.Parallel()
	all, worlds, reports, row := situations(t), networks(t), 0, 0
	good := all[slices.IndexFunc(all, func(s situation) bool { return s.name == "good turns" })].place(t, "203.0.113.99")
	for world, facts := range worlds {
		row++
		for i, s := range all {
			for n, set := range [][]situation{{s}, {s, good}, {s.place(t, "1.2.4.1")}} {
				if (i/3+row)%3 != n && !labtest.Nightly() { // each network and each situation has each set
					continue
				}
				state := facts.Copy()
				if (i+n)%2 == 1 {
					state.Start.Peer = "nat1,map=apd,filter=apd,udp,ip=5.0.0.12"
				}
				for _, server := range set {
					for _, stage := range server.stages {
						state.Apply(stage)
					}
				}
				if u := s.stages[0].URL; i%3 == 0 && len(facts.Servers) > 0 && strings.HasSuffix(u, "udp") && n < 2 {
					state.Servers = append(state.Servers, nat.Server{
						Server: len(state.Servers), URL: u, Address: netip.MustParseAddrPort(placedServer + ":3478"),
						Stage: diag.StageBinding, Failure: &diag.Failure{Cause: diag.CauseAuth, Code: 401},
					})
				}
				state.Apply(diag.DiagnosisEnd{})
				reports++
				for _, c := range contradictions(network.Judge(state)) {
					t.Errorf("%s, %s (%d): %s", world, s.name, n, c)
				}
			}
		}
	}
	for n, recording := range []string{"relay", "good", "ice-failure"} {
		log := recordedCall(t, recording)
		for i, s := range all {
			if i%3 != n && !labtest.Nightly() {
				continue
			}
			for world, facts := range worlds {
				diagnosed := recording == "ice-failure" && slices.Contains([]string{"EI-APD", "APD-APD", "UDP blocked"}, world)
				if world != "not asked" && !diagnosed {
					continue // calls with a path are not diagnosed
				}
				reports++
				for _, c := range callContradictions(withServer(log, s, facts)) {
					t.Errorf("%s, %s, %s: %s", recording, world, s.name, c)
				}
			}
		}
	}
	if reports < 500 {
		t.Errorf("only %d reports", reports)
	}
	t.Logf("%d reports of %d servers in %d networks", reports, len(all), len(worlds))
}

// recordedCall is a recorded call without what came of its TURN server.
func recordedCall(t *testing.T, name string) []diag.Event {
	t.Helper()
	raw, err := os.ReadFile("../../testdata/calls/" + name + ".jsonl")
	if err != nil {
		t.Fatal(err)
	}
	var out []diag.Event
	for _, line := range bytes.Split(bytes.TrimSpace(raw), []byte("\n"))[1:] {
		var e diag.Event
		if err := json.Unmarshal(line, &e); err != nil {
			t.Fatal(err)
		}
		if s, ok := e.Data.(diag.ServerStage); !ok || !s.TURN {
			out = append(out, e)
		}
	}
	return out
}

// withServer is a call beside which a server was asked, before its end; a diagnosis of a network too, if it asked servers.
func withServer(log []diag.Event, s situation, facts *nat.State) *call.Call {
	c := &call.Call{}
	last := log[len(log)-1]
	apply := func(d diag.Data) { c.Apply(diag.Event{At: last.At, Data: d}) }
	for _, e := range log[:len(log)-1] {
		c.Apply(e)
	}
	for _, stage := range s.stages {
		stage.Diagnosis = false
		if stage.Stage.Name == diag.StagePermission { // the call's own question ends with the allocation
			break
		}
		apply(stage)
	}
	if len(facts.Servers) > 0 {
		apply(diag.DiagnosisStart{URLs: []string{s.stages[0].URL}, Because: diag.BecauseICEFailed})
		for i, server := range facts.Servers {
			server.Server = i
			apply(server)
		}
		for _, r := range facts.Requests {
			apply(r)
		}
		for _, stage := range s.stages {
			apply(stage)
		}
		apply(diag.DiagnosisEnd{})
	}
	c.Apply(last)
	return c
}

// sentences are all that a diagnosis says.
func sentences(n network.Verdict) []string {
	said := verdict.OfNetwork(n)
	out := append(append([]string{said.Headline}, said.Why...), said.Next...)
	if n.Pair != nil {
		out = append(out, difference.Prediction(*n.Pair))
	}
	for _, f := range n.Findings {
		text := words.Of(f)
		out = append(append(out, text.Title, text.Advice), text.Evidence...)
	}
	for _, row := range n.Servers {
		out = append(out, words.ServerLine(row), words.ServerSentence(row))
	}
	for _, row := range n.Behaviors.Rows() {
		out = append(out, words.BehaviorEvidence(row.Behavior)...)
	}
	return out
}

// malformed are sentences that no one should read.
var malformed = regexp.MustCompile(`\b0 of 0\b|  |\x00|\x{FFFD}|from ,|%!|, ,|: \.|\(\)`)

// notOfItself finds "is for X, not for X".
var forNot = regexp.MustCompile(`is for (\S+), not for (\S+?)\.?$`)

// damning are words about a server that does not work.
var damning = regexp.MustCompile(`^\S+ failed: |no usable relay|no bytes came back|Leave it out|gave nothing|but no `)

// contradictions are those of a diagnosis.
func contradictions(n network.Verdict) []string {
	var out []string
	complain := func(when bool, format string, args ...any) {
		if when {
			out = append(out, fmt.Sprintf(format, args...))
		}
	}
	carrying, usable := map[string]bool{}, false
	for _, row := range n.Servers {
		carrying[row.URL] = carrying[row.URL] || row.Relay == turn.RelayCarries
		usable = usable || row.Relay == turn.RelayCarries || row.Relay == turn.RelayUntested
	}
	works := slices.ContainsFunc(n.Servers, func(r nat.ServerRow) bool { return r.Relay == turn.RelayCarries })
	side := pair.Line(n.Side)
	complain(n.Side.TURN != usable || strings.Contains(side, ",turn") != usable, "result line %s, a usable relay: %t", side, usable)
	if n.Pair == nil {
		complain(n.Exit == diag.ExitRelay && !usable, "exit %s without a relay", n.Exit)
		complain(n.Exit == diag.ExitNoRelay && usable, "exit %s with a relay", n.Exit)
	} else {
		complain(n.Pair.Path == pair.PathRelay && !usable || n.Pair.Path == pair.PathNone && usable, "the pair: %v, a usable relay: %t", *n.Pair, usable)
	}
	said := verdict.OfNetwork(n)
	for _, s := range append([]string{said.Headline}, said.Why...) {
		complain(strings.Contains(s, "TURN server works") && !works, "%q, and no relay carries bytes", s)
		complain(strings.Contains(s, "no usable relay") && usable, "%q, and one does", s)
	}
	for _, s := range said.Next {
		complain(works && strings.HasPrefix(s, "Configure a"), "%q, and one works", s)
	}
	named := map[string]bool{}
	for i, f := range n.Findings {
		text := words.Of(f)
		named[f.Subject] = true
		if e, ok := f.Evidence.(network.ServerFailure); ok {
			for _, same := range e.Same {
				named[same.URL] = true
			}
		}
		complain(carrying[f.Subject] && (f.Severity == judge.Problem || damning.MatchString(text.Title+text.Advice)), "%s %q about a server that works", f.Severity, text.Title)
		complain(slices.ContainsFunc(n.Findings[:i], f.Same), "%s is there twice", f.ID)
		complain(text.Title == "" || text.Advice == "" && f.Severity != judge.Info, "%s has no advice", f.ID)
	}
	for _, row := range n.Servers {
		bad := row.State() == diag.ServerFailed || row.Relay == turn.RelayFails || row.Relay == turn.RelayRedirected || row.Relay == turn.RelayUntested
		overUDP := row.Transport == "udp" || row.Transport == "dtls"
		blocked := n.Behaviors.UDP.Value == nat.None && (row.Cause() == diag.CauseTimeout || overUDP && row.Cause() == diag.CauseRefused)
		complain(bad && !blocked && !named[row.URL], "nothing says why %s is not used: %s", row.URL, words.ServerHeadline(&row.Server))
	}
	complain(n.Exit != diag.ExitPass && n.Exit != diag.ExitRelay && len(said.Next) == 0 && len(n.Findings) == 0, "exit %s, and no next step", n.Exit)
	for _, s := range sentences(n) {
		complain(malformed.MatchString(s), "malformed: %q", s)
		if m := forNot.FindStringSubmatch(s); m != nil {
			complain(m[1] == m[2], "%q", s)
		}
	}
	return out
}

// callContradictions are those of the report of a call.
func callContradictions(c *call.Call) []string {
	built := report.Build(report.Input{Name: "x", Runs: []report.Folded{report.Fold(judge.Expectation{}, report.RunInput{Call: c})}})
	var text bytes.Buffer
	if err := report.WriteText(&text, built); err != nil {
		return []string{err.Error()}
	}
	var out []string
	for _, row := range c.Servers {
		if !row.Served {
			continue
		}
		for _, f := range built.Findings {
			if f.Subject == row.URL && (f.Severity == judge.Problem || damning.MatchString(f.Title)) {
				out = append(out, fmt.Sprintf("%q, and the call uses it", f.Title))
			}
		}
		for _, s := range built.Servers {
			if s.URL == row.URL && !s.OK {
				out = append(out, s.URL+" counts as failed, and the call uses it")
			}
		}
	}
	if n := judge.Judge(c).Outcome.Network; n != nil {
		out = append(out, contradictions(*n)...)
		for _, f := range built.Findings {
			for _, r := range n.Servers {
				if r.URL == f.Subject && r.Relay == turn.RelayCarries && f.Severity == judge.Problem {
					out = append(out, fmt.Sprintf("%q, and its relay carries bytes", f.Title))
				}
			}
		}
	}
	for _, line := range strings.Split(text.String(), "\n") {
		if strings.Contains(line, "0 of 0") || strings.ContainsAny(line, "\x00\uFFFD") {
			out = append(out, line)
		}
	}
	return out
}
