package server

import (
	"context"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"dialtone/signal/pairs"
)

// bubble runs a test on its own clock.
func bubble(t *testing.T, o Options, test func(*testing.T, *line)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) { test(t, newLine(t, o)) })
}

// isParked tells whether a request has not been answered yet.
func isParked(answered <-chan reply) bool {
	synctest.Wait()
	return len(answered) == 0
}

// TestExpiry: silence of 10 s on either side ends the pair, on the server's own clock.
func TestExpiry(t *testing.T) {
	tests := []struct {
		name   string
		silent string // who does not poll
		state  pairs.State
		alive  bool
	}{
		{"nobody is silent", "", pairs.NeedInit, true},
		{"the initiator is silent", "initiator", pairs.NeedInit, false},
		{"the subscriber is silent", "subscriber", pairs.Offered, false},
		{"both are silent", "both", pairs.Connected, false},
		{"an empty seat is not silent", "", pairs.Waiting, true},
		{"the only one is silent", "initiator", pairs.Waiting, false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			bubble(t, Options{}, func(t *testing.T, l *line) {
				initiator, subscriber := l.pairIn(test.state)
				for range 4 {
					time.Sleep(9 * time.Second)
					if test.silent != "initiator" && test.silent != "both" {
						l.poll(initiator)
					}
					if subscriber != "" && test.silent != "subscriber" && test.silent != "both" {
						l.poll(subscriber)
					}
				}
				synctest.Wait()
				if h := l.server.Health(); (h.Pairs == 1) != test.alive || !test.alive && h.Since.Expired != 1 {
					t.Errorf("after 36 s: %+v", h)
				}
			})
		})
	}
}

func TestExpiryIsExact(t *testing.T) {
	bubble(t, Options{}, func(t *testing.T, l *line) {
		initiator, subscriber := l.pairIn(pairs.NeedInit)
		time.Sleep(6 * time.Second)
		l.want("a sign of life", l.ice(initiator, "null"), 200, "")
		time.Sleep(4*time.Second - time.Millisecond)
		if l.server.Health().Pairs != 1 {
			t.Error("expired early")
		}
		time.Sleep(time.Millisecond)
		synctest.Wait()
		if l.server.Health().Pairs != 0 {
			t.Error("nobody made a request, and the pair lives on")
		}
		l.wantRefused("initiator", l.poll(initiator), 400, "expired")
		time.Sleep(10 * time.Second)
		synctest.Wait()
		l.wantRefused("the reason is forgotten", l.poll(initiator), 400, "unknown_user")
		l.wantRefused("subscriber", l.poll(subscriber), 400, "unknown_user")
	})
}

func TestDialDoesNotMeetTheDead(t *testing.T) {
	bubble(t, Options{}, func(t *testing.T, l *line) {
		first := l.dial("w")
		time.Sleep(10 * time.Second) // its timer fires at the same moment
		second := l.dial("w")
		l.want("second", l.poll(second), 200, `{}`)
		synctest.Wait()
		l.wantRefused("first", l.poll(first), 400, "expired")
		third := l.dial("w")
		l.want("second", l.poll(second), 200, needInitBody)
		l.want("third", l.poll(third), 200, `{}`)
	})
}

// wakes are the events that answer a parked request.
var wakes = []struct {
	name  string
	state pairs.State
	who   string // is parked
	event func(l *line, initiator, subscriber string)
	want  string
}{
	{"second dial", pairs.Waiting, "initiator", func(l *line, _, _ string) { l.dial("pair") }, needInitBody},
	{"offer", pairs.NeedInit, "subscriber", func(l *line, i, _ string) { l.offer(i) }, offeredBody},
	{"answer", pairs.Offered, "initiator", func(l *line, _, s string) { l.answer(s) }, answeredBody},
	{"answer fetched", pairs.Answered, "subscriber", func(l *line, i, _ string) { l.poll(i) }, connectedBody},
	{"answer fetched, candidates wait", pairs.Answered, "subscriber", func(l *line, i, _ string) {
		l.ice(i, `{"candidate":"1"}`)
		l.poll(i)
	}, connectedWith(`{"candidate":"1"}`)},
}

// TestWakes: a parked request is answered at once when there is news.
func TestWakes(t *testing.T) {
	for _, test := range wakes {
		t.Run(test.name, func(t *testing.T) {
			bubble(t, Options{}, func(t *testing.T, l *line) {
				initiator, subscriber := l.pairIn(test.state)
				user := initiator
				if test.who == "subscriber" {
					user = subscriber
				}
				answered := l.park(context.Background(), user, "")
				time.Sleep(3 * time.Second)
				if !isParked(answered) {
					t.Fatalf("answered without news: %+v", <-answered)
				}
				begun := time.Now()
				test.event(l, initiator, subscriber)
				l.want("woken", <-answered, 200, test.want)
				if took := time.Since(begun); took != 0 {
					t.Errorf("woken after %s", took)
				}
			})
		})
	}
}

func TestConnectedWakesByCandidate(t *testing.T) {
	bubble(t, Options{}, func(t *testing.T, l *line) {
		initiator, subscriber := l.pairIn(pairs.Connected)
		for _, user := range []string{initiator, subscriber} {
			l.want("the first connected is news", <-l.park(context.Background(), user, ""), 200, connectedBody)
		}
		for n := range 3 {
			answered := l.park(context.Background(), initiator, "")
			if !isParked(answered) {
				t.Fatalf("answered without news: %+v", <-answered)
			}
			c := fmt.Sprintf(`{"candidate":"%d"}`, n)
			l.want("ice", l.ice(subscriber, c), 200, "")
			l.want("woken", <-answered, 200, connectedWith(c))
		}
	})
}

func TestWaitEnds(t *testing.T) {
	bubble(t, Options{}, func(t *testing.T, l *line) {
		user := l.dial("w")
		for _, test := range []struct {
			ms   string
			want time.Duration
		}{
			{"0", 0},
			{"-5", 0},
			{"1", time.Millisecond},
			{"1500.5", 1500*time.Millisecond + 500*time.Microsecond},
			{"25000", 25 * time.Second},
			{"9e99", 25 * time.Second},
		} {
			begun := time.Now()
			l.want(test.ms, l.post(`{"code":"get_status","user_id":"`+user+`","wait_ms":`+test.ms+`}`), 200, `{}`)
			if took := time.Since(begun); took != test.want {
				t.Errorf("wait_ms %s took %s, want %s", test.ms, took, test.want)
			}
		}
	})
}

// TestParkedIsAlive: both parties parked again and again live without other requests.
func TestParkedIsAlive(t *testing.T) {
	bubble(t, Options{}, func(t *testing.T, l *line) {
		initiator, subscriber := l.pairIn(pairs.Offered)
		for range 3 {
			answered := l.park(context.Background(), initiator, "")
			for range 5 {
				l.poll(subscriber)
				time.Sleep(5 * time.Second)
			}
			l.want("initiator", <-answered, 200, `{}`)
		}
	})
}

func TestPairEndWakes(t *testing.T) {
	bubble(t, Options{}, func(t *testing.T, l *line) {
		initiator, subscriber := l.pairIn(pairs.Offered)
		answered := l.park(context.Background(), initiator, "")
		l.want("disconnect", l.disconnect(subscriber), 200, "")
		l.wantRefused("the other hung up", <-answered, 400, "peer_left")

		_, subscriber = l.pairIn(pairs.NeedInit)
		answered = l.park(context.Background(), subscriber, "")
		l.want("disconnect", l.disconnect(subscriber), 200, "")
		l.wantRefused("hung up itself", <-answered, 400, "unknown_user")

		initiator, _ = l.pairIn(pairs.Offered)
		begun := time.Now()
		answered = l.park(context.Background(), initiator, "")
		l.wantRefused("the other is silent", <-answered, 400, "expired")
		if took := time.Since(begun); took != 10*time.Second {
			t.Errorf("expired after %s", took)
		}
	})
}

// TestClientGoesAway: its parked request ends, and 10 s later its pair.
func TestClientGoesAway(t *testing.T) {
	bubble(t, Options{}, func(t *testing.T, l *line) {
		user := l.dial("w")
		ctx, cancel := context.WithCancel(context.Background())
		answered := l.park(ctx, user, "")
		time.Sleep(20 * time.Second)
		cancel()
		<-answered
		time.Sleep(10*time.Second - time.Nanosecond)
		if l.server.Health().Pairs != 1 {
			t.Error("expired early")
		}
		time.Sleep(time.Nanosecond)
		synctest.Wait()
		if l.server.Health().Pairs != 0 {
			t.Error("lives without its client")
		}
	})
}

// TestNewestPollCounts: an older parked poll must not take what the newer is
// waiting for.
func TestNewestPollCounts(t *testing.T) {
	bubble(t, Options{}, func(t *testing.T, l *line) {
		initiator, subscriber := l.pairIn(pairs.Offered)
		older := l.park(context.Background(), initiator, "")
		newer := l.park(context.Background(), initiator, "")
		l.want("older", <-older, 200, `{}`)
		if !isParked(newer) {
			t.Fatal("the newer was answered")
		}
		l.want("answer", l.answer(subscriber), 200, "")
		l.want("newer", <-newer, 200, answeredBody)
	})
}

// TestNumberedPolls: a lost answer can be asked for again.
func TestNumberedPolls(t *testing.T) {
	bubble(t, Options{}, func(t *testing.T, l *line) {
		poll := func(user string, n int) reply {
			return <-l.park(context.Background(), user, fmt.Sprintf(`,"poll":%d`, n))
		}
		initiator, subscriber := l.pairIn(pairs.Answered)
		l.want("answer", poll(initiator, 1), 200, answeredBody)
		l.want("answer repeated", poll(initiator, 1), 200, answeredBody)
		l.ice(subscriber, `{"candidate":"1"}`)
		l.want("candidate", poll(initiator, 2), 200, connectedWith(`{"candidate":"1"}`))
		l.ice(subscriber, `{"candidate":"2"}`)
		l.want("candidate repeated", poll(initiator, 2), 200, connectedWith(`{"candidate":"1"}`))
		l.want("next candidate", poll(initiator, 3), 200, connectedWith(`{"candidate":"2"}`))
		begun := time.Now()
		other := l.park(context.Background(), subscriber, "") // the first connected is news
		l.want("subscriber", <-other, 200, connectedBody)
		other = l.park(context.Background(), subscriber, "")
		l.want("nothing", poll(initiator, 4), 200, connectedBody)
		<-other
		if time.Since(begun) != 25*time.Second {
			t.Error("not parked")
		}
	})
}

// TestNumberedPollGivenUp: the client gives up a parked poll while its answer is
// being made, and asks again under the same number.
func TestNumberedPollGivenUp(t *testing.T) {
	bubble(t, Options{}, func(t *testing.T, l *line) {
		initiator, subscriber := l.pairIn(pairs.Offered)
		ctx, cancel := context.WithCancel(context.Background())
		first := l.park(ctx, initiator, `,"poll":7`)
		l.answer(subscriber)
		cancel()
		<-first
		l.want("asked again", <-l.park(context.Background(), initiator, `,"poll":7`), 200, answeredBody)
	})
}

func TestCloseWakes(t *testing.T) {
	bubble(t, Options{}, func(t *testing.T, l *line) {
		user := l.dial("w")
		answered := l.park(context.Background(), user, "")
		l.server.Close()
		l.wantRefused("parked", <-answered, 503, "shutting_down")
		l.wantRefused("poll", l.poll(user), 503, "shutting_down")
		l.wantRefused("dial", l.post(`{"code":"dial","call_code":"w"}`), 503, "shutting_down")
		if got := l.do(context.Background(), "GET", "/healthz", ""); got.status != 503 {
			t.Errorf("healthz: %d", got.status)
		}
	})
}
