package room

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"sync"
	"syscall"
	"testing"
	"time"

	"dialtone/signal"
	"dialtone/signal/server"
	"dialtone/signal/web"
)

// flakyConn dies at random: before a write (the request is lost), or after
// something was read but before it is delivered (the answer is lost).
type flakyConn struct {
	net.Conn
	random *flaky
}

// flaky decides, for all connections of a test.
type flaky struct {
	mu     sync.Mutex
	random *rand.Rand
	share  float64
	deaths int
}

func (f *flaky) dies() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.random.Float64() >= f.share {
		return false
	}
	f.deaths++
	return true
}

func (f *flaky) set(share float64) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.share = share
}

func (c *flakyConn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	if n > 0 && c.random.dies() {
		_ = c.Close()
		return 0, &net.OpError{Op: "read", Net: "tcp", Err: syscall.ECONNRESET}
	}
	return n, err
}

func (c *flakyConn) Write(p []byte) (int, error) {
	if c.random.dies() {
		_ = c.Close()
		return 0, &net.OpError{Op: "write", Net: "tcp", Err: syscall.EPIPE}
	}
	return c.Conn.Write(p)
}

// TestHammer sends 1,000 candidates both ways while connections die under
// requests and answers, parked polls among them: all arrive, once, in order.
func TestManyCalls(t *testing.T) {
	const count = 1000
	inBubble(t, server.New(server.Options{CandidatesPerSide: -1}), func(t *testing.T, n *memNet, o Options) {
		for seed := range uint64(3) {
			f := &flaky{random: rand.New(rand.NewPCG(seed, 1))} //nolint:gosec // a test
			n.onDial(func(c net.Conn) (net.Conn, error) { return &flakyConn{c, f}, nil })
			o.Code = fmt.Sprint("hammer", seed)
			a, b := mustDial(t, o), mustDial(t, o)
			f.set(0.05)
			setUp(t, a, b)
			var group sync.WaitGroup
			for _, c := range []signal.Channel{a, b} {
				group.Go(func() {
					for n := range count {
						if err := c.Send(t.Context(), candidate(n)); err != nil {
							t.Errorf("sending %d: %v", n, err)
							return
						}
					}
				})
				group.Go(func() {
					for n := range count {
						m, err := c.Receive(t.Context())
						if err != nil || m.Candidate == nil || m.Candidate.Candidate != candidate(n).Candidate.Candidate {
							t.Errorf("candidate %d is %+v, %v", n, m, err)
							return
						}
					}
				})
			}
			group.Wait()
			f.set(0)
			if f.deaths < 100 {
				t.Errorf("only %d connections died", f.deaths)
			}
			t.Logf("%d connections died", f.deaths)
			_, _ = a.Close(t.Context()), b.Close(t.Context())
		}
	})
}

// overlap counts requests of one party that are in flight together.
type overlap struct {
	next    http.Handler
	strip   bool // the announcement
	mu      sync.Mutex
	running int
	most    int
}

func (o *overlap) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	o.mu.Lock()
	o.running++
	o.most = max(o.most, o.running)
	o.mu.Unlock()
	defer func() {
		o.mu.Lock()
		o.running--
		o.mu.Unlock()
	}()
	if o.strip {
		w = &stripped{w}
	}
	o.next.ServeHTTP(w, r)
}

func (o *overlap) atMost() int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.most
}

type stripped struct{ http.ResponseWriter }

func (s *stripped) WriteHeader(status int) {
	s.Header().Del(headerWait)
	s.ResponseWriter.WriteHeader(status)
}

// TestServerThatHolds: one that knows wait_ms but has not announced that
// requests may overlap gets one at a time, and candidates do not wait for a long poll.
func TestServerThatHolds(t *testing.T) {
	room := server.New(server.Options{})
	// A counter for each party: its own way to the server.
	ways := []*overlap{{next: room, strip: true}, {next: room, strip: true}}
	inBubble(t, ways[0], func(t *testing.T, _ *memNet, o Options) {
		other := newMemNet()
		second := &http.Server{Handler: ways[1], ReadHeaderTimeout: time.Minute}
		served := make(chan error, 1)
		go func() { served <- second.Serve(other) }()
		defer func() { other.kill(); _ = second.Close(); <-served }()

		var seen recorder
		o.OnRequest = seen.add
		a := mustDial(t, o)
		o.Dial, o.OnRequest = other.dial, nil
		time.Sleep(45 * time.Second)
		waited := len(seen.all())
		b := mustDial(t, o)
		begun := time.Now()
		exchange(t, a, b)
		if took := time.Since(begun); took > 3*time.Second {
			t.Errorf("the exchange took %s", took)
		}
		if waited > 4 {
			t.Errorf("%d requests in 45 s of waiting: the holds are not used", waited)
		}
		for n, way := range ways {
			if most := way.atMost(); most != 1 {
				t.Errorf("party %d had %d requests in flight", n, most)
			}
		}
		// A held poll has to be cut now; the server may notice after the goodbye.
		for _, c := range []signal.Channel{a, b} {
			if err := c.Close(testContext(t)); err != nil {
				t.Error(err)
			}
		}
		room.Close()
	})
}

// TestOvertaking: with dialtone's own server at most two requests are in flight,
// nothing is cancelled, and few are needed.
func TestOvertaking(t *testing.T) {
	room := server.New(server.Options{})
	way := &overlap{next: room}
	inBubble(t, way, func(t *testing.T, _ *memNet, o Options) {
		var seen recorder
		a := mustDial(t, Options{Server: o.Server, Code: o.Code, Options: web.Options{Trust: web.Trust{Dial: o.Dial}, OnRequest: seen.add}})
		time.Sleep(time.Minute)
		waited := len(seen.all())
		begun := time.Now()
		b := mustDial(t, o)
		exchange(t, a, b)
		if took := time.Since(begun); took != 0 {
			t.Errorf("the exchange had to wait %s", took)
		}
		requests := seen.all()
		polls := 0
		for _, q := range requests[waited:] {
			if q.Err != nil || q.Attempt != 1 {
				t.Errorf("%+v", q)
			}
			if q.Op == "get_status" {
				polls++
			}
		}
		t.Logf("%d requests while waiting for a minute; then %d, %d of them polls", waited, len(requests)-waited, polls)
		if waited > 4 || polls > 20 {
			t.Errorf("%d requests while waiting, then %d polls", waited, polls)
		}
		if most := way.atMost(); most > 4 {
			t.Errorf("%d requests in flight by two parties", most)
		}
		_, _ = a.Close(testContext(t)), b.Close(testContext(t))
		room.Close()
	})
}

// TestLostAnswer: a server of the original's kind gives the answer once; when
// it is lost on the way that is said, instead of waiting for ever.
func TestLostAnswer(t *testing.T) {
	inBubble(t, newOriginal(), func(t *testing.T, n *memNet, o Options) {
		var mu sync.Mutex
		lose := false
		n.onDial(func(c net.Conn) (net.Conn, error) { return &losingConn{c, &mu, &lose}, nil })
		a := mustDial(t, o)
		n.onDial(nil)
		b := mustDial(t, o)
		mustReceive(t, a, signal.KindPaired)
		mustSend(t, a, description(signal.KindOffer, "o"))
		mustReceive(t, b, signal.KindPaired)
		mustReceive(t, b, signal.KindOffer)
		mu.Lock()
		lose = true
		mu.Unlock()
		mustSend(t, b, description(signal.KindAnswer, "a"))
		_, err := a.Receive(testContext(t))
		wantError(t, err, signal.ReasonProtocol, errLostAnswer)
	})
}

// losingConn loses the one answer that holds the other party's description.
type losingConn struct {
	net.Conn
	mu   *sync.Mutex
	lose *bool
}

func (c *losingConn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	c.mu.Lock()
	defer c.mu.Unlock()
	if *c.lose && bytes.Contains(p[:n], []byte("answered")) {
		_ = c.Close()
		return 0, errors.New("lost")
	}
	return n, err
}
