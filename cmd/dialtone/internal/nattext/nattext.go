// Package nattext writes the report of a diagnosis for people.
package nattext

import (
	"fmt"
	"slices"
	"strings"

	"dialtone/diag/judge/network"
	"dialtone/diag/nat"
	"dialtone/diag/nat/pair"
	"dialtone/diag/words"
	"dialtone/diag/words/compare"
	"dialtone/diag/words/verdict"
)

// Text is the report for people: what it means and what to do, then how that is known. The line for the peer is the
// last.
func Text(n network.Verdict, verbose bool) string {
	var b strings.Builder
	b.WriteString(Verdict(n) + "\n" + behavior(n, verbose) + "\n")
	for _, row := range n.Servers {
		b.WriteString(words.ServerLine(row) + "\n")
	}
	return b.String() + "\n" + Result(n)
}

// behaviorIndent is the column of a behavior's value.
const behaviorIndent = 18

// behavior is a row for each behavior, with its evidence. Those that are not known, and mostly need not be, share a
// line unless verbose.
func behavior(n network.Verdict, verbose bool) string {
	var b strings.Builder
	var folded []string
	nothing := n.Behaviors.UDP.Value != nat.Present // then nothing else can be known
	for _, row := range n.Rows() {
		label := words.RowLabel(row)
		if row.Value == nat.Unknown && !verbose && (row.Minor() || nothing && row.Name != nat.NameUDP) {
			folded = append(folded, label)
			continue
		}
		value := words.BehaviorValue(row.Behavior)
		if row.Confidence != nat.NotKnown {
			value += " (" + string(row.Confidence) + ")"
		}
		fmt.Fprintf(&b, "%-*s %s\n", behaviorIndent, label, value)
		for _, e := range words.BehaviorEvidence(row.Behavior) {
			fmt.Fprintf(&b, "%-*s   %s\n", behaviorIndent, "", e)
		}
	}
	if len(folded) > 0 {
		fmt.Fprintf(&b, "%-*s %s; --verbose explains why\n", behaviorIndent, "unknown", strings.Join(folded, ", "))
	}
	return b.String()
}

// Verdict is what it means, and what to do.
func Verdict(n network.Verdict) string {
	var b strings.Builder
	text := verdict.OfNetwork(n)
	fmt.Fprintf(&b, "verdict: %s (exit %d, %s)\n", text.Headline, int(n.Exit), n.Exit)
	for _, why := range text.Why {
		fmt.Fprintf(&b, "    why: %s\n", why)
	}
	if p := n.Pair; p != nil {
		fmt.Fprintf(&b, "   pair: %s: %s\n", p.Path, compare.Prediction(*p))
	}
	said := slices.Clone(text.Next)
	for _, f := range n.Findings {
		t := words.Of(f)
		fmt.Fprintf(&b, "%7s: %s [%s]\n", f.Severity, t.Title, f.ID)
		if t.Advice != "" && !slices.Contains(said, t.Advice) {
			fmt.Fprintf(&b, "   next: %s\n", t.Advice)
			said = append(said, t.Advice)
		}
	}
	for _, next := range text.Next {
		fmt.Fprintf(&b, "   next: %s\n", next)
	}
	return b.String()
}

// Result is the line for the peer.
func Result(n network.Verdict) string { return "result: " + pair.Line(n.Side) + "\n" }
