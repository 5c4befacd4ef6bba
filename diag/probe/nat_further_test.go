package probe

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pion/stun/v2"
	"github.com/pion/transport/v5"

	"dialtone/diag"
	"dialtone/diag/judge"
	"dialtone/diag/lab"
	"dialtone/diag/nat"
	"dialtone/diag/words"
)

// furtherIn asks with the further tests.
func furtherIn(t *testing.T, world lab.WorldOptions, options NATOptions) (o *nat.State, took time.Duration) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		w, err := lab.NewWorld(world)
		if err != nil {
			t.Fatal(err)
		}
		var servers []diag.NATServer
		for _, r := range w.Responders() {
			servers = append(servers, diag.NATServer{URL: r.URL(), Address: r.Addr()})
		}
		start := time.Now()
		options.Net = w.Client(0)
		o, err = NAT(t.Context(), servers, options)
		took = time.Since(start)
		if err := errors.Join(err, w.Close()); err != nil {
			t.Fatal(err)
		}
	})
	return o, took
}

// TestLifetimes: the configured lifetime lies between the ends that are told, for every kind of mapping, with loss, and with
// servers that do not obey RESPONSE-PORT.
func TestLifetimes(t *testing.T) {
	plain := []lab.ResponderFaults{{NoResponsePort: true}}
	for _, tt := range []struct {
		lifetime time.Duration
		world    lab.WorldOptions
		want     string
		limit    time.Duration
	}{
		{30 * time.Second, lab.WorldOptions{}, "between 27 s and 34 s", 45 * time.Second},
		{60 * time.Second, lab.WorldOptions{Mapping: lab.AddressAndPortDependent, Filtering: lab.AddressAndPortDependent}, "between 55 s and 66 s", 75 * time.Second},
		{120 * time.Second, lab.WorldOptions{Filtering: lab.AddressDependent}, "between 115 s and 131 s", 140 * time.Second},
		{5 * time.Second, lab.WorldOptions{}, "less than 8 s", 25 * time.Second},
		{180 * time.Second, lab.WorldOptions{}, "at least 130 s", 140 * time.Second},
		{10 * time.Second, lab.WorldOptions{NoNAT: true}, "at least 130 s", 140 * time.Second},
		{60 * time.Second, lab.WorldOptions{Loss: 0.1, Seed: 3}, "between 55 s and 66 s", 80 * time.Second},
		{30 * time.Second, lab.WorldOptions{Faults: plain}, "between 27 s and 33 s", 50 * time.Second},
		{30 * time.Second, lab.WorldOptions{Faults: plain, Mapping: lab.AddressDependent, Filtering: lab.AddressDependent}, "between 27 s and 33 s", 50 * time.Second},
		{200 * time.Second, lab.WorldOptions{Faults: plain}, "unknown", 140 * time.Second},
		{30 * time.Second, lab.WorldOptions{Faults: plain, NoNAT: true}, "unknown", 140 * time.Second},
		{30 * time.Second, lab.WorldOptions{BlockUDP: true}, "unknown", 7 * time.Second},
	} {
		name := fmt.Sprintf("%v %v %v %v %v", tt.lifetime, tt.world.Mapping, tt.world.NoNAT, tt.world.Loss, len(tt.world.Faults))
		t.Run(name, func(t *testing.T) {
			tt.world.Lifetime, tt.world.Delay = tt.lifetime, 10*time.Millisecond
			o, took := furtherIn(t, tt.world, NATOptions{Deep: true})
			r := judged(o)
			b := r.Behaviors.Lifetime
			t.Log(took, b.Value, b.Confidence, strings.Join(words.BehaviorEvidence(b), "\n"))
			if words.BehaviorValue(b) != tt.want || took > tt.limit {
				t.Errorf("%s after %v; want %s within %v", b.Value, took, tt.want, tt.limit)
			}
			if found := slices.ContainsFunc(r.Findings, func(f judge.Finding) bool { return f.ID == "nat.lifetime_short" }); found != (tt.lifetime < 115*time.Second && strings.Contains(tt.want, " s") && !tt.world.NoNAT) {
				t.Errorf("findings %+v", r.Findings)
			}
		})
	}
}

// TestLifetimesWithLoss: whatever is lost, the lifetime is not told wrong.
func TestLifetimesWithLoss(t *testing.T) {
	const lifetime = 40 * time.Second
	told := 0
	for _, loss := range []float64{0.05, 0.2} {
		for seed := range uint64(6) {
			for _, faults := range [][]lab.ResponderFaults{nil, {{NoResponsePort: true}}} {
				o, _ := furtherIn(t, lab.WorldOptions{Lifetime: lifetime, Loss: loss, Seed: seed, Delay: 10 * time.Millisecond, Faults: faults}, NATOptions{Deep: true})
				b := judged(o).Behaviors.Lifetime
				from, to := ends(b)
				if from > lifetime || to < lifetime {
					t.Errorf("loss %v, seed %d: %s: %s", loss, seed, b.Value, strings.Join(words.BehaviorEvidence(b), "\n"))
				}
				if b.Value != nat.Unknown {
					told++
				}
			}
		}
	}
	t.Log("told in", told, "of 24 runs")
}

// ends are those of a lifetime.
func ends(b nat.Behavior) (from, to time.Duration) {
	to = time.Hour
	if b.FromS != nil {
		from = time.Duration(*b.FromS) * time.Second
	}
	if b.ToS != nil {
		to = time.Duration(*b.ToS) * time.Second
	}
	return from, to
}

// filter is a network in which those packets of the client get lost that drop names.
type filter struct {
	Sockets
	drop func(message []byte, to netip.AddrPort) bool
}

// filtered is a socket of a filter.
type filtered struct {
	transport.UDPConn
	net *filter
}

func (f *filter) ListenUDP(network string, local *net.UDPAddr) (transport.UDPConn, error) {
	c, err := f.Sockets.ListenUDP(network, local)
	return &filtered{c, f}, err
}

func (c *filtered) WriteTo(b []byte, to net.Addr) (int, error) {
	if c.net.drop(b, udpAddr(to)) {
		return len(b), nil
	}
	return c.UDPConn.WriteTo(b, to)
}

// TestFragments: in the simulated world nothing is fragmented, so every long packet passes unless it is dropped here.
func TestFragments(t *testing.T) {
	none := func([]byte, netip.AddrPort) bool { return false }
	long := func(b []byte, _ netip.AddrPort) bool { return len(b) > 1472 }
	padded := func(b []byte, _ netip.AddrPort) bool {
		msg := stun.Message{Raw: b}
		return msg.Decode() == nil && msg.Contains(stun.AttrPadding)
	}
	for name, tt := range map[string]struct {
		servers int
		faults  lab.ResponderFaults
		drop    func([]byte, netip.AddrPort) bool
		want    nat.Value
	}{
		"pass":                       {2, lab.ResponderFaults{}, none, nat.Present},
		"requests are lost":          {2, lab.ResponderFaults{}, long, nat.None},
		"requests to one server":     {1, lab.ResponderFaults{}, long, nat.Unknown},
		"responses are lost":         {2, lab.ResponderFaults{}, padded, nat.FragmentsOutgoing},
		"the servers refuse PADDING": {2, lab.ResponderFaults{NoPadding: true}, none, nat.Unknown},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w, err := lab.NewWorld(lab.WorldOptions{Responders: tt.servers, Faults: slices.Repeat([]lab.ResponderFaults{tt.faults}, tt.servers), Delay: time.Millisecond, Lifetime: time.Second})
				if err != nil {
					t.Fatal(err)
				}
				var servers []diag.NATServer
				for _, r := range w.Responders() {
					servers = append(servers, diag.NATServer{URL: r.URL(), Address: r.Addr()})
				}
				o, err := NAT(t.Context(), servers, NATOptions{Deep: true, Net: &filter{Sockets: w.Client(0), drop: tt.drop}})
				if err := errors.Join(err, w.Close()); err != nil {
					t.Fatal(err)
				}
				if b := judged(o).Behaviors.Fragments; b.Value != tt.want {
					t.Errorf("%+v; want %s", b, tt.want)
				}
			})
		})
	}
}

// ownAddr is the address of a client of a world.
func ownAddr(t *testing.T, n transport.Net) netip.Addr {
	t.Helper()
	list, err := n.Interfaces()
	if err != nil {
		t.Fatal(err)
	}
	for _, i := range list {
		addrs, err := i.Addrs()
		if err != nil {
			t.Fatal(err)
		}
		for _, a := range addrs {
			if p, err := netip.ParsePrefix(a.String()); err == nil && !p.Addr().IsLoopback() {
				return p.Addr()
			}
		}
	}
	t.Fatal("the client has no address")
	return netip.Addr{}
}

// TestHairpin: present where packets to a public address come back in, as they do in the simulated world; none where they do
// not; unknown where nothing can be told.
func TestHairpin(t *testing.T) {
	for name, tt := range map[string]struct {
		world lab.WorldOptions
		drop  bool
		want  nat.Value
		says  nat.Kind
	}{
		"turned around":         {lab.WorldOptions{Filtering: lab.AddressAndPortDependent}, false, nat.Present, nat.KindHairpinArrived},
		"turned around, loss":   {lab.WorldOptions{Filtering: lab.AddressDependent, Loss: 0.2, Seed: 5}, false, nat.Present, nat.KindHairpinArrived},
		"not":                   {lab.WorldOptions{Filtering: lab.AddressAndPortDependent}, true, nat.None, nat.KindHairpinSilent},
		"not, by endpoint":      {lab.WorldOptions{Mapping: lab.AddressDependent}, true, nat.Unknown, nat.KindHairpinPorts},
		"by endpoint, let in":   {lab.WorldOptions{Mapping: lab.AddressDependent}, false, nat.Present, nat.KindHairpinArrived},
		"by endpoint, filtered": {lab.WorldOptions{Mapping: lab.AddressDependent, Filtering: lab.AddressAndPortDependent}, false, nat.Unknown, nat.KindHairpinPorts},
		"no NAT":                {lab.WorldOptions{NoNAT: true}, false, nat.Unknown, nat.KindHairpinNoNAT},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				tt.world.Delay = time.Millisecond
				w, err := lab.NewWorld(tt.world)
				if err != nil {
					t.Fatal(err)
				}
				r, public := w.Responders()[0], w.Public(0)
				sockets := &filter{Sockets: w.Client(0), drop: func(_ []byte, to netip.AddrPort) bool { return tt.drop && to.Addr() == public }}
				start := time.Now()
				o, err := NAT(t.Context(), []diag.NATServer{{URL: r.URL(), Address: r.Addr()}}, NATOptions{Hairpin: true, Net: sockets, Bind: ownAddr(t, w.Client(0))})
				if took := time.Since(start); took > NATBudget+5*time.Second {
					t.Errorf("it took %v", took)
				}
				if err := errors.Join(err, w.Close()); err != nil {
					t.Fatal(err)
				}
				b := judged(o).Behaviors.Hairpin
				if b.Value != tt.want || !slices.ContainsFunc(b.Evidence, func(e nat.Evidence) bool { return e.Kind == tt.says }) {
					t.Errorf("%+v; want %s", b, tt.want)
				}
			})
		})
	}
}
