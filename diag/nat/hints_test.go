package nat

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"dialtone/diag"
	"dialtone/diag/diagtest"
)

// said is the evidence with its counts.
func said(b Behavior) string {
	var out []string
	for _, e := range b.Evidence {
		out = append(out, strings.TrimSpace(fmt.Sprint(e.Kind, " ", e.Counts, " ", e.Order)))
	}
	return strings.Join(out, "\n")
}

// sockets notes direct requests, each from a socket of its own: local and public ports in turn.
func sockets(s *diagtest.Diagnosis, ports ...int) *diagtest.Diagnosis {
	for i := 0; i < len(ports); i += 2 {
		r := s.Add(0, diag.TestHold, diagtest.ServerA, "5.5.5.5:1")
		r.Socket.Number = i
		r.Local = netip.AddrPortFrom(s.Local.Address.Addr(), uint16(ports[i]))
		r.Answer.Mapped = netip.AddrPortFrom(r.Answer.Mapped.Addr(), uint16(ports[i+1]))
	}
	return s
}

func TestPorts(t *testing.T) {
	for name, tt := range map[string]struct {
		scene      *diagtest.Diagnosis
		value      Value
		confidence Confidence
		says       string
	}{
		"nothing known": {diagtest.NewDiagnosis(diagtest.ServerA), Unknown, NotKnown, "no-mapped"},
		"kept":          {sockets(diagtest.NewDiagnosis(diagtest.ServerA), 5000, 5000, 5003, 5003), PortPreserved, Proven, "ports-kept [2 5000]"},
		"kept once":     {sockets(diagtest.NewDiagnosis(diagtest.ServerA), 5000, 5000), PortPreserved, Likely, "ports-kept [1 5000]"},
		"sequential":    {sockets(diagtest.NewDiagnosis(diagtest.ServerA), 5000, 41000, 5003, 41001, 5009, 41003), PortNotPreserved, Proven, "port-steps [1 2] sequential"},
		"no order":      {sockets(diagtest.NewDiagnosis(diagtest.ServerA), 5000, 41000, 5003, 1025, 5009, 60003), PortNotPreserved, Proven, "port-steps [-39975 58978] none"},
		"a delta":       {sockets(diagtest.NewDiagnosis(diagtest.ServerA), 5000, 41000), PortNotPreserved, Likely, "ports-changed [5000 41000 36000]"},
		"sometimes":     {sockets(diagtest.NewDiagnosis(diagtest.ServerA), 5000, 5000, 5003, 1025), PortNotPreserved, Likely, "ports-partly [1 2]"},
		"parity": {
			sockets(diagtest.NewDiagnosis(diagtest.ServerA), 5000, 1024, 5001, 3333, 5002, 2222, 5003, 60001, 5004, 7000), PortNotPreserved, Proven, "port-parity [5]",
		},
		"from destination to destination": {
			diagtest.NewDiagnosis(diagtest.ServerA, diagtest.ServerC, diagtest.ServerD).Maps(0, "9.9.9.1:3478", "5.5.5.5:7001").Maps(1, "8.8.8.1:3478", "5.5.5.5:7002").Maps(2, "7.7.7.1:3478", "5.5.5.5:7004"),
			PortNotPreserved, Likely, "port-by-targets [1 2] sequential",
		},
	} {
		t.Run(name, func(t *testing.T) {
			o := state(tt.scene)
			b := o.judgePorts(o.judgeMapping())
			if b.Value != tt.value || b.Confidence != tt.confidence || !strings.Contains(said(b), tt.says) {
				t.Errorf("%s, %s; want %s, %s and %q in:\n%s", b.Value, b.Confidence, tt.value, tt.confidence, tt.says, said(b))
			}
		})
	}
}

func TestHints(t *testing.T) {
	const six, own = "[2001:db8::1]:3478", "[2001:db8:1::5]:5000"
	at := func(local string) *diagtest.Diagnosis {
		s := diagtest.NewDiagnosis(diagtest.ServerA, diagtest.ServerC)
		s.Local.Address = netip.MustParseAddrPort(local)
		s.Add(0, diag.TestReach, diagtest.ServerA, "5.5.5.5:1")
		s.Add(1, diag.TestReach, diagtest.ServerC, "5.5.5.5:1")
		return s
	}
	reach6 := func(mapped string) *diagtest.Diagnosis {
		s := diagtest.NewDiagnosis(netip.MustParseAddrPort(six))
		s.Local.Address = netip.MustParseAddrPort(own)
		s.Add(0, diag.TestReach, netip.MustParseAddrPort(six), mapped)
		return s
	}
	twoWays := at("192.168.1.5:5000")
	twoWays.Requests[1].Local = netip.MustParseAddrPort("10.8.0.2:5001")
	clatInterface := at("192.168.1.5:5000")
	clatInterface.Local.Interface = "v4-rmnet0"
	carrier := diagtest.NewDiagnosis(netip.MustParseAddrPort("10.9.9.1:3478")).Maps(0, "10.9.9.1:3478", "100.64.3.4:1")
	cgnat := func(b *Behaviors) Behavior { return b.CGNAT }
	clatOf := func(b *Behaviors) Behavior { return b.CLAT }
	uplinks := func(b *Behaviors) Behavior { return b.Uplinks }
	ipv6 := func(b *Behaviors) Behavior { return b.IPv6 }
	for name, tt := range map[string]struct {
		scene *diagtest.Diagnosis
		of    func(*Behaviors) Behavior
		value Value
		says  Kind
	}{
		"no carrier":         {at("192.168.1.5:5000"), cgnat, Unknown, KindCarrierNot},
		"carrier, here":      {at("100.64.0.9:5000"), cgnat, Present, KindCarrierShared},
		"carrier, seen":      {carrier, cgnat, Present, KindCarrierShared},
		"464XLAT":            {at("192.0.0.4:5000"), cgnat, Present, KindCarrierCLAT},
		"CLAT":               {at("192.0.0.4:5000"), clatOf, Present, KindCLATAddress},
		"CLAT, by its name":  {clatInterface, clatOf, Present, KindCLATInterface},
		"no CLAT":            {at("192.168.1.5:5000"), clatOf, Unknown, KindCLATNot},
		"one uplink":         {at("192.168.1.5:5000"), uplinks, UplinksOne, KindUplinkOne},
		"two uplinks":        {twoWays, uplinks, UplinksSeveral, KindUplinks},
		"pool or uplinks":    {diagtest.NewDiagnosis(diagtest.ServerA, diagtest.ServerC).Maps(0, "9.9.9.1:3478", "5.5.5.5:1").Maps(1, "8.8.8.1:3478", "5.5.5.6:1"), uplinks, Unknown, KindUplinksPool},
		"no IPv6 asked":      {at("192.168.1.5:5000"), ipv6, Unknown, KindIPv6Unasked},
		"IPv6":               {reach6(own), ipv6, Present, KindIPv6Mapped},
		"IPv6 is translated": {reach6("[2001:db8:9::1]:5000"), ipv6, Present, KindIPv6Mapped},
		"IPv6 is silent":     {reach6(""), ipv6, None, KindIPv6Silent},
	} {
		t.Run(name, func(t *testing.T) {
			r := Judge(state(tt.scene))
			b := tt.of(&r.Behaviors)
			if b.Value != tt.value || !slices.ContainsFunc(b.Evidence, func(e Evidence) bool { return e.Kind == tt.says }) {
				t.Errorf("%+v", b)
			}
		})
	}
}

// TestUDP: silence and rejection may be the server's fault, unless several hosts behave alike.
func TestUDP(t *testing.T) {
	const dead, gone = diag.CauseTimeout, diag.CauseRefused
	scene := func(failures ...diag.Cause) *diagtest.Diagnosis { // of 9.9.9.1 and 8.8.8.1
		s := diagtest.NewDiagnosis([]netip.AddrPort{diagtest.ServerA, diagtest.ServerC}[:len(failures)]...)
		for i, cause := range failures {
			s.Servers[i].Stage, s.Servers[i].Failure = diag.StageBinding, &diag.Failure{Cause: cause}
		}
		return s
	}
	stream := func(address string) diag.Server {
		return diag.Server{URL: "stun:" + address, Transport: "tcp", Address: address, Stages: []diag.Stage{{Name: diag.StageBinding, Mapped: "5.5.5.5:9"}}}
	}
	proxied := diag.Server{URL: "turn:9.9.9.1:443", Transport: "tcp", Proxy: "http://p:1", Stages: []diag.Stage{{Name: diag.StageBinding, Mapped: "5.5.5.5:9"}}}
	compared := func(address string) diag.Server {
		return diag.Server{
			URL: "stun:" + address, Transport: "tcp", Address: address, Direct: true,
			Stages: []diag.Stage{{Name: diag.StageConnect, Failure: &diag.Failure{Cause: dead}}},
		}
	}
	relaying := diagtest.Relaying("turn:t", "tcp", "7.7.7.1:443", "7.7.7.1:50000", diagtest.Through(diagtest.ServerA, false, "7.7.7.1:50000", "", diag.Failure{})...)
	arrived := diag.NATRelay{URL: "turn:t", Relayed: netip.MustParseAddrPort("7.7.7.1:50000"), Sent: 1, From: netip.MustParseAddrPort("5.5.5.5:1")}
	silent := diag.NATRelay{URL: "turn:t", Relayed: arrived.Relayed, Sent: 5}
	elsewhere := silent
	elsewhere.Relayed = netip.MustParseAddrPort("7.7.7.9:50000")
	// The host of a relay is that of its server, wherever the relay is, and the addresses of one name are one host.
	own := diagtest.Relaying("turn:t", "tcp", "9.9.9.1:443", "7.7.7.1:50000", diagtest.Through(diagtest.ServerA, false, "7.7.7.1:50000", "", diag.Failure{})...)
	ownRelay := diag.NATRelay{URL: "turn:t", Relayed: silent.Relayed, Sent: 5}
	dual := scene(dead, dead)
	for i := range dual.Servers {
		dual.Servers[i].URL = "stun:dual"
	}
	for name, tt := range map[string]struct {
		scene  *diagtest.Diagnosis
		relays []diag.NATRelay
		value  Value
		says   Kind
	}{
		"one silent, TURN elsewhere":               {scene(dead).Asked(relaying), nil, Unknown, KindUDPSilent},
		"one silent, its host answers":             {scene(dead).Asked(stream("9.9.9.1:443")), nil, Unknown, KindUDPOneHost},
		"two silent, TURN elsewhere":               {scene(dead, dead).Asked(relaying), nil, None, KindUDPSilent},
		"two silent, nothing answers":              {scene(dead, dead), nil, Unknown, KindUDPSilent},
		"one silent, relay reached":                {scene(dead).Asked(relaying), []diag.NATRelay{arrived}, Present, KindRelayArrived},
		"one silent, relay silent":                 {scene(dead).Asked(relaying), []diag.NATRelay{silent}, None, KindRelaySilent},
		"one silent, relay is not where it says":   {scene(dead).Asked(relaying), []diag.NATRelay{elsewhere}, Unknown, KindUDPSilent},
		"one silent, its host behind a proxy":      {scene(dead).Asked(proxied, compared("9.9.9.1:443")), nil, Unknown, KindUDPOneHost},
		"one silent, another behind a proxy":       {scene(dead).Asked(proxied, compared("7.7.7.1:443")), nil, Unknown, KindUDPSilent},
		"one rejected, its host answers":           {scene(gone).Asked(stream("9.9.9.1:443")), nil, Unknown, KindUDPOneHost},
		"one silent, and its own relay":            {scene(dead).Asked(own), []diag.NATRelay{ownRelay}, Unknown, KindUDPOneHost},
		"one silent, at two addresses":             {dual.Asked(stream("9.9.9.1:443")), nil, Unknown, KindUDPOneHost},
		"one silent, one rejected, both answer":    {scene(dead, gone).Asked(stream("9.9.9.1:443"), stream("8.8.8.1:443")), nil, None, KindUDPRejected},
		"two rejected, TURN elsewhere":             {scene(gone, gone).Asked(relaying), nil, Unknown, KindUDPRejected},
		"two rejected, one host answers":           {scene(gone, gone).Asked(stream("9.9.9.1:443")), nil, Unknown, KindUDPRejected},
		"two rejected, both answer":                {scene(gone, gone).Asked(stream("9.9.9.1:443"), stream("8.8.8.1:443")), nil, None, KindUDPRejected},
		"two unreachable, both answer":             {scene(diag.CauseUnreachable, gone).Asked(stream("9.9.9.1:443"), stream("8.8.8.1:443")), nil, None, KindUDPRejected},
		"one rejected, one silent, TURN elsewhere": {scene(gone, dead).Asked(relaying), nil, Unknown, KindUDPSilent},
		"no name":   {scene(diag.CauseDNS), nil, Unknown, KindUDPUnasked},
		"no server": {scene().Asked(relaying), nil, Unknown, KindUDPNone},
	} {
		t.Run(name, func(t *testing.T) {
			s := state(tt.scene)
			s.Relays = tt.relays
			b := s.judgeUDP()
			if b.Value != tt.value || !slices.ContainsFunc(b.Evidence, func(e Evidence) bool { return e.Kind == tt.says }) {
				t.Errorf("%+v", b)
			}
			for _, e := range b.Evidence {
				if e.Kind == KindUDPSilent && e.Counts[2] > 1 && tt.value != None {
					t.Errorf("at most one host is shown to be there: %+v", b)
				}
			}
		})
	}
}

// TestSilentPorts: a port that may be the server's fault shows nothing of the network.
func TestSilentPorts(t *testing.T) {
	port := silentPort{to: diagtest.ServerA, sent: 12}
	named, stream, rejected, relay, opened := port, port, port, port, port
	named.named, named.stream = true, streamAnswered
	stream.stream = streamAnswered
	rejected.named, rejected.stream = true, streamRejected
	relay.relay, relay.stream = true, streamRejected
	opened.relay, opened.opened = true, true
	elsewhere := named
	named.host, elsewhere.host = diagtest.ServerA.Addr(), diagtest.ServerB.Addr()
	closed := named
	closed.refused = true
	for name, tt := range map[string]struct {
		silent []silentPort
		one    bool
		value  Value
	}{
		"two servers":                           {[]silentPort{port, rejected}, true, Unknown},
		"named, TCP answers":                    {[]silentPort{named, named}, true, Unknown},
		"named by two hosts, TCP answers":       {[]silentPort{named, elsewhere}, true, PortsFiltered},
		"named and closed, TCP answers":         {[]silentPort{closed}, true, Unknown},
		"not named, TCP answers":                {[]silentPort{stream}, true, Unknown},
		"relays that have not sent":             {[]silentPort{relay, relay}, true, Unknown},
		"a relay that has sent":                 {[]silentPort{opened}, true, PortsFiltered},
		"a relay that has sent to another port": {[]silentPort{opened}, false, Unknown},
	} {
		if b := silentBehavior(tt.silent, []int{3478}, tt.one); b.Value != tt.value {
			t.Errorf("%s: %s", name, b.Value)
		}
	}
}

func TestTCPMappingRules(t *testing.T) {
	view := func(to, mapped string) Stream {
		s := Stream{To: netip.MustParseAddrPort(to), Failure: &diag.Failure{Cause: diag.CauseRefused}}
		if mapped != "" {
			s.Mapped = netip.MustParseAddrPort(mapped)
		}
		return s
	}
	for name, tt := range map[string]struct {
		streams    []Stream
		value      Value
		confidence Confidence
	}{
		"not asked":     {nil, Unknown, NotKnown},
		"no answer":     {[]Stream{view("9.9.9.1:1", ""), view("8.8.8.1:1", "")}, Unknown, NotKnown},
		"one answer":    {[]Stream{view("9.9.9.1:1", "5.5.5.5:9"), view("8.8.8.1:1", "")}, Unknown, NotKnown},
		"one port":      {[]Stream{view("9.9.9.1:1", "5.5.5.5:9"), view("8.8.8.1:1", "5.5.5.5:9")}, EndpointIndependent, Proven},
		"several ports": {[]Stream{view("9.9.9.1:1", "5.5.5.5:9"), view("8.8.8.1:1", "5.5.5.5:8")}, Unknown, Likely},
	} {
		t.Run(name, func(t *testing.T) {
			o := State{Streams: tt.streams, Ended: &diag.DiagnosisEnd{}}
			if b := o.judgeTCP(); b.Value != tt.value || b.Confidence != tt.confidence {
				t.Errorf("%+v", b)
			}
		})
	}
}
