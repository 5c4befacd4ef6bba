package server

import (
	"context"
	"fmt"
	"net"
	"testing"
	"time"

	"dialtone/diag/lab/labtest"
	"dialtone/signal/pairs"
	"dialtone/signal/pairs/redisstore"
)

// redisServer starts Redis and returns its address.
func redisServer(t testing.TB) string {
	t.Helper()
	ports := labtest.Server{
		Program: labtest.NeedProgram(t, "redis-server"), Ports: 1,
		Args: func(ports []string) []string {
			return []string{"--port", ports[0], "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"}
		},
		Answers: func(ctx context.Context, ports []string) bool {
			c, err := new(net.Dialer).DialContext(ctx, "tcp", "127.0.0.1:"+ports[0])
			if err == nil {
				_ = c.Close()
			}
			return err == nil
		},
	}.Start(t)
	return "redis://127.0.0.1:" + ports[0]
}

// openStore is a server's own connection to a store.
func openStore(t testing.TB, url string, expiry time.Duration) *redisstore.Store {
	t.Helper()
	store, err := redisstore.Open(url, expiry)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = store.Close() })
	return store
}

// newShared makes servers that share a store; requests go to each in turn.
func newShared(t testing.TB, url string, n int, o Options) *line {
	t.Helper()
	var l *line
	for range n {
		o.Store = openStore(t, url, o.withDefaults().Expiry)
		if l == nil {
			l = newLine(t, o)
			continue
		}
		other := New(o)
		t.Cleanup(other.Close)
		l.others = append(l.others, other)
	}
	return l
}

// stores runs tests over each store: the rules are the same.
type stores struct {
	redis     string
	databases int // that are used
}

func newStores(t *testing.T) *stores {
	t.Helper()
	return &stores{redis: redisServer(t)}
}

func (s *stores) run(t *testing.T, name string, test func(t *testing.T, l *line)) {
	t.Helper()
	t.Run(name+"/memory", func(t *testing.T) { test(t, newLine(t, Options{})) })
	database := fmt.Sprint("/", s.databases)
	s.databases++
	t.Run(name+"/redis", func(t *testing.T) { test(t, newShared(t, s.redis+database, 2, Options{})) })
}

// parkIn begins a get_status with wait_ms and returns when it is parked.
func (l *line) parkIn(user string) <-chan reply {
	l.t.Helper()
	answered := make(chan reply, 1)
	before := l.parked(user)
	go func() { answered <- l.post(`{"code":"get_status","user_id":"` + user + `","wait_ms":25000}`) }()
	until(l.t, "the request is parked", func() bool { return l.parked(user) != before || len(answered) > 0 })
	return answered
}

// parked names the request of a party that waits.
func (l *line) parked(user string) (name string) {
	l.t.Helper()
	err := l.server.store.Update(context.Background(), pairs.PairOf(user), func(p *pairs.Pair, _ time.Time) bool {
		name = p.Initiator.Parked
		if p.Initiator.ID != user {
			name = p.Subscriber.Parked
		}
		return false
	})
	if err != nil {
		l.t.Fatal(err)
	}
	return name
}

// TestWakesOnOtherServers: an event on one server answers a request that is parked on another.
func TestWakesOnOtherServers(t *testing.T) {
	t.Parallel()
	l := newShared(t, redisServer(t), 3, Options{})
	for _, test := range wakes {
		initiator, subscriber := l.pairIn(test.state)
		user := initiator
		if test.who == "subscriber" {
			user = subscriber
		}
		answered := l.parkIn(user)
		begun := time.Now()
		test.event(l, initiator, subscriber)
		l.want(test.name, <-answered, 200, test.want)
		if took := time.Since(begun); took > 3*time.Second {
			t.Errorf("%s: woken after %s, and not by the event", test.name, took)
		}
		l.disconnect(initiator)
	}
}

// TestSharedEnds: a pair that ends on one server answers requests that are parked on another, and so does the newer of
// two requests of one party.
func TestSharedEnds(t *testing.T) {
	t.Parallel()
	url := redisServer(t)
	l := newShared(t, url, 2, Options{})
	initiator, subscriber := l.pairIn(pairs.Offered)
	answered := l.parkIn(initiator)
	newer := l.parkIn(initiator)
	l.want("the older", <-answered, 200, `{}`)
	l.want("disconnect", l.disconnect(subscriber), 200, "")
	l.wantRefused("the other hung up", <-newer, 400, "peer_left")

	l = newShared(t, url+"/1", 2, Options{Expiry: 3 * time.Second})
	initiator, subscriber = l.pairIn(pairs.Offered)
	answered = l.parkIn(initiator)
	l.wantRefused("the other is silent", <-answered, 400, "expired")
	l.wantRefused("the silent one", l.poll(subscriber), 400, "expired")
	for _, s := range append(l.others, l.server) {
		until(t, "its own look", func() bool { return s.Health().Pairs == 0 })
	}
	until(t, "Redis forgets it", func() bool { return l.poll(subscriber).reason() == "unknown_user" })
}

// TestParkedVouches: a parked request keeps its party alive for longer than it may be silent.
func TestParkedVouches(t *testing.T) {
	t.Parallel()
	const expiry = 3 * time.Second
	l := newShared(t, redisServer(t), 2, Options{Expiry: expiry})
	initiator, subscriber := l.pairIn(pairs.Offered)
	answered := l.parkIn(initiator)
	for begun := time.Now(); time.Since(begun) < 2*expiry; time.Sleep(expiry / 10) {
		l.poll(subscriber)
	}
	l.want("answer", l.answer(subscriber), 200, "")
	l.want("the initiator is there", <-answered, 200, answeredBody)
}
