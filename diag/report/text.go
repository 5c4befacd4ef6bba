package report

import (
	"fmt"
	"io"
	"regexp"
	"strings"

	"github.com/charmbracelet/lipgloss"
	"github.com/charmbracelet/lipgloss/table"
	"github.com/charmbracelet/x/ansi"
)

const (
	textWidth = 100 // columns at most
	textRows  = 20  // of a long table
	barWidth  = 40  // of a waterfall
	nameWidth = 28  // of a phase
)

// WriteText writes the report for a person who reads it in a log of at least 100 columns: the verdict first, then its
// evidence. It holds no escape sequences.
func WriteText(w io.Writer, r *Report) error {
	t := &textWriter{}
	if len(r.Checks) > 0 {
		t.verdict(r)
		t.section(r.comparison())
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
	t.b.WriteString(disarm(strings.TrimRight(fmt.Sprintf(format, args...), " ")) + "\n")
}

// runnerCommand is what runners of CI take for a command in any place of a line: "##[name]", "##vso[name]" of Azure
// Pipelines, "##teamcity[name]".
var runnerCommand = regexp.MustCompile(`##([A-Za-z]*)\[`)

// disarm changes a line that a runner of CI would take for a command: those, or "::name::value" at its beginning. Text
// of a server may have been wrapped before it. An IPv6 address has only one "::".
func disarm(line string) string {
	line = runnerCommand.ReplaceAllString(line, "# $1[")
	text := strings.TrimLeft(line, " ")
	if strings.HasPrefix(text, "::") && strings.Count(text, "::") > 1 {
		return line[:len(line)-len(text)] + "∷" + text[2:]
	}
	return line
}

// para writes text after a prefix, wrapped, with what follows the first line under the beginning of the text.
func (t *textWriter) para(prefix, text string) {
	for _, l := range wrap(clean(text), textWidth-ansi.StringWidth(prefix)) {
		t.line("%s%s", prefix, l)
		prefix = strings.Repeat(" ", ansi.StringWidth(prefix))
	}
}

func (t *textWriter) verdict(r *Report) {
	t.para("", fmt.Sprintf("%s %s: %s (exit %s)", verdictCell(r.Verdict).Text, r.name(), clean(r.Headline), r.exit()))
}

func (t *textWriter) check(r *Report) {
	t.verdict(r)
	for _, why := range r.Why {
		t.para("   why: ", why)
	}
	for _, next := range r.Next {
		t.para("  next: ", next)
	}
	t.line("")
	for _, f := range r.facts() {
		t.para(fmt.Sprintf("  %-18s ", f.Key+":"), f.Value)
	}
	t.findings(r.Findings)
	for _, s := range r.sections() {
		if !s.Detail {
			t.section(s)
		}
	}
}

func (t *textWriter) findings(list []Finding) {
	if len(list) > 0 {
		t.line("\nFindings")
	}
	for _, f := range list {
		for i, l := range f.lines() {
			prefix := map[bool]string{true: "  ", false: "      "}[i == 0]
			if l.Key != "" {
				prefix += l.Key + ": "
			}
			t.para(prefix, l.Value)
		}
	}
}

func (t *textWriter) section(s section) {
	if len(s.Steps) > 0 {
		t.line("\n%s", s.Title)
		t.waterfall(s.Steps)
		return
	}
	list, lines := s.grid(false, func(c cell) string {
		if c.Mark == bad {
			return strings.ToUpper(c.Text) // for want of a color
		}
		return c.Text
	})
	if len(lines) == 0 {
		return
	}
	shown := len(lines)
	if s.Long {
		shown = min(shown, textRows)
	}
	var header []string
	for _, c := range list {
		header = append(header, c.Title)
	}
	t.line("\n%s", s.Title)
	t.table(list, append([][]string{header}, lines[:shown]...))
	if more := len(lines) - shown; more > 0 {
		t.line("  and %d more", more)
	}
}

// table writes cells in columns, wrapped if the lines were too long.
func (t *textWriter) table(list []column, lines [][]string) {
	style := lipgloss.NewRenderer(io.Discard).NewStyle().PaddingLeft(2)
	grid := table.New().Rows(lines...).Border(lipgloss.HiddenBorder()).BorderTop(false).BorderBottom(false).
		BorderLeft(false).BorderRight(false).BorderColumn(false).StyleFunc(func(_, c int) lipgloss.Style {
		if list[c].Number {
			return style.Align(lipgloss.Right)
		}
		return style
	})
	if lipgloss.Width(grid.String()) > textWidth {
		grid.Width(textWidth)
	}
	for l := range strings.Lines(grid.String()) {
		if strings.TrimSpace(l) != "" {
			t.line("%s", strings.TrimSuffix(l, "\n"))
		}
	}
}

// waterfall draws the phases on one scale.
func (t *textWriter) waterfall(steps []step) {
	var lines [][]string
	for _, s := range steps {
		from := min(int(s.From*barWidth), barWidth-1)
		to := min(max(int(s.To*barWidth), from+1), barWidth)
		fill := "█"
		if s.Mark() != good {
			fill = "░"
		}
		bar := strings.Repeat(" ", from) + strings.Repeat(fill, to-from) + strings.Repeat(" ", barWidth-to)
		lines = append(lines, []string{ansi.Truncate(s.Title, nameWidth, "…"), "|" + bar + "|", s.Took(), s.Note()})
	}
	t.table(columns("", "", "#", ""), lines)
}

// wrap breaks text at blanks into lines of at most n columns; words that are longer are broken too. There is always one
// line.
func wrap(s string, n int) []string {
	lines := []string{""}
	for word := range strings.FieldsSeq(s) {
		last := len(lines) - 1
		if lines[last] != "" && ansi.StringWidth(lines[last])+1+ansi.StringWidth(word) <= n {
			lines[last] += " " + word
			continue
		}
		if lines[last] == "" {
			lines = lines[:last]
		}
		lines = append(lines, strings.Split(ansi.Hardwrap(word, n, true), "\n")...)
	}
	return lines
}
