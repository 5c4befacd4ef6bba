package session

import (
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"dialtone/diag"
	"dialtone/diag/call"
	"dialtone/diag/lab/labtest"
	"dialtone/diag/words/verdict"
	"dialtone/signal/room"
)

// originalServer does what the server of "WebRTC Call" does, races included: each request reads the whole row of its pair, takes
// its time, and saves the whole row. Of requests that overlap the last to save wins, and what the others wrote is lost.
type originalServer struct {
	think time.Duration // at most, between reading and saving

	mu   sync.Mutex
	next int
	rows map[int]originalRow
	lost int // saves that undid another
}

// originalRow is a pair. Its sides are that of the initiator and that of the subscriber.
type originalRow struct {
	id, saves     int
	code, state   string
	users         [2]string
	offer, answer string
	routes        [2][]string // candidates, JSON
	seen          [2]time.Time
}

// find reads the row of a user; false when there is none.
func (o *originalServer) find(user string) (row originalRow, side int, ok bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, r := range o.rows {
		for side, u := range r.users {
			if u == user && user != "" {
				return r, side, true
			}
		}
	}
	return originalRow{}, 0, false
}

// save writes a row back as a whole. One that was deleted meanwhile is inserted anew, as the original's database does.
func (o *originalServer) save(r originalRow) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.rows[r.id].saves != r.saves {
		o.lost++
	}
	r.saves++
	o.rows[r.id] = r
}

// expire deletes what has been silent for 10 s; the original does it at the next request of anybody.
func (o *originalServer) expire() {
	o.mu.Lock()
	defer o.mu.Unlock()
	for id, r := range o.rows {
		for _, at := range r.seen {
			if time.Since(at) > 10*time.Second {
				delete(o.rows, id)
			}
		}
	}
}

func (o *originalServer) pause() {
	time.Sleep(time.Duration(rand.Int64N(int64(o.think)))) //nolint:gosec // a test
}

// ServeHTTP implements http.Handler.
func (o *originalServer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	raw, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	var body map[string]json.RawMessage
	if err := json.Unmarshal(raw, &body); err != nil || r.URL.Path != "/call/call_line_process/" {
		w.WriteHeader(http.StatusInternalServerError)
		return
	}
	text := func(name string) (s string) {
		_ = json.Unmarshal(body[name], &s)
		return s
	}
	o.expire()
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	status, answer := 0, ""
	if text("code") == "dial" {
		status, answer = http.StatusOK, o.dial(text("call_code"))
	} else {
		status, answer = o.handle(text("code"), text("user_id"), body)
	}
	w.WriteHeader(status)
	_, _ = io.WriteString(w, answer)
}

func (o *originalServer) dial(code string) string {
	o.mu.Lock()
	o.next++
	user, row := fmt.Sprintf("%064x", o.next), originalRow{id: o.next, code: code, state: "wait_for_response"}
	side := 0
	for _, r := range o.rows {
		if r.code == code && r.state == "wait_for_response" {
			row, side = r, 1
		}
	}
	o.mu.Unlock()
	o.pause()
	if side == 1 {
		row.state = "need_init"
	}
	row.users[side] = user
	row.seen = [2]time.Time{time.Now(), time.Now()}
	o.save(row)
	return `{"user_id": "` + user + `"}`
}

func (o *originalServer) handle(code, user string, body map[string]json.RawMessage) (int, string) {
	row, side, ok := o.find(user)
	if !ok {
		return http.StatusBadRequest, "Не найден user_id"
	}
	o.pause()
	if code == "disconnect" {
		o.mu.Lock()
		defer o.mu.Unlock()
		delete(o.rows, row.id)
		return http.StatusOK, ""
	}
	row.seen[side] = time.Now()
	if row.users[1] == "" {
		row.seen[1] = time.Now()
	}
	answer := ""
	switch {
	case code == "get_status":
		answer = row.status(side)
	case code == "offer" && side == 0 && row.state == "need_init":
		row.offer, row.state = string(body["offer"]), "offered"
	case code == "answer" && side == 1 && row.state == "offered":
		row.answer, row.state = string(body["answer"]), "answered"
	case code == "ice":
		row.routes[side] = append(append([]string{}, row.routes[side]...), string(body["ice"]))
	default:
		return http.StatusBadRequest, ""
	}
	o.save(row)
	return http.StatusOK, answer
}

// status answers get_status.
func (r *originalRow) status(side int) string {
	switch {
	case r.state == "need_init" && side == 0:
		return `{"code": "need_init"}`
	case r.state == "offered" && side == 1:
		return `{"code": "offered", "offer": ` + r.offer + `}`
	case r.state == "answered" && side == 0:
		r.state = "connected"
		return `{"code": "answered", "answer": ` + r.answer + `}`
	case r.state == "connected":
		list := "["
		for n, c := range r.routes[1-side] {
			if n > 0 {
				list += ", "
			}
			list += c
		}
		r.routes[1-side] = nil
		return `{"code": "connected", "new_ice_routes": ` + list + `]}`
	}
	return `{}`
}

// TestServerOfTheOriginal: calls through a server that loses what overlaps, and all of them connect.
func TestServerOfTheOriginal(t *testing.T) {
	t.Parallel()
	calls, atOnce := labtest.Sample(100, 30), 10
	o := &originalServer{think: 30 * time.Millisecond, rows: map[int]originalRow{}}
	s := httptest.NewServer(o)
	t.Cleanup(s.Close)
	var group sync.WaitGroup
	seats := make(chan struct{}, atOnce)
	for n := range calls {
		seats <- struct{}{}
		group.Go(func() {
			defer func() { <-seats }()
			t.Run(fmt.Sprint(n), func(t *testing.T) { callOverOriginal(t, s.URL, fmt.Sprint("w", n)) })
		})
	}
	group.Wait()
	o.mu.Lock()
	defer o.mu.Unlock()
	t.Logf("%d saves undid another", o.lost)
	if o.lost < calls/10 {
		t.Errorf("only %d saves undid another: the server is too good", o.lost)
	}
}

// callOverOriginal places a call of which the second party dials as soon as the first one waits.
func callOverOriginal(t *testing.T, url, code string) {
	dial := func() Dialer { return overRoom(room.Options{Server: url + "/call/", Code: code}) }
	a := start(t, "a", Options{Config: diag.Config{Code: code, NoMedia: true}, Dial: dial()})
	a.until("the wait", func(c *call.Call) bool { return c.State() == call.StateWaiting })
	b := start(t, "b", Options{Config: diag.Config{Code: code, NoMedia: true, Echo: true}, Dial: dial()})
	a.until("a connection", isConnected)
	b.until("a connection", isConnected)
	a.Hangup()
	if v := a.ended(); v.Exit != diag.ExitPass {
		t.Errorf("%s %s", v.Exit, verdict.Of(v).Headline)
	}
}
