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
		"nothing known": {diagtest.NewDiagnosis(diagtest.ServerA), Unknown, NotKnown, "no-mapped []"},
		"kept":          {sockets(diagtest.NewDiagnosis(diagtest.ServerA), 5000, 5000, 5003, 5003), PortPreserved, Proven, "ports-kept [2 5000]"},
		"kept once":     {sockets(diagtest.NewDiagnosis(diagtest.ServerA), 5000, 5000), PortPreserved, Likely, "ports-kept [1 5000]"},
		"sequential":    {sockets(diagtest.NewDiagnosis(diagtest.ServerA), 5000, 41000, 5003, 41001, 5009, 41003), PortNotPreserved, Likely, "port-steps [1 2] sequential"},
		"no order":      {sockets(diagtest.NewDiagnosis(diagtest.ServerA), 5000, 41000, 5003, 1025, 5009, 60003), PortNotPreserved, Likely, "port-steps [-39975 58978] none"},
		"a delta":       {sockets(diagtest.NewDiagnosis(diagtest.ServerA), 5000, 41000), PortNotPreserved, Likely, "ports-changed [5000 41000 36000]"},
		"sometimes":     {sockets(diagtest.NewDiagnosis(diagtest.ServerA), 5000, 5000, 5003, 1025), PortNotPreserved, Likely, "ports-partly [1 2]\nport-steps [-3975] unknown"},
		"no parity": {
			sockets(diagtest.NewDiagnosis(diagtest.ServerA), 5000, 1024, 5001, 3333, 5002, 2222, 5003, 60001, 5004, 7001), PortNotPreserved, Likely, "port-steps [2309 -1111 57779 -53000] none",
		},
		"parity, by chance": {
			sockets(diagtest.NewDiagnosis(diagtest.ServerA), 5000, 1024, 5001, 3333, 5002, 2222, 5003, 60001), PortNotPreserved, Likely, "port-steps [2309 -1111 57779] none",
		},
		"a socket without a known port": {
			sockets(diagtest.NewDiagnosis(diagtest.ServerA), 5000, 5000, 0, 1025), PortPreserved, Likely, "ports-kept [1 5000]",
		},
		"parity": {
			sockets(diagtest.NewDiagnosis(diagtest.ServerA), 5000, 1024, 5001, 3333, 5002, 2222, 5003, 60001, 5004, 7000), PortNotPreserved, Likely, "port-parity [5]",
		},
		"from destination to destination": {
			diagtest.NewDiagnosis(diagtest.ServerA, diagtest.ServerC, diagtest.ServerD).Maps(0, "9.9.9.1:3478", "5.5.5.5:7001").Maps(1, "8.8.8.1:3478", "5.5.5.5:7002").Maps(2, "7.7.7.1:3478", "5.5.5.5:7004"),
			PortNotPreserved, Likely, "port-by-targets [1 2] sequential",
		},
		"two servers": {
			sockets(diagtest.NewDiagnosis(diagtest.ServerA, diagtest.ServerC).Maps(0, "9.9.9.1:3478", "5.5.5.5:7001").Maps(1, "8.8.8.1:3478", "5.5.5.5:7001"), 5003, 7002),
			PortNotPreserved, Proven, "port-steps [1] unknown",
		},
	} {
		t.Run(name, func(t *testing.T) {
			o := state(tt.scene)
			b := o.judgePorts(o.judgeMapping())
			if b.Value != tt.value || b.Confidence != tt.confidence || !strings.HasSuffix(said(b), tt.says) {
				t.Errorf("%s, %s; want %s, %s and %q at the end of:\n%s", b.Value, b.Confidence, tt.value, tt.confidence, tt.says, said(b))
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
	relay := func(transport string) diag.Server {
		return diagtest.Relaying("turn:u", transport, "7.7.7.1:443", "7.7.7.1:50000")
	}
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
		says   string
	}{
		"one silent, TURN elsewhere":               {scene(dead).Asked(relaying), nil, Unknown, "udp-silent [1 1 1]"},
		"one silent, its host answers":             {scene(dead).Asked(stream("9.9.9.1:443")), nil, Unknown, "udp-silent [1 1 1]; udp-one-host []"},
		"two silent, TURN elsewhere":               {scene(dead, dead).Asked(relaying), nil, None, "udp-silent [2 2 1]"},
		"two silent, nothing answers":              {scene(dead, dead), nil, Unknown, "udp-silent [2 2 0]"},
		"one silent, relay reached":                {scene(dead).Asked(relaying), []diag.NATRelay{arrived}, Present, "relay-arrived []"},
		"one silent, relay silent":                 {scene(dead).Asked(relaying), []diag.NATRelay{silent}, None, "udp-silent [1 1 1]; relay-silent [5]"},
		"one silent, relay is not where it says":   {scene(dead).Asked(relaying), []diag.NATRelay{elsewhere}, Unknown, "udp-silent [1 1 1]"},
		"one silent, its host behind a proxy":      {scene(dead).Asked(proxied, compared("9.9.9.1:443")), nil, Unknown, "udp-silent [1 1 1]; udp-one-host []"},
		"one silent, another behind a proxy":       {scene(dead).Asked(proxied, compared("7.7.7.1:443")), nil, Unknown, "udp-silent [1 1 1]"},
		"one silent, TURN behind a proxy":          {scene(dead).Asked(proxied), nil, Unknown, "udp-silent [1 1 1]"},
		"one silent, TURN over UDP":                {scene(dead).Asked(relay("udp")), nil, Present, "answered []"},
		"one silent, TURN over DTLS":               {scene(dead).Asked(relay("dtls")), nil, Present, "answered []"},
		"one silent, TURN rejects the password":    {scene(dead).Asked(diagtest.Failing("turn:u", "tcp", "9.9.9.1:443", diag.StageAllocate, diag.Failure{Cause: diag.CauseAuth, Code: 401})), nil, Unknown, "udp-silent [1 1 1]; udp-one-host []"},
		"one silent, TURN times out":               {scene(dead).Asked(diagtest.Failing("turn:u", "tcp", "9.9.9.1:443", diag.StageAllocate, diag.Failure{Cause: dead})), nil, Unknown, "udp-silent [1 1 0]"},
		"one rejected, its host answers":           {scene(gone).Asked(stream("9.9.9.1:443")), nil, Unknown, "udp-rejected [1 1 1]; udp-one-host []"},
		"one silent, and its own relay":            {scene(dead).Asked(own), []diag.NATRelay{ownRelay}, Unknown, "udp-silent [1 1 1]; relay-silent [5]; udp-one-host []"},
		"one silent, at two addresses":             {dual.Asked(stream("9.9.9.1:443")), nil, Unknown, "udp-silent [2 2 1]; udp-one-host []"},
		"one silent, one rejected, both answer":    {scene(dead, gone).Asked(stream("9.9.9.1:443"), stream("8.8.8.1:443")), nil, None, "udp-rejected [1 2 2]; udp-silent [1 2 2]"},
		"two rejected, TURN elsewhere":             {scene(gone, gone).Asked(relaying), nil, Unknown, "udp-rejected [2 2 1]"},
		"two rejected, one host answers":           {scene(gone, gone).Asked(stream("9.9.9.1:443")), nil, Unknown, "udp-rejected [2 2 1]; udp-one-host []"},
		"two rejected, both answer":                {scene(gone, gone).Asked(stream("9.9.9.1:443"), stream("8.8.8.1:443")), nil, None, "udp-rejected [2 2 2]"},
		"two unreachable, both answer":             {scene(diag.CauseUnreachable, gone).Asked(stream("9.9.9.1:443"), stream("8.8.8.1:443")), nil, None, "udp-rejected [2 2 2]"},
		"one rejected, one silent, TURN elsewhere": {scene(gone, dead).Asked(relaying), nil, Unknown, "udp-rejected [1 2 1]; udp-silent [1 2 1]"},
		"no name":   {scene(diag.CauseDNS), nil, Unknown, "udp-unasked []"},
		"no server": {scene().Asked(relaying), nil, Unknown, "udp-none []"},
	} {
		t.Run(name, func(t *testing.T) {
			s := state(tt.scene)
			s.Relays = tt.relays
			b := s.judgeUDP()
			if says := strings.ReplaceAll(said(b), "\n", "; "); b.Value != tt.value || says != tt.says {
				t.Errorf("%s: %s", b.Value, says)
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
		pending    bool
		value      Value
		confidence Confidence
		says       string
	}{
		"not asked":     {nil, false, Unknown, NotKnown, "streams-few []"},
		"not yet":       {nil, true, Unknown, NotKnown, "asking []"},
		"no answer":     {[]Stream{view("9.9.9.1:1", ""), view("8.8.8.1:1", "")}, false, Unknown, NotKnown, "stream-failed []; stream-failed []; streams-none []"},
		"one answer":    {[]Stream{view("9.9.9.1:1", "5.5.5.5:9"), view("8.8.8.1:1", "")}, false, Unknown, NotKnown, "view []; stream-failed []; one-server []"},
		"one port":      {[]Stream{view("9.9.9.1:1", "5.5.5.5:9"), view("8.8.8.1:1", "5.5.5.5:9")}, true, EndpointIndependent, Proven, "view []; view []; same []"},
		"several ports": {[]Stream{view("9.9.9.1:1", "5.5.5.5:9"), view("8.8.8.1:1", "5.5.5.5:8")}, false, Unknown, Likely, "view []; view []; by-either []"},
	} {
		t.Run(name, func(t *testing.T) {
			o := State{Streams: tt.streams}
			if !tt.pending {
				o.Ended = &diag.DiagnosisEnd{}
			}
			b := o.judgeTCP()
			if says := strings.ReplaceAll(said(b), "\n", "; "); b.Value != tt.value || b.Confidence != tt.confidence || says != tt.says {
				t.Errorf("%s, %s, %s", b.Value, b.Confidence, says)
			}
		})
	}
}

// TestTranslation: a NAT is seen where a socket's own address is known, and a server that is believed reports another one.
func TestTranslation(t *testing.T) {
	const own, seen = "192.168.1.5:5000", "5.5.5.5:6000"
	for name, tt := range map[string]struct {
		local, mapped string
		code          int
		value         Value
		says          Kind
	}{
		"another address":           {own, seen, 0, Present, KindLocalMapped},
		"the same":                  {seen, seen, 0, None, KindLocalMapped},
		"another port":              {"5.5.5.5:5999", seen, 0, Present, KindLocalMapped},
		"the socket has none":       {"0.0.0.0:5000", seen, 0, Unknown, KindNoLocal},
		"the socket is not known":   {"", seen, 0, Unknown, KindNoLocal},
		"no answer":                 {own, "", 0, Unknown, KindNoMapped},
		"rejected":                  {own, seen, 400, Unknown, KindNoMapped},
		"to which no one can send":  {own, "239.1.2.3:1", 0, Unknown, KindNotBelieved},
		"one that cannot be mapped": {own, "0.0.0.0:0", 0, Unknown, KindNotBelieved},
	} {
		d := diagtest.NewDiagnosis(diagtest.ServerA)
		r := d.Add(0, diag.TestMapping, diagtest.ServerA, tt.mapped)
		r.Local = netip.AddrPort{}
		if tt.local != "" {
			r.Local = netip.MustParseAddrPort(tt.local)
		}
		if r.Answer != nil {
			r.Answer.Code = tt.code
		}
		if b := Judge(state(d)).Behaviors.NAT; b.Value != tt.value || b.Evidence[0].Kind != tt.says {
			t.Errorf("%s: %s, %s", name, b.Value, said(b))
		}
	}
}

// TestUplinksKnown: one uplink is likely once two servers were reached from one address.
func TestUplinksKnown(t *testing.T) {
	type reached struct{ local, server, mapped string }
	for name, tt := range map[string]struct {
		requests []reached
		value    Value
		says     string
	}{
		"one server":              {[]reached{{"192.168.1.5:1", "9.9.9.1:3478", "5.5.5.5:1"}}, Unknown, "few-addresses []"},
		"one server twice":        {[]reached{{"192.168.1.5:1", "9.9.9.1:3478", "5.5.5.5:1"}, {"192.168.1.5:2", "9.9.9.1:3478", "5.5.5.5:2"}}, Unknown, "few-addresses []"},
		"two servers":             {[]reached{{"192.168.1.5:1", "9.9.9.1:3478", "5.5.5.5:1"}, {"192.168.1.5:2", "8.8.8.1:3478", "5.5.5.5:2"}}, UplinksOne, "uplink-one [2]"},
		"two, one from any":       {[]reached{{"192.168.1.5:1", "9.9.9.1:3478", "5.5.5.5:1"}, {"0.0.0.0:2", "8.8.8.1:3478", "5.5.5.5:2"}}, Unknown, "few-addresses []"},
		"two, one silent":         {[]reached{{"192.168.1.5:1", "9.9.9.1:3478", "5.5.5.5:1"}, {"10.8.0.2:2", "8.8.8.1:3478", ""}}, Unknown, "few-addresses []"},
		"two, from two addresses": {[]reached{{"192.168.1.5:1", "9.9.9.1:3478", "5.5.5.5:1"}, {"10.8.0.2:2", "8.8.8.1:3478", "5.5.5.6:2"}}, UplinksSeveral, "uplinks []"},
	} {
		d := diagtest.NewDiagnosis(diagtest.ServerA, diagtest.ServerC)
		for _, q := range tt.requests {
			to := netip.MustParseAddrPort(q.server)
			server := 0
			if to != diagtest.ServerA {
				server = 1
			}
			d.Add(server, diag.TestReach, to, q.mapped).Local = netip.MustParseAddrPort(q.local)
		}
		if b := state(d).judgeUplinks(mapping{}); b.Value != tt.value || said(b) != tt.says {
			t.Errorf("%s: %s, %s", name, b.Value, said(b))
		}
	}
}

// TestOverIPv6: what an answer over IPv6 shows of translation.
func TestOverIPv6(t *testing.T) {
	const own = "[2001:db8::5]:5000"
	for name, tt := range map[string]struct {
		server, local, mapped string
		pending               bool
		value                 Value
		says                  string
	}{
		"its own address":         {"[2001:db8::1]:3478", own, own, false, Present, "answered []; ipv6-mapped []"},
		"the socket has none":     {"[2001:db8::1]:3478", "[::]:5000", own, false, Present, "answered []"},
		"an IPv4 address":         {"[2001:db8::1]:3478", own, "5.5.5.5:1", false, Present, "answered []"},
		"through a NAT64":         {"[64:ff9b::9.9.9.1]:3478", own, "5.5.5.5:1", false, Unknown, "ipv6-unasked []"},
		"over IPv4":               {"9.9.9.1:3478", "192.168.1.5:1", "5.5.5.5:1", false, Unknown, "ipv6-unasked []"},
		"silent":                  {"[2001:db8::1]:3478", own, "", false, None, "ipv6-silent [1]"},
		"silent, and in progress": {"[2001:db8::1]:3478", own, "", true, Unknown, "ipv6-unasked []"},
	} {
		d := diagtest.NewDiagnosis(netip.MustParseAddrPort(tt.server))
		d.Add(0, diag.TestReach, d.Servers[0].Address, tt.mapped).Local = netip.MustParseAddrPort(tt.local)
		if tt.pending {
			d.End = nil
		}
		b := state(d).judgeIPv6()
		if says := strings.ReplaceAll(said(b), "\n", "; "); b.Value != tt.value || says != tt.says {
			t.Errorf("%s: %s, %s", name, b.Value, says)
		}
	}
	bare := diagtest.NewDiagnosis(netip.MustParseAddrPort("[2001:db8::1]:3478"))
	bare.Add(0, diag.TestReach, bare.Servers[0].Address, own).Answer.Mapped = netip.AddrPort{}
	if b := state(bare).judgeIPv6(); said(b) != "answered []" {
		t.Errorf("no mapped address: %s", said(b))
	}
}

// TestRowsOfBehaviors: what was not asked for has no row, and each further family has four.
func TestRowsOfBehaviors(t *testing.T) {
	b := Behaviors{UDP: Behavior{Value: Present}, Mapping: Behavior{Value: Unknown}, Lifetime: notAsked()}
	six := FamilyReport{Family: FamilyIPv6}
	var got []string
	for _, row := range Rows(&b, []FamilyReport{{Family: FamilyIPv4}, six}) {
		got = append(got, string(row.Name)+string(row.Family))
	}
	if want := "udp mapping natipv6 mappingipv6 filteringipv6 udp_portsipv6"; strings.Join(got, " ") != want {
		t.Errorf("%s", got)
	}
	if (&Report{}).Main() != FamilyIPv4 || len((&Report{}).Others()) > 0 {
		t.Error("a family that does not answer")
	}
}

// TestRewritingGateway: only an answer with both attributes shows whether a gateway rewrites one of them.
func TestRewritingGateway(t *testing.T) {
	for name, tt := range map[string]struct {
		mapped, plain string
		value         Value
		says          string
	}{
		"both are equal":          {"5.5.5.5:1", "5.5.5.5:1", None, "alg-equal [1]"},
		"they differ":             {"5.5.5.5:1", "192.168.1.5:1", Present, "alg-differs []"},
		"no MAPPED-ADDRESS":       {"5.5.5.5:1", "", Unknown, "alg-unknown []"},
		"no XOR-MAPPED-ADDRESS":   {"", "5.5.5.5:1", Unknown, "alg-unknown []"},
		"it reports neither, too": {"", "", Unknown, "alg-unknown []"},
	} {
		a := &Answer{}
		if tt.mapped != "" {
			a.Mapped = netip.MustParseAddrPort(tt.mapped)
		}
		if tt.plain != "" {
			a.Plain = netip.MustParseAddrPort(tt.plain)
		}
		s := &State{Requests: []Request{{Test: diag.TestReach}, {Test: diag.TestReach, Answer: a}}}
		if b := s.judgeALG(); b.Value != tt.value || said(b) != tt.says {
			t.Errorf("%s: %s, %s", name, b.Value, said(b))
		}
	}
}
