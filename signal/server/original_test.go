package server

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// browserPage is a client that behaves as the page of the original does: it polls in even steps and knows no wait_ms, lets its requests
// overlap, and may answer twice. It is not the server's business that this is unwise.
type browserPage struct {
	server      *Server
	connections chan struct{} // each request takes one
	pause       time.Duration // between polls; the original's is 3 s
	name        string
	count       int // of candidates that each side sends
	user        string
	posts       sync.WaitGroup

	mu       sync.Mutex
	answered int // how often its answer was accepted
	errs     []error
}

// pageStatus is what get_status answers.
type pageStatus struct {
	Code   string
	Offer  map[string]string
	Answer map[string]string
	Routes []*struct{ Candidate string } `json:"new_ice_routes"`
}

var (
	errEmpty   = errors.New("an empty body")
	errRefused = errors.New("refused")
)

// post makes a request and reads its answer into body, where one is wanted.
func (p *browserPage) post(ctx context.Context, request map[string]any, body any) (status int, err error) {
	raw, err := json.Marshal(request)
	if err != nil {
		return 0, err
	}
	p.connections <- struct{}{}
	defer func() { <-p.connections }()
	r := httptest.NewRequestWithContext(ctx, http.MethodPost, "/call/call_line_process/", bytes.NewReader(raw))
	r.RemoteAddr = "127.0.0.1:1000" // its rate has no limit
	w := httptest.NewRecorder()
	p.server.ServeHTTP(w, r)
	if body != nil && w.Code == http.StatusOK {
		if w.Body.Len() == 0 {
			return w.Code, errEmpty
		}
		err = json.Unmarshal(w.Body.Bytes(), body)
	}
	return w.Code, err
}

func (p *browserPage) fail(err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.errs = append(p.errs, fmt.Errorf("%s: %w", p.name, err))
}

// dial takes a seat.
func (p *browserPage) dial(ctx context.Context, code string) error {
	var body struct {
		User string `json:"user_id"`
	}
	status, err := p.post(ctx, map[string]any{"code": "dial", "call_code": code}, &body)
	if err == nil && (status != http.StatusOK || body.User == "") {
		err = fmt.Errorf("dial: %d", status)
	}
	p.user = body.User
	return err
}

// candidates posts all of them at once, and the end of them, which the original stores as null.
func (p *browserPage) candidates(ctx context.Context) {
	for n := range p.count + 1 {
		p.posts.Go(func() {
			request := map[string]any{"code": "ice", "user_id": p.user, "ice": nil}
			if n < p.count {
				request["ice"] = map[string]any{"candidate": fmt.Sprint(p.name, " ", n), "sdpMid": "0", "sdpMLineIndex": 0}
			}
			if status, err := p.post(ctx, request, nil); err != nil || status != http.StatusOK {
				p.fail(fmt.Errorf("candidate %d: %d %w", n, status, cmp.Or(err, errRefused)))
			}
		})
	}
}

// describe posts a description, or the same one twice at once; one of them is to be accepted.
func (p *browserPage) describe(ctx context.Context, kind string, times int) {
	for range times {
		p.posts.Go(func() {
			description := map[string]string{"type": kind, "sdp": "the " + kind + " of " + p.name}
			status, err := p.post(ctx, map[string]any{"code": kind, "user_id": p.user, kind: description}, nil)
			p.mu.Lock()
			defer p.mu.Unlock()
			switch {
			case err == nil && status == http.StatusOK:
				p.answered++
			case err != nil || times == 1 || status != http.StatusBadRequest:
				p.errs = append(p.errs, fmt.Errorf("%s: %s: %d %w", p.name, kind, status, cmp.Or(err, errRefused)))
			}
		})
	}
}

// call polls until it has the other side's description and all of its candidates. Descriptions are posted beside the polls, as
// a page does that waits for its camera.
func (p *browserPage) call(ctx context.Context, other string) error {
	defer p.posts.Wait()
	got := map[string]bool{}
	described, heard := false, false
	for !heard || len(got) < p.count {
		var s pageStatus
		status, err := p.post(ctx, map[string]any{"code": "get_status", "user_id": p.user}, &s)
		if err != nil || status != http.StatusOK {
			return fmt.Errorf("get_status: %d %w; %d of %d candidates", status, cmp.Or(err, errRefused), len(got), p.count)
		}
		switch s.Code {
		case "need_init":
			if !described {
				described = true
				p.candidates(ctx)
				p.describe(ctx, "offer", 1)
			}
		case "offered":
			if s.Offer["sdp"] != "the offer of "+other {
				return fmt.Errorf("the offer is %q", s.Offer)
			}
			if !described {
				described, heard = true, true
				p.describe(ctx, "answer", 2)
				p.candidates(ctx)
			}
		case "answered":
			if s.Answer["sdp"] != "the answer of "+other || heard {
				return fmt.Errorf("the answer is %q, there was one before: %t", s.Answer, heard)
			}
			heard = true
		case "connected":
			for _, r := range s.Routes {
				if r == nil {
					continue
				}
				if !strings.HasPrefix(r.Candidate, other+" ") || got[r.Candidate] {
					return fmt.Errorf("candidate %q is another's, or comes twice", r.Candidate)
				}
				got[r.Candidate] = true
			}
		}
		select {
		case <-time.After(p.pause):
		case <-ctx.Done():
			return fmt.Errorf("%w: %d of %d candidates", ctx.Err(), len(got), p.count)
		}
	}
	return nil
}

// TestPagesOfTheOriginal: clients that know nothing of dialtone's extension, and behave as the original's page does, lose
// nothing, neither one pair nor 100 at once ten times as fast. Time is that of the bubble: no page is late because the
// machine is slow.
func TestPagesOfTheOriginal(t *testing.T) {
	for name, test := range map[string]struct {
		pairs int
		pause time.Duration
	}{
		"one pair, polls every 3 s":    {1, 3 * time.Second},
		"100 pairs, polls every 0.3 s": {100, 300 * time.Millisecond},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := New(Options{})
				defer s.Close()
				var group sync.WaitGroup
				for n := range test.pairs {
					group.Go(func() { meet(t, s, fmt.Sprint("w", n), test.pause) })
				}
				group.Wait()
			})
		})
	}
}

// meet lets two pages call each other.
func meet(t *testing.T, s *Server, code string, pause time.Duration) {
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	connections := make(chan struct{}, 6) // as many as a browser opens
	pages := []*browserPage{{name: code + " first"}, {name: code + " second"}}
	for _, p := range pages {
		p.server, p.connections, p.pause, p.count = s, connections, pause, 20
		if err := p.dial(ctx, code); err != nil {
			t.Error(err)
			return
		}
	}
	var group sync.WaitGroup
	for n, p := range pages {
		group.Go(func() {
			if err := p.call(ctx, pages[1-n].name); err != nil {
				t.Errorf("%s: %v", p.name, err)
			}
		})
	}
	group.Wait()
	for _, p := range pages {
		if p.answered != 1 || len(p.errs) > 0 {
			t.Errorf("%s: %d of its descriptions were accepted; %v", p.name, p.answered, p.errs)
		}
	}
}
