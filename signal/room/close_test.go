package room

import (
	"context"
	"errors"
	"io"
	"net/http"
	"slices"
	"sync"
	"testing"
	"time"

	"dialtone/signal"
	"dialtone/signal/server"
)

// TestCancelledDial: a dial that is cancelled on its way holds no place in the room, and ends soon even if nobody answers.
func TestCancelledDial(t *testing.T) {
	for name, late := range map[string]time.Duration{"answered late": dialGrace / 2, "not answered": time.Minute} {
		t.Run(name, func(t *testing.T) {
			rooms := server.New(server.Options{})
			s := &switchable{handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				rooms.ServeHTTP(w, r.WithContext(context.WithoutCancel(r.Context())))
				time.Sleep(late)
			})}
			inBubble(t, s, func(t *testing.T, _ *memNet, o Options) {
				var seen recorder
				o.OnRequest = seen.add
				ctx, cancel := context.WithTimeout(t.Context(), dialGrace/5)
				defer cancel()
				begun := time.Now()
				_, err := Dial(ctx, o)
				if took := time.Since(begun); err == nil || !errors.Is(err, context.DeadlineExceeded) && late < dialGrace ||
					took > 2*dialGrace {
					t.Errorf("after %v: %v", took, err)
				}
				said := slices.ContainsFunc(seen.all(), func(q signal.Request) bool { return q.Op == "disconnect" && q.Err == nil })
				if said != (late < dialGrace) {
					t.Errorf("%+v", seen.all())
				}
			})
		})
	}
}

// TestCloseWhileWaiting: hanging up while nobody has come is prompt, and frees the code.
func TestCloseWhileWaiting(t *testing.T) {
	for name, handler := range map[string]func() http.Handler{
		"original": func() http.Handler { return newOriginal() },
		"dialtone": func() http.Handler { return server.New(server.Options{}) },
	} {
		t.Run(name, func(t *testing.T) {
			s := &switchable{}
			inBubble(t, s, func(t *testing.T, _ *memNet, o Options) {
				h := handler()
				s.set(h)
				var seen recorder
				o.OnRequest = seen.add
				a := mustDial(t, o)
				time.Sleep(7 * time.Second)
				begun := time.Now()
				blocked := make(chan error, 1)
				go func() {
					_, err := a.Receive(testContext(t))
					blocked <- err
				}()
				var group sync.WaitGroup
				for range 3 {
					group.Go(func() {
						if err := a.Close(testContext(t)); err != nil {
							t.Error(err)
						}
					})
				}
				group.Wait()
				if err := <-blocked; !errors.Is(err, io.EOF) {
					t.Errorf("a blocked receiver got %v", err)
				}
				if took := time.Since(begun); took > 50*time.Millisecond {
					t.Errorf("closing took %s", took)
				}
				if _, err := a.Receive(testContext(t)); !errors.Is(err, io.EOF) {
					t.Errorf("receiving afterwards: %v", err)
				}
				if err := a.Send(testContext(t), candidate(1)); !errors.Is(err, signal.ErrClosed) {
					t.Errorf("sending afterwards: %v", err)
				}
				for _, q := range seen.all() {
					if q.Err != nil && !errors.Is(q.Err, signal.ErrPeerGone) {
						t.Errorf("a request was cut: %+v", q)
					}
				}
				// Whoever dials now waits alone.
				b := mustDial(t, o)
				ctx, cancel := context.WithTimeout(testContext(t), 5*time.Second)
				defer cancel()
				if m, err := b.Receive(ctx); !errors.Is(err, context.DeadlineExceeded) {
					t.Errorf("got %+v, %v", m, err)
				}
				_ = b.Close(testContext(t))
				if end, ok := h.(interface{ Close() }); ok {
					end.Close()
				}
			})
		})
	}
}

// TestCloseBounded: a server that hangs cannot hold a hang-up.
func TestCloseBounded(t *testing.T) {
	s := &switchable{handler: newOriginal()}
	inBubble(t, s, func(t *testing.T, _ *memNet, o Options) {
		for name, limit := range map[string]time.Duration{"by its context": 500 * time.Millisecond, "by itself": time.Hour} {
			s.set(newOriginal())
			a := mustDial(t, o)
			time.Sleep(time.Second)
			s.set(http.HandlerFunc(hangs))
			time.Sleep(5 * time.Second)
			ctx, cancel := context.WithTimeout(context.Background(), limit)
			begun := time.Now()
			if err := a.Close(ctx); err == nil {
				t.Errorf("%s: the goodbye was said to nobody", name)
			}
			if took := time.Since(begun); took > min(limit, 4*time.Second) {
				t.Errorf("%s: closing took %s", name, took)
			}
			cancel()
		}
	})
}

// TestGoodbyeIsSaidOnce: a server that knows of the end is not told of it.
func TestGoodbyeIsSaidOnce(t *testing.T) {
	for _, test := range []struct {
		end  error
		want bool
	}{
		{&signal.Error{Reason: signal.ReasonPeerGone, Err: errForgotten}, true},
		{errBye, true},
		{errSaidBye, true},
		{errClosing, false},
		{&signal.Error{Reason: signal.ReasonBroken, Err: errors.New("broken")}, false},
		{nil, false},
	} {
		if got := isKnown(test.end); got != test.want {
			t.Errorf("%v: %t", test.end, got)
		}
	}
}

// TestGoodbyeOfACall: only the goodbye of a call that is over names it.
func TestGoodbyeOfACall(t *testing.T) {
	c, id := &channel{}, "a"
	c.userID.Store(&id)
	for _, test := range []struct {
		name string
		of   func(context.Context, string) context.Context
		call string
		want string
	}{
		{"a lasting call", signal.WithCall, "k", `{"code":"disconnect","user_id":"a"}`},
		{"a call that is over", signal.HangingUp, "k", `{"code":"disconnect","hung_up":"k","user_id":"a"}`},
		{"one without a name", signal.HangingUp, "", `{"code":"disconnect","user_id":"a"}`},
	} {
		s, err := c.pack(test.of(t.Context(), test.call), signal.Message{Kind: signal.KindBye})
		if err != nil {
			t.Fatal(err)
		}
		if got := string(s.call.Body); got != test.want {
			t.Errorf("%s: %s", test.name, got)
		}
	}
}

// TestBye ends the exchange for both, without a Close of the sender.
func TestBye(t *testing.T) {
	h := startServer(t, server.Options{})
	a := mustDial(t, Options{Server: h.URL, Code: "w1"})
	b := mustDial(t, Options{Server: h.URL, Code: "w1"})
	setUp(t, a, b)
	mustSend(t, b, signal.Message{Kind: signal.KindBye})
	if _, err := b.Receive(testContext(t)); !errors.Is(err, io.EOF) {
		t.Errorf("who said it: %v", err)
	}
	mustReceive(t, a, signal.KindBye)
	for range 2 {
		if _, err := a.Receive(testContext(t)); !errors.Is(err, io.EOF) {
			t.Errorf("who heard it: %v", err)
		}
	}
	if err := b.Send(testContext(t), candidate(1)); !errors.Is(err, signal.ErrClosed) {
		t.Errorf("sending after our bye: %v", err)
	}
}

// TestContexts: a context ends its own call and nothing else.
func TestContexts(t *testing.T) {
	h := startServer(t, server.Options{})
	dialing, cancel := context.WithCancel(testContext(t))
	a, err := Dial(dialing, Options{Server: h.URL, Code: "w1"})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = a.Close(testContext(t)) }()
	cancel() // of the dialling only
	short, cancel := context.WithTimeout(testContext(t), 10*time.Millisecond)
	defer cancel()
	if _, err := a.Receive(short); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("receive: %v", err)
	}
	if err := a.Send(short, candidate(1)); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("send: %v", err)
	}
	b := mustDial(t, Options{Server: h.URL, Code: "w1"})
	setUp(t, a, b)
}

// TestLateCandidates arrive during the call, unusable ones are dropped and counted.
func TestLateCandidates(t *testing.T) {
	inBubble(t, newOriginal(), func(t *testing.T, _ *memNet, o Options) {
		var seen recorder
		o.OnRequest = seen.add
		a := mustDial(t, o)
		o.OnRequest = nil
		b := mustDial(t, o)
		exchange(t, a, b)
		time.Sleep(10 * time.Minute)
		mustSend(t, b, candidate(500))
		begun := time.Now()
		mustReceive(t, a, signal.KindCandidate)
		if took := time.Since(begun); took > 4*time.Second {
			t.Errorf("arrived after %s", took)
		}
		channel, ok := b.(*channel)
		if !ok {
			t.Fatalf("%T", b)
		}
		for _, body := range []string{`null`, `{"candidate":1}`, `"x"`} {
			post := channel.request("ice", []byte(`{"code":"ice","user_id":"`+*channel.userID.Load()+`","ice":`+body+`}`))
			if _, err := channel.client.Do(t.Context(), post); err != nil {
				t.Fatal(err)
			}
		}
		mustSend(t, b, candidate(501))
		mustReceive(t, a, signal.KindCandidate)
		refused := 0
		for _, q := range seen.all() {
			refused += q.Refused
		}
		if refused != 2 {
			t.Errorf("%d candidates are counted as refused", refused)
		}
		_, _ = a.Close(testContext(t)), b.Close(testContext(t))
	})
}

// TestGoodbyeDoesNotOverlap: a server that mixes requests up gets the goodbye after the answer to the poll.
func TestGoodbyeDoesNotOverlap(t *testing.T) {
	o := newOriginal()
	o.think = 300 * time.Millisecond
	inBubble(t, o, func(t *testing.T, _ *memNet, options Options) {
		a := mustDial(t, options)
		time.Sleep(100 * time.Millisecond) // a poll is in flight
		if err := a.Close(testContext(t)); err != nil {
			t.Error(err)
		}
		o.mu.Lock()
		defer o.mu.Unlock()
		if o.overlaps > 0 || o.posts["disconnect"] != 1 {
			t.Errorf("%d requests overlapped, %d goodbyes", o.overlaps, o.posts["disconnect"])
		}
	})
}

// TestHangUp: the peer that waits to continue a call, or dials for it later, learns that it is over. Who waits in the
// same room for another call is not disturbed.
func TestHangUp(t *testing.T) {
	var o Options
	for name, hangUp := range map[string]func(call string) error{
		"without a room": func(call string) error {
			c, err := Dial(signal.HangingUp(testContext(t), call), o)
			if c != nil || !errors.Is(err, signal.ErrHungUp) {
				t.Errorf("the hang-up: %v, %v", c, err)
			}
			return nil
		},
		"in the room": func(call string) error {
			c, err := Dial(signal.WithCall(testContext(t), call), o)
			if err != nil {
				return err
			}
			return c.Close(signal.HangingUp(testContext(t), call))
		},
	} {
		t.Run(name, func(t *testing.T) {
			o = Options{Server: startServer(t, server.Options{}).URL, Code: "w1"}
			const call = "a b"
			other := mustDial(t, o)
			former, err := Dial(signal.WithCall(testContext(t), call), o)
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = former.Close(testContext(t)) }()
			if err := hangUp(call); err != nil {
				t.Fatal(err)
			}
			_, err = former.Receive(testContext(t))
			if err == nil { // it was paired
				err = former.Send(testContext(t), description(signal.KindOffer, "offer sdp"))
			}
			if !errors.Is(err, signal.ErrHungUp) {
				t.Errorf("who waits got %v", err)
			}
			if err := hangUp(call + " later"); err != nil {
				t.Fatal(err)
			}
			if _, err := Dial(signal.WithCall(testContext(t), call+" later"), o); !errors.Is(err, signal.ErrHungUp) {
				t.Errorf("who dials later: %v", err)
			}
			setUp(t, other, mustDial(t, o))
		})
	}
}

// TestOldServerHangsUpNoOne: it refuses the request that it does not know, and no room is dialed.
func TestOldServerHangsUpNoOne(t *testing.T) {
	old := newOriginal()
	inBubble(t, old, func(t *testing.T, _ *memNet, o Options) {
		mustDial(t, o) // waits
		c, err := Dial(signal.HangingUp(testContext(t), "a b"), o)
		if c != nil || err == nil || errors.Is(err, signal.ErrHungUp) {
			t.Errorf("%v, %v", c, err)
		}
		old.mu.Lock()
		defer old.mu.Unlock()
		if old.posts["dial"] != 1 || old.posts["hang_up"] != 1 {
			t.Errorf("requests: %v", old.posts)
		}
	})
}
