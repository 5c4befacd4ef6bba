package nat

import (
	"net/netip"
	"testing"

	"dialtone/diag"
	"dialtone/diag/diagtest"
)

// TestOwnServers: a server is in this network if it has its public address, or saw this machine with one of the network's
// own addresses; where there is no NAT, nothing is turned back.
func TestOwnServers(t *testing.T) {
	const public = "5.5.5.5:6000"
	for name, tt := range map[string]struct {
		server, mapped string // mapped: what it reports
		network        string
		local          string
		want           bool
	}{
		"another network":           {"8.8.8.1:3478", public, "192.168.1.0/24", "", false},
		"our public address":        {"5.5.5.5:3478", "", "192.168.1.0/24", "", true},
		"it sees the router inside": {"8.8.8.1:3478", "192.168.1.1:7", "192.168.1.0/24", "", true},
		"it sees another network":   {"8.8.8.1:3478", "192.168.2.1:7", "192.168.1.0/24", "", false},
		"our network is unknown":    {"8.8.8.1:3478", "192.168.1.1:7", "", "", false},
		"it is inside itself":       {"192.168.1.9:3478", "192.168.1.1:7", "192.168.1.0/24", "", false},
		"no NAT":                    {"5.5.5.5:3478", "", "192.168.1.0/24", public, false},
	} {
		d := diagtest.NewDiagnosis(diagtest.ServerA, netip.MustParseAddrPort(tt.server))
		if tt.local != "" {
			d.Local.Address = netip.MustParseAddrPort(tt.local)
		}
		if tt.network != "" {
			d.Local.Network = netip.MustParsePrefix(tt.network)
		}
		d.Maps(0, diagtest.ServerA.String(), public)
		d.Add(1, diag.TestMapping, d.Servers[1].Address, tt.mapped)
		if r := Judge(state(d)); r.Servers[1].Own != tt.want || r.Servers[0].Own {
			t.Errorf("%s: %t, %t", name, r.Servers[0].Own, r.Servers[1].Own)
		}
	}
}

// TestMappedByAllocations: where no Binding request was answered, the mapped address of an Allocate response shows the
// public address and whether there is a NAT, but not how it maps.
func TestMappedByAllocations(t *testing.T) {
	allocated := func(transport, address, mapped string) diag.Server {
		s := diagtest.Relaying("turn:t", transport, address, "9.9.9.9:50000")
		s.Stages[0].Mapped = mapped
		return s
	}
	failed := allocated("udp", "9.9.9.9:3478", "5.5.5.5:7")
	failed.Stages[0].Failure = &diag.Failure{Cause: diag.CauseAuth}
	stun := allocated("udp", "9.9.9.9:3478", "5.5.5.5:7")
	stun.TURN = false
	silent := func() *diagtest.Diagnosis {
		d := diagtest.NewDiagnosis(diagtest.ServerA)
		d.Local.Address = netip.MustParseAddrPort("192.168.1.5:0")
		return d
	}
	at := func(local string, d *diagtest.Diagnosis) *diagtest.Diagnosis {
		d.Local.Address = netip.AddrPort{}
		if local != "" {
			d.Local.Address = netip.AddrPortFrom(netip.MustParseAddr(local), 0)
		}
		return d
	}
	udp := allocated("udp", "9.9.9.9:3478", "5.5.5.5:7")
	for name, tt := range map[string]struct {
		facts  *diagtest.Diagnosis
		public string // "" for none
		nat    Value
		says   Kind // of the mapping, last
	}{
		"no relay":                     {silent(), "", Unknown, KindNoMapped},
		"a relay":                      {silent().Asked(udp), "5.5.5.5", Present, KindNeedsBinding},
		"without a NAT":                {at("5.5.5.5", silent()).Asked(udp), "5.5.5.5", None, KindNeedsBinding},
		"our address is unknown":       {at("", silent()).Asked(udp), "5.5.5.5", Unknown, KindNeedsBinding},
		"our address is IPv6":          {at("2001:db8::5", silent()).Asked(udp), "5.5.5.5", Unknown, KindNeedsBinding},
		"over TCP":                     {silent().Asked(allocated("tcp", "9.9.9.9:3478", "5.5.5.5:7")), "", Unknown, KindNoMapped},
		"rejected":                     {silent().Asked(failed), "", Unknown, KindNoMapped},
		"no TURN":                      {silent().Asked(stun), "", Unknown, KindNoMapped},
		"private, of a public server":  {silent().Asked(allocated("udp", "9.9.9.9:3478", "10.0.0.7:7")), "", Unknown, KindNoMapped},
		"private, of a private server": {silent().Asked(allocated("udp", "10.0.0.1:3478", "10.0.0.7:7")), "10.0.0.7", Present, KindNeedsBinding},
		"to which no one can send":     {silent().Asked(allocated("udp", "9.9.9.9:3478", "224.0.0.1:7")), "", Unknown, KindNoMapped},
		"beside a Binding response":    {silent().Maps(0, "9.9.9.1:3478", "5.5.5.6:1").Asked(udp), "5.5.5.6", Present, KindOneServer},
		"a liar beside it":             {silent().Maps(0, "9.9.9.1:3478", "239.1.2.3:1").Asked(udp), "5.5.5.5", Present, KindNotBelieved},
	} {
		r := Judge(state(tt.facts))
		public := ""
		if r.Side.Public.IsValid() {
			public = r.Side.Public.String()
		}
		mapping := r.Behaviors.Mapping.Evidence
		if says := mapping[len(mapping)-1].Kind; public != tt.public || r.Behaviors.NAT.Value != tt.nat || says != tt.says {
			t.Errorf("%s: %q, NAT %s, %s", name, public, r.Behaviors.NAT.Value, says)
		}
	}
}

// TestAddressInDispute: of two servers that report different addresses for one socket, neither is believed.
func TestAddressInDispute(t *testing.T) {
	d := diagtest.NewDiagnosis(diagtest.ServerA, diagtest.ServerC).Maps(0, "9.9.9.1:3478", "5.5.5.5:1")
	for reported, want := range map[string]string{"5.5.5.5:1": "5.5.5.5", "5.5.5.6:1": "invalid IP", "5.5.5.6:2": "invalid IP"} {
		both := *d
		if got := Judge(state(both.Maps(1, "8.8.8.1:3478", reported))).Side.Public.String(); got != want {
			t.Errorf("beside %s: %s, want %s", reported, got, want)
		}
	}
}

// TestFirstAnswers: what a server says of itself is its first success from the address that was asked.
func TestFirstAnswers(t *testing.T) {
	d := diagtest.NewDiagnosis(diagtest.ServerA, diagtest.ServerC)
	d.Add(0, diag.TestReach, diagtest.ServerA, "")
	d.Add(1, diag.TestReach, diagtest.ServerC, "5.5.5.5:1")
	d.Add(0, diag.TestOpen, diagtest.ServerB, "5.5.5.5:2")
	d.Add(0, diag.TestChangeBoth, diagtest.ServerA, "5.5.5.5:3")
	d.Add(0, diag.TestMapping, diagtest.ServerA, "5.5.5.5:4").Answer.Code = 400
	want := d.Add(0, diag.TestControl, diagtest.ServerA, "5.5.5.5:5").Answer
	d.Add(0, diag.TestControl, diagtest.ServerA, "5.5.5.5:6")
	if got := state(d).first(0, diagtest.ServerA); got == nil || got.Mapped != want.Mapped {
		t.Errorf("%+v", got)
	}
	if sent, answered := state(d).Count(); sent != 7 || answered != 6 {
		t.Errorf("%d of %d answered", answered, sent)
	}
}
