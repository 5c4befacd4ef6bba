package probe

import (
	"crypto/tls"
	"net/netip"
	"runtime"
	"slices"
	"testing"
	"time"

	"dialtone/diag"
	"dialtone/diag/guard"
	"dialtone/diag/judge"
	"dialtone/diag/judge/network"
	"dialtone/diag/lab"
	"dialtone/diag/nat"
	"dialtone/diag/words/verdict"
)

// misreport is what a server does wrong, and the finding that names it.
type misreport struct {
	faults  lab.ResponderFaults
	finding string // where the NAT lets in everything; elsewhere it may be silence
	seen    company
}

// company says beside how many correct servers a misreport is seen.
type company int

const (
	always   company = iota
	alone            // correct servers make it harmless, so that it is not looked for
	outvoted         // by correct servers; alone it cannot be known
)

// misreports are those of servers over UDP.
var misreports = map[string]misreport{
	"no OTHER-ADDRESS":           {lab.ResponderFaults{NoOtherAddress: true}, "nat.filtering_untested", alone},
	"OTHER-ADDRESS same IP":      {lab.ResponderFaults{OtherAddressSameIP: true}, "server.other_address_invalid", always},
	"OTHER-ADDRESS private":      {lab.ResponderFaults{OtherAddressPrivate: true}, "server.other_address_invalid", always},
	"OTHER-ADDRESS of another":   {lab.ResponderFaults{OtherAddress: netip.MustParseAddrPort("1.2.3.99:99")}, "server.alternate_silent", alone},
	"CHANGE-REQUEST ignored":     {lab.ResponderFaults{IgnoreChange: true}, "server.ignores_change_request", always},
	"CHANGE-REQUEST half obeyed": {lab.ResponderFaults{ChangePortAlone: true}, "server.ignores_change_request", always},
	"420":                        {lab.ResponderFaults{RefuseChange: true}, "server.refuses_change_request", always},
	"420 to everything":          {lab.ResponderFaults{Code: 420}, "stun.error_response", always},
	"500":                        {lab.ResponderFaults{Code: 500}, "stun.error_response", always},
	"alternate silent":           {lab.ResponderFaults{AlternateSilent: true}, "server.alternate_silent", alone},
	"RESPONSE-ORIGIN elsewhere":  {lab.ResponderFaults{Origin: netip.MustParseAddrPort("1.2.3.99:1")}, "server.other_address_invalid", always},
	"answers from elsewhere":     {lab.ResponderFaults{Elsewhere: true}, "server.answers_elsewhere", always},
	"mapped private":             {lab.ResponderFaults{Mapped: netip.MustParseAddrPort("10.1.1.1:7")}, "server.mapped_private", always},
	"mapped of nobody":           {lab.ResponderFaults{Mapped: netip.MustParseAddrPort("7.7.7.7:7")}, "server.mapped_untrue", always},
	"mapped port counting": {lab.ResponderFaults{Invent: func(from netip.AddrPort, n int) netip.AddrPort {
		return netip.AddrPortFrom(from.Addr(), 1024+uint16(n))
	}}, "nat.mapping_unstable", alone},
	"mapped port random": {lab.ResponderFaults{Invent: func(from netip.AddrPort, n int) netip.AddrPort {
		return netip.AddrPortFrom(from.Addr(), 1024+uint16(n*7919)%60000)
	}}, "nat.mapping_unstable", alone},
	"mapped address random": {lab.ResponderFaults{Invent: func(from netip.AddrPort, n int) netip.AddrPort {
		return netip.AddrPortFrom(netip.AddrFrom4([4]byte{7, 7, 7, byte(n)}), from.Port())
	}}, "nat.mapping_unstable", alone},
	"mapped zero":              {lab.ResponderFaults{Mapped: netip.MustParseAddrPort("0.0.0.0:0")}, "server.mapped_untrue", always},
	"mapped shifted":           {lab.ResponderFaults{MappedShift: true}, "server.outlier", outvoted},
	"mapped empty":             {lab.ResponderFaults{EmptyMapped: true}, "server.protocol", always},
	"MAPPED-ADDRESS rewritten": {lab.ResponderFaults{PlainMapped: netip.MustParseAddrPort("9.9.9.9:9")}, "nat.alg", always},
	"attributes truncated":     {lab.ResponderFaults{Truncated: true}, "server.protocol", always},
	"garbage":                  {lab.ResponderFaults{Garbage: true}, "server.protocol", always},
	"silent":                   {lab.ResponderFaults{Silent: true}, "server.timeout", always},
	"each answer 100 times":    {lab.ResponderFaults{Repeat: 100}, "server.floods", always},
}

// TestUnreliableServers: each misreport is named, and leads to no wrong verdict, whatever the NAT does: of a server that is asked
// alone, and of one beside two correct ones.
func TestUnreliableServers(t *testing.T) {
	ei, ad, apd := lab.EndpointIndependent, lab.AddressDependent, lab.AddressAndPortDependent
	for name, l := range misreports {
		for _, truth := range []lab.Side{{NoNAT: true}, {Mapping: ei, Filtering: ei}, {Mapping: ei, Filtering: apd}, {Mapping: ad, Filtering: ad}, {Mapping: apd, Filtering: apd}} {
			for _, servers := range []int{1, 3} {
				if servers == 1 && l.seen == outvoted {
					continue
				}
				t.Run(name, func(t *testing.T) {
					r, took := inWorld(t, lab.WorldOptions{
						Sides: []lab.Side{truth}, Delay: 5 * time.Millisecond, Responders: servers, Faults: []lab.ResponderFaults{l.faults},
					})
					if took > NATBudget {
						t.Errorf("it took %v", took)
					}
					checkTruth(t, r, truth)
					visible := (truth.NoNAT || truth.Filtering == ei) && (l.seen != alone || servers == 1)
					if visible && !hasFinding(r, l.finding) {
						t.Errorf("%+v, %d servers: no %s in %+v", truth, servers, l.finding, r.Findings)
					}
				})
			}
		}
	}
}

// TestFickleServers: beside one honest server, or two, one that changes what it reports is named and left out.
func TestFickleServers(t *testing.T) {
	for name, l := range misreports {
		if l.faults.Invent == nil {
			continue
		}
		for _, truth := range []lab.Side{{NoNAT: true}, {Mapping: lab.EndpointIndependent, Filtering: lab.AddressAndPortDependent}, {Mapping: lab.AddressAndPortDependent, Filtering: lab.AddressAndPortDependent}} {
			for servers := 2; servers <= 3; servers++ {
				r, took := inWorld(t, lab.WorldOptions{
					Sides: []lab.Side{truth}, Delay: 5 * time.Millisecond, Responders: servers, Faults: []lab.ResponderFaults{l.faults},
				})
				if !hasFinding(r, "server.mapped_changing") && !hasFinding(r, "server.outlier") || r.Behaviors.Mapping.Value == nat.Unknown || took > NATBudget {
					t.Errorf("%s, %+v, %d servers, %v: %+v, %+v", name, truth, servers, took, r.Behaviors.Mapping, r.Findings)
				}
			}
		}
	}
}

// TestUnreliableServersAndLoss: the same where packets get lost; only what is said wrongly counts.
func TestUnreliableServersAndLoss(t *testing.T) {
	ei, ad, apd := lab.EndpointIndependent, lab.AddressDependent, lab.AddressAndPortDependent
	for name, l := range misreports {
		if l.seen == outvoted {
			continue
		}
		t.Run(name, func(t *testing.T) {
			for i, truth := range []lab.Side{{Mapping: ei, Filtering: ei}, {Mapping: ei, Filtering: apd}, {Mapping: ei, Filtering: ad}, {Mapping: apd, Filtering: apd}} {
				for servers := 1; servers < 3; servers++ {
					r, _ := inWorld(t, lab.WorldOptions{
						Sides: []lab.Side{truth}, Delay: 5 * time.Millisecond, Responders: servers, Faults: []lab.ResponderFaults{l.faults}, Loss: 0.1, Seed: uint64(i),
					})
					checkTruth(t, r, truth)
				}
			}
		})
	}
}

func hasFinding(r network.Verdict, id string) bool {
	return slices.ContainsFunc(r.Findings, func(f judge.Finding) bool { return f.ID == id })
}

// checkTruth: what is said is true, or nothing is said.
func checkTruth(t *testing.T, r network.Verdict, truth lab.Side) {
	t.Helper()
	check := func(what string, got nat.Behavior, want nat.Value) {
		t.Helper()
		if got.Value != want && got.Value != nat.Unknown {
			t.Errorf("%s of %+v: %+v\n%+v", what, truth, got, r.Findings)
		}
	}
	translated := nat.Present
	if truth.NoNAT {
		translated, truth.Mapping, truth.Filtering = nat.None, lab.EndpointIndependent, lab.EndpointIndependent
	}
	check("NAT", r.Behaviors.NAT, translated)
	check("mapping", r.Behaviors.Mapping, nat.Value(truth.Mapping.String()))
	check("filtering", r.Behaviors.Filtering, nat.Value(truth.Filtering.String()))
	check("UDP", r.Behaviors.UDP, nat.Present)
	direct := truth.Mapping == lab.EndpointIndependent
	if r.Exit == diag.ExitPass && !direct || r.Exit == diag.ExitNoRelay && direct {
		t.Errorf("exit %v of %+v: %s", r.Exit, truth, verdict.OfNetwork(r).Headline)
	}
}

// TestFlood: 10,000 answers to each request, in real time, over the system's sockets.
func TestFlood(t *testing.T) {
	server, err := lab.StartResponder(lab.ResponderOptions{Faults: lab.ResponderFaults{Repeat: 9_999}})
	if err != nil {
		t.Skipf("a second loopback address is needed: %v", err)
	}
	defer func() { _ = server.Close() }()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	start := time.Now()
	o, err := NAT(t.Context(), []diag.NATServer{{URL: server.URL(), Address: server.Addr()}}, NATOptions{})
	if err != nil {
		t.Fatal(err)
	}
	took := time.Since(start)
	runtime.ReadMemStats(&after)
	r := judged(o)
	checkTruth(t, r, lab.Side{NoNAT: true})
	if !hasFinding(r, "server.floods") {
		t.Errorf("%+v", r.Findings)
	}
	if kept := int64(after.HeapAlloc) - int64(before.HeapAlloc); kept > 32<<20 || took > 2*NATBudget {
		t.Errorf("%d bytes were kept, after %v", kept, took)
	}
	t.Log(took, r.Servers[0].Times(), server.Requests(), o.Servers[0].Repeated)
}

// TestUnreliableServersOverStreams: a server that misbehaves over TCP, TLS or DTLS beside an correct one over UDP, which is right alone.
func TestUnreliableServersOverStreams(t *testing.T) {
	t.Parallel()
	correct, err := lab.StartResponder(lab.ResponderOptions{})
	if err != nil {
		t.Skipf("a second loopback address is needed: %v", err)
	}
	defer func() { _ = correct.Close() }()
	o, err := NAT(t.Context(), []diag.NATServer{{URL: correct.URL(), Address: correct.Addr()}}, NATOptions{})
	if err != nil {
		t.Fatal(err)
	}
	expired := certificate(t, lab.CertificateOptions{NotAfter: time.Now().Add(-time.Hour)})
	foreign := certificate(t, lab.CertificateOptions{Names: []string{"other.example"}})
	wants := map[string]string{} // findings by URL
	var targets []Target
	add := func(f lab.Fault, config *tls.Config, finding string) {
		s, timeout := startFault(t, f), 4*time.Second
		if f.Behavior == lab.Trickle { // it ends before
			timeout = 30 * time.Second
		}
		targets = append(targets, Target{URL: s.STUN(), TLS: config, Timeout: timeout})
		wants[s.STUN()] = finding
	}
	for behavior, finding := range map[lab.Behavior]string{
		lab.Garbage: "server.protocol", lab.HTTP: "server.protocol", lab.Huge: "server.protocol", lab.EmptyMapped: "server.protocol",
		lab.WrongTransaction: "server.protocol", lab.Flood: "server.protocol", lab.Closing: "server.protocol", lab.NoAddress: "server.protocol",
		lab.Endless: "server.timeout", lab.Trickle: "server.slow", lab.Silent: "server.timeout",
	} {
		add(lab.Fault{Network: lab.TCP, Behavior: behavior}, nil, finding)
	}
	for _, tr := range []lab.Transport{lab.TLS, lab.DTLS} {
		add(lab.Fault{Network: tr, Behavior: lab.Correct, Certificate: expired}, &tls.Config{RootCAs: expired.Pool}, "server.tls")
		add(lab.Fault{Network: tr, Behavior: lab.Correct, Certificate: foreign}, &tls.Config{RootCAs: foreign.Pool}, "server.tls")
		add(lab.Fault{Network: tr, Behavior: lab.Correct, Certificate: foreign}, nil, "server.tls")
	}
	start := time.Now()
	All(t.Context(), targets, func(s diag.Server) {
		with := o.Copy()
		for _, stage := range s.Stages {
			with.Apply(diag.ServerStage{URL: s.URL, Transport: s.Transport, Diagnosis: true, Address: s.Address, Stage: stage})
		}
		r := judged(with)
		checkTruth(t, r, lab.Side{NoNAT: true})
		if r.Exit != diag.ExitPass || !hasFinding(r, wants[s.URL]) {
			t.Errorf("no %s: exit %v, %+v", wants[s.URL], r.Exit, r.Findings)
		}
	})
	if took := time.Since(start); took > time.Minute {
		t.Errorf("it took %v", took)
	}
}

func certificate(t *testing.T, o lab.CertificateOptions) *lab.Certificate {
	t.Helper()
	c, err := lab.NewCertificate(o)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// TestHostsThatDoNotAnswerAreSpared: what all diagnoses of a process send a host that does not answer is bounded, be it
// named by a server or asked itself; nothing is said about it, and servers that answer are asked as always.
func TestHostsThatDoNotAnswerAreSpared(t *testing.T) {
	other := netip.MustParseAddrPort("1.2.3.99:99")
	world := lab.WorldOptions{Faults: []lab.ResponderFaults{{OtherAddress: other}, {Silent: true}}, Responders: 3}
	spent := &guard.Limiter{}
	spent.AllowServer(other.Addr(), guard.StrangerBurst-1)
	var silent netip.AddrPort
	for run := range 2 {
		o, _ := furtherIn(t, world, NATOptions{Limiter: spent})
		for _, r := range o.Requests {
			if r.To.Addr() == other.Addr() {
				t.Errorf("run %d: %+v", run, r)
			}
		}
		if hasFinding(judged(o), "server.alternate_silent") {
			t.Error("an address that was not asked is called silent")
		}
		if silent = o.Servers[1].Address; run == 0 {
			spent.AllowServer(silent.Addr(), guard.StrangerBurst-2)
		} else if f := o.Servers[1].Failure; f == nil || f.Detail != diag.DetailLimited {
			t.Errorf("the server that is not asked: %+v", f)
		}
		if !o.Heard(0) || !o.Heard(2) || !spent.AllowServer(o.Servers[0].Address.Addr(), 10*guard.StrangerBurst) {
			t.Error("a server that answers is held back")
		}
	}
}
