package server

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"dialtone/diag/lab/labtest"
	"dialtone/signal/pairs"
)

// half is one party of a call, whose requests all go to one server.
type half struct {
	server *Server
	user   string
	got    []string // what polls brought
}

// post sends a request, again where the server asks for that: on a busy machine the store answers some too late.
func (h *half) post(body map[string]any) (string, error) {
	raw, err := json.Marshal(body)
	if err != nil {
		return "", err
	}
	const tries = 10
	for try := 1; ; try++ {
		r := httptest.NewRequestWithContext(context.Background(), http.MethodPost, "/call/call_line_process/", strings.NewReader(string(raw)))
		w := httptest.NewRecorder()
		h.server.ServeHTTP(w, r)
		switch {
		case w.Code == http.StatusOK:
			return w.Body.String(), nil
		case try == tries || !strings.Contains(w.Body.String(), "store_unavailable"):
			return "", fmt.Errorf("%v: %d %s", body["code"], w.Code, w.Body)
		}
	}
}

// until polls until an answer contains a text.
func (h *half) until(text string) error {
	for len(h.got) < 100 {
		got, err := h.post(map[string]any{"code": "get_status", "user_id": h.user, "wait_ms": 25000})
		if err != nil {
			return err
		}
		h.got = append(h.got, got)
		if strings.Contains(got, text) {
			return nil
		}
	}
	return errors.New("not told " + text)
}

// dial dials and reports an unexpected answer.
func (h *half) dial(code string) error {
	got, err := h.post(map[string]any{"code": "dial", "call_code": code})
	if err != nil {
		return err
	}
	var body dialReply
	err = json.Unmarshal([]byte(got), &body)
	h.user = body.UserID
	return err
}

// call plays a party from its dial until it has the peer's last candidate.
func (h *half) call(code, me, peer string, dialed chan<- struct{}) error {
	const candidates = 3
	if err := h.dial(code); err != nil {
		return err
	}
	close(dialed)
	steps := []func() error{
		func() error { return h.until("need_init") },
		func() error {
			_, err := h.post(map[string]any{"code": "offer", "user_id": h.user, "offer": map[string]string{"type": "offer", "sdp": me}})
			return err
		},
		func() error { return h.until("answered") },
	}
	if me == "subscriber" {
		steps = []func() error{
			func() error { return h.until("offered") },
			func() error {
				_, err := h.post(map[string]any{"code": "answer", "user_id": h.user, "answer": map[string]string{"type": "answer", "sdp": me}})
				return err
			},
		}
	}
	for n := range candidates {
		steps = append(steps, func() error {
			_, err := h.post(map[string]any{"code": "ice", "user_id": h.user, "ice": map[string]string{"candidate": fmt.Sprint(me, n)}})
			return err
		})
	}
	steps = append(steps, func() error {
		for n := range candidates {
			if what := fmt.Sprint(peer, n); !slices.ContainsFunc(h.got, func(g string) bool { return strings.Contains(g, what) }) {
				if err := h.until(what); err != nil {
					return err
				}
			}
		}
		return nil
	})
	for _, step := range steps {
		if err := step(); err != nil {
			return fmt.Errorf("%s: %w", me, err)
		}
	}
	return nil
}

// TestHundredPairs: the halves of each pair ask different servers, all at once, and no pair loses anything.
func TestHundredPairs(t *testing.T) {
	t.Parallel()
	const count = 100
	l := newShared(t, redisServer(t), 2, Options{RequestsPerSecond: -1, MissesPerSecond: -1, PairsPerAddress: -1, Expiry: time.Minute})
	servers := []*Server{l.server, l.others[0]}
	var all sync.WaitGroup
	for n := range count {
		all.Go(func() {
			code := fmt.Sprint("room ", n)
			initiator, subscriber := &half{server: servers[n%2]}, &half{server: servers[1-n%2]}
			dialed, ignored := make(chan struct{}), make(chan struct{})
			errs := make(chan error, 2)
			go func() { errs <- initiator.call(code, "initiator", "subscriber", dialed) }()
			select {
			case <-dialed:
				go func() { errs <- subscriber.call(code, "subscriber", "initiator", ignored) }()
				if err := errors.Join(<-errs, <-errs); err != nil {
					t.Errorf("pair %d: %v", n, err)
				}
			case err := <-errs:
				t.Errorf("pair %d: %v", n, err)
			}
		})
	}
	all.Wait()
}

// TestRacingDials: of parties that dial one code at the same time on two servers, each gets exactly one peer.
func TestRacingDials(t *testing.T) {
	t.Parallel()
	const rounds, dials = 20, 8
	l := newShared(t, redisServer(t), 2, Options{RequestsPerSecond: -1, MissesPerSecond: -1, PairsPerAddress: -1})
	for round := range rounds {
		var all sync.WaitGroup
		users := make([]string, dials)
		for n := range dials {
			all.Go(func() { users[n] = l.dial(fmt.Sprint("race ", round)) })
		}
		all.Wait()
		needed := 0
		for _, user := range users {
			if l.poll(user).body == needInitBody {
				needed++
			}
		}
		if needed != dials/2 {
			t.Errorf("round %d: %d of %d dials were paired as initiators", round, needed, dials)
		}
	}
}

// TestStoreIsAway: while Redis is away each request says so at once, parked ones too, and when it is back all go on. A
// Redis that answers and keeps nothing is told from that, when a server starts and by those that have.
func TestStoreIsAway(t *testing.T) {
	t.Parallel()
	const expiry = 9 * time.Second
	redis := strings.TrimPrefix(redisServer(t), "redis://")
	address := startProxy(t, redis)
	l := newShared(t, "redis://"+address.String(), 2, Options{Expiry: expiry})
	initiator, _ := l.pairIn(pairs.Waiting)
	answered := l.parkIn(initiator)
	address.cut()
	l.wantRefused("parked", <-answered, 503, "store_unavailable")
	l.wantSaid(l.post(`{"code":"dial","call_code":"w"}`), "does not answer")
	l.wantRefused("poll", l.poll(initiator), 503, "store_unavailable")
	address.restore()
	for range 1 + len(l.others) { // each server finds out by itself, within a second
		until(t, "it dials again", func() bool { return l.post(`{"code":"dial","call_code":"first"}`).status == 200 })
	}
	user := l.dial("again")
	answered = l.parkIn(user)
	l.dial("again")
	l.want("woken over the new connection", <-answered, 200, needInitBody)

	store := openStore(t, "redis://"+redis, expiry)
	if err := store.Check(t.Context()); err != nil {
		t.Error(err)
	}
	for _, test := range []struct{ command, undo, why string }{
		{"config set maxmemory 1", "config set maxmemory 0", "its memory is full"},
		{"acl setuser default -eval -evalsha", "acl setuser default +eval +evalsha", "it does not permit this user"},
		{"replicaof 127.0.0.1 1", "replicaof no one", "it is read-only"},
	} {
		tell(t, redis, test.command)
		if err := store.Check(t.Context()); err == nil || !strings.Contains(err.Error(), test.why) {
			t.Errorf("%s: %v", test.command, err)
		}
		l.wantSaid(l.post(`{"code":"dial","call_code":"refused"}`), test.why)
		tell(t, redis, test.undo)
	}
}

// wantSaid checks what people read of a store that fails.
func (l *line) wantSaid(got reply, why string) {
	l.t.Helper()
	l.wantRefused(why, got, 503, "store_unavailable")
	if !strings.Contains(got.body, why) {
		l.t.Errorf("%q is not in %s", why, got.body)
	}
}

// tell gives Redis a command.
func tell(t *testing.T, redis, command string) {
	t.Helper()
	c, err := new(net.Dialer).DialContext(t.Context(), "tcp", redis)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Close() }()
	_, _ = fmt.Fprint(c, command, "\r\n")
	if said, err := bufio.NewReader(c).ReadString('\n'); err != nil || said != "+OK\r\n" {
		t.Fatalf("%s: %q, %v", command, said, err)
	}
}

// TestSharedWakeTime measures how long after a candidate was posted on one server the request that is parked on another
// brings it.
func TestSharedWakeTime(t *testing.T) {
	labtest.NeedQuiet(t)
	l := newShared(t, redisServer(t), 2, Options{CandidatesPerSide: -1, RequestsPerSecond: -1})
	initiator, subscriber := l.pairIn(pairs.Connected)
	l.poll(initiator)
	l.poll(subscriber)
	var times []time.Duration
	for n := range 1000 {
		answered := l.parkIn(initiator)
		c := fmt.Sprintf(`{"candidate":"%d"}`, n)
		begun := time.Now()
		l.ice(subscriber, c)
		l.want("woken", <-answered, 200, connectedWith(c))
		times = append(times, time.Since(begun))
	}
	slices.Sort(times)
	t.Logf("p50 %v, p99 %v, most %v", times[500], times[990], times[999])
	if times[990] > 20*time.Millisecond {
		t.Errorf("p99 is %v", times[990])
	}
}

// BenchmarkStores is the cost of one poll and one post, over each store, with eight clients.
func BenchmarkStores(b *testing.B) {
	o := Options{CandidatesPerSide: -1, RequestsPerSecond: -1, PairsPerAddress: -1, MissesPerSecond: -1, Expiry: time.Minute}
	for name, l := range map[string]*line{"memory": newLine(b, o), "redis": newShared(b, redisServer(b), 2, o)} {
		b.Run(name, func(b *testing.B) {
			b.SetParallelism(4)
			b.RunParallel(func(p *testing.PB) {
				code := NewCode()
				initiator, subscriber := l.dial(code), l.dial(code)
				l.offer(initiator)
				l.answer(subscriber)
				l.poll(initiator)
				for p.Next() {
					l.ice(initiator, `{"candidate":"candidate:1 1 udp 1 192.0.2.1 9 typ host"}`)
					l.poll(subscriber)
				}
			})
			b.ReportMetric(float64(2*b.N)/b.Elapsed().Seconds(), "requests/s")
		})
	}
}
