package tui

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	tea "github.com/charmbracelet/bubbletea"
	"github.com/muesli/termenv"

	"dialtone/diag"
	"dialtone/diag/feed"
	"dialtone/diag/lab/labtest"
	"dialtone/tui/pane"
)

// counting is the Call pane with a line that counts keys, so that the answer to each can be recognised on the screen.
type counting struct {
	pane.Pane
	keys int
}

func (p *counting) Update(msg tea.Msg) tea.Cmd {
	if k, ok := msg.(tea.KeyMsg); ok && k.String() == "x" {
		p.keys++
		return nil
	}
	return p.Pane.Update(msg)
}

func (p *counting) View() string { return fmt.Sprintf("key %d.\n", p.keys) + p.Pane.View() }

// screenWriter waits for what is drawn.
type screenWriter struct {
	mu      sync.Mutex
	recent  bytes.Buffer
	changed chan struct{}
}

func (w *screenWriter) Write(b []byte) (int, error) {
	w.mu.Lock()
	w.recent.Write(b)
	w.mu.Unlock()
	select {
	case w.changed <- struct{}{}:
	default:
	}
	return len(b), nil
}

// await waits until text is drawn and forgets all before.
func (w *screenWriter) await(t *testing.T, text string) {
	t.Helper()
	deadline := time.After(20 * time.Second)
	for {
		w.mu.Lock()
		seen := bytes.Contains(w.recent.Bytes(), []byte(text))
		if seen {
			w.recent.Reset()
		}
		w.mu.Unlock()
		if seen {
			return
		}
		select {
		case <-w.changed:
		case <-deadline:
			t.Fatalf("%q is never drawn", text)
		}
	}
}

// mixed is what a busy call says: all kinds of events.
func mixed(i int) diag.Data {
	switch i % 10 {
	case 0:
		return sample(i, 0.5)
	case 1:
		return diag.Ping{RTTMs: diag.Millis(12e6 + i)}
	case 2:
		return said(diag.Outbound, fmt.Sprint("line ", i))
	case 3:
		return diag.Pair{ID: fmt.Sprint("P", i%50), State: diag.PairInProgress, RequestsSent: uint64(i)}
	}
	return said(diag.Inbound, "日本語 "+hostile)
}

// TestKeysAreQuickInABurst: while a thousand events come every second, a key is answered by a frame within 50 ms. The
// clock stands still while the machine computes: what is measured is how long a key waits.
func TestKeysAreQuickInABurst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) { keysInABurst(t, 4*time.Second) })
}

// TestKeysAreQuickOnThisMachine is the same on a clock that does not stand still. With DIALTONE_LONG_TESTS set it takes a
// minute.
func TestKeysAreQuickOnThisMachine(t *testing.T) {
	labtest.NeedQuiet(t)
	length := 4 * time.Second
	if os.Getenv("DIALTONE_LONG_TESTS") != "" {
		length = time.Minute
	}
	keysInABurst(t, length)
}

func keysInABurst(t *testing.T, length time.Duration) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), length)
	defer cancel()
	log := feed.New(time.Now)
	for _, e := range scenarioGood() {
		log.Append(e.Data)
	}
	factories := append([]pane.Factory{func(s *pane.Scene) pane.Pane { return &counting{Pane: pane.NewCall(s)} }}, pane.All()...)
	m := New(t.Context(), Options{Source: log.Reader(), Controls: &asked{}, Title: "call w1", Start: log.Start(), Panes: factories}, newTerminal(termenv.TrueColor))
	out := &screenWriter{changed: make(chan struct{}, 1)}
	program := tea.NewProgram(m, tea.WithInput(nil), tea.WithOutput(out), tea.WithFPS(framesPerSecond), tea.WithoutSignalHandler())
	var parts sync.WaitGroup
	parts.Go(func() {
		if _, err := program.Run(); err != nil {
			t.Error(err)
		}
	})
	sent := 0
	parts.Go(func() {
		defer log.Close()
		for start := time.Now(); ctx.Err() == nil; time.Sleep(5 * time.Millisecond) {
			for due := int(time.Since(start).Milliseconds()); sent < due; sent++ {
				log.Append(mixed(sent))
			}
		}
	})
	program.Send(tea.WindowSizeMsg{Width: 200, Height: 60})
	out.await(t, "key 0.")
	var took []time.Duration
	for i := 1; ctx.Err() == nil; i++ {
		began := time.Now()
		program.Send(keyMsg("x"))
		out.await(t, fmt.Sprintf("key %d.", i))
		took = append(took, time.Since(began))
		diag.Sleep(ctx, time.Duration(7+i%23)*time.Millisecond)
	}
	program.Quit()
	parts.Wait()
	m.Close()
	slices.Sort(took)
	median, most := took[len(took)/2], took[len(took)*95/100]
	t.Logf("%d keys while %d events came: median %v, 95 of 100 within %v, the slowest %v", len(took), sent, median, most, took[len(took)-1])
	if most > 50*time.Millisecond {
		t.Errorf("95 of 100 took %v", most)
	}
}
