package load

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"dialtone/diag"
	"dialtone/diag/judge/crowd"
	"dialtone/diag/report"
	"dialtone/diag/words"
)

// maxText bounds one piece of text of foreign origin, in bytes.
const maxText = 600

func clean(s string) string { return strings.TrimSpace(diag.Clean(s, maxText)) }

// WriteText writes the report for a person: the verdict first, then its evidence. It holds no escape sequences.
func WriteText(w io.Writer, r *Report) error {
	t := &text{}
	t.line("%s %s: %s (exit %d, %s)", strings.ToUpper(clean(string(r.Verdict))), clean(r.Name), clean(r.Headline),
		r.Exit.Code, clean(r.Exit.Name))
	t.line("")
	t.facts(r)
	for i, f := range r.Findings {
		if i == 0 {
			t.line("\nFindings")
		}
		t.line("  %s: %s [%s]", f.Severity, clean(f.Title), clean(f.ID))
		for _, e := range f.Text.Evidence {
			t.line("      %s", clean(e))
		}
		t.line("      next: %s", clean(f.Advice))
	}
	t.assertions(r)
	t.causes(r)
	t.distributions(r)
	t.steps(r)
	_, err := io.WriteString(w, t.b.String())
	return err
}

type text struct{ b strings.Builder }

func (t *text) line(format string, args ...any) {
	t.b.WriteString(strings.TrimRight(fmt.Sprintf(format, args...), " ") + "\n")
}

func (t *text) fact(key, format string, args ...any) {
	t.line("  %-12s %s", key+":", fmt.Sprintf(format, args...))
}

// mostNames bounds the agents that are listed by their names.
const mostNames = 20

// agentNames lists the agents of a test, by their parts.
func agentNames(list []crowd.Agent) string {
	names := diag.Map(list[:min(len(list), mostNames)], func(a crowd.Agent) string { return clean(a.Name) })
	if more := len(list) - len(names); more > 0 {
		names = append(names, fmt.Sprintf("%d more", more))
	}
	return strings.Join(names, ", ")
}

// facts are what is shown of the test as a whole.
func (t *text) facts(r *Report) {
	target := clean(r.Target.Kind)
	if at := clean(r.Target.URL + " " + r.Target.Room); at != "" {
		target += " " + at
	}
	stages := diag.Map(r.Plan.Stages, func(s Stage) string { return s.String() })
	c := r.Calls
	t.fact("target", "%s", target)
	t.fact("schedule", "%s, at most %d calls, each for %s", strings.Join(stages, ", "), r.Plan.Calls,
		words.Duration(r.Target.For.Duration()))
	if r.Plan.Parts > 1 {
		t.fact("parts", "%v of %d", r.Complete, r.Plan.Parts)
	}
	if len(r.Agents) > 0 {
		t.fact("agents", "%s", agentNames(r.Agents))
	}
	t.fact("calls", "%d scheduled, %d dropped, %d started, %d ended; most at once %d", c.Scheduled, c.Dropped, c.Started,
		c.Ended, c.Peak)
	judged := fmt.Sprintf("%d passed, %d failed", c.Passed, c.Failed)
	for _, more := range []struct {
		n    int
		name string
	}{
		{r.Unjudged.Calls, "not judged"},
		{c.Interrupted, "interrupted"},
		{c.NotPlaced, "not placed"},
		{c.Stuck, "did not end"},
	} {
		if more.n > 0 {
			judged += fmt.Sprintf(", %d %s", more.n, more.name)
		}
	}
	t.fact("results", "%s", judged)
	t.fact("start", "%s", r.StartedAt.UTC().Format("2006-01-02 15:04:05 UTC"))
	t.fact("duration", "%s", words.Duration(r.Duration.Duration()))
	cpu := ""
	if r.Tester.CPU != nil {
		cpu = fmt.Sprintf("CPU up to %.0f %%, ", 100**r.Tester.CPU)
	}
	t.fact("this machine", "%slatest timer %s, short in %d seconds", cpu, words.Duration(r.Tester.WorstMs.Duration()),
		r.Tester.Seconds)
	t.fact("tool", "%s", clean(r.Tool))
}

func (t *text) assertions(r *Report) {
	for i, a := range r.Assertions {
		if i == 0 {
			heading := "\nAssertions"
			if n := r.Unjudged.Calls; n > 0 {
				heading += fmt.Sprintf(", about the calls that were judged: %d of %d", r.Calls.Passed+r.Calls.Failed, r.Calls.Ended)
			}
			t.line("%s", heading)
		}
		state, value := "passed", fmt.Sprint(a.Value)
		if !a.Pass {
			state = "FAILED"
		}
		if a.Error != "" {
			value = a.Error
		}
		t.line("  %-7s %s  (%s)", state, clean(a.Expr), clean(value))
	}
}

func (t *text) causes(r *Report) {
	for i, c := range r.Causes {
		if i == 0 {
			t.line("\nFailed calls")
		}
		t.line("  %5d  %s [%s], first after %s", c.Calls, clean(c.Title), clean(c.ID), words.Duration(c.First.Duration()))
		t.first(c.Finding)
	}
	t.noticed(r)
}

// noticed lists what else the calls had, beside the causes.
func (t *text) noticed(r *Report) {
	shown := 0
	for _, n := range r.Noticed {
		isCause := func(c Cause) bool { return n.alike(Noticed{c.Finding, c.Status, 0}) && n.Calls == c.Calls }
		if n.Severity == diag.Info || shown == 10 || slices.ContainsFunc(r.Causes, isCause) {
			continue
		}
		if shown++; shown == 1 {
			t.line("\nOther findings of the calls")
		}
		t.line("  %5d  %s: %s [%s]", n.Calls, n.Severity, clean(n.Title), clean(n.ID))
		t.first(n.Finding)
	}
}

// first shows how the first call with a finding had it, and the next step.
func (t *text) first(f report.Finding) {
	if len(f.Text.Evidence) > 0 {
		t.line("         the first: %s", clean(strings.TrimPrefix(f.Text.Evidence[0], "cause: ")))
	}
	if f.Advice != "" {
		t.line("         next: %s", clean(f.Advice))
	}
}

// distributions is the table of everything that was measured.
func (t *text) distributions(r *Report) {
	t.line("\n%-28s %8s %9s %9s %9s %9s %9s", "From the scheduled start", "calls", "min", "p50", "p95", "p99", "max")
	t.times("setup", r.Setup)
	t.times("setup, not judged", r.Unjudged.Setup)
	t.times("first frame", r.FirstFrame)
	t.times("start (lateness)", r.Lateness)
	if r.Calls.Judged() > 0 {
		t.line("Of each call")
	}
	for _, name := range slices.Sorted(maps.Keys(r.Phases)) {
		t.times("phase "+clean(name), r.Phases[name])
	}
	t.times("round trip", r.RTT)
	for _, s := range r.named() {
		t.values(s.name+" loss", s.Loss, 100, " %")
		t.times(s.name+" jitter", s.Jitter)
		t.times(s.name+" one-way delay", s.Delay)
		t.values(s.name+" MOS", s.MOS, 1, "")
		t.values(s.name+" freezes", s.Freezes, 1, "")
	}
}

func (t *text) times(name string, d *Times) {
	if d != nil {
		ms := func(m diag.Millis) string { return words.Duration(m.Duration()) }
		t.line("  %-26s %8d %9s %9s %9s %9s %9s", name, d.N, ms(d.Min), ms(d.P50), ms(d.P95), ms(d.P99), ms(d.Max))
	}
}

func (t *text) values(name string, d *Values, scale float64, unit string) {
	if d != nil {
		v := func(x float64) string { return fmt.Sprintf("%.3g%s", x*scale, unit) }
		t.line("  %-26s %8d %9s %9s %9s %9s %9s", name, d.N, v(d.Min), v(d.P50), v(d.P95), v(d.P99), v(d.Max))
	}
}

// steps are those of a search.
func (t *text) steps(r *Report) {
	if r.Limit == nil {
		return
	}
	t.line("\n%-12s %-8s %8s %8s %9s  %s", "Rates tried", "", "calls", "at once", "setup p95", "broken")
	for _, s := range r.Limit.Steps {
		p95 := "unknown"
		if s.SetupP95 != nil {
			p95 = words.Duration(s.SetupP95.Duration())
		}
		t.line("  %-10s %-8s %8d %8d %9s  %s", s.Rate, s.Outcome, s.Calls.Ended, s.Calls.Peak, p95, clean(s.Broken))
	}
}
