package probe

import (
	"net/netip"
	"slices"
	"testing"
	"time"

	"dialtone/diag"
	"dialtone/diag/iceurl"
	"dialtone/diag/judge"
	"dialtone/diag/judge/network"
	"dialtone/diag/lab"
	"dialtone/diag/nat"
	"dialtone/diag/words/verdict"
)

// inWorld asks the responders of a simulated world and judges what was seen.
func inWorld(t *testing.T, options lab.WorldOptions) (report network.Verdict, took time.Duration) {
	t.Helper()
	o, took := observe(t, options)
	return judged(o), took
}

// judged is the verdict when a diagnosis ends with what was observed.
func judged(o *nat.State) network.Verdict {
	s := o.Copy()
	s.Apply(diag.DiagnosisEnd{})
	return network.Judge(s)
}

func observe(t *testing.T, options lab.WorldOptions) (o *nat.State, took time.Duration) {
	t.Helper()
	return furtherIn(t, options, NATOptions{})
}

// TestOutvoted: one server of three misreports the address.
func TestOutvoted(t *testing.T) {
	for name, wrong := range map[string]string{"server.mapped_untrue": "7.7.7.7:7", "server.mapped_private": "10.1.1.1:7"} {
		r, _ := inWorld(t, lab.WorldOptions{
			Delay: 5 * time.Millisecond, Responders: 3, Faults: []lab.ResponderFaults{{}, {Mapped: netip.MustParseAddrPort(wrong)}},
		})
		if r.Behaviors.Mapping.Value != nat.EndpointIndependent || !slices.ContainsFunc(r.Findings, func(f judge.Finding) bool { return f.ID == name }) {
			t.Errorf("%s: mapping %+v, findings %+v", name, r.Behaviors.Mapping, r.Findings)
		}
	}
}

// TestExpectedAnswers: to the socket that asked, or the one that was named, and from where it went, unless another address
// of the server was asked for.
func TestExpectedAnswers(t *testing.T) {
	const a1p1, a2p2 = "9.9.9.1:3478", "9.9.9.2:3479"
	mapping, other := diag.NATSocket{Use: diag.SocketMapping}, diag.NATSocket{Use: diag.SocketMapping, Number: 1}
	o := &nat.State{Servers: []nat.Server{{Address: netip.MustParseAddrPort(a1p1)}}, Requests: []nat.Request{{
		To: netip.MustParseAddrPort(a1p1), Test: diag.TestControl,
		Answer: &nat.Answer{From: netip.MustParseAddrPort(a1p1), Other: netip.MustParseAddrPort(a2p2), Origin: netip.MustParseAddrPort(a1p1), Mapped: netip.MustParseAddrPort("5.5.5.5:5")},
	}}}
	for name, tt := range map[string]struct {
		q    nat.Question
		at   diag.NATSocket
		from string
		want bool
	}{
		"the one that asked":       {nat.Question{}, mapping, a1p1, true},
		"another socket":           {nat.Question{}, other, a1p1, false},
		"from another address":     {nat.Question{}, mapping, a2p2, false},
		"from another port":        {nat.Question{}, mapping, "9.9.9.1:3479", false},
		"the one that was named":   {nat.Question{AnswerAt: other, ResponsePort: 7}, other, a1p1, true},
		"not the one that asked":   {nat.Question{AnswerAt: other, ResponsePort: 7}, mapping, a1p1, false},
		"both changed":             {nat.Question{Test: diag.TestChangeBoth}, mapping, a2p2, true},
		"the port alone changed":   {nat.Question{Test: diag.TestChangeBoth}, mapping, "9.9.9.1:3479", true},
		"the server ignored it":    {nat.Question{Test: diag.TestChangeBoth}, mapping, a1p1, true},
		"a port that it lacks":     {nat.Question{Test: diag.TestChangeBoth}, mapping, "9.9.9.2:3480", false},
		"an address that it lacks": {nat.Question{Test: diag.TestChangeBoth}, mapping, "9.9.9.3:3479", false},
	} {
		tt.q.Socket, tt.q.To = mapping, netip.MustParseAddrPort(a1p1)
		s := &natSend{Question: &tt.q}
		if got := s.expects(arrival{socket: tt.at, from: netip.MustParseAddrPort(tt.from)}, o); got != tt.want {
			t.Errorf("%s: %t", name, got)
		}
	}
}

// TestRFC3489: a server of the time before RFC 5780 names its other address as CHANGED-ADDRESS.
func TestRFC3489(t *testing.T) {
	r, _ := inWorld(t, lab.WorldOptions{
		Filtering: lab.AddressDependent, Delay: 5 * time.Millisecond, Faults: []lab.ResponderFaults{{RFC3489: true}},
	})
	if r.Servers[0].Grade != nat.GradeRFC5780 || r.Behaviors.Filtering.Value != nat.AddressDependent {
		t.Errorf("%+v, filtering %+v", r.Servers[0], r.Behaviors.Filtering)
	}
}

// TestNATTimes: three servers that answer in 20 ms, and three that do not.
func TestNATTimes(t *testing.T) {
	for name, tt := range map[string]struct {
		world lab.WorldOptions
		exit  diag.Exit
		limit time.Duration
	}{
		"no NAT":             {lab.WorldOptions{NoNAT: true}, diag.ExitPass, 200 * time.Millisecond},
		"full cone":          {lab.WorldOptions{}, diag.ExitPass, 200 * time.Millisecond},
		"usual":              {lab.WorldOptions{Filtering: lab.AddressAndPortDependent}, diag.ExitPass, 1500 * time.Millisecond},
		"address-restricted": {lab.WorldOptions{Filtering: lab.AddressDependent}, diag.ExitPass, 1500 * time.Millisecond},
		"silent":             {lab.WorldOptions{BlockUDP: true}, diag.ExitNoConnectivity, 6 * time.Second},
		"strict": {
			lab.WorldOptions{Mapping: lab.AddressAndPortDependent, Filtering: lab.AddressAndPortDependent}, diag.ExitNoRelay, 1500 * time.Millisecond,
		},
	} {
		t.Run(name, func(t *testing.T) {
			tt.world.Responders, tt.world.Delay = 3, 10*time.Millisecond
			r, took := inWorld(t, tt.world)
			if r.Exit != tt.exit || took > tt.limit {
				t.Errorf("exit %v after %v: %s; want %v within %v", r.Exit, took, verdict.OfNetwork(r).Headline, tt.exit, tt.limit)
			}
			t.Log(took, verdict.OfNetwork(r).Headline)
		})
	}
}

// TestRateIsKept: no server is asked more than ten times in any second (RFC 5780 §5).
func TestRateIsKept(t *testing.T) {
	o, _ := observe(t, lab.WorldOptions{
		Mapping: lab.AddressDependent, Filtering: lab.AddressAndPortDependent, Loss: 0.2, Seed: 7, Delay: 10 * time.Millisecond, Responders: 2,
	})
	for server := range o.Servers {
		var at []time.Duration
		for _, r := range o.Requests {
			if r.Server == server {
				at = append(at, r.SentMs.Duration())
			}
		}
		slices.Sort(at)
		for i := natRate; i < len(at); i++ {
			if at[i]-at[i-natRate] < time.Second-2*time.Microsecond { // they are rounded
				t.Errorf("server %d: %d requests between %v and %v", server, natRate+1, at[i-natRate], at[i])
			}
		}
		if len(at) < 2*natRate {
			t.Errorf("only %d requests", len(at))
		}
	}
}

// TestFreshSockets: a filtering test's socket asks nobody but the address that is asked.
func TestFreshSockets(t *testing.T) {
	o, _ := observe(t, lab.WorldOptions{Filtering: lab.AddressAndPortDependent, Delay: 10 * time.Millisecond, Responders: 2})
	for _, r := range o.Requests {
		if r.Test != diag.TestChangeBoth && r.Test != diag.TestChangePort {
			continue
		}
		for _, s := range o.Requests {
			if s.Socket == r.Socket && s.To != r.To {
				t.Errorf("socket %v was used for %s to %s and %s to %s", r.Socket, r.Test, r.To, s.Test, s.To)
			}
		}
	}
}

// TestRefusedPort: nothing listens, and ICMP says so at once.
func TestRefusedPort(t *testing.T) {
	server, err := lab.StartFault(lab.Fault{Network: lab.UDP, Behavior: lab.Refused})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = server.Close() }()
	u, err := iceurl.Parse(server.STUN())
	if err != nil {
		t.Fatal(err)
	}
	o, err := NAT(t.Context(), []diag.NATServer{{URL: u.String(), Address: netip.AddrPortFrom(netip.MustParseAddr(u.Host), u.Port)}}, NATOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if f := o.Servers[0].Failure; f == nil || f.Cause != diag.CauseRefused {
		t.Errorf("%+v", f)
	}
}

// TestLoopback: without a NAT, on the system's own sockets, everything is endpoint-independent.
func TestLoopback(t *testing.T) {
	server, err := lab.StartResponder(lab.ResponderOptions{})
	if err != nil {
		t.Skipf("a second loopback address is needed: %v", err)
	}
	defer func() { _ = server.Close() }()
	o, err := NAT(t.Context(), []diag.NATServer{{URL: server.URL(), Address: server.Addr()}}, NATOptions{})
	if err != nil {
		t.Fatal(err)
	}
	r := judged(o)
	b := &r.Behaviors
	if b.NAT.Value != nat.None || b.Mapping.Value != nat.EndpointIndependent || b.Filtering.Value != nat.EndpointIndependent || r.Exit != diag.ExitPass {
		t.Errorf("%+v", r)
	}
}

// TestSharedSecret compares with what the draft's formula gives, made by openssl.
func TestSharedSecret(t *testing.T) {
	username, password := SharedSecret("north", "ann", time.Unix(1433895918, 0))
	if username != "1433895918:ann" || password != "zAlhH20kpuDJR8ZKdq5vyQV+Ung=" {
		t.Errorf("%s, %s", username, password)
	}
}
