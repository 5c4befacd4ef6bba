package nat

import (
	"net/netip"
	"strings"
	"testing"

	"dialtone/diag"
	"dialtone/diag/diagtest"
)

// TestUDPPorts: what of silent and open ports shows that a firewall lets UDP out to some of them only.
func TestUDPPorts(t *testing.T) {
	beside := func(a netip.AddrPort, port uint16) netip.AddrPort { return netip.AddrPortFrom(a.Addr(), port) }
	answers := func(d *diagtest.Diagnosis, server int, at netip.AddrPort, n int) {
		for range n {
			d.Add(server, diag.TestControl, at, "5.5.5.5:6000")
		}
	}
	// naming has servers that answer at their own port, name another one, and do not answer there.
	naming := func(servers ...netip.AddrPort) *diagtest.Diagnosis {
		d := diagtest.NewDiagnosis(servers...)
		for i, a := range servers {
			answers(d, i, a, 20)
			for _, r := range d.Requests[len(d.Requests)-20:] {
				r.Answer.Other = beside(a, 5000)
			}
			for range 9 {
				d.Add(i, diag.TestOtherPort, beside(a, 5000), "")
			}
			d.Maps(i, a.String(), "5.5.5.5:6000")
		}
		return d
	}
	streams := func(d *diagtest.Diagnosis, mapped string, failure diag.Cause, to ...netip.AddrPort) *diagtest.Diagnosis {
		for _, a := range to {
			s := diag.NATStream{To: a, Failure: &diag.Failure{Cause: failure}, Beside: true}
			if mapped != "" {
				s.Mapped, s.Failure = netip.MustParseAddrPort(mapped), nil
			}
			d.Streams = append(d.Streams, s)
		}
		return d
	}
	closed := naming(diagtest.ServerA, diagtest.ServerC)
	for _, r := range closed.Requests {
		r.Refused = r.Answer == nil
	}
	fewer := naming(diagtest.ServerA)
	fewer.Requests = append(fewer.Requests[:20], fewer.Requests[27:]...) // two of nine
	late := naming(diagtest.ServerA)
	late.Add(0, diag.TestOpen, beside(diagtest.ServerA, 5000), "5.5.5.5:6000")
	usual, unusual := diagtest.NewDiagnosis(diagtest.ServerA), diagtest.NewDiagnosis(beside(diagtest.ServerA, 5000), diagtest.ServerC)
	answers(usual, 0, diagtest.ServerA, 1)
	usual.Add(0, diag.TestOpen, beside(diagtest.ServerA, 6000), "")
	usual.Asks(1, diag.TestChangeBoth, diagtest.ServerB)
	answers(unusual, 0, unusual.Servers[0].Address, 1)
	answers(unusual, 1, diagtest.ServerC, 1)
	refused := diagtest.NewDiagnosis(diagtest.ServerA, beside(diagtest.ServerA, 443))
	answers(refused, 1, refused.Servers[1].Address, 20)
	refused.Servers[0].Failure = &diag.Failure{Cause: diag.CauseRefused}
	timeout := diagtest.NewDiagnosis(diagtest.ServerA, beside(diagtest.ServerA, 443))
	answers(timeout, 1, timeout.Servers[1].Address, 20)
	timeout.Servers[0].Failure = &diag.Failure{Cause: diag.CauseTimeout}
	both := []netip.AddrPort{beside(diagtest.ServerA, 5000), beside(diagtest.ServerC, 5000)}
	relay := diagtest.Relaying("turn:t", "tcp", "7.7.7.1:443", "7.7.7.1:50000", diagtest.Through(diagtest.ServerA, false, "7.7.7.1:50000", "", diag.Failure{})...)
	relayed := netip.MustParseAddrPort("7.7.7.1:50000")
	from := netip.MustParseAddrPort("5.5.5.5:9")
	independent := func() *diagtest.Diagnosis {
		d := diagtest.NewDiagnosis(diagtest.ServerA, diagtest.ServerC)
		answers(d, 0, diagtest.ServerA, 20)
		return d.Maps(0, "9.9.9.1:3478", "5.5.5.5:1").Maps(1, "8.8.8.1:3478", "5.5.5.5:1").Asked(relay)
	}
	dependent := independent().Maps(0, "9.9.9.1:3479", "5.5.5.5:2")
	pool := independent()
	pool.Add(0, diag.TestReach, diagtest.ServerA, "5.5.5.6:7")
	silent := []diag.NATRelay{{URL: "turn:t", Relayed: relayed, Sent: 9, Opened: from}}
	for name, tt := range map[string]struct {
		facts  *diagtest.Diagnosis
		relays []diag.NATRelay
		value  Value
		says   string
	}{
		"nothing answers":                {diagtest.NewDiagnosis(diagtest.ServerA), nil, Unknown, "udp-unasked []"},
		"a usual port":                   {usual, nil, Unknown, "ports-usual [3478]"},
		"another one":                    {unusual, nil, PortsOpen, "ports-open [3478 5000]"},
		"named by one":                   {streams(naming(diagtest.ServerA), "5.5.5.5:9", "", both...), nil, Unknown, "port-silent [9]; port-stream []; ports-either []"},
		"named by two":                   {streams(naming(diagtest.ServerA, diagtest.ServerC), "5.5.5.5:9", "", both...), nil, PortsFiltered, "port-silent [9]; port-stream []; port-silent [9]; port-stream []; ports-only [3478]"},
		"named by two, TCP to one":       {streams(naming(diagtest.ServerA, diagtest.ServerC), "5.5.5.5:9", "", both[:1]...), nil, Unknown, "port-silent [9]; port-stream []; port-silent [9]; ports-either []"},
		"named by two, TCP is rejected":  {streams(naming(diagtest.ServerA, diagtest.ServerC), "", diag.CauseRefused, both...), nil, Unknown, "port-silent [9]; port-reached []; port-silent [9]; port-reached []; ports-either []"},
		"named by two, TCP times out":    {streams(naming(diagtest.ServerA, diagtest.ServerC), "", diag.CauseTimeout, both...), nil, Unknown, "port-silent [9]; port-silent [9]; ports-either []"},
		"closed by ICMP":                 {streams(closed, "5.5.5.5:9", "", both...), nil, Unknown, "port-rejected [9]; port-stream []; port-rejected [9]; port-stream []; ports-either []"},
		"asked too few times":            {fewer, nil, Unknown, "ports-usual [3478]"},
		"it answers at last":             {late, nil, PortsOpen, "ports-open [3478 5000]"},
		"a server whose port is closed":  {refused, nil, Unknown, "port-rejected [0]; ports-either []"},
		"a server that has not answered": {timeout, nil, Unknown, "ports-usual [443]"},
		"a relay that is silent":         {independent(), silent, PortsFiltered, "relay-silent [9]; ports-only [3478]"},
		"likewise, but many ports":       {dependent, silent, Unknown, "relay-silent [9]; ports-either []"},
		"likewise, but many addresses":   {pool, silent, Unknown, "ports-usual [3478]"},
		"a relay that was reached":       {independent(), []diag.NATRelay{{URL: "turn:t", Relayed: relayed, Sent: 1, From: from}}, PortsOpen, "relay-arrived []; ports-open [3478]"},
		"likewise, and no server":        {diagtest.NewDiagnosis(diagtest.ServerA), []diag.NATRelay{{URL: "turn:t", Relayed: relayed, Sent: 1, From: from}}, PortsOpen, "relay-arrived []"},
		"a relay reached over IPv6 only": {independent(), []diag.NATRelay{{Relayed: netip.MustParseAddrPort("[2001:db8::1]:5"), Sent: 1, From: from}}, Unknown, "ports-usual [3478]"},
	} {
		t.Run(name, func(t *testing.T) {
			s := state(tt.facts)
			s.Relays = tt.relays
			b := s.judgeUDPPorts(s.judgeMapping())
			if says := strings.ReplaceAll(said(b), "\n", "; "); b.Value != tt.value || says != tt.says {
				t.Errorf("%s: %s", b.Value, says)
			}
		})
	}
}
