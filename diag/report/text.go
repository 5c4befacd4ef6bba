package report

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"dialtone/diag"
)

// barWidth is how many characters a waterfall is wide.
const barWidth = 40

// WriteText writes the report for a person who reads it in a log: the verdict first, then what it rests on.
func WriteText(w io.Writer, r *Report) error {
	var b strings.Builder
	t := textWriter{&b}
	if len(r.Checks) > 0 {
		t.verdict(r)
		for i := range r.Checks {
			b.WriteString("\n")
			t.check(&r.Checks[i])
		}
	} else {
		t.check(r)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

type textWriter struct{ b *strings.Builder }

func (t textWriter) line(format string, args ...any) { fmt.Fprintf(t.b, format+"\n", args...) }

func (t textWriter) verdict(r *Report) {
	name := ""
	if r.Name != "" {
		name = " " + diag.Clean(r.Name, 60)
	}
	t.line("%s%s: %s (exit %d, %s)", strings.ToUpper(string(r.Verdict)), name, r.Headline, r.Exit.Code, r.Exit.Name)
}

func (t textWriter) check(r *Report) {
	t.verdict(r)
	for _, why := range r.Why {
		t.line("   why: %s", why)
	}
	t.summary(r)
	t.waterfall(r.Setup)
	t.path(r.Path)
	t.media(r.Media)
	t.findings(r.Findings)
	t.assertions(r.Assertions)
	t.baseline(r.Baseline)
	for _, next := range r.Next {
		t.line("  next: %s", next)
	}
}

func (t textWriter) summary(r *Report) {
	if r.Summary.Runs < 2 {
		return
	}
	t.line("\nRuns: %d, failed: %d (%.1f %%)", r.Summary.Runs, r.Summary.Failed, 100*float64(r.Summary.Failed)/float64(r.Summary.Runs))
	row := func(name string, p *Percentiles) {
		if p != nil {
			t.line("  %-28s %5d %9.1f %9.1f %9.1f %9.1f %9.1f", diag.Clean(name, 28), p.N, p.MinMs, p.P50Ms, p.P95Ms, p.P99Ms, p.MaxMs)
		}
	}
	t.line("  %-28s %5s %9s %9s %9s %9s %9s", "ms", "n", "min", "p50", "p95", "p99", "max")
	row("set-up", r.Summary.Setup)
	for _, p := range r.Summary.Phases {
		row(strings.TrimSpace(p.Name+" "+p.Subject), p.Times)
	}
}

// waterfall draws the phases on one axis, in the order of their beginning.
func (t textWriter) waterfall(s Setup) {
	end := 0.0
	var rows []Phase
	for _, p := range s.Phases {
		if p.DurationMs != nil {
			rows = append(rows, p)
			end = max(end, p.StartMs+*p.DurationMs)
		}
	}
	if len(rows) == 0 {
		return
	}
	total := "it did not come up"
	if s.TotalMs != nil {
		total = fmt.Sprintf("%.1f ms", *s.TotalMs)
	}
	t.line("\nSet-up: %s", total)
	slices.SortStableFunc(rows, func(a, b Phase) int { return cmp.Compare(a.StartMs, b.StartMs) })
	for _, p := range rows {
		from := int(p.StartMs / max(end, 1e-9) * barWidth)
		length := max(1, int(*p.DurationMs/max(end, 1e-9)*barWidth))
		from = min(from, barWidth-1)
		bar := strings.Repeat(" ", from) + strings.Repeat("#", min(length, barWidth-from))
		note := ""
		if p.Outcome != string(diag.OutcomeOK) {
			note = "  " + p.Outcome
		}
		t.line("  %-28s |%-*s| %9.1f ms%s", diag.Clean(strings.TrimSpace(p.Name+" "+p.Subject), 28), barWidth, bar, *p.DurationMs, note)
	}
}

func (t textWriter) path(p *Path) {
	if p == nil {
		return
	}
	kind := "direct"
	if p.Relay {
		kind = "relayed"
	}
	rtt := ""
	if p.RTTMs != nil {
		rtt = fmt.Sprintf(", round trip %.1f ms", *p.RTTMs)
	}
	t.line("\nPath: %s ⇄ %s (%s%s)", p.Local.words(), p.Remote.words(), kind, rtt)
}

func (c Candidate) words() string {
	return diag.Clean(fmt.Sprintf("%s %s %s:%d", c.Type, c.Protocol, c.Address, c.Port), 120)
}

func (t textWriter) media(m Media) {
	for _, k := range []struct {
		name string
		*Kind
	}{{"audio", m.Audio}, {"video", m.Video}} {
		if k.Kind != nil {
			t.stream(k.name+" in", k.Inbound)
			t.stream(k.name+" out", k.Outbound)
		}
	}
}

func (t textWriter) stream(name string, s *Stream) {
	if s == nil {
		return
	}
	parts := []string{fmt.Sprintf("%d packets", s.Packets)}
	if s.Bitrate != nil {
		parts = append(parts, fmt.Sprintf("%.0f kbit/s", *s.Bitrate/1000))
	}
	if s.Loss != nil {
		parts = append(parts, fmt.Sprintf("loss %.1f %%", 100**s.Loss))
	}
	if s.JitterMs != nil {
		parts = append(parts, fmt.Sprintf("jitter %.1f ms", *s.JitterMs))
	}
	if s.FramesPerSecond != nil {
		parts = append(parts, fmt.Sprintf("%.1f frames/s", *s.FramesPerSecond))
	}
	if s.Silent {
		parts = append(parts, "silent")
	}
	t.line("Media: %-9s %s", name, strings.Join(parts, ", "))
}

func (t textWriter) findings(list []diag.Finding) {
	if len(list) > 0 {
		t.line("\nFindings:")
	}
	for _, f := range list {
		t.line("  %s: %s [%s]", f.Severity, f.Title, f.ID)
		for _, e := range f.Evidence {
			t.line("      %s", e)
		}
		if f.Advice != "" {
			t.line("      next: %s", f.Advice)
		}
	}
}

func (t textWriter) assertions(list []Assertion) {
	if len(list) > 0 {
		t.line("\nAssertions:")
	}
	for _, a := range list {
		word := "ok    "
		if !a.Pass {
			word = "FAILED"
		}
		saw := ""
		switch {
		case a.Error != "":
			saw = "  (" + a.Error + ")"
		case a.Value != nil:
			saw = fmt.Sprintf("  (saw %v)", a.Value)
		}
		t.line("  %s %s%s", word, diag.Clean(a.Expr, 300), saw)
	}
}

func (t textWriter) baseline(list []Change) {
	if len(list) == 0 {
		return
	}
	t.line("\nAgainst the baseline:")
	for _, c := range list {
		word := "same  "
		switch {
		case c.Worse:
			word = "WORSE "
		case c.Before-c.Now > c.Noise:
			word = "better"
		}
		t.line("  %s %-40s %10.3f → %10.3f %s (noise %.3f)", word, diag.Clean(c.Name, 60), c.Before, c.Now, c.Unit, c.Noise)
	}
}

// Took is how long the check took.
func (r *Report) Took() time.Duration { return time.Duration(r.DurationMs * 1e6) }
