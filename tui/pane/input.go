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
func (in *input) line(th *draw.Theme, width int) string { return in.prompted(th, ">", width, "") }

// prompted is a line behind a sign of its own, with a remark at the right edge where there is room.
func (in *input) prompted(th *draw.Theme, sign string, width int, remark string) string {
	l := draw.NewLine(width).Gap(1).Add(th.Accent, sign).Gap(1).Append(in.Row(th, max(width-3, 0)))
	return l.Right(draw.NewLine(width).Add(th.Dim, remark).Gap(1)).String()
}
