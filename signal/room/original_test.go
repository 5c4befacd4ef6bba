package room

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync"
	"testing"
	"time"

	"dialtone/signal"
	"github.com/google/go-cmp/cmp"
)

// original behaves as the server of the "WebRTC Call" page does where a client
// can see it: no wait_ms, text/html, and requests that must not overlap.
type original struct {
	think time.Duration // that each request takes

	mu       sync.Mutex
	users    map[string]*originalParty
	waiting  map[string]*originalPair
	running  map[string]int // requests by user
	overlaps int
	polls    []time.Time
	waits    []float64 // wait_ms as sent, -1 where it was not
	posts    map[string]int
	forget   map[string]int // how many accepted offers or answers are undone
}

type originalPair struct {
	state         string
	sides         [2]*originalParty
	offer, answer json.RawMessage
}

type originalParty struct {
	pair   *originalPair
	side   int
	routes []json.RawMessage
}

func newOriginal() *original {
	return &original{
		think: 5 * time.Millisecond, users: map[string]*originalParty{}, waiting: map[string]*originalPair{},
		running: map[string]int{}, posts: map[string]int{}, forget: map[string]int{},
	}
}

func (o *original) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	raw, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	var body map[string]json.RawMessage
	if err := json.Unmarshal(raw, &body); err != nil || r.URL.Path != "/call/call_line_process/" {
		w.WriteHeader(http.StatusInternalServerError)
		return
	}
	var code, user string
	_ = json.Unmarshal(body["code"], &code)
	_ = json.Unmarshal(body["user_id"], &user)
	o.begin(user)
	time.Sleep(o.think)
	defer o.end(user)
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	status, answer := o.handle(code, user, body)
	w.WriteHeader(status)
	_, _ = io.WriteString(w, answer)
}

func (o *original) pollCount() int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return len(o.polls)
}

func (o *original) begin(user string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.running[user]++; user != "" && o.running[user] > 1 {
		o.overlaps++
	}
}

func (o *original) end(user string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.running[user]--
}

func (o *original) handle(code, user string, body map[string]json.RawMessage) (int, string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.posts[code]++
	if code == "dial" {
		answer := o.dial(string(body["call_code"]))
		if o.posts[code] == 2 && o.forgets(code) {
			o.undo(string(body["call_code"]))
		}
		return 200, answer
	}
	p := o.users[user]
	if p == nil {
		return 400, "Не найден user_id"
	}
	pair := p.pair
	switch {
	case code == "get_status":
		o.polls = append(o.polls, time.Now())
		wait := -1.0
		_ = json.Unmarshal(body["wait_ms"], &wait)
		o.waits = append(o.waits, wait)
		return 200, p.status()
	case code == "offer" && pair.state == "need_init" && p.side == 0:
		if pair.offer = body["offer"]; !o.forgets(code) {
			pair.state = "offered"
		}
		return 200, ""
	case code == "answer" && pair.state == "offered" && p.side == 1:
		if pair.answer = body["answer"]; !o.forgets(code) {
			pair.state = "answered"
		}
		return 200, ""
	case code == "ice":
		if !o.forgets(code) {
			p.routes = append(p.routes, body["ice"])
		}
		return 200, ""
	case code == "disconnect":
		for id, q := range o.users {
			if q.pair == pair {
				delete(o.users, id)
			}
		}
		return 200, ""
	}
	return 400, ""
}

// undo takes the second party out of the first pair, which waits again.
func (o *original) undo(code string) {
	pair := o.users[fmt.Sprintf("%064x", 1)].pair
	delete(o.users, fmt.Sprintf("%064x", 2))
	pair.state, pair.sides[1] = "wait_for_response", nil
	o.waiting[code] = pair
}

func (o *original) forgets(code string) bool {
	o.forget[code]--
	return o.forget[code] >= 0
}

func (o *original) dial(code string) string {
	pair := o.waiting[code]
	side := 1
	if pair == nil {
		pair, side = &originalPair{state: "wait_for_response"}, 0
		o.waiting[code] = pair
	} else {
		delete(o.waiting, code)
		pair.state = "need_init"
	}
	id := fmt.Sprintf("%064x", len(o.users)+1)
	o.users[id] = &originalParty{pair: pair, side: side}
	pair.sides[side] = o.users[id]
	return `{"user_id": "` + id + `"}`
}

func (p *originalParty) status() string {
	switch pair := p.pair; {
	case pair.state == "need_init" && p.side == 0:
		return `{"code": "need_init"}`
	case pair.state == "offered" && p.side == 1:
		return `{"code": "offered", "offer": ` + string(pair.offer) + `}`
	case pair.state == "answered" && p.side == 0:
		pair.state = "connected"
		return `{"code": "answered", "answer": ` + string(pair.answer) + `}`
	case pair.state == "connected":
		other := pair.sides[1-p.side]
		raw, err := json.Marshal(append([]json.RawMessage{}, other.routes...))
		if err != nil {
			return ""
		}
		other.routes = nil
		return `{"code": "connected", "new_ice_routes": ` + string(raw) + `}`
	}
	return `{}`
}

// exchange takes two parties through a whole call: descriptions, candidates both ways, hang-up.
func exchange(t *testing.T, a, b signal.Channel) {
	t.Helper()
	setUp(t, a, b)
	var group sync.WaitGroup
	for _, c := range []signal.Channel{a, b} {
		group.Go(func() {
			for n := range 10 {
				if err := c.Send(testContext(t), candidate(n)); err != nil {
					t.Error(err)
				}
			}
			if err := c.Send(testContext(t), signal.Message{Kind: signal.KindEndOfCandidates}); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	for _, c := range []signal.Channel{a, b} {
		for n := range 10 {
			if diff := cmp.Diff(candidate(n), mustReceive(t, c, signal.KindCandidate)); diff != "" {
				t.Error(diff)
			}
		}
		mustReceive(t, c, signal.KindEndOfCandidates)
	}
}

func TestOriginal(t *testing.T) {
	server := newOriginal()
	inBubble(t, server, func(t *testing.T, _ *memNet, o Options) {
		begun := time.Now()
		a := mustDial(t, o)
		time.Sleep(30 * time.Second)
		second := time.Now()
		b := mustDial(t, o)
		exchange(t, a, b)
		if took := time.Since(second); took > 3*time.Second {
			t.Errorf("the exchange took %s after the second dial", took)
		}
		time.Sleep(time.Minute) // the call lasts
		if err := a.Close(testContext(t)); err != nil {
			t.Error(err)
		}
		_, err := b.Receive(testContext(t))
		wantError(t, err, signal.ReasonPeerGone, signal.ErrPeerGone)
		if err := b.Send(testContext(t), candidate(1)); err == nil {
			t.Error("sent to nobody")
		}
		if err := b.Close(testContext(t)); err != nil {
			t.Error(err)
		}
		checkOriginal(t, server, begun, second)
	})
}

// checkOriginal looks at what the client did to the server.
func checkOriginal(t *testing.T, server *original, begun, second time.Time) {
	t.Helper()
	server.mu.Lock()
	defer server.mu.Unlock()
	if server.overlaps > 0 {
		t.Errorf("%d requests overlapped with one of the same party", server.overlaps)
	}
	asked := 0
	for _, wait := range server.waits {
		if wait >= 1000 {
			asked++
		}
	}
	if server.waits[0] <= 0 || asked > 4 {
		t.Errorf("first poll asked to wait %v ms, %d polls did", server.waits[0], asked)
	}
	previous := begun
	for n, at := range server.polls {
		if gap := at.Sub(previous); gap > connectedPause+100*time.Millisecond {
			t.Errorf("poll %d came after %s", n, gap)
		}
		previous = at
	}
	alone := 0
	for _, at := range server.polls {
		if at.Before(second) {
			alone++
		}
	}
	if alone < 30 || alone > 45 {
		t.Errorf("%d polls in 30 s of waiting", alone)
	}
	if gap := server.polls[1].Sub(server.polls[0]); gap > 150*time.Millisecond {
		t.Errorf("the second poll came after %s", gap)
	}
}

// TestOriginalForgets: an offer or answer that the server accepted and lost is
// posted again, and what it repeats is delivered once.
func TestOriginalForgets(t *testing.T) {
	server := newOriginal()
	server.forget["offer"], server.forget["answer"] = 2, 3
	inBubble(t, server, func(t *testing.T, _ *memNet, o Options) {
		var seen recorder
		o.OnRequest = seen.add
		a, b := mustDial(t, o), mustDial(t, o)
		exchange(t, a, b)
		if err := a.Close(testContext(t)); err != nil {
			t.Error(err)
		}
		server.mu.Lock()
		defer server.mu.Unlock()
		if server.posts["offer"] != 3 || server.posts["answer"] != 4 || server.overlaps != 0 {
			t.Errorf("posts %v, overlaps %d", server.posts, server.overlaps)
		}
		repeats := 0
		for _, q := range seen.all() {
			if q.Repeat {
				repeats++
			}
		}
		if repeats != 5 {
			t.Errorf("%d requests are marked as repeats", repeats)
		}
	})
}

// TestOriginalLosesADial: a dial that the server accepted and lost is made again, and the parties meet.
func TestOriginalLosesADial(t *testing.T) {
	server := newOriginal()
	server.forget["dial"] = 1
	inBubble(t, server, func(t *testing.T, _ *memNet, o Options) {
		a, b := mustDial(t, o), mustDial(t, o)
		exchange(t, a, b)
		server.mu.Lock()
		defer server.mu.Unlock()
		if server.posts["dial"] != 3 {
			t.Errorf("%d dials", server.posts["dial"])
		}
	})
}

// TestOriginalLosesCandidates: what the server loses without a word arrives all the same, each candidate once.
func TestOriginalLosesCandidates(t *testing.T) {
	server := newOriginal()
	server.forget["ice"] = 7
	inBubble(t, server, func(t *testing.T, _ *memNet, o Options) {
		a, b := mustDial(t, o), mustDial(t, o)
		setUp(t, a, b)
		for n := range 3 {
			mustSend(t, a, candidate(n))
			mustSend(t, b, candidate(n))
		}
		for _, c := range []signal.Channel{a, b} {
			got := map[string]bool{}
			for range 3 {
				got[mustReceive(t, c, signal.KindCandidate).Candidate.Candidate] = true
			}
			if len(got) != 3 {
				t.Errorf("got %v", got)
			}
		}
	})
}

// TestSlowReply: while our own description is due the server is hardly asked.
func TestSlowReply(t *testing.T) {
	server := newOriginal()
	inBubble(t, server, func(t *testing.T, _ *memNet, o Options) {
		a, b := mustDial(t, o), mustDial(t, o)
		mustReceive(t, a, signal.KindPaired)
		before := server.pollCount()
		time.Sleep(20 * time.Second)
		polls := server.pollCount() - before
		if polls > 40 { // b's 20 and a's 8, and the first quick ones
			t.Errorf("%d polls in 20 s", polls)
		}
		mustSend(t, a, description(signal.KindOffer, "offer sdp"))
		mustReceive(t, b, signal.KindPaired)
		mustReceive(t, b, signal.KindOffer)
	})
}

func TestNothingOfTheOtherParty(t *testing.T) {
	for _, kind := range []string{"offer", "answer"} {
		t.Run(kind, func(t *testing.T) {
			server := newOriginal()
			inBubble(t, server, func(t *testing.T, _ *memNet, o Options) {
				a := mustDial(t, o)
				victim := mustDial(t, o)
				mustReceive(t, a, signal.KindPaired)
				server.mu.Lock()
				pair := server.users[fmt.Sprintf("%064x", 1)].pair
				if kind == "offer" {
					pair.state, pair.offer = "offered", json.RawMessage("null")
					server.mu.Unlock()
				} else {
					server.mu.Unlock()
					mustSend(t, a, description(signal.KindOffer, "o"))
					server.mu.Lock()
					pair.state, pair.answer = "answered", json.RawMessage("null")
					server.mu.Unlock()
					victim = a
				}
				_, err := victim.Receive(testContext(t))
				wantError(t, err, signal.ReasonProtocol, signal.ErrMessage)
			})
		})
	}
}

// wantError checks how a caller would branch.
func wantError(t *testing.T, err error, reason signal.Reason, is error) {
	t.Helper()
	e := asError(t, err)
	if e != nil && (e.Reason != reason || is != nil && !errors.Is(err, is)) {
		t.Errorf("got %s: %v, want %s", e.Reason, err, reason)
	}
}
