package report

import (
	"fmt"
	"io"
	"strings"

	"dialtone/diag/words"
)

// maxRows bounds each table of the Markdown: job summaries are limited.
const maxRows = 40

// WriteMarkdown writes the report in GitHub's Markdown, for the summary of a job. Text from elsewhere is escaped.
func WriteMarkdown(w io.Writer, r *Report) error {
	m := &mdWriter{}
	m.verdict(r, "##")
	if len(r.Checks) > 0 {
		m.overview(r)
		for _, c := range r.checks() {
			m.verdict(c, "###")
			m.check(c)
		}
	} else {
		m.check(r)
	}
	_, err := io.WriteString(w, m.b.String())
	return err
}

type mdWriter struct{ b strings.Builder }

func (m *mdWriter) line(format string, args ...any) { fmt.Fprintf(&m.b, format+"\n", args...) }

// md escapes text, so that it is text in a paragraph, a heading and a cell of a table.
func md(s string) string {
	return strings.NewReplacer(
		"&", "&amp;", "<", "&lt;", ">", "&gt;", "@", "&#64;", "|", "&#124;",
		`\`, `\\`, "`", "\\`", "*", `\*`, "_", `\_`, "[", `\[`, "]", `\]`, "#", `\#`, "~", `\~`, "!", `\!`,
	).Replace(clean(s))
}

func mdCode(s string) string { return "<code>" + md(s) + "</code>" }

// table writes rows of cells that are escaped already.
func (m *mdWriter) table(header []string, rows [][]string) {
	if len(rows) == 0 {
		return
	}
	m.line("| %s |\n|%s", strings.Join(header, " | "), strings.Repeat("---|", len(header)))
	for i, row := range rows {
		if i == maxRows {
			m.line("| … and %d more |%s", len(rows)-i, strings.Repeat(" |", len(header)-1))
			break
		}
		m.line("| %s |", strings.Join(row, " | "))
	}
	m.line("")
}

// mark is the verdict as a sign: colour blind readers have the word beside it.
func (v Verdict) mark() string {
	switch v {
	case Pass:
		return "✅"
	case Error:
		return "⚠️"
	case Fail:
	}
	return "❌"
}

func (m *mdWriter) verdict(r *Report, level string) {
	m.line("%s %s %s %s\n", level, r.Verdict.mark(), md(strings.ToUpper(string(r.Verdict))), md(r.name()))
	m.line("**%s** (exit %d, %s)\n", md(orUnknown(r.Headline)), r.Exit.Code, md(r.Exit.Name))
}

func (m *mdWriter) overview(r *Report) {
	var rows [][]string
	for _, c := range r.checks() {
		rows = append(rows, []string{
			c.Verdict.mark() + " " + md(c.name()), md(c.Headline), fmt.Sprintf("%d, %s", c.Exit.Code,
				md(c.Exit.Name)), millis(c.Setup.TotalMs),
			fmt.Sprintf("%d of %d", c.Summary.Failed, c.Summary.Runs),
		})
	}
	m.table([]string{"check", "what was seen", "exit", "set-up", "calls failed"}, rows)
}

func (m *mdWriter) check(r *Report) {
	for _, why := range r.Why {
		m.line("Why: %s\n", md(why))
	}
	for _, next := range r.Next {
		m.line("Next: %s\n", md(next))
	}
	rows := [][]string{{"called", md(r.Target.what())}, {"set-up", millis(r.Setup.TotalMs)}, {"path", md(unknown)}}
	if p := r.Path; p != nil {
		rows[2][1] = fmt.Sprintf("%s ⇄ %s, %s, round trip %s", md(p.Local.words()), md(p.Remote.words()), p.kind(),
			millis(p.RTTMs))
	}
	rows = append(rows, []string{"calls", fmt.Sprintf("%d, of which %d failed%s", r.Summary.Runs, r.Summary.Failed,
		r.Summary.interrupted())},
		[]string{"took", millis(&r.DurationMs)}, []string{"made by", md(orUnknown(r.Tool))})
	m.table([]string{"", ""}, rows)
	m.findings(r.Findings)
	m.assertions(r.Assertions)
	m.baseline(r.Baseline)
	m.media(r.Media)
	m.servers(r.Servers)
	m.percentiles(r)
	m.waterfall(r.Setup)
}

func (m *mdWriter) findings(list []Finding) {
	var rows [][]string
	for _, f := range list {
		what := md(f.Title)
		for _, e := range f.Evidence {
			what += "<br>" + md(e)
		}
		rows = append(rows, []string{md(string(f.Severity)), mdCode(f.ID), what, md(f.Advice)})
	}
	m.table([]string{"severity", "finding", "what was found", "next"}, rows)
}

func (m *mdWriter) assertions(list []Assertion) {
	var rows [][]string
	for _, a := range list {
		mark := Pass.mark() + " holds"
		if !a.Pass {
			mark = Fail.mark() + " fails"
		}
		rows = append(rows, []string{mark, mdCode(a.Expr), md(a.saw())})
	}
	m.table([]string{"", "assertion", "saw"}, rows)
}

func (m *mdWriter) baseline(list []Change) {
	var rows [][]string
	for _, c := range list {
		rows = append(rows, []string{
			mdCode(c.Name), fmt.Sprintf("%.6g", c.Before), fmt.Sprintf("%.6g", c.Now), fmt.Sprintf("%.6g",
				c.Noise), md(c.Unit), strings.ToLower(c.word()),
		})
	}
	m.table([]string{"against the baseline", "before", "now", "noise", "unit", ""}, rows)
}

func (m *mdWriter) media(media Media) {
	var rows [][]string
	for _, s := range media.streams() {
		rows = append(rows, []string{
			s.kind + " " + s.direction, s.state(), fmt.Sprint(s.Packets), kilobits(s.Bitrate), percent(s.Loss), millis(s.JitterMs), millis(s.RTTMs), s.picture(),
		})
	}
	m.table([]string{"media", "", "packets", "rate", "loss", "jitter", "round trip", "picture"}, rows)
}

func (m *mdWriter) servers(list []ServerReport) {
	var rows [][]string
	for _, s := range list {
		mark := Pass.mark()
		if !s.OK {
			mark = Fail.mark()
		}
		rows = append(rows, []string{mark, md(words.ServerLine(s.ServerRow))})
	}
	m.table([]string{"", "server"}, rows)
}

func (m *mdWriter) percentiles(r *Report) {
	if r.Summary.Runs < 2 {
		return
	}
	var rows [][]string
	add := func(name string, p *Percentiles, failed int) {
		row := []string{md(name), "0", fmt.Sprint(failed), unknown, unknown, unknown, unknown, unknown}
		if p != nil {
			row = []string{md(name), fmt.Sprint(p.N), fmt.Sprint(failed), amount(p.MinMs), amount(p.P50Ms), amount(p.P95Ms),
				amount(p.P99Ms), amount(p.MaxMs)}
		}
		rows = append(rows, row)
	}
	add("set-up", r.Summary.Setup, r.Summary.Failed)
	for _, p := range r.Summary.Phases {
		add(p.title(), p.Times, p.Failed)
	}
	m.table([]string{"ms", "n", "failed", "min", "p50", "p95", "p99", "max"}, rows)
}

// waterfall is that of the text, folded away.
func (m *mdWriter) waterfall(s Setup) {
	if len(s.Phases) == 0 {
		return
	}
	shown := s
	shown.Phases = s.Phases[:min(len(s.Phases), maxRows)]
	t := &textWriter{}
	t.waterfall(shown)
	m.line("<details><summary>Waterfall of the set-up</summary>\n\n```text\n%s\n```\n\n</details>\n",
		strings.TrimSpace(t.b.String()))
}
