package network

import (
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
func networkFailures(s *nat.State, n *Verdict) []finding.Finding {
	var turn, udp, others []diag.Server
	for i := range n.Servers {
		row := &n.Servers[i]
		none, cause := n.Behaviors.UDP.Value == nat.None || n.Outcome == OnlyProxy, row.Cause()
		blocked := (row.Transport == "udp" || row.Transport == "dtls") && (cause == diag.CauseTimeout &&
			(none || n.Behaviors.UDPPorts.Value == nat.PortsFiltered) || none && cause == diag.CauseRefused)
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
	return append(FailedServers(slices.Concat(turn, udp, others), n.severity), n.bindingFindings()...)
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
func stunFindings(s *nat.State, n *Verdict) []finding.Finding {
	var out []finding.Finding
	for i := range s.Servers {
		row := &n.Servers[i]
		if !row.OK() {
			continue
		}
		note := func(id string, severity diag.Severity, evidence any) {
			out = append(out, finding.Finding{ID: id, Severity: severity, Subject: row.URL, Evidence: evidence})
		}
		if row.Basic != nil && row.Basic.Other != "" {
			note("server.other_address_invalid", diag.Info, BasicServer{row.URL, *row.Basic})
		}
		out = append(out, srvFinding(&row.Server)...)
		mapped := ServerAddress{Address: row.Address, Other: row.Mapped()}
		if row.Outlier {
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
	return out
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
func srvFinding(s *diag.Server) []finding.Finding {
	if s.SRV == "" || !s.OK() {
		return nil
	}
	return []finding.Finding{{
		ID: "server.found_by_srv", Severity: diag.Info, Subject: s.URL,
		Evidence: ServerAddress{
			Address: s.Address,
			Other:   s.SRV,
		},
	}}
}

// maxRepeats is how many answers beyond the first the network itself may have made.
const maxRepeats = 20

// Repeats is the evidence of a server that floods.
type Repeats struct {
	Answers int `json:"answers"` // more than were asked for
}

// conductFindings are those about servers that answer, and not as they should.
func conductFindings(s *nat.State, n *Verdict) []finding.Finding {
	var out []finding.Finding
	note := func(id, url string, evidence any) {
		out = append(out, finding.Finding{ID: id, Severity: diag.Warn, Subject: url, Evidence: evidence})
	}
	for i, server := range s.Servers {
		if server.Elsewhere.IsValid() && !n.Servers[i].Own {
			note("server.answers_elsewhere", server.URL,
				ServerAddress{Address: server.Address.String(), Other: server.Elsewhere.String()})
		}
		if server.Repeated > maxRepeats {
			note("server.floods", server.URL, Repeats{server.Repeated})
		}
		if slices.Contains(n.Fickle, i) {
			note("server.mapped_changing", server.URL,
				ServerAddress{Address: server.Address.String(), Other: n.Servers[i].Mapped()})
		}
		if slices.Contains(n.Invented, i) {
			note("server.mapped_untrue", server.URL,
				ServerAddress{Address: server.Address.String(), Other: n.Servers[i].Mapped()})
		}
	}
	return out
}

// slowAnswer is the round trip from which on a server is called slow.
const slowAnswer = time.Second

// slowFindings name the servers whose answers take long, each once, however many URLs name it.
func slowFindings(_ *nat.State, n *Verdict) []finding.Finding {
	var out []finding.Finding
	named := map[string]bool{}
	for i := range n.Servers {
		row := &n.Servers[i]
		rtt := row.RTT()
		if times := row.Times(); times != nil {
			rtt = &times.MedianMs
		}
		where := row.Transport + " " + row.Address
		if row.OK() && rtt != nil && rtt.Duration() >= slowAnswer && !named[where] {
			named[where] = true
			out = append(out, finding.Finding{
				ID: "server.slow", Severity: diag.Info, Subject: row.URL, Evidence: ServerDelay{*rtt},
			})
		}
	}
	return out
}

// BasicServers is the evidence that filtering could not be tested.
type BasicServers struct {
	Servers []BasicServer `json:"servers"`
}

// untestedFindings say that no server could be asked what the NAT filters, when none even offered it.
func untestedFindings(s *nat.State, n *Verdict) []finding.Finding {
	var basic BasicServers
	for i := range s.Servers {
		switch row := &n.Servers[i]; row.Grade {
		case nat.GradeRFC5780:
			return nil
		case nat.GradeBasic:
			basic.Servers = append(basic.Servers, BasicServer{row.URL, *row.Basic})
		}
	}
	if len(basic.Servers) == 0 {
		return nil
	}
	return []finding.Finding{{ID: "nat.filtering_untested", Severity: diag.Info, Evidence: basic}}
}

// expiryFindings are about Certificates that end soon, and about servers over TCP that only DNS SRV knows.
func expiryFindings(s *nat.State, n *Verdict) []finding.Finding {
	var out []finding.Finding
	var list []diag.Server
	for i := range n.Servers {
		list = append(list, n.Servers[i].Server)
		if i >= len(s.Servers) {
			out = append(out, srvFinding(&n.Servers[i].Server)...)
		}
	}
	return append(Certificates(list), out...)
}
