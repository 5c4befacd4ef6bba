package server

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"dialtone/signal/pairs"
)

// TestDrain: a draining server finishes the pairs that it has, begins none, says so, and ends with the last one.
func TestDrain(t *testing.T) {
	bubble(t, Options{Drain: time.Minute}, func(t *testing.T, l *line) {
		initiator, subscriber := l.pairIn(pairs.NeedInit)
		waits := l.dial("waits")
		ended := make(chan error)
		begun := time.Now()
		go func() { ended <- l.server.drain(make(chan error, 2)) }()
		synctest.Wait()
		if got := l.do(context.Background(), "GET", "/healthz", ""); got.status != 503 || !l.server.Health().Draining {
			t.Errorf("healthz: %+v", got)
		}
		l.wantRefused("a new pair", l.post(`{"code":"dial","call_code":"new"}`), 503, "draining")
		l.dial("waits")
		l.want("the waiting one has its peer", l.poll(waits), 200, needInitBody)
		l.want("offer", l.offer(initiator), 200, "")
		l.want("offered", l.poll(subscriber), 200, offeredBody)
		time.Sleep(5 * time.Second)
		l.disconnect(subscriber)
		l.disconnect(waits)
		if err := <-ended; err != nil || time.Since(begun) != 5*time.Second {
			t.Errorf("%v after %s", err, time.Since(begun))
		}
	})
}

// TestDrainIsBounded: a pair that lives on does not hold the server.
func TestDrainIsBounded(t *testing.T) {
	bubble(t, Options{Drain: 7 * time.Second}, func(t *testing.T, l *line) {
		l.pairIn(pairs.Connected)
		begun := time.Now()
		if err := l.server.drain(make(chan error, 2)); err != nil || time.Since(begun) != 7*time.Second {
			t.Errorf("%v after %s", err, time.Since(begun))
		}
	})
}
