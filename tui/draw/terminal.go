package draw

import (
	"io"
	"os"
	"strings"

	"github.com/charmbracelet/lipgloss"
	"github.com/muesli/termenv"
	"golang.org/x/term"
)

// Background is what a terminal draws on.
type Background uint8

// Backgrounds. A terminal that does not say its background, such as one inside screen, may have either.
const (
	Unknown Background = iota
	Dark
	Light
)

// Terminal is what a screen is drawn for: its colors, and its background once it is known.
type Terminal struct {
	*lipgloss.Renderer
	Background Background
}

// NewTerminal finds out what the terminal behind out can do, by the environment.
func NewTerminal(out io.Writer) *Terminal {
	t := &Terminal{Renderer: lipgloss.NewRenderer(out)}
	name, file := os.Getenv("TERM"), termenv.NewOutput(out)
	if f, ok := out.(*os.File); ok && term.IsTerminal(int(f.Fd())) && !file.EnvNoColor() { // #nosec G115 -- a file descriptor
		t.SetColorProfile(profileOf(name, t.ColorProfile()))
	}
	if name == "linux" { // the console of a Linux machine is black, and answers no query
		t.Background = Dark
	}
	return t
}

// profileOf is the profile of a terminal by its name. screen and tmux read the 256 colors whatever terminal they are in,
// and draw the nearest that it has; termenv takes those without "color" in their names to have none.
func profileOf(name string, found termenv.Profile) termenv.Profile {
	if found == termenv.Ascii && (strings.HasPrefix(name, "screen") || strings.HasPrefix(name, "tmux")) {
		return termenv.ANSI256
	}
	return found
}

// Answered notes the background that the terminal has reported.
func (t *Terminal) Answered(dark bool) {
	t.Background = Light
	if dark {
		t.Background = Dark
	}
}
