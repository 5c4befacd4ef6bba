package tui

import (
	"context"
	"sync"
	"time"

	tea "github.com/charmbracelet/bubbletea"
)

// tasks runs the commands of a session so that none outlives it: Bubble Tea starts a goroutine per command and does not
// wait for it.
type tasks struct {
	run    func(func(context.Context) tea.Msg) tea.Msg
	mu     sync.Mutex
	closed bool
	wg     sync.WaitGroup
	cancel context.CancelFunc
}

func newTasks(ctx context.Context) *tasks {
	ctx, cancel := context.WithCancel(ctx)
	t := &tasks{cancel: cancel}
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
		if !sleep(ctx, d) {
			return nil
		}
		return msg
	})
}

// leave quits when the context ends. Bubble Tea could be given the context itself, but would then leave the goroutine that
// reads the keys behind.
func (t *tasks) leave() tea.Cmd {
	return t.cmd(func(ctx context.Context) tea.Msg {
		<-ctx.Done()
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

// sleep waits; false when the context ended first.
func sleep(ctx context.Context, d time.Duration) bool {
	if d <= 0 {
		return ctx.Err() == nil
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
