package draw

import (
	"io"

	"github.com/charmbracelet/lipgloss"
)

// Background is what a terminal draws on.
type Background uint8

// Backgrounds. A terminal that does not report its own, such as one inside screen, may have either.
const (
	Unknown Background = iota
	Dark
	Light
)

// Terminal is what a screen is drawn for: its colors, and its background once it is known.
type Terminal struct {
	*lipgloss.Renderer
	Background Background
	Kitty      *Kitty // nil: the terminal has not said that it can show pictures
}

// NewTerminal is the terminal behind out, with a background that is unknown.
func NewTerminal(out io.Writer) *Terminal { return &Terminal{Renderer: lipgloss.NewRenderer(out)} }

// Theme is how things look on the terminal; ascii: with ASCII only.
func (t *Terminal) Theme(ascii bool) *Theme {
	th := NewTheme(t)
	if ascii {
		th.UseASCII()
	}
	return th
}

// Answered notes the background that the terminal has reported.
func (t *Terminal) Answered(dark bool) {
	t.Background = Light
	if dark {
		t.Background = Dark
	}
}
