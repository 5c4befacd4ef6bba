package background

import (
	"io"
	"os"
	"strings"

	"github.com/muesli/termenv"
	"golang.org/x/term"

	"dialtone/tui/draw"
)

// Terminal finds out what the terminal behind out can do, by its name in the environment.
func Terminal(out io.Writer) *draw.Terminal {
	t, name := draw.NewTerminal(out), os.Getenv("TERM")
	file, ok := out.(*os.File)
	if ok && term.IsTerminal(int(file.Fd())) && !termenv.EnvNoColor() { // #nosec G115 -- a file descriptor
		t.SetColorProfile(profileOf(name, t.ColorProfile()))
	}
	if name == "linux" { // the console of a Linux machine is black, and answers no query
		t.Background = draw.Dark
	}
	return t
}

// AsksGraphics reports whether a terminal may be asked whether it shows pictures. screen and tmux pass neither question
// nor picture on, and a few print what they do not know.
func AsksGraphics(env func(string) string) bool {
	name := env("TERM")
	return env("TMUX") == "" && env("STY") == "" && env("TERM_PROGRAM") != "Apple_Terminal" && name != "linux" &&
		!strings.HasPrefix(name, "screen") && !strings.HasPrefix(name, "tmux")
}

// profileOf is the profile of a terminal by its name. screen and tmux read the 256 colors whatever terminal they are
// in, and draw the nearest that it has; termenv takes those without "color" in their names to have none.
func profileOf(name string, found termenv.Profile) termenv.Profile {
	if found == termenv.Ascii && (strings.HasPrefix(name, "screen") || strings.HasPrefix(name, "tmux")) {
		return termenv.ANSI256
	}
	return found
}
