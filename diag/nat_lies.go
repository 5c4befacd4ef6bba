package diag

import (
	"fmt"
	"net/netip"
	"slices"
	"time"
)

const (
	maxRepeats = 20              // answers beyond the first that the network itself may have made
	slowAnswer = time.Second     // round trip from which on a server is called slow
	together   = 2 * time.Second // requests within this time are in the NAT's memory at once
)

// distrusted are the servers whose word about our address is not taken.
func (o *NATObservations) distrusted() []int {
	inner, outliers := o.liars()
	return slices.Concat(inner, outliers, o.inventors())
}

// inventors are the servers that say of two sockets, asked from at the same time, that both have one address and port.
// No NAT could tell their answers apart, so the address is made up.
func (o *NATObservations) inventors() []int {
	type view struct {
		server     int
		to, mapped netip.AddrPort
	}
	type use struct {
		socket string
		at     time.Duration
	}
	uses := map[view][]use{}
	var out []int
	for i := range o.Requests {
		r := &o.Requests[i]
		if !r.success() || !r.Test.direct() || !r.Answer.Mapped.IsValid() {
			continue
		}
		v := view{r.Server, r.To, r.Answer.Mapped}
		other := func(u use) bool { return u.socket != r.Socket && (u.at-r.SentAt).Abs() < together }
		if slices.ContainsFunc(uses[v], other) && !slices.Contains(out, r.Server) {
			out = append(out, r.Server)
		}
		uses[v] = append(uses[v], use{r.Socket, r.SentAt})
	}
	return out
}

// foreign reports whether a server that is public itself sees a private address which is not this machine's own.
func (o *NATObservations) foreign(s seen) bool {
	local, mapped := o.Local.Addr(), s.mapped.Addr()
	return Private(mapped) && !Private(s.to.Addr()) && local.IsValid() && local.Is4() == mapped.Is4() && local != mapped
}

// conductFindings are those about servers that answer, and not as they should.
func conductFindings(o *NATObservations, r *natCase) []Finding {
	var out []Finding
	note := func(id string, severity Severity, url, title, evidence, advice string) {
		out = append(out, Finding{ID: id, Severity: severity, Title: Clean(url+title, 400), Evidence: []string{evidence},
			Advice: About(url, advice)})
	}
	inventors := o.inventors()
	for i, s := range o.Servers {
		if s.Elsewhere.IsValid() {
			note("server.answers_elsewhere", Warn, s.URL,
				" answers from another address than the one that was asked, where NATs and firewalls let nothing in.",
				fmt.Sprintf("asked was %s, an answer came from %s", s.Address,
					s.Elsewhere), "bind the server to its public address, not to all (coturn: listening-ip)")
		}
		if s.Repeated > maxRepeats {
			note("server.floods", Warn, s.URL, " sends its answers again and again.",
				fmt.Sprintf("%d answers more than were asked for", s.Repeated),
				"leave it out; it may be broken, or there is a loop in the network")
		}
		if slices.Contains(inventors, i) {
			note("server.mapped_untrue", Warn, s.URL, " makes up the address that it says it sees, and is not believed.",
				"it saw two sockets with one address and port", "leave it out")
		}
	}
	return append(append(out, slowFindings(r)...), untestedFindings(o)...)
}

// slowFindings name the servers whose answers take long.
func slowFindings(r *natCase) []Finding {
	var out []Finding
	slow := func(url string, rtt Millis) {
		if rtt.Duration() >= slowAnswer {
			out = append(out, Finding{
				ID: "server.slow", Severity: Info, Title: Clean(fmt.Sprintf("%s takes %.1f s to answer.", url,
					rtt.Duration().Seconds()), 400),
				Advice: About(url, "calls wait as long for its candidates: use a server that is nearer, or less busy"),
			})
		}
	}
	for _, s := range r.Servers {
		if s.RTT != nil {
			slow(s.URL, s.RTT.MedianMs)
		}
	}
	for _, s := range slices.Concat(r.others, results(r.TURN)) {
		if s.OK && s.RTTMs != nil {
			slow(s.URL, *s.RTTMs)
		}
	}
	return out
}

// untestedFindings tell that no server could be asked what the NAT filters, where they did not even offer it.
func untestedFindings(o *NATObservations) []Finding {
	var plain []string
	for i, s := range o.Servers {
		switch _, why := o.Admitted(i); {
		case why == "":
			return nil
		case o.first(i, s.Address) != nil:
			plain = append(plain, Clean(s.URL+": "+why, 300))
		}
	}
	if len(plain) == 0 {
		return nil
	}
	return []Finding{{
		ID: "nat.filtering_untested", Severity: Info, Title: "None of the servers can tell what the NAT filters.", Evidence: plain,
		Advice: "ask a server with the usage of RFC 5780 too: coturn with two addresses, or dialtone serve --stun IP,IP2",
	}}
}
