package web

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"mime"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"dialtone/signal/gate"
)

const (
	headerTime   = 5 * time.Second
	bodyTime     = 10 * time.Second
	idleTime     = 60 * time.Second
	writeTime    = 60 * time.Second // of a request, the wait for the call included
	shutdownTime = 3 * time.Second
	// maxConnections is how many connections are kept, and maxOfClient those of one client: calls come one after another,
	// so more are not needed.
	maxConnections = 256
	maxOfClient    = 32
)

// Serve answers on ln until ctx ends, and closes ln. The error is nil after an orderly end.
func Serve(ctx context.Context, ln net.Listener, h http.Handler) error {
	conns := gate.NewConns(gate.ConnLimits{All: maxConnections, PerClient: maxOfClient}, nil)
	hs := &http.Server{
		Handler: gate.Arrived(h), ReadHeaderTimeout: headerTime, IdleTimeout: idleTime, WriteTimeout: writeTime,
		MaxHeaderBytes: 16 << 10,
		ReadTimeout:    headerTime + bodyTime, // of bodies that are not read; ReadBody has its own
		ConnState:      conns.State, ConnContext: conns.Context,
	}
	served := make(chan error, 1)
	go func() { served <- hs.Serve(conns.Listener(ln)) }()
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

// Problem is a refusal: an answer with a problem body (RFC 9457).
type Problem struct {
	Status int    `json:"status"`
	Title  string `json:"title"`
	Detail string `json:"detail,omitempty"` // the next step
	// Retry is when to come again; 0: never.
	Retry time.Duration `json:"-"`
	// Err is what a session ends with because of it; nil: it does not end one.
	Err error `json:"-"`
}

// retryTime is when a caller should come again who found no session.
const retryTime = time.Second

// Busy is the refusal while another session is in progress.
func Busy() *Problem {
	return &Problem{
		Status: http.StatusServiceUnavailable, Title: "another call is in progress",
		Detail: "One call is answered at a time.", Retry: retryTime,
	}
}

// Resource is what is at one URL of an answerer's server. It answers OPTIONS, which needs no token (RFC 9725 §4.7.1),
// lets pages of every origin in that have the token, and refuses all others.
type Resource struct {
	Token   string
	Accept  [2]string // a field of the answer to OPTIONS and its value, such as Accept-Post
	Methods map[string]func(http.ResponseWriter, *http.Request) *Problem
}

// ServeHTTP implements http.Handler.
func (x Resource) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	methods := strings.Join(append(slices.Sorted(maps.Keys(x.Methods)), http.MethodOptions), ", ")
	cors(w, methods)
	problem := foreign(r, x.Token)
	method, known := x.Methods[r.Method]
	switch {
	case problem != nil:
	case r.Method == http.MethodOptions:
		if x.Accept[0] != "" {
			w.Header().Set(x.Accept[0], x.Accept[1])
		}
		Reply(w, http.StatusNoContent, "", nil)
	case !Authorized(r, x.Token):
		problem = &Problem{
			Status: http.StatusUnauthorized, Title: "a bearer token is required",
			Detail: "Send the token that this server was started with.",
		}
		if r.Header.Get("Authorization") != "" {
			problem.Title = "the bearer token is wrong"
		}
	case !known:
		w.Header().Set("Allow", methods)
		problem = &Problem{
			Status: http.StatusMethodNotAllowed, Title: "this method is not allowed here",
			Detail: "Allowed are " + methods + ".",
		}
	default:
		problem = method(w, r)
	}
	if problem != nil {
		Refuse(w, *problem)
	}
}

// Empty answers 204: nothing is there to be read.
func Empty(w http.ResponseWriter, _ *http.Request) *Problem {
	Reply(w, http.StatusNoContent, "", nil)
	return nil
}

// Refuse answers with a problem.
func Refuse(w http.ResponseWriter, p Problem) {
	if watched, ok := w.(*watchedWriter); ok {
		watched.problem = p.Title
	}
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

// Reply answers in one write. An error would mean that the client has left.
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

// foreign is the refusal of a request that a web page of another site makes; nil for any other. A page that is opened
// on this machine, or in its network, reaches what listens there: without a token any page could call. Pages of this
// machine may call, and those of the very address that is asked, unless that is a name: names can be made to lead here.
func foreign(r *http.Request, token string) *Problem {
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
		Status: http.StatusForbidden, Title: "web pages of other sites need a token",
		Detail: "Start the server with --token and let the page send it, or open the page from http://localhost.",
	}
}

// cors lets pages of every origin use a resource with the given methods.
func cors(w http.ResponseWriter, methods string) {
	h := w.Header()
	h.Set("Access-Control-Allow-Origin", "*")
	h.Set("Access-Control-Allow-Methods", methods)
	h.Set("Access-Control-Allow-Headers", "Authorization, Content-Type, If-Match")
	h.Set("Access-Control-Expose-Headers", "Location, ETag, Link, Accept-Patch, Accept-Post, Retry-After")
	h.Set("Access-Control-Max-Age", "600")
}

// Authorized checks the bearer token of a request in constant time; an empty token lets every request in.
func Authorized(r *http.Request, token string) bool {
	if token == "" {
		return true
	}
	scheme, given, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	a, b := sha256.Sum256([]byte(strings.TrimSpace(given))), sha256.Sum256([]byte(token))
	return subtle.ConstantTimeCompare(a[:], b[:]) == 1 && strings.EqualFold(scheme, "Bearer")
}

// MediaType is the lower-case media type of the body below a header, without parameters; empty for none.
func MediaType(h http.Header) string {
	kind, _, err := mime.ParseMediaType(h.Get("Content-Type"))
	if err != nil {
		return ""
	}
	return kind
}

// ReadBody reads a request's body of at most limit bytes in bounded time. The problem is nil when it was read.
func ReadBody(w http.ResponseWriter, r *http.Request, limit int64) ([]byte, *Problem) {
	control := http.NewResponseController(w)
	// A recorder in a test has no deadlines, and a connection that is closed will not be read from.
	_ = control.SetReadDeadline(time.Now().Add(bodyTime))
	raw, err := io.ReadAll(http.MaxBytesReader(w, r.Body, limit))
	gate.Busy(r.Context(), false)
	_ = control.SetReadDeadline(time.Time{})
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		return nil, &Problem{
			Status: http.StatusRequestEntityTooLarge, Title: "the body is too large",
			Detail: "At most " + strconv.FormatInt(limit, 10) + " bytes are allowed.",
		}
	case err != nil:
		return nil, &Problem{
			Status: http.StatusBadRequest, Title: "the body was incomplete or too slow",
			Detail: "Send it again.",
		}
	}
	return raw, nil
}
