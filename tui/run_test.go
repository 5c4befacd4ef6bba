//go:build unix

package tui

import (
	"bytes"
	"context"
	"errors"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/creack/pty"
	"github.com/muesli/termenv"

	"dialtone/diag"
	"dialtone/diag/feed"
	"dialtone/tui/background"
)

// terminal is a pty with what was written to it.
type terminal struct {
	master, slave *os.File
	mu            sync.Mutex
	changed       chan struct{}
	output        bytes.Buffer
	done          chan struct{}
}

func openTerminal(t *testing.T) *terminal {
	t.Helper()
	t.Setenv("TERM", "screen-256color") // it is not asked for its background
	master, slave, err := pty.Open()
	if err != nil {
		t.Skipf("no pseudo-terminal here: %v", err)
	}
	if err := pty.Setsize(master, &pty.Winsize{Cols: 100, Rows: 30}); err != nil {
		t.Fatal(err)
	}
	term := &terminal{master: master, slave: slave, changed: make(chan struct{}, 1), done: make(chan struct{})}
	go term.read()
	t.Cleanup(func() {
		_ = slave.Close()
		_ = master.Close()
		<-term.done
	})
	return term
}

func (term *terminal) read() {
	defer close(term.done)
	buffer := make([]byte, 4096)
	for {
		n, err := term.master.Read(buffer)
		if err != nil {
			return
		}
		term.mu.Lock()
		term.output.Write(buffer[:n])
		term.mu.Unlock()
		select {
		case term.changed <- struct{}{}:
		default:
		}
	}
}

func (term *terminal) await(t *testing.T, text string) {
	t.Helper()
	deadline := time.After(20 * time.Second)
	for {
		term.mu.Lock()
		seen := strings.Contains(term.output.String(), text)
		term.mu.Unlock()
		if seen {
			return
		}
		select {
		case <-term.changed:
		case <-deadline:
			t.Fatalf("%q is never shown:\n%q", text, term.output.String())
		}
	}
}

func (term *terminal) press(t *testing.T, keys string) {
	t.Helper()
	if _, err := term.master.WriteString(keys); err != nil {
		t.Fatal(err)
	}
}

// hangup ends the log when it is asked to hang up.
type hangup struct {
	asked
	log *feed.Feed
}

func (h *hangup) Hangup() {
	h.log.Append(diag.CallEnded{Reason: diag.EndHangup, By: diag.ByLocal})
	h.log.Close()
}

func TestRun(t *testing.T) {
	tests := []struct {
		name  string
		leave func(*testing.T, *terminal, context.CancelFunc)
		want  error
	}{
		{"q hangs up and leaves", func(t *testing.T, term *terminal, _ context.CancelFunc) { term.press(t, "q") }, nil},
		{"ctrl+c leaves at once", func(t *testing.T, term *terminal, _ context.CancelFunc) { term.press(t, "\x03") }, ErrInterrupted},
		{"the context ends", func(_ *testing.T, _ *terminal, cancel context.CancelFunc) { cancel() }, context.Canceled},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			term := openTerminal(t)
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			log := feed.New(time.Now)
			result := make(chan error, 1)
			go func() {
				result <- Run(ctx, Options{
					Source: log.Reader(), Controls: &hangup{log: log}, Title: "call w1", Start: log.Start(), Input: term.slave, Output: term.slave,
				})
			}()
			for _, e := range scenarioGood() {
				log.Append(e.Data)
			}
			term.await(t, "connected")
			term.press(t, "2")
			term.await(t, "Pairs")
			tt.leave(t, term, cancel)
			select {
			case err := <-result:
				if !errors.Is(err, tt.want) || (tt.want == nil) != (err == nil) {
					t.Errorf("Run returns %v, want %v", err, tt.want)
				}
			case <-time.After(20 * time.Second):
				t.Fatal("Run does not return")
			}
			term.await(t, "\x1b[?1049l") // the alternate screen is left
		})
	}
}

// An ended call draws nothing, however long one looks at it.
func TestIdleScreenIsQuiet(t *testing.T) {
	term := openTerminal(t)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	log := feed.New(time.Now)
	for _, e := range scenarioHungUp() {
		log.Append(e.Data)
	}
	log.Close()
	result := make(chan error, 1)
	go func() {
		result <- Run(ctx, Options{Source: log.Reader(), Title: "call w1", Start: log.Start(), Input: term.slave, Output: term.slave})
	}()
	term.await(t, "you hung up")
	quiet := func(d time.Duration) bool {
		for {
			select {
			case <-term.changed:
				return false
			case <-time.After(d):
				return true
			}
		}
	}
	for tries := 0; !quiet(1500 * time.Millisecond); tries++ {
		if tries == 8 {
			t.Fatal("the terminal is written to again and again")
		}
	}
	term.press(t, "q")
	if err := <-result; err != nil {
		t.Errorf("Run returns %v", err)
	}
}

// TestKeysTypedAhead: a terminal that never answers the query of its background delays nothing, and a key that was typed
// before there was a screen is not lost.
func TestKeysTypedAhead(t *testing.T) {
	term := openTerminal(t)
	t.Setenv("TERM", "xterm-256color") // it is queried
	t.Setenv("CI", "")                 // where no terminal is
	term.press(t, "2")
	log := feed.New(time.Now)
	result := make(chan error, 1)
	go func() {
		result <- Run(t.Context(), Options{
			Source: log.Reader(), Controls: &hangup{log: log}, Title: "call w1", Start: log.Start(), Input: term.slave, Output: term.slave,
		})
	}()
	for _, e := range scenarioGood() {
		log.Append(e.Data)
	}
	term.await(t, "\x1b]11;?")
	term.await(t, "Pairs") // of the pane that the key opens
	term.press(t, "q")
	if err := <-result; err != nil {
		t.Errorf("Run returns %v", err)
	}
}

// TestBackground: the answer of the terminal changes the colors, whenever it comes.
func TestBackground(t *testing.T) {
	r := newTerminal(termenv.ANSI256)
	m := New(t.Context(), Options{Source: nothing{}, Title: "call w1"}, r)
	defer m.Close()
	dark := m.scene.Theme.Accent
	m.Update(background.Found{Dark: false})
	if m.scene.Theme.Accent == dark {
		t.Error("a light background has the colors of a dark one")
	}
	m.Update(background.Found{Dark: true})
	if m.scene.Theme.Accent != dark {
		t.Error("a dark background has other colors")
	}
}
