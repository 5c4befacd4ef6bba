package web

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"sync/atomic"
	"time"
)

const (
	headerTime   = 5 * time.Second
	bodyTime     = 10 * time.Second
	idleTime     = 60 * time.Second
	writeTime    = 60 * time.Second // of a request, the wait for the call included
	shutdownTime = 3 * time.Second
	// maxConnections is how many connections are kept: calls come one after another, so more are of no use.
	maxConnections = 256
)

// Serve answers on ln until ctx ends, and closes ln. The error is nil after an orderly end.
func Serve(ctx context.Context, ln net.Listener, h http.Handler) error {
	hs := &http.Server{
		Handler: h, ReadHeaderTimeout: headerTime, IdleTimeout: idleTime, WriteTimeout: writeTime, MaxHeaderBytes: 16 << 10,
		ReadTimeout: headerTime + bodyTime, // of bodies that nobody reads; ReadBody has its own
		ConnState:   limited(maxConnections),
	}
	served := make(chan error, 1)
	go func() { served <- hs.Serve(ln) }()
	select {
	case err := <-served:
		return err
	case <-ctx.Done():
	}
	bounded, cancel := context.WithTimeout(context.WithoutCancel(ctx), shutdownTime)
	defer cancel()
	err := hs.Shutdown(bounded)
	if err != nil {
		err = errors.Join(err, hs.Close())
	}
	<-served
	return err
}

// limited closes the connections that are beyond a number.
func limited(most int) func(net.Conn, http.ConnState) {
	var open atomic.Int64
	return func(c net.Conn, state http.ConnState) {
		switch state {
		case http.StateNew:
			if open.Add(1) > int64(most) {
				_ = c.Close() // whoever it is learns it
			}
		case http.StateClosed, http.StateHijacked:
			open.Add(-1)
		case http.StateActive, http.StateIdle:
		}
	}
}

// Problem is a refusal: an answer with a problem body (RFC 9457).
type Problem struct {
	Status int    `json:"status"`
	Title  string `json:"title"`
	Detail string `json:"detail,omitempty"` // the next step
	// Retry is when to come again; 0: never.
	Retry time.Duration `json:"-"`
}

// Refuse answers with a problem.
func Refuse(w http.ResponseWriter, p Problem) {
	raw, err := json.Marshal(p)
	if err != nil {
		raw = []byte("{}")
	}
	if p.Retry > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(int((p.Retry+time.Second-1)/time.Second)))
	}
	if p.Status == http.StatusUnauthorized {
		w.Header().Set("WWW-Authenticate", "Bearer")
	}
	Reply(w, p.Status, "application/problem+json", raw)
}

// Reply answers in one write. That nobody reads any more is no news.
func Reply(w http.ResponseWriter, status int, contentType string, body []byte) {
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.Header().Set("Cache-Control", "no-store")
	if contentType != "" {
		w.Header().Set("Content-Type", contentType)
	}
	if status != http.StatusNoContent {
		w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	}
	w.WriteHeader(status)
	_, _ = w.Write(body)
}

// Foreign is the refusal of a request that a web page makes whose place is elsewhere; nil for any other. Whoever opens
// a page on this machine, or in its network, lets it reach what listens there: without a token that would be
// everybody's call. Pages of this machine may call, and those of the very address that is asked, unless that is a name:
// names can be made to lead here.
func Foreign(r *http.Request, token string) *Problem {
	origin := r.Header.Get("Origin")
	if origin == "" || token != "" || r.Method == http.MethodOptions { // a preflight does nothing yet
		return nil
	}
	if u, err := url.Parse(origin); err == nil {
		ip, _ := netip.ParseAddr(u.Hostname())
		asked, err := url.Parse("http://" + r.Host)
		if strings.EqualFold(u.Hostname(), "localhost") || ip.IsLoopback() || err == nil && ip.IsValid() &&
			u.Hostname() == asked.Hostname() {
			return nil
		}
	}
	return &Problem{
		Status: http.StatusForbidden, Title: "web pages from elsewhere need a token",
		Detail: "Start the server with --token and let the page send it, or open the page from http://localhost.",
	}
}

// CORS lets pages of every origin use a resource with the given methods.
func CORS(w http.ResponseWriter, methods string) {
	h := w.Header()
	h.Set("Access-Control-Allow-Origin", "*")
	h.Set("Access-Control-Allow-Methods", methods)
	h.Set("Access-Control-Allow-Headers", "Authorization, Content-Type, If-Match")
	h.Set("Access-Control-Expose-Headers", "Location, ETag, Link, Accept-Patch, Accept-Post, Retry-After")
	h.Set("Access-Control-Max-Age", "600")
}

// Authorized checks the bearer token of a request in constant time; an empty token lets everybody in.
func Authorized(r *http.Request, token string) bool {
	if token == "" {
		return true
	}
	scheme, given, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	a, b := sha256.Sum256([]byte(strings.TrimSpace(given))), sha256.Sum256([]byte(token))
	return subtle.ConstantTimeCompare(a[:], b[:]) == 1 && strings.EqualFold(scheme, "Bearer")
}

// MediaType is the lower-case media type of a request's body without parameters; empty for none.
func MediaType(r *http.Request) string {
	kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil {
		return ""
	}
	return kind
}

// ReadBody reads a request's body of at most limit bytes in bounded time. The problem is nil when it was read.
func ReadBody(w http.ResponseWriter, r *http.Request, limit int64) ([]byte, *Problem) {
	control := http.NewResponseController(w)
	// A recorder in a test has no deadlines, and a connection that has none any more will not be read from.
	_ = control.SetReadDeadline(time.Now().Add(bodyTime))
	raw, err := io.ReadAll(http.MaxBytesReader(w, r.Body, limit))
	_ = control.SetReadDeadline(time.Time{})
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		return nil, &Problem{Status: http.StatusRequestEntityTooLarge, Title: "the body is too large",
			Detail: "At most " + strconv.FormatInt(limit, 10) + " bytes are taken."}
	case err != nil:
		return nil, &Problem{Status: http.StatusBadRequest, Title: "the body ended early or came too slowly",
			Detail: "Send it again."}
	}
	return raw, nil
}
