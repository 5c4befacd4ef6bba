package start

import (
	"context"
	"fmt"
	"io"

	tea "github.com/charmbracelet/bubbletea"
	"github.com/muesli/termenv"

	"dialtone/tui/background"
	_ "dialtone/tui/quiet" // Bubble Tea would ask the terminal at once
)

// Run shows the screen on the terminal behind in and out until a choice, q, or the end of ctx. The choice is nil
// after q; the error is [ErrInterrupted] after ctrl+c, the context's when that has ended, else what failed.
// The terminal is restored in each case.
func Run(ctx context.Context, o Options, in io.Reader, out io.Writer) (*Choice, error) {
	terminal := background.Terminal(out)
	m := New(o, terminal)
	var program *tea.Program
	if input := background.Input(in, func(answer tea.Msg) { program.Send(answer) }); input != nil {
		in = input
		if terminal.ColorProfile() != termenv.Ascii {
			m.first = background.Query(out, false)
		}
	}
	program = tea.NewProgram(m, tea.WithInput(in), tea.WithOutput(out), tea.WithAltScreen(), tea.WithoutSignalHandler())
	// the context itself, given to the program, would leave its reader of keys behind
	stop := context.AfterFunc(ctx, program.Quit)
	defer stop()
	_, err := program.Run()
	switch {
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case err != nil:
		return nil, fmt.Errorf("the start screen failed: %w", err)
	}
	return m.Result()
}
