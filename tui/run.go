package tui

import (
	"context"
	"fmt"
	"io"
	"os"

	tea "github.com/charmbracelet/bubbletea"
	"github.com/muesli/termenv"

	"dialtone/tui/background"
	"dialtone/tui/draw"
	_ "dialtone/tui/quiet" // Bubble Tea would query the terminal at once
)

// framesPerSecond bounds how often the terminal is written to.
const framesPerSecond = 30

// Run shows the call until the user leaves or ctx ends. It returns nil after q, [ErrInterrupted] after ctrl+c during a
// call, [ErrCallAgain] when the same call was requested again, a [*PanicError] for a bug, the context's error when that
// came first, else the failure; the terminal is restored in each case.
func Run(ctx context.Context, o Options) error {
	var out io.Writer = os.Stdout
	if o.Output != nil {
		out = o.Output
	}
	if o.Copy == nil {
		o.Copy = osc52To(out, os.Getenv)
	}
	terminal := background.Terminal(out)
	m := New(ctx, o, terminal)
	defer m.Close()
	var program *tea.Program
	input := background.Input(o.Input, func(answer tea.Msg) { program.Send(answer) })
	options := []tea.ProgramOption{
		tea.WithOutput(out), tea.WithAltScreen(), tea.WithFPS(framesPerSecond), tea.WithoutSignalHandler(),
		tea.WithMouseCellMotion(),
	}
	switch {
	case input != nil:
		options = append(options, tea.WithInput(input))
	case o.Input != nil:
		options = append(options, tea.WithInput(o.Input))
	}
	if input != nil && terminal.ColorProfile() != termenv.Ascii {
		file, ok := out.(*os.File)
		if ok && !o.ASCII && background.AsksGraphics(os.Getenv) {
			m.kitty = draw.NewKitty()
			options = append(options, tea.WithOutput(&draw.Screen{File: file, Kitty: m.kitty}))
			defer func() { _, _ = io.WriteString(out, m.kitty.Delete()) }()
		}
		m.first = background.Query(out, m.kitty != nil)
	}
	program = tea.NewProgram(m, options...)
	_, err := program.Run()
	switch {
	case m.tasks.fault() != nil:
		return m.tasks.fault()
	case ctx.Err() != nil:
		return ctx.Err()
	case err != nil:
		return fmt.Errorf("the terminal session failed: %w", err)
	}
	return m.err
}
