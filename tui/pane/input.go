package pane

import (
	tea "github.com/charmbracelet/bubbletea"

	"dialtone/tui/draw"
	"dialtone/tui/edit"
)

// input is the line of a pane in which somebody types.
type input struct{ edit.Line }

func (in *input) take(msg tea.KeyMsg) bool { return in.Take(msg) }

func (in *input) reset() string { return in.Reset() }

// line draws the line behind its prompt.
func (in *input) line(th *draw.Theme, width int) string {
	return draw.NewLine(width).Gap(1).Add(th.Accent, ">").Gap(1).String() + in.View(th, max(width-3, 0))
}
