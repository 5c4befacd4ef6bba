package tui

import (
	"context"
	"errors"
	"io"
	"time"

	tea "github.com/charmbracelet/bubbletea"

	"dialtone/diag"
	"dialtone/tui/draw"
	"dialtone/tui/pane"
)

// batchGap is the least time between two batches of events: a burst becomes a few large ones, and keys stay quick.
const batchGap = 40 * time.Millisecond

const (
	clockEvery = time.Second
	spinEvery  = 160 * time.Millisecond
)

type (
	batchMsg  struct{ events pane.Events }
	sourceMsg struct{ err error } // the source has ended: err is nil after its last event
	clockMsg  struct{ id int }
	spinMsg   struct{ id int }
	doneMsg   struct{ notice notice } // the result of a request; empty when there is nothing to say
)

// listen waits for the next batch. Exactly one such command is outstanding until the source ends.
func (m *Model) listen() tea.Cmd {
	source, quiet := m.options.Source, m.batchAt.Add(batchGap)
	return m.tasks.cmd(func(ctx context.Context) tea.Msg {
		if !diag.Sleep(ctx, time.Until(quiet)) {
			return nil
		}
		events, err := source.Next(ctx)
		switch {
		case len(events) > 0:
			return batchMsg{events}
		case errors.Is(err, io.EOF):
			return sourceMsg{}
		case ctx.Err() != nil:
			return nil
		case err == nil:
			err = io.ErrNoProgress
		}
		return sourceMsg{err}
	})
}

// ask makes a command of a request to the call.
func (m *Model) ask(f func(Controls) error) tea.Cmd {
	controls := m.options.Controls
	if controls == nil || !m.live() {
		m.notice = notice{"the call has ended", draw.Warn}
		return nil
	}
	return m.tasks.cmd(func(context.Context) tea.Msg { return failed(f(controls)) })
}

// failed shows an error, or nothing.
func failed(err error) doneMsg {
	if err == nil {
		return doneMsg{}
	}
	return doneMsg{notice{err.Error(), draw.Warn}}
}
