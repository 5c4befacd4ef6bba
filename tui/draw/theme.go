package draw

import (
	"strings"

	"github.com/charmbracelet/lipgloss"
)

// Theme is how things look: one accent, three colours of state, dim for what is secondary, and the glyphs. Colours only
// support what words and glyphs already say.
type Theme struct {
	Plain  Paint // the terminal's own foreground
	Accent Paint // what the eye may follow: our bars, our side
	Good   Paint
	Warn   Paint
	Bad    Paint
	Dim    Paint // units, labels, hints
	Strong Paint // headings
	Tab    Paint // the tab that is open
	Glyphs Glyphs
}

// NewTheme returns the colours for the terminal behind r: its profile (none under NO_COLOR) and its background.
func NewTheme(r *lipgloss.Renderer) *Theme {
	colour := func(light, dark string) lipgloss.Style {
		return r.NewStyle().Foreground(lipgloss.AdaptiveColor{Light: light, Dark: dark})
	}
	return &Theme{
		Accent: newPaint(colour("25", "75")),
		Good:   newPaint(colour("28", "78")),
		Warn:   newPaint(colour("130", "214")),
		Bad:    newPaint(colour("160", "203").Bold(true)),
		Dim:    newPaint(colour("243", "246")),
		Strong: newPaint(r.NewStyle().Bold(true)),
		Tab:    newPaint(colour("25", "75").Bold(true)),
		Glyphs: Unicode,
	}
}

// Paint surrounds text with a style's escape sequences. They are made once, because a frame holds hundreds of painted
// pieces. The zero value leaves text as it is.
type Paint struct{ on, off string }

// newPaint takes the sequences from a style that has colours and attributes only, no size and no borders.
func newPaint(s lipgloss.Style) Paint {
	on, off, _ := strings.Cut(s.Render("x"), "x")
	return Paint{on, off}
}

// On returns s, made [Safe], in this paint.
func (p Paint) On(s string) string { return p.wrap(Safe(s)) }

func (p Paint) wrap(s string) string {
	if s == "" || p.on == "" {
		return s
	}
	return p.on + s + p.off
}

// Level grades a thing for the eye: it has a glyph and a colour, and always words beside them.
type Level uint8

// Levels.
const (
	Idle Level = iota // not begun, or nothing to say
	Good
	Warn
	Bad
)

// Mark is the glyph of a level and its paint.
func (t *Theme) Mark(l Level) (string, Paint) {
	switch l {
	case Good:
		return t.Glyphs.Good, t.Good
	case Warn:
		return t.Glyphs.Warn, t.Warn
	case Bad:
		return t.Glyphs.Bad, t.Bad
	case Idle:
	}
	return t.Glyphs.Idle, t.Dim
}

// Glyphs are all characters beyond ASCII that the screen draws with, each one column wide.
type Glyphs struct {
	Good, Warn, Bad, Idle string    // states
	Sending, Receiving    string    // media
	Sent, Received        string    // messages
	Cursor, Longest       string    // marks a row, marks a bar
	Folded, Open          string    // a section whose lines are hidden, and one whose lines are shown
	Between, Dot, More    string    // ⇄ between two ends, · between two facts, … where something was cut
	Rule, Hop, Wire, Head string    // lines: across the screen, within a site, between sites, their arrow head
	Down                  string    // the path, drawn from top to bottom
	Hatch, Cut            string    // the bar that is not ours, the scale where time was cut out
	Bar                   [8]string // one to eight eighths of a column, from the left
	Spark                 [8]string // one to eight eighths of a row, from below
	Gap                   string    // a sparkline's missing value
	Spinner               []string
}

// Unicode is the usual set.
var Unicode = Glyphs{
	Good: "●", Warn: "▲", Bad: "✗", Idle: "○",
	Sending: "↑", Receiving: "↓",
	Sent: "▶", Received: "◀",
	Cursor: "▸", Longest: "◂",
	Folded: "▷", Open: "▽",
	Between: "⇄", Dot: "·", More: "…",
	Rule: "─", Hop: "─", Wire: "═", Head: "▶", Down: "│",
	Hatch: "░", Cut: "╱",
	Bar:     [8]string{"▏", "▎", "▍", "▌", "▋", "▊", "▉", "█"},
	Spark:   [8]string{"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"},
	Gap:     " ",
	Spinner: []string{"⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"},
}
