package server

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"dialtone/diag/lab/labtest"
	"dialtone/signal/pairs"
)

func TestMain(m *testing.M) {
	if os.Getenv(serverEnv) != "" {
		os.Exit(runAlone())
	}
	labtest.AtOnce()
	goleak.VerifyTestMain(m)
}

// reply is an answered request.
type reply struct {
	status int
	body   string
}

// reason is the stable name of a refusal, "" for an answer.
// until waits for what must become true, and fails after a time that only a fault takes.
func until(t testing.TB, what string, is func() bool) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); !is(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("not within a minute: %s", what)
		}
	}
}

func (r reply) reason() string {
	var body struct {
		Error string `json:"error"`
	}
	_ = json.Unmarshal([]byte(r.body), &body)
	return body.Error
}

func (r reply) userID(t testing.TB) string {
	t.Helper()
	var body map[string]string
	if err := json.Unmarshal([]byte(r.body), &body); err != nil || r.status != 200 || len(body) != 1 {
		t.Fatalf("dial answered %d %s", r.status, r.body)
	}
	return body["user_id"]
}

// line posts bodies to a server, without a network.
type line struct {
	t      testing.TB
	server *Server
	others []*Server // that share its store: requests go to each in turn
	turn   atomic.Int64
	remote string
}

// next is the server that gets a request.
func (l *line) next() *Server {
	if n := l.turn.Add(1) % int64(1+len(l.others)); n > 0 {
		return l.others[n-1]
	}
	return l.server
}

func newLine(t testing.TB, o Options) *line {
	t.Helper()
	s := New(o)
	t.Cleanup(s.Close)
	return &line{t: t, server: s, remote: "192.0.2.1:1000"}
}

func (l *line) post(body string) reply { return l.postContext(context.Background(), body) }

func (l *line) postContext(ctx context.Context, body string) reply {
	return l.do(ctx, http.MethodPost, "/call/call_line_process/", body)
}

func (l *line) do(ctx context.Context, method, path, body string) reply {
	r := httptest.NewRequestWithContext(ctx, method, path, strings.NewReader(body))
	r.RemoteAddr = l.remote
	w := httptest.NewRecorder()
	l.next().ServeHTTP(w, r)
	if id := w.Header().Get(headerRequestID); id == "" {
		l.t.Errorf("%s %s has no request ID", method, path)
	}
	return reply{w.Code, w.Body.String()}
}

func (l *line) dial(code string) string {
	l.t.Helper()
	raw, err := json.Marshal(map[string]string{"code": "dial", "call_code": code})
	if err != nil {
		l.t.Fatal(err)
	}
	return l.post(string(raw)).userID(l.t)
}

func (l *line) poll(user string) reply {
	return l.post(fmt.Sprintf(`{"code":"get_status","user_id":%q}`, user))
}

// park begins a get_status with wait_ms in a bubble and returns when it is parked or answered.
func (l *line) park(ctx context.Context, user string, more string) <-chan reply {
	answered := make(chan reply, 1)
	go func() {
		answered <- l.postContext(ctx, fmt.Sprintf(`{"code":"get_status","user_id":%q,"wait_ms":25000%s}`, user, more))
	}()
	synctest.Wait()
	return answered
}

func (l *line) offer(user string) reply {
	return l.post(fmt.Sprintf(`{"code":"offer","user_id":%q,"offer":{"type":"offer","sdp":"o"}}`, user))
}

func (l *line) answer(user string) reply {
	return l.post(fmt.Sprintf(`{"code":"answer","user_id":%q,"answer":{"type":"answer","sdp":"a"}}`, user))
}

func (l *line) ice(user, candidate string) reply {
	return l.post(fmt.Sprintf(`{"code":"ice","user_id":%q,"ice":%s}`, user, candidate))
}

func (l *line) disconnect(user string) reply {
	return l.post(fmt.Sprintf(`{"code":"disconnect","user_id":%q}`, user))
}

// dialFor dials to continue a call.
func (l *line) dialFor(call string) reply {
	return l.post(fmt.Sprintf(`{"code":"dial","call_code":"pair","call":%q}`, call))
}

// hangUp ends a call without a room.
func (l *line) hangUp(call string) {
	l.t.Helper()
	l.want("hang up", l.post(fmt.Sprintf(`{"code":"hang_up","call_code":"pair","call":%q}`, call)), 200, "")
}

// want checks an answered request.
func (l *line) want(what string, got reply, status int, body string) {
	l.t.Helper()
	if got.status != status || got.body != body {
		l.t.Errorf("%s: %d %s, want %d %s", what, got.status, got.body, status, body)
	}
}

// wantRefused checks a refused request.
func (l *line) wantRefused(what string, got reply, status int, reason string) {
	l.t.Helper()
	if got.status != status || got.reason() != reason {
		l.t.Errorf("%s: %d %s, want %d %s", what, got.status, got.body, status, reason)
	}
}

// pairIn makes a pair in the given state.
func (l *line) pairIn(s pairs.State) (initiator, subscriber string) {
	l.t.Helper()
	initiator = l.dial("pair")
	if s >= pairs.NeedInit {
		subscriber = l.dial("pair")
	}
	if s >= pairs.Offered {
		l.want("offer", l.offer(initiator), 200, "")
	}
	if s >= pairs.Answered {
		l.want("answer", l.answer(subscriber), 200, "")
	}
	if s >= pairs.Connected {
		l.want("fetching the answer", l.poll(initiator), 200, answeredBody)
	}
	return initiator, subscriber
}

const (
	needInitBody  = `{"code":"need_init"}`
	offeredBody   = `{"code":"offered","offer":{"type":"offer","sdp":"o"}}`
	answeredBody  = `{"code":"answered","answer":{"type":"answer","sdp":"a"}}`
	connectedBody = `{"code":"connected","new_ice_routes":[]}`
)

func connectedWith(candidates ...string) string {
	return `{"code":"connected","new_ice_routes":[` + strings.Join(candidates, ",") + `]}`
}
