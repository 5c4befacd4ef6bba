package room

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"dialtone/signal"
	"dialtone/signal/server"
)

// losesAnswers accepts the first request of each of its codes and then drops the connection without an answer.
type losesAnswers struct {
	next  http.Handler
	mu    sync.Mutex
	codes map[string]bool
	posts map[string]int
}

func (l *losesAnswers) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	var head struct{ Code string }
	_ = json.Unmarshal(body, &head)
	r.Body = io.NopCloser(bytes.NewReader(body))
	l.mu.Lock()
	l.posts[head.Code]++
	lose := l.codes[head.Code] && l.posts[head.Code] == 1
	l.mu.Unlock()
	if !lose {
		l.next.ServeHTTP(w, r)
		return
	}
	l.next.ServeHTTP(httptest.NewRecorder(), r)
	raw("")(w, r)
}

func (l *losesAnswers) Close() {
	if end, ok := l.next.(interface{ Close() }); ok {
		end.Close()
	}
}

// TestRepeatedAfterALostAnswer: the server rejects an offer or answer that it has accepted already; then it has arrived.
func TestRepeatedAfterALostAnswer(t *testing.T) {
	for name, next := range map[string]func() http.Handler{
		"original": func() http.Handler { return newOriginal() },
		"dialtone": func() http.Handler { return server.New(server.Options{}) },
	} {
		t.Run(name, func(t *testing.T) {
			l := &losesAnswers{next: next(), codes: map[string]bool{"offer": true, "answer": true, "ice": true}, posts: map[string]int{}}
			inBubble(t, l, func(t *testing.T, _ *memNet, o Options) {
				a, b := mustDial(t, o), mustDial(t, o)
				exchangeOne(t, a, b)
				l.mu.Lock()
				defer l.mu.Unlock()
				for _, code := range []string{"offer", "answer", "ice"} {
					if l.posts[code] < 2 {
						t.Errorf("%s was posted %d times", code, l.posts[code])
					}
				}
			})
		})
	}
}

// exchangeOne exchanges descriptions and one candidate, and closes.
func exchangeOne(t *testing.T, a, b signal.Channel) {
	t.Helper()
	setUp(t, a, b)
	mustSend(t, a, candidate(1))
	mustReceive(t, b, signal.KindCandidate)
	_, _ = a.Close(testContext(t)), b.Close(testContext(t))
}

// TestRejectedAtFirst: what the server rejects at once is an error, and is not sent again.
func TestRejectedAtFirst(t *testing.T) {
	s := &switchable{handler: newOriginal()}
	inBubble(t, s, func(t *testing.T, _ *memNet, o Options) {
		var seen recorder
		o.OnRequest = seen.add
		a := mustDial(t, o)
		o.OnRequest = nil
		b := mustDial(t, o)
		mustReceive(t, a, signal.KindPaired)
		s.set(says(400, ""))
		err := a.Send(testContext(t), description(signal.KindOffer, "o"))
		wantError(t, err, signal.ReasonRejected, nil)
		offers := 0
		for _, q := range seen.all() {
			if q.Op == "offer" {
				offers++
			}
		}
		if offers != 1 {
			t.Errorf("%d offers", offers)
		}
		_, _ = a.Close(testContext(t)), b.Close(testContext(t))
	})
}

// TestForgottenAndRepeated: an offer that the server asks for again was accepted after all: a rejection of the repeat
// is not an error, and neither end notices.
func TestForgottenAndRepeated(t *testing.T) {
	o := newOriginal()
	s := &asksTwice{next: o}
	inBubble(t, s, func(t *testing.T, _ *memNet, options Options) {
		var seen recorder
		options.OnRequest = seen.add
		a := mustDial(t, options)
		options.OnRequest = nil
		b := mustDial(t, options)
		setUp(t, a, b)
		repeats := 0
		for _, q := range seen.all() {
			if q.Op == "offer" && q.Repeat {
				repeats++
				if q.Status != 400 {
					t.Errorf("the repeat was answered %d", q.Status)
				}
			}
		}
		if repeats == 0 {
			t.Error("the offer was not repeated")
		}
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		if _, err := a.Receive(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("the channel ended: %v", err)
		}
		_, _ = a.Close(testContext(t)), b.Close(testContext(t))
	})
}

// asksTwice answers the first poll after an accepted offer with need_init once more.
type asksTwice struct {
	next    http.Handler
	mu      sync.Mutex
	offered bool
	asked   bool
}

func (s *asksTwice) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	var head struct {
		Code   string
		UserID string `json:"user_id"`
	}
	_ = json.Unmarshal(body, &head)
	r.Body = io.NopCloser(bytes.NewReader(body))
	s.mu.Lock()
	again := s.offered && !s.asked && head.Code == "get_status" && head.UserID[len(head.UserID)-1] == '1'
	s.asked = s.asked || again
	s.offered = s.offered || head.Code == "offer"
	s.mu.Unlock()
	if again {
		says(200, `{"code":"need_init"}`)(w, r)
		return
	}
	s.next.ServeHTTP(w, r)
}
