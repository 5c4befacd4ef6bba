package draw

import "strings"

// Glyphs are all characters beyond letters and digits that the screen draws with, each one column wide.
type Glyphs struct {
	Good, Warn, Bad, Idle string    // states
	Half                  string    // between Good and Idle: likely, not proven
	Sending, Receiving    string    // media
	Sent, Received        string    // messages
	Cursor, Longest       string    // marks a row, marks a bar
	Folded, Open          string    // a section whose lines are hidden, and one whose lines are shown
	Between, Dot, More    string    // ⇄ between two ends, · between two facts, … where something was cut
	Rule, Hop, Wire, Head string    // lines: across the screen, within a site, between sites, their arrow head
	Down                  string    // the path, drawn from top to bottom
	Differs, Near         string    // of two values beside each other
	OnlyFirst, OnlySecond string    // of which one is missing
	Hatch, Cut            string    // a remote bar, the scale where time was cut out
	Bar                   [8]string // one to eight eighths of a column, from the left
	Spark                 [8]string // one to eight eighths of a row, from below
	Gap                   string    // a sparkline's missing value
	// a chart's cells: the 256 braille patterns; or four: none, upper half, lower half, both
	Dots    []string
	Tick    string // a chart's axis at a label
	Spinner []string
}

// Length is a bar that is so many eighths of a column long.
func (g *Glyphs) Length(eighths int) string {
	text := strings.Repeat(g.Bar[7], eighths/8)
	if rest := eighths % 8; rest > 0 {
		text += g.Bar[rest-1]
	}
	return text
}

// Unicode is the usual set.
var Unicode = Glyphs{
	Good: "●", Warn: "▲", Bad: "✗", Idle: "○", Half: "◐",
	Sending: "↑", Receiving: "↓",
	Sent: "▶", Received: "◀",
	Cursor: "▸", Longest: "◂",
	Folded: "▷", Open: "▽",
	Between: "⇄", Dot: "·", More: "…",
	Rule: "─", Hop: "─", Wire: "═", Head: "▶", Down: "│",
	Differs: "≠", Near: "≈", OnlyFirst: "−", OnlySecond: "+",
	Hatch: "░", Cut: "╱",
	Bar:     [8]string{"▏", "▎", "▍", "▌", "▋", "▊", "▉", "█"},
	Spark:   [8]string{"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"},
	Gap:     " ",
	Dots:    braille(),
	Tick:    "┤",
	Spinner: []string{"⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"},
}

// ASCII is the set for terminals and fonts that have nothing else.
var ASCII = Glyphs{
	Good: "*", Warn: "!", Bad: "X", Idle: "o", Half: "+",
	Sending: "^", Receiving: "v",
	Sent: ">", Received: "<",
	Cursor: ">", Longest: "<",
	Folded: "+", Open: "-",
	Between: "=", Dot: "|", More: "~",
	Rule: "-", Hop: "-", Wire: "=", Head: ">", Down: "|",
	Differs: "#", Near: "~", OnlyFirst: "-", OnlySecond: "+",
	Hatch: ":", Cut: "/",
	Bar:     [8]string{"|", "|", "|", "#", "#", "#", "#", "#"},
	Spark:   [8]string{"_", ".", ",", "-", "=", "+", "*", "#"},
	Gap:     " ",
	Dots:    []string{" ", "'", ".", "|"},
	Tick:    "+",
	Spinner: []string{"|", "/", "-", `\`},
}
