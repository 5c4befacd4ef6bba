package network

import (
	"net/netip"
	"slices"
	"strings"
	"time"

	"dialtone/diag"
	"dialtone/diag/finding"
	"dialtone/diag/nat"
	"dialtone/diag/nat/pair"
)

// networkFailures are the findings about servers that failed, TURN first. When UDP is blocked, or only the proxy leads
// out, silence and rejection over UDP say nothing about a server.
func networkFailures(out *finding.List, s *nat.State, n *Verdict) {
	var turn, udp, others []diag.Server
	for i := range n.Servers {
		row := &n.Servers[i]
		none, cause := n.Behaviors.UDP.Value == nat.None || n.Outcome == OnlyProxy, row.Cause()
		rejected := cause == diag.CauseRefused || cause == diag.CauseUnreachable && row.Failed().Failure.Detail == ""
		blocked := (row.Transport == "udp" || row.Transport == "dtls") && (none && rejected ||
			cause == diag.CauseTimeout && (none || n.Behaviors.UDPPorts.Value == nat.PortsFiltered))
		switch overUDP := i < len(s.Servers); {
		case row.Direct: // a comparison
		case blocked, n.isOwnFailure(s, i), n.bindingOnly(row):
		case overUDP && s.Servers[i].Elsewhere.IsValid() && !row.OK(): // that has a finding of its own
		case row.TURN:
			turn = append(turn, row.Server)
		case overUDP:
			udp = append(udp, row.Server)
		default:
			others = append(others, row.Server)
		}
	}
	*out = append(*out, FailedServers(slices.Concat(turn, udp, others), n.severity)...)
	n.bindingFindings(out)
}

// severity is how grave it is that a server fails: it explains a failure only when no other one does what it should.
func (n *Verdict) severity(s *diag.Server) diag.Severity {
	turn := strings.HasPrefix(s.URL, "turn")
	if turn && n.lacksRelay() || !turn && !n.Side.Public.IsValid() {
		return diag.Problem
	}
	return diag.Warn
}

// lacksRelay reports whether some calls need a relay, and no TURN server gives one.
func (n *Verdict) lacksRelay() bool {
	return !n.Side.TURN && (!n.Side.UDP || pair.ReachOf(n.Side).Sure != pair.Everyone)
}

// BasicServer is the evidence about a server that does not support RFC 5780.
type BasicServer struct {
	URL   string    `json:"url"`
	Basic nat.Basic `json:"basic"`
}

// FilteringFound is the evidence about a server that filtering cannot be found out with.
type FilteringFound struct {
	Tally nat.Tally `json:"tally"`
	Other string    `json:"other,omitempty"` // its alternate address
	Path  bool      `json:"path,omitempty"`  // a firewall on the path may be the cause of its silence
}

// stunFindings are those about STUN servers over UDP that answer.
func stunFindings(out *finding.List, s *nat.State, n *Verdict) {
	for i := range s.Servers {
		row := &n.Servers[i]
		if !row.OK() {
			continue
		}
		note := func(id string, severity diag.Severity, evidence any) { out.Add(id, severity, row.URL, evidence) }
		if row.Basic != nil && row.Basic.Other != "" {
			note("server.other_address_invalid", diag.Info, BasicServer{row.URL, *row.Basic})
		}
		srvFinding(out, &row.Server)
		mapped := ServerAddress{Address: row.Address, Other: row.Mapped()}
		if row.Outlier && !slices.Contains(n.Invented, i) {
			note("server.outlier", diag.Warn, mapped)
		}
		if slices.Contains(n.Private, i) && !row.Own {
			note("server.mapped_private", diag.Warn, mapped)
		}
		if slices.Contains(n.Foreign, i) && !row.Own {
			note("server.mapped_family", diag.Warn, mapped)
		}
		other, _ := s.Admitted(i)
		if !other.IsValid() {
			continue
		}
		if id := filteringID(&n.Filtering[i]); id != "" && !(id == alternateSilent && n.Side.Ports) {
			note(id, diag.Info, FilteringFound{n.Filtering[i], other.String(), n.Behaviors.UDPPorts.Value != nat.PortsOpen})
		}
	}
}

// alternateSilent is the finding about a server whose other address is silent.
const alternateSilent = "server.alternate_silent"

// filteringID names how a server that offers RFC 5780 does not keep to it; empty when it does.
func filteringID(t *nat.Tally) string {
	switch {
	case t.Ignored > 0:
		return "server.ignores_change_request"
	case t.Refused != 0:
		return "server.refuses_change_request"
	case t.AlternateSilent():
		return alternateSilent
	}
	return ""
}

// srvFinding is about a server that only DNS SRV knows: no ICE agent asks for that.
func srvFinding(out *finding.List, s *diag.Server) {
	if s.SRV != "" && s.OK() {
		out.Add("server.found_by_srv", diag.Info, s.URL, ServerAddress{Address: s.Address, Other: s.SRV})
	}
}

// maxRepeats is how many answers beyond the first the network itself may have made.
const maxRepeats = 20

// Repeats is the evidence of a server that floods.
type Repeats struct {
	Answers int `json:"answers"` // more than were asked for
}

// conductFindings are those about servers that answer, and not as they should.
func conductFindings(out *finding.List, s *nat.State, n *Verdict) {
	for i, server := range s.Servers {
		note := func(id string, evidence any) { out.Add(id, diag.Warn, server.URL, evidence) }
		mapped := ServerAddress{Address: server.Address.String(), Other: n.Servers[i].Mapped()}
		if server.Elsewhere.IsValid() && !n.Servers[i].Own {
			note("server.answers_elsewhere", ServerAddress{Address: mapped.Address, Other: server.Elsewhere.String()})
		}
		if server.Repeated > maxRepeats {
			note("server.floods", Repeats{server.Repeated})
		}
		if slices.Contains(n.Fickle, i) {
			note("server.mapped_changing", mapped)
		}
		if slices.Contains(n.Invented, i) && !slices.Contains(n.Fickle, i) {
			note("server.mapped_untrue", mapped)
		}
	}
}

// allocationFindings are about TURN servers whose answers to Allocate have another mapped address than several servers
// reported, where there is one for all.
func allocationFindings(out *finding.List, _ *nat.State, n *Verdict) {
	b := &n.Behaviors
	if b.Pooling.Value != nat.PoolingPaired || b.Uplinks.Value != nat.UplinksOne {
		return
	}
	for i := range n.Servers {
		row := &n.Servers[i]
		mapped, err := netip.ParseAddrPort(row.Mapped())
		if err == nil && row.TURN && row.Transport == "udp" && row.Proxy == "" && !row.Own &&
			mapped.Addr().Is4() == n.Side.Public.Is4() && mapped.Addr() != n.Side.Public {
			out.Add("server.outlier", diag.Warn, row.URL, ServerAddress{Address: row.Address, Other: row.Mapped()})
		}
	}
}

// slowAnswer is the round trip from which on a server is called slow.
const slowAnswer = time.Second

// slowFindings name the servers whose answers take long, each once, however many URLs name it.
func slowFindings(out *finding.List, _ *nat.State, n *Verdict) {
	named := map[string]bool{}
	for i := range n.Servers {
		row := &n.Servers[i]
		where := row.Transport + " " + row.Address
		if rtt := slow(row); rtt != nil && !named[where] {
			named[where] = true
			out.Add("server.slow", diag.Info, row.URL, ServerDelay{*rtt})
		}
	}
}

// slow is the round trip to a server that takes long; nil for others.
func slow(row *nat.ServerRow) *diag.Millis {
	rtt := row.RTT()
	if times := row.Times(); times != nil {
		rtt = &times.MedianMs
	}
	if !row.OK() || rtt == nil || rtt.Duration() < slowAnswer {
		return nil
	}
	return rtt
}

// BasicServers is the evidence that filtering could not be tested.
type BasicServers struct {
	Servers []BasicServer `json:"servers"`
}

// untestedFindings say that no server could be asked what the NAT filters, when none even offered it.
func untestedFindings(out *finding.List, s *nat.State, n *Verdict) {
	var basic BasicServers
	for i := range s.Servers {
		switch row := &n.Servers[i]; row.Grade {
		case nat.GradeRFC5780:
			return
		case nat.GradeBasic:
			basic.Servers = append(basic.Servers, BasicServer{row.URL, *row.Basic})
		}
	}
	if len(basic.Servers) > 0 {
		out.Add("nat.filtering_untested", diag.Info, "", basic)
	}
}

// expiryFindings are about Certificates that end soon, and about servers over TCP that only DNS SRV knows.
func expiryFindings(out *finding.List, s *nat.State, n *Verdict) {
	list := diag.Map(n.Servers, func(row nat.ServerRow) diag.Server { return row.Server })
	*out = append(*out, Certificates(list)...)
	for i := len(s.Servers); i < len(list); i++ {
		srvFinding(out, &list[i])
	}
}
