package tui

import (
	"context"
	"errors"
	"io"
	"time"

	tea "github.com/charmbracelet/bubbletea"

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
	doneMsg   struct{ remark remark } // what became of a wish; empty when there is nothing to say
)

// listen waits for the next batch. Exactly one such command is under way until the source ends.
func (m *Model) listen() tea.Cmd {
	source, quiet := m.options.Source, m.batchAt.Add(batchGap)
	return m.tasks.cmd(func(ctx context.Context) tea.Msg {
		if !sleep(ctx, time.Until(quiet)) {
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

// ask makes a command of something that is wanted from the call.
func (m *Model) ask(f func(Controls) error) tea.Cmd {
	controls := m.options.Controls
	if controls == nil || !m.live() {
		m.remark = remark{"nothing can be asked of the call any more: it has ended", draw.Warn}
		return nil
	}
	return m.tasks.cmd(func(context.Context) tea.Msg { return refused(f(controls)) })
}

// refused tells an error, or nothing.
func refused(err error) doneMsg {
	if err == nil {
		return doneMsg{}
	}
	return doneMsg{remark{err.Error(), draw.Warn}}
}
