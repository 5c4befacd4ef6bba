package draw

import (
	"strings"

	"github.com/charmbracelet/lipgloss"
	"github.com/muesli/termenv"
)

// Theme is how things look: one accent, three colors of state, dim for what is secondary, and the glyphs. Colors only
// support what words and glyphs already say.
type Theme struct {
	Plain  Paint // the terminal's own foreground
	Accent Paint // emphasis: local bars, the selection
	Good   Paint
	Warn   Paint
	Bad    Paint
	Dim    Paint // units, labels, hints
	Strong Paint // headings
	Tab    Paint // the tab that is open
	Glyphs Glyphs

	ascii   bool // frames hold only ASCII
	profile termenv.Profile
	light   bool // the background
	kitty   *Kitty
}

// tone is a color on light backgrounds, on dark ones, and where it must be legible on both. Its numbers are those of
// the 256-color palette, of which the test computes the contrast, and of the 16 colors, whose looks the user has
// chosen: dark ones for light backgrounds, bright ones for dark backgrounds, and neither yellow on light nor "bright
// black" on dark, which many palettes make illegible. None of the 16 is legible on both, so there the foreground has to
// do.
type tone struct{ light, dark, either, light16, dark16 string }

var (
	accent = tone{"25", "75", "63", "4", "14"}
	good   = tone{"22", "78", "29", "2", "10"}
	warn   = tone{"94", "214", "163", "5", "11"}
	bad    = tone{"160", "203", "131", "1", "9"}
	dim    = tone{"242", "247", "243", "8", "7"}
)

func (t tone) style(on *Terminal) lipgloss.Style {
	number, of16 := t.either, ""
	switch on.Background {
	case Dark:
		number, of16 = t.dark, t.dark16
	case Light:
		number, of16 = t.light, t.light16
	case Unknown:
	}
	return on.NewStyle().Foreground(lipgloss.CompleteColor{TrueColor: number, ANSI256: number, ANSI: of16})
}

// NewTheme returns the colors for a terminal: its profile (none under NO_COLOR) and its background.
func NewTheme(r *Terminal) *Theme {
	return &Theme{
		Accent: newPaint(accent.style(r)),
		Good:   newPaint(good.style(r)),
		Warn:   newPaint(warn.style(r)),
		Bad:    newPaint(bad.style(r).Bold(true)),
		Dim:    newPaint(dim.style(r)),
		Strong: newPaint(r.NewStyle().Bold(true)),
		Tab:    newPaint(accent.style(r).Bold(true)),
		Glyphs: Unicode,

		profile: r.ColorProfile(), light: r.Background == Light, kitty: r.Kitty,
	}
}

// Paint surrounds text with a style's escape sequences. They are made once, because a frame holds hundreds of painted
// pieces. The zero value leaves text as it is.
type Paint struct{ on, off string }

// newPaint takes the sequences from a style that has colors and attributes only, no size and no borders.
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

// Level grades a thing: it has a glyph and a color, and always words beside them.
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

// Graded is a cell of a table with the mark of a level.
func (t *Theme) Graded(l Level, text string) Cell {
	mark, paint := t.Mark(l)
	return Cell{Text: text, Mark: mark, Level: paint}
}
