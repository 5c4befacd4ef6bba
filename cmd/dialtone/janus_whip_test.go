//go:build unix

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"

	"dialtone/diag"
	"dialtone/diag/call"
	"dialtone/diag/sdp"
)

// janusRoom is the room of the plugin VideoRoom that janus has.
const janusRoom = 1234

// janusMessage is what the tests use of the requests and the events of Janus's REST API.
type janusMessage struct {
	Janus       string      `json:"janus"`
	Plugin      string      `json:"plugin,omitempty"`
	Transaction string      `json:"transaction,omitempty"`
	Body        any         `json:"body,omitempty"`
	JSEP        *janusJSEP  `json:"jsep,omitempty"`
	Candidates  []any       `json:"candidates,omitempty"`
	Data        *janusData  `json:"data,omitempty"`
	Error       *janusError `json:"error,omitempty"`
	Version     string      `json:"version_string,omitempty"`
}

type janusJSEP struct {
	Type string `json:"type"`
	SDP  string `json:"sdp"`
}

type janusData struct {
	ID uint64 `json:"id"`
}

type janusError struct {
	Reason string `json:"reason"`
}

// janusAsk makes a request of the REST API; without a message, a long poll.
func janusAsk(ctx context.Context, url string, message *janusMessage) (*janusMessage, error) {
	method, body := http.MethodGet, io.Reader(nil)
	if message != nil {
		message.Transaction = "x"
		raw, err := json.Marshal(message)
		if err != nil {
			return nil, err
		}
		method, body = http.MethodPost, bytes.NewReader(raw)
	}
	request, err := http.NewRequestWithContext(ctx, method, url, body)
	if err != nil {
		return nil, err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, err
	}
	defer func() { _ = response.Body.Close() }()
	var reply janusMessage
	if err := json.NewDecoder(response.Body).Decode(&reply); err != nil {
		return nil, err
	}
	if reply.Error != nil {
		return nil, fmt.Errorf("janus: %s", reply.Error.Reason)
	}
	return &reply, nil
}

// janusWHIP stands before Janus as simple-whip-server does: each POST becomes a publisher in the room. It returns the
// address of the endpoint.
func janusWHIP(t *testing.T, api string) string {
	t.Helper()
	w := &whipBeforeJanus{api: api, handles: map[string]string{}}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /whip/endpoint/room", w.publish)
	mux.HandleFunc("PATCH /whip/resource/{id}", w.trickle)
	mux.HandleFunc("DELETE /whip/resource/{id}", w.leave)
	h := httptest.NewServer(mux)
	t.Cleanup(h.Close)
	return h.URL + "/whip/endpoint/room"
}

type whipBeforeJanus struct {
	api string

	mu      sync.Mutex
	handles map[string]string // by the ID of the session
}

func (w *whipBeforeJanus) publish(rw http.ResponseWriter, r *http.Request) {
	offer, err := io.ReadAll(io.LimitReader(r.Body, 1<<20))
	var answer, session string
	if err == nil {
		session, answer, err = w.join(r.Context(), string(offer))
	}
	if err != nil {
		http.Error(rw, err.Error(), http.StatusBadGateway)
		return
	}
	rw.Header().Set("Content-Type", "application/sdp")
	rw.Header().Set("Location", "/whip/resource/"+session)
	rw.Header().Set("ETag", `"`+session+`"`)
	rw.WriteHeader(http.StatusCreated)
	_, _ = io.WriteString(rw, answer)
}

// join makes a session with a publisher, and waits for the answer.
func (w *whipBeforeJanus) join(ctx context.Context, offer string) (session, answer string, err error) {
	created, err := janusAsk(ctx, w.api, &janusMessage{Janus: "create"})
	if err != nil {
		return "", "", err
	}
	session = strconv.FormatUint(created.Data.ID, 10)
	attached, err := janusAsk(ctx, w.api+"/"+session, &janusMessage{Janus: "attach", Plugin: "janus.plugin.videoroom"})
	if err != nil {
		return "", "", err
	}
	handle := w.api + "/" + session + "/" + strconv.FormatUint(attached.Data.ID, 10)
	w.mu.Lock()
	w.handles[session] = handle
	w.mu.Unlock()
	_, err = janusAsk(ctx, handle, &janusMessage{
		Janus: "message", JSEP: &janusJSEP{"offer", offer},
		Body: map[string]any{"request": "joinandconfigure", "ptype": "publisher", "room": janusRoom},
	})
	for err == nil {
		var event *janusMessage
		event, err = janusAsk(ctx, w.api+"/"+session+"?maxev=1", nil)
		if err == nil && event.JSEP != nil {
			return session, event.JSEP.SDP, nil
		}
	}
	return "", "", err
}

// handle is that of a session; empty, and 404, if there is none.
func (w *whipBeforeJanus) handle(rw http.ResponseWriter, r *http.Request) string {
	w.mu.Lock()
	defer w.mu.Unlock()
	handle := w.handles[r.PathValue("id")]
	if handle == "" {
		http.NotFound(rw, r)
	}
	return handle
}

func (w *whipBeforeJanus) trickle(rw http.ResponseWriter, r *http.Request) {
	handle := w.handle(rw, r)
	if handle == "" {
		return
	}
	raw, err := io.ReadAll(io.LimitReader(r.Body, sdp.MaxFragment))
	message := &janusMessage{Janus: "trickle"}
	if f, wrong := sdp.ParseFragment(raw); wrong == nil {
		for _, s := range f.Sections {
			for _, c := range s.Candidates {
				message.Candidates = append(message.Candidates, map[string]any{"candidate": c, "sdpMid": s.Mid})
			}
		}
	}
	if err == nil && len(message.Candidates) > 0 {
		_, err = janusAsk(r.Context(), handle, message)
	}
	if err != nil {
		http.Error(rw, err.Error(), http.StatusBadGateway)
		return
	}
	rw.WriteHeader(http.StatusNoContent)
}

func (w *whipBeforeJanus) leave(rw http.ResponseWriter, r *http.Request) {
	handle := w.handle(rw, r)
	if handle == "" {
		return
	}
	session := handle[:strings.LastIndex(handle, "/")]
	if _, err := janusAsk(r.Context(), session, &janusMessage{Janus: "destroy"}); err != nil {
		http.Error(rw, err.Error(), http.StatusBadGateway)
	}
}

// janusVersion is what Janus says of itself.
func janusVersion(t *testing.T, api string) string {
	t.Helper()
	info, err := janusAsk(t.Context(), api+"/info", nil)
	if err != nil {
		t.Fatal(err)
	}
	return info.Version
}

// janusCall publishes to a room over WHIP and plays it over the REST API, in two calls of dialtone, and returns both. more are
// flags of the publisher.
func janusCall(t *testing.T, api string, more ...string) (publisher, subscriber *call.Call) {
	t.Helper()
	dir := t.TempDir()
	sent, played := filepath.Join(dir, "publisher.jsonl"), filepath.Join(dir, "subscriber.jsonl")
	p := startTool(t, append([]string{"call", "--whip", janusWHIP(t, api), "--plain", "--record", sent}, more...)...)
	p.await("connection.state   connected")
	s := startTool(t, "call", "--offer", api, "--preset", "janus-subscribe", "--for", "3s", "--record", played)
	if code := s.exits(); code != int(diag.ExitPass) {
		t.Errorf("the subscriber exits with %d:\n%s", code, strings.Join(s.stdout, "\n"))
	}
	if code := p.end(); code != int(diag.ExitInterrupted) {
		t.Errorf("the publisher exits with %d:\n%s", code, strings.Join(p.stdout, "\n"))
	}
	return folded(t, sent), folded(t, played)
}

// placeJanus makes a call with Janus, which cannot say what it has seen: what it sends on to dialtone says it.
func (e encounter) placeJanus(t *testing.T) (*call.Call, seen) {
	t.Helper()
	api := janus(t)
	s := seen{Version: janusVersion(t, api)}
	var c, back *call.Call
	switch e.way {
	case "echo":
		recording := filepath.Join(t.TempDir(), "call.jsonl")
		ours := startTool(t, "call", "--offer", api, "--preset", "janus", "--for", "4s", "--record", recording)
		if code := ours.exits(); code != int(diag.ExitPass) {
			t.Errorf("dialtone exits with %d:\n%s", code, strings.Join(ours.stdout, "\n"))
		}
		c = folded(t, recording)
		back = c
	case "whip":
		c, back = janusCall(t, api)
	case "play":
		_, c = janusCall(t, api)
		return c, s
	}
	for _, r := range back.Latest().Inbound {
		received := int(diag.OrZero(r.PacketsReceived)) //nolint:gosec // of a few seconds
		if r.Kind == "audio" {
			s.Audio = received
		} else {
			s.Video = received
		}
	}
	return c, s
}
