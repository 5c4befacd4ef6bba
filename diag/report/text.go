package report

import (
	"fmt"
	"io"
	"strings"
	"time"
	"unicode"

	"dialtone/diag"
	"dialtone/diag/words"
)

const (
	textWidth = 100 // columns at most
	barWidth  = 40  // of a waterfall
	nameWidth = 28  // of a phase or stream
	maxLines  = 20  // of a list of candidates, pairs or channels
)

// WriteText writes the report for a person who reads it in a log of at least 100 columns: the verdict first, then what
// it rests on. It holds no escape sequences.
func WriteText(w io.Writer, r *Report) error {
	t := &textWriter{}
	if len(r.Checks) > 0 {
		t.verdict(r)
		for i := range r.Checks {
			t.line("")
			t.check(&r.Checks[i])
		}
	} else {
		t.check(r)
	}
	_, err := io.WriteString(w, t.b.String())
	return err
}

type textWriter struct{ b strings.Builder }

// line writes a line as it is; its parts are known to be short.
func (t *textWriter) line(format string, args ...any) {
	t.b.WriteString(strings.TrimRight(fmt.Sprintf(format, args...), " "))
	t.b.WriteByte('\n')
}

// para writes text after a prefix, wrapped, with what follows the first line under the beginning of the text.
func (t *textWriter) para(prefix, text string) {
	indent := strings.Repeat(" ", columns(prefix))
	for i, l := range wrap(clean(text), textWidth-columns(prefix)) {
		if i > 0 {
			prefix = indent
		}
		t.line("%s%s", prefix, l)
	}
}

func (t *textWriter) verdict(r *Report) {
	name := ""
	if r.Name != "" {
		name = " " + diag.Clean(r.Name, 60)
	}
	t.para("", fmt.Sprintf("%s%s: %s (exit %d, %s)", strings.ToUpper(string(r.Verdict)), name, diag.Clean(r.Headline, 400),
		r.Exit.Code, r.Exit.Name))
}

func (t *textWriter) check(r *Report) {
	t.verdict(r)
	for _, why := range r.Why {
		t.para("   why: ", why)
	}
	for _, next := range r.Next {
		t.para("  next: ", next)
	}
	if !r.StartedAt.IsZero() {
		t.para("  made: ", fmt.Sprintf("%s by %s, in %s", r.StartedAt.UTC().Format("2006-01-02 15:04:05 UTC"),
			orUnknown(r.Tool), millis(&r.DurationMs)))
	}
	t.para("called: ", r.Target.what())
	t.runs(r)
	t.waterfall(r.Setup)
	t.path(r)
	t.media(r.Media)
	t.channels(r.Channels)
	t.servers(r.Servers)
	t.findings(r.Findings)
	t.assertions(r.Assertions)
	t.baseline(r.Baseline)
}

// runs are percentiles, and which runs failed.
func (t *textWriter) runs(r *Report) {
	share, any := r.Summary.share()
	if r.Summary.Runs < 2 || !any {
		return
	}
	t.line("\nRuns: %d, failed: %d (%s)%s", r.Summary.Runs, r.Summary.Failed, percent(&share), r.Summary.interrupted())
	row := func(name string, p *Percentiles, failed int) {
		if p == nil {
			p = &Percentiles{}
		}
		t.b.WriteString("  " + pad(name, nameWidth))
		cell := func(v float64) string {
			if p.N == 0 {
				return unknown
			}
			return amount(v)
		}
		t.line(" %5d %6d %9s %9s %9s %9s %9s", p.N, failed, cell(p.MinMs), cell(p.P50Ms), cell(p.P95Ms), cell(p.P99Ms),
			cell(p.MaxMs))
	}
	t.line("  %-*s %5s %6s %9s %9s %9s %9s %9s", nameWidth, "ms", "n", "failed", "min", "p50", "p95", "p99", "max")
	row("set-up", r.Summary.Setup, r.Summary.Failed)
	for _, p := range r.Summary.Phases {
		row(p.title(), p.Times, p.Failed)
	}
	t.failed(r)
}

// maxFailed is how many failed runs are listed.
const maxFailed = 10

func (t *textWriter) failed(r *Report) {
	told := 0
	for _, run := range r.Runs {
		if run.Verdict == Pass {
			continue
		}
		if told++; told > maxFailed {
			continue
		}
		t.para(fmt.Sprintf("  call %d: ", run.Index+1), fmt.Sprintf("%s (%s)", run.Headline, run.Exit.Name))
	}
	if told > maxFailed {
		t.line("  and %d more that failed", told-maxFailed)
	}
	if d := r.detailRun(); d != nil {
		t.line("\nWhat follows is of call %d.", d.Index+1)
	}
}

// waterfall draws the phases on one scale.
func (t *textWriter) waterfall(s Setup) {
	total := "it did not come up"
	if s.TotalMs != nil {
		total = amount(*s.TotalMs) + " ms"
	}
	if len(s.Phases) == 0 && s.TotalMs == nil {
		return
	}
	t.line("\nSet-up: %s", total)
	for _, p := range s.steps() {
		from := min(int(p.from*barWidth), barWidth-1)
		to := min(max(int(p.to*barWidth), from+1), barWidth)
		fill := "█"
		if p.Name == string(diag.PhaseWait) || p.Outcome != string(diag.OutcomeOK) {
			fill = "░"
		}
		bar := strings.Repeat(" ", from) + strings.Repeat(fill, to-from) + strings.Repeat(" ", barWidth-to)
		took, note := unknown, ""
		if p.DurationMs != nil {
			took = amount(*p.DurationMs) + " ms"
		}
		if p.Outcome != string(diag.OutcomeOK) {
			note = diag.Clean(p.ended(), 12)
		}
		t.line("  %s |%s| %12s %s", pad(p.title(), nameWidth), bar, took, note)
	}
}

func (t *textWriter) path(r *Report) {
	if p := r.Path; p != nil {
		t.line("")
		t.para("Path: ", fmt.Sprintf("%s ⇄ %s (%s, round trip %s)", p.Local.words(), p.Remote.words(), p.kind(),
			millis(p.RTTMs)))
		return
	}
	if len(r.Candidates)+len(r.Pairs) == 0 {
		return
	}
	t.line("\nPath: none")
	for i, c := range r.Candidates {
		if t.more(i, len(r.Candidates), "candidates") {
			break
		}
		t.para("  "+pad(orUnknown(c.Side), 7)+" ", c.words())
	}
	for i, p := range r.Pairs {
		if t.more(i, len(r.Pairs), "pairs") {
			break
		}
		t.para("  pair    ", fmt.Sprintf("%s ⇄ %s: %s, %d requests sent, %d answered", orUnknown(p.Local),
			orUnknown(p.Remote), orUnknown(p.State), p.Sent, p.Answered))
	}
}

// more tells how many are left of a list that is long enough.
func (t *textWriter) more(i, of int, what string) bool {
	if i == maxLines {
		t.line("  and %d more %s", of-i, what)
	}
	return i == maxLines
}

func (t *textWriter) media(m Media) {
	list := m.streams()
	if len(list) == 0 {
		return
	}
	t.line("\n%-16s %-8s %8s %12s %8s %9s %10s  %s", "Media", "", "packets", "rate", "loss", "jitter", "round trip",
		"picture")
	for _, s := range list {
		t.line("  %-14s %-8s %8d %12s %8s %9s %10s  %s", s.kind+" "+s.direction, s.state(), s.Packets, kilobits(s.Bitrate),
			percent(s.Loss),
			millis(s.JitterMs), millis(s.RTTMs), s.picture())
	}
}

func (t *textWriter) channels(list []Channel) {
	if len(list) > 0 {
		t.line("\nChannels:")
	}
	for i, c := range list {
		if t.more(i, len(list), "channels") {
			break
		}
		state := "closed"
		if c.Open {
			state = "open"
		}
		if c.Echoed {
			state += ", echoed"
		}
		t.para("  ", fmt.Sprintf("%s: %s, %d messages sent, %d received", diag.Clean(c.Label, 60), state, c.Sent, c.Received))
	}
}

func (t *textWriter) servers(list []ServerReport) {
	if len(list) > 0 {
		t.line("\nServers:")
	}
	for _, s := range list {
		t.para("  ", words.ServerLine(s.ServerRow))
		if s.Advice != "" {
			t.para("      next: ", s.Advice)
		}
	}
}

func (t *textWriter) findings(list []Finding) {
	if len(list) > 0 {
		t.line("\nFindings:")
	}
	for _, f := range list {
		t.para("  "+clean(string(f.Severity))+": ", fmt.Sprintf("%s [%s]", clean(f.Title), f.ID))
		for _, e := range f.Evidence {
			t.para("      ", e)
		}
		if f.Advice != "" {
			t.para("      next: ", f.Advice)
		}
	}
}

func (t *textWriter) assertions(list []Assertion) {
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
			saw = "  (" + clean(a.Error) + ")"
		case a.Value != nil:
			saw = "  (saw " + a.saw() + ")"
		}
		text := diag.Clean(a.Expr, 300) + saw
		if columns(text) > textWidth-9 {
			t.para("  "+word+" ", text)
			continue
		}
		t.line("  %s %s", word, text) // with both blanks between
	}
}

func (t *textWriter) baseline(list []Change) {
	if len(list) > 0 {
		t.line("\nAgainst the baseline:")
	}
	for _, c := range list {
		unit := diag.Clean(c.Unit, 8)
		t.line("  %-6s %s %10.6g → %10.6g %s (noise %.6g)", c.word(), pad(clean(c.Name), 36), c.Before, c.Now, unit, c.Noise)
	}
}

// word says what became of a value.
func (c Change) word() string {
	switch {
	case c.Worse:
		return "WORSE"
	case c.Before-c.Now > c.Noise:
		return "better"
	}
	return "same"
}

// Took is how long the check took.
func (r *Report) Took() time.Duration { return time.Duration(r.DurationMs * 1e6) }

// pad makes text exactly n columns wide.
func pad(s string, n int) string {
	if columns(s) > n {
		runes := []rune(s)
		for columns(string(runes)) > n-1 {
			runes = runes[:len(runes)-1]
		}
		s = string(runes) + "…"
	}
	return s + strings.Repeat(" ", max(0, n-columns(s)))
}

// wrap breaks text at blanks into lines of at most n columns; words that are longer are broken too. There is always one
// line.
func wrap(s string, n int) []string {
	lines := []string{""}
	used := 0
	for _, word := range strings.Fields(s) {
		w := columns(word)
		if used > 0 && used+1+w > n && (w <= n || n-used < 20) {
			lines, used = append(lines, ""), 0
		}
		if used > 0 {
			lines[len(lines)-1] += " "
			used++
		}
		for _, r := range word {
			c := runeColumns(r)
			if used+c > n {
				lines, used = append(lines, ""), 0
			}
			lines[len(lines)-1] += string(r)
			used += c
		}
	}
	return lines
}

// columns is how wide a terminal shows clean text: marks take no room, the scripts and pictures of East Asia two
// columns.
func columns(s string) (n int) {
	for _, r := range s {
		n += runeColumns(r)
	}
	return n
}

func runeColumns(r rune) int {
	switch {
	case r < 0x300:
		return 1
	case r == '\u200d' || unicode.In(r, unicode.Mn, unicode.Me):
		return 0
	case r >= 0x1100 && r <= 0x115f, r >= 0x2e80 && r <= 0xa4cf, r >= 0xac00 && r <= 0xd7a3, r >= 0xf900 && r <= 0xfaff,
		r >= 0xfe30 && r <= 0xfe6f, r >= 0xff00 && r <= 0xff60, r >= 0xffe0 && r <= 0xffe6, r >= 0x1f300 &&
			r <= 0x1faff, r >= 0x20000 && r <= 0x3fffd:
		return 2
	}
	return 1
}
