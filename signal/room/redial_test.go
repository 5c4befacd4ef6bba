package room

import (
	"errors"
	"net/http"
	"testing"
	"time"

	"dialtone/signal"
	"dialtone/signal/server"
)

// TestRestartWhileWaiting: a server that shuts down in order is dialed again until it is back, and the peers meet there.
func TestRestartWhileWaiting(t *testing.T) {
	s := &switchable{}
	inBubble(t, s, func(t *testing.T, _ *memNet, o Options) {
		old := server.New(server.Options{})
		s.set(old)
		a := mustDial(t, o)
		time.Sleep(3 * time.Second) // in a bubble
		old.Close()
		time.AfterFunc(5*time.Second, func() { s.set(raw("")) }) // nothing listens for a while
		renewed := server.New(server.Options{})
		defer renewed.Close()
		time.AfterFunc(20*time.Second, func() { s.set(renewed) })
		time.Sleep(45 * time.Second) // in a bubble
		b := mustDial(t, o)
		mustReceive(t, a, signal.KindPaired)
		mustSend(t, a, description(signal.KindOffer, "o"))
		mustReceive(t, b, signal.KindPaired)
		mustReceive(t, b, signal.KindOffer)
		_, _ = a.Close(testContext(t)), b.Close(testContext(t))
	})
}

// TestLossWhileWaiting: a server that was killed, or whose store has lost its data, is dialed again. One that loses every
// dial is named, and no peer is said to have left.
func TestLossWhileWaiting(t *testing.T) {
	s := &switchable{}
	inBubble(t, s, func(t *testing.T, _ *memNet, o Options) {
		servers := make([]*server.Server, 20)
		for i := range servers {
			servers[i] = server.New(server.Options{})
			defer servers[i].Close()
			time.AfterFunc(time.Duration(i)*70*time.Second, func() { s.set(servers[i]) })
		}
		time.Sleep(time.Second) // in a bubble
		a := mustDial(t, o)
		time.Sleep(20 * 70 * time.Second)
		b := mustDial(t, o)
		mustReceive(t, a, signal.KindPaired)
		_, _ = a.Close(testContext(t)), b.Close(testContext(t))

		s.set(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			forgetful := server.New(server.Options{})
			defer forgetful.Close()
			forgetful.ServeHTTP(w, r)
		}))
		a = mustDial(t, o)
		_, err := a.Receive(testContext(t))
		wantError(t, err, signal.ReasonForgotten, nil)
		if errors.Is(err, signal.ErrPeerGone) {
			t.Error(err)
		}
		_ = a.Close(testContext(t))
	})
}

// TestPauseAfter: a dial that may have been taken has to expire before the next one.
func TestPauseAfter(t *testing.T) {
	for _, test := range []struct {
		sent         bool
		status       int
		before, want time.Duration
	}{
		{false, 0, time.Second, 2 * time.Second},
		{false, 0, 8 * time.Second, longestRestart},
		{true, http.StatusBadGateway, time.Second, 2 * time.Second},
		{true, 0, time.Second, unansweredPause},
	} {
		f := &signal.Error{Sent: test.sent, Status: test.status}
		if got := pauseAfter(f, test.before); got != test.want {
			t.Errorf("%+v: %s", test, got)
		}
	}
}

// TestHangUpWhileRestarting: the caller does not have to wait for a server that is gone.
func TestHangUpWhileRestarting(t *testing.T) {
	s := &switchable{}
	inBubble(t, s, func(t *testing.T, _ *memNet, o Options) {
		gone := server.New(server.Options{})
		s.set(gone)
		a := mustDial(t, o)
		time.Sleep(time.Second) // in a bubble
		gone.Close()
		time.Sleep(time.Minute) // in a bubble
		begun := time.Now()
		_ = a.Close(testContext(t))
		if took := time.Since(begun); took > 4*time.Second {
			t.Errorf("closing took %s", took)
		}
	})
}
