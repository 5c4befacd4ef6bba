package diag

import (
	"fmt"
	"net/netip"
	"slices"
)

// NATWords says in a few words what the exit code of a diagnosis means.
func NATWords(e Exit) string {
	switch e {
	case ExitPass:
		return "direct calls should work"
	case ExitRelay:
		return "a relay is needed, and one works"
	case ExitNoRelay:
		return "a relay is needed, and none works"
	case ExitInconclusive:
		return "too little is known"
	case ExitNoConnectivity:
		return "nothing answers"
	default:
		return e.String()
	}
}

// NATBehaviorRow is a behavior with its name.
type NATBehaviorRow struct {
	Name string // "mapping"
	Behavior
}

// Minor reports whether calls hardly depend on the behavior, and nobody asks for it by name: where it is not known,
// there is little to say.
func (r *NATBehaviorRow) Minor() bool {
	switch r.Name {
	case "UDP", "NAT", "mapping", "filtering", "lifetime", "fragments", "hairpin":
		return false
	}
	return true
}

// Rows lists the behaviors that were looked at, in the order in which they are shown.
func (b *NATBehaviors) Rows() []NATBehaviorRow {
	rows := []NATBehaviorRow{
		{"UDP", b.UDP},
		{"NAT", b.NAT},
		{"mapping", b.Mapping},
		{"filtering", b.Filtering},
		{"ports", b.PortPreservation},
		{"addresses", b.Pooling},
		{"TCP mapping", b.TCPMapping},
		{"uplinks", b.Uplinks},
		{"ALG", b.ALG},
		{"carrier's NAT", b.CGNAT},
		{"CLAT", b.CLAT},
		{"IPv6", b.IPv6},
		{"lifetime", b.Lifetime},
		{"fragments", b.Fragments},
		{"hairpin", b.Hairpin},
	}
	return slices.DeleteFunc(rows, func(r NATBehaviorRow) bool { return r.Value == "" || r.notAsked() })
}

// NATChanges says what is different between two reports about the same servers: a sentence each, the most important
// first; none where the network does the same as before. Times and ports change from run to run and are no change.
func NATChanges(before, now *NATReport) []string {
	var out []string
	if before.Exit != now.Exit {
		out = append(out, "verdict: "+NATWords(before.Exit)+" → "+NATWords(now.Exit))
	}
	if a, b := before.publicAddress(), now.publicAddress(); a != b {
		out = append(out, "public address: "+OrUnknown(a)+" → "+OrUnknown(b))
	}
	old := map[string]string{}
	for _, row := range before.Behavior.Rows() {
		old[row.Name] = row.Value
	}
	for _, row := range now.Behavior.Rows() {
		if was, looked := old[row.Name]; looked && row.Value != was {
			out = append(out, fmt.Sprintf("%s: %s → %s", row.Name, was, row.Value))
		}
	}
	was := before.outcomes()
	for _, s := range now.outcomeRows() {
		if text, known := was[s.key]; known && text != s.failure {
			out = append(out, s.key+": "+works(text)+" → "+works(s.failure))
		}
	}
	for i := range out {
		out[i] = Clean(out[i], 300)
	}
	return out
}

func works(failure string) string {
	if failure == "" {
		return "works"
	}
	return failure
}

// publicAddress is the IP address as the first server that is believed saw it; empty when none did.
func (r *NATReport) publicAddress() string {
	for _, s := range r.Servers {
		if a, err := netip.ParseAddrPort(s.Mapped); err == nil && s.OK && !s.Outlier {
			return a.Addr().String()
		}
	}
	return ""
}

// natOutcome is whether one server worked over one transport.
type natOutcome struct{ key, failure string }

func (r *NATReport) outcomeRows() []natOutcome {
	var out []natOutcome
	add := func(kind, url, transport string, ok bool, failure string) {
		if ok {
			failure = ""
		} else if failure == "" {
			failure = "failed"
		}
		out = append(out, natOutcome{kind + url + " over " + transport, failure})
	}
	for _, s := range r.Servers {
		add("", s.URL, s.Transport, s.OK, s.ErrorText)
	}
	for _, s := range r.TURN {
		add("relay ", s.URL, s.Transport, s.OK && s.Stopped == "", s.ErrorText+s.StoppedText)
	}
	return out
}

func (r *NATReport) outcomes() map[string]string {
	out := map[string]string{}
	for _, s := range r.outcomeRows() {
		out[s.key] = s.failure
	}
	return out
}
