package report

import (
	"fmt"
	"io"
	"strings"
)

// maxRows bounds each table of the Markdown: job summaries are limited.
const maxRows = 40

// WriteMarkdown writes the report in GitHub's Markdown, for the summary of a job. Foreign text is escaped.
func WriteMarkdown(w io.Writer, r *Report) error {
	m := &mdWriter{}
	m.verdict(r, "##")
	if len(r.Checks) > 0 {
		m.section(r.overview())
		m.section(r.comparison())
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

var mdEscapes = strings.NewReplacer(
	"&", "&amp;", "<", "&lt;", ">", "&gt;", "@", "&#64;", "|", "&#124;",
	`\`, `\\`, "`", "\\`", "*", `\*`, "_", `\_`, "[", `\[`, "]", `\]`, "#", `\#`, "~", `\~`, "!", `\!`,
)

// md escapes text, so that it is text in a paragraph, a heading and a cell of a table.
func md(s string) string { return mdEscapes.Replace(clean(s)) }

// signs stand beside the words of marks: color-blind readers have the words.
var signs = map[mark]string{good: "✅ ", bad: "❌ ", warn: "⚠️ ", idle: "⚠️ "}

func (c cell) md() string {
	if c.Code {
		return "<code>" + md(c.Text) + "</code>"
	}
	return signs[c.Mark] + md(c.Text)
}

func (m *mdWriter) verdict(r *Report, level string) {
	m.line("%s %s %s\n", level, verdictCell(r.Verdict).md(), md(r.name()))
	m.line("**%s** (exit %s)\n", md(orUnknown(r.Headline)), md(r.exit()))
}

func (m *mdWriter) check(r *Report) {
	for _, why := range r.Why {
		m.line("Why: %s\n", md(why))
	}
	for _, next := range r.Next {
		m.line("Next: %s\n", md(next))
	}
	facts := section{Columns: columns("", "")}
	for _, f := range r.facts() {
		facts.add(f.Key, f.Value)
	}
	m.section(facts)
	m.findings(r.Findings)
	for _, s := range r.sections() {
		if !s.Detail {
			m.section(s)
		}
	}
}

func (m *mdWriter) findings(list []Finding) {
	var rows [][]string
	for _, f := range list {
		what := []string{md(f.Title)}
		for _, e := range f.Text.Evidence {
			what = append(what, md(e))
		}
		rows = append(rows, []string{
			cell{Text: string(f.Severity), Mark: markOf(f.Severity)}.md(), cell{Text: f.ID, Code: true}.md(),
			strings.Join(what, "<br>"), md(f.Advice),
		})
	}
	m.table(columns("severity", "finding", "description", "next"), rows)
}

func (m *mdWriter) section(s section) {
	if len(s.Steps) > 0 {
		t := &textWriter{}
		t.waterfall(s.Steps[:min(len(s.Steps), maxRows)])
		m.line("<details><summary>%s</summary>\n\n```text\n%s```\n\n</details>\n", md(s.Title), t.b.String())
		return
	}
	list, rows := s.grid(true, cell.md)
	if len(rows) > 0 && s.Title != "" {
		m.line("#### %s\n", md(s.Title))
	}
	m.table(list, rows)
}

// table writes rows of cells that are escaped already.
func (m *mdWriter) table(header []column, rows [][]string) {
	if len(rows) == 0 {
		return
	}
	titles, rule := make([]string, len(header)), ""
	for i, c := range header {
		titles[i] = c.Title
		rule += "---|"
	}
	m.line("| %s |\n|%s", strings.Join(titles, " | "), rule)
	for i, row := range rows {
		if i == maxRows {
			m.line("| … and %d more |%s", len(rows)-i, strings.Repeat(" |", len(header)-1))
			break
		}
		m.line("| %s |", strings.Join(row, " | "))
	}
	m.line("")
}
