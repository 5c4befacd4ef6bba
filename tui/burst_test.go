package tui

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/muesli/termenv"

	"dialtone/diag"
	"dialtone/diag/feed"
)

// A thousand events a second reach the screen in at most 25 batches a second, none is lost, and a single event after a
// silence is not held up.
func TestBurstsBecomeBatches(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log := feed.New(time.Now)
		m := New(t.Context(), Options{Source: log.Reader(), Title: "call w1"}, newTerminal(termenv.Ascii))
		defer m.Close()
		const events = 3000
		go func() {
			for i := range events {
				log.Append(diag.Ping{RTTMs: diag.Millis(i)})
				time.Sleep(time.Millisecond)
			}
			time.Sleep(time.Second)
			log.Append(diag.ICEState{State: "connected"})
			log.Close()
		}()
		batches, last := 0, time.Now()
		for !m.ended {
			msg := m.listen()()
			if b, ok := msg.(batchMsg); ok {
				batches, last = batches+1, time.Now()
				if e := b.events[len(b.events)-1]; e.Type() == "ice.state" && e.At != time.Since(log.Start()) {
					t.Errorf("an event of %v came at %v", e.At, time.Since(log.Start()))
				}
			}
			m.Update(msg)
		}
		if got := m.scene.Call.Events; got != events+1 {
			t.Errorf("%d events were folded, want %d", got, events+1)
		}
		if most := int(last.Sub(log.Start())/batchGap) + 2; batches > most {
			t.Errorf("%d batches, want at most %d", batches, most)
		}
	})
}
