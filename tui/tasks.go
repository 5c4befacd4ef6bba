package tui

import (
	"context"
	"fmt"
	"runtime/debug"
	"sync"
	"time"

	tea "github.com/charmbracelet/bubbletea"

	"dialtone/diag"
)

// tasks runs the commands of a session so that none outlives it: Bubble Tea starts a goroutine per command and does not
// wait for it.
type tasks struct {
	run    func(func(context.Context) tea.Msg) tea.Msg
	mu     sync.Mutex
	closed bool
	wg     sync.WaitGroup
	cancel context.CancelFunc
	broken chan struct{} // closed at the first panic
	panic  *PanicError
}

// PanicError is a bug that was caught before it could harm the terminal.
type PanicError struct {
	Value any    // of the panic
	Stack []byte // where, as debug.Stack has it
}

// Error says what happened and what to do.
func (e *PanicError) Error() string {
	return fmt.Sprintf("the screen failed: %v; this is a bug in dialtone: please report it with the lines above. "+
		"--plain shows the same call without a screen", e.Value)
}

// caught takes what recover returns after code of panes: a panic is remembered, and the session shuts down cleanly.
func (t *tasks) caught(r any) {
	if r == nil {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.panic == nil {
		t.panic = &PanicError{r, debug.Stack()}
		close(t.broken)
	}
}

// fault is the first panic; nil while there was none.
func (t *tasks) fault() *PanicError {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.panic
}

// guard catches panics of commands that do not run through tasks.
func (t *tasks) guard(cmd tea.Cmd) tea.Cmd {
	if cmd == nil {
		return nil
	}
	return func() tea.Msg {
		defer func() { t.caught(recover()) }()
		msg := cmd()
		if batch, ok := msg.(tea.BatchMsg); ok {
			for i := range batch {
				batch[i] = t.guard(batch[i])
			}
		}
		return msg
	}
}

func newTasks(ctx context.Context) *tasks {
	ctx, cancel := context.WithCancel(ctx)
	t := &tasks{cancel: cancel, broken: make(chan struct{})}
	t.run = func(f func(context.Context) tea.Msg) tea.Msg { return f(ctx) }
	return t
}

// cmd makes a command of f, which gives up when its context ends. After close it does nothing.
func (t *tasks) cmd(f func(context.Context) tea.Msg) tea.Cmd {
	return func() tea.Msg {
		t.mu.Lock()
		if t.closed {
			t.mu.Unlock()
			return nil
		}
		t.wg.Add(1)
		t.mu.Unlock()
		defer t.wg.Done()
		return t.run(f)
	}
}

// after delivers msg when d has passed.
func (t *tasks) after(d time.Duration, msg tea.Msg) tea.Cmd {
	return t.cmd(func(ctx context.Context) tea.Msg {
		if !diag.Sleep(ctx, d) {
			return nil
		}
		return msg
	})
}

// leave quits when the context ends, or after a panic. Bubble Tea would leave the goroutine that reads the keys behind
// if it had the context itself.
func (t *tasks) leave() tea.Cmd {
	return t.cmd(func(ctx context.Context) tea.Msg {
		select {
		case <-ctx.Done():
		case <-t.broken:
		}
		return tea.Quit()
	})
}

// close ends all commands and waits for them.
func (t *tasks) close() {
	t.mu.Lock()
	t.closed = true
	t.mu.Unlock()
	t.cancel()
	t.wg.Wait()
}
