package tui

import (
	"context"
	"fmt"
	"io"
	"os"

	tea "github.com/charmbracelet/bubbletea"
	"github.com/charmbracelet/lipgloss"
	"github.com/muesli/termenv"

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
	renderer := lipgloss.NewRenderer(out)
	if renderer.ColorProfile() == termenv.Ascii {
		renderer.SetHasDarkBackground(true) // no colors: no query
	}
	renderer.HasDarkBackground() // queries the terminal, before anything else reads its input
	m := New(ctx, o, renderer)
	defer m.Close()
	options := []tea.ProgramOption{
		tea.WithOutput(out), tea.WithAltScreen(), tea.WithFPS(framesPerSecond), tea.WithoutSignalHandler(),
		tea.WithMouseCellMotion(),
	}
	if o.Input != nil {
		options = append(options, tea.WithInput(o.Input))
	}
	_, err := tea.NewProgram(m, options...).Run()
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
