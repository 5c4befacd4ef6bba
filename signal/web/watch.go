package web

import (
	"net/http"
	"strings"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// Served is a request of a client, and how it was answered. Its texts are the client's own, but for Problem.
type Served struct {
	Method   string
	Path     string // without the name of a session, which is a secret
	Origin   string // of the web page that made it; "": none
	Remote   string // address
	Status   int
	Problem  string // why it was refused; "": it was not
	Duration time.Duration
	// Unreported are the requests since the last report that came too fast for one each.
	Unreported int
}

// How many requests are reported.
const (
	reports     = 100 // at once
	reportsRate = 10  // a second
	reportsLate = time.Second
)

// Watched reports each request to a handler when its answer begins, or in a flood how many there are: what a handler
// does after its answer, such as to end a call, comes after the report.
func Watched(h http.Handler, report func(Served)) http.Handler {
	watch := &watch{limit: rate.NewLimiter(reportsRate, reports), report: report}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		begun := time.Now()
		watched := &watchedWriter{ResponseWriter: w}
		watched.answering = func() {
			watch.see(Served{
				Method: r.Method, Path: firstSegment(r.URL.Path), Origin: r.Header.Get("Origin"), Remote: r.RemoteAddr,
				Status: watched.status, Problem: watched.problem, Duration: time.Since(begun),
			})
		}
		h.ServeHTTP(watched, r)
	})
}

// watch reports requests, and soon after the last one also those that came too fast.
type watch struct {
	limit  *rate.Limiter
	report func(Served)

	mu      sync.Mutex
	waiting int    // requests that are not reported yet
	last    Served // of them
}

func (w *watch) see(s Served) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.limit.Allow() {
		s.Unreported, w.waiting = w.waiting, 0
		w.report(s)
		return
	}
	w.last = s
	if w.waiting++; w.waiting == 1 {
		time.AfterFunc(reportsLate, w.flush)
	}
}

// flush reports the last request with the number of those before it.
func (w *watch) flush() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.waiting > 0 {
		w.last.Unreported, w.waiting = w.waiting-1, 0
		w.report(w.last)
	}
}

// firstSegment is a path to its second slash.
func firstSegment(path string) string {
	if i := strings.IndexByte(strings.TrimPrefix(path, "/"), '/'); i >= 0 {
		return path[:i+2] + "…"
	}
	return path
}

// watchedWriter remembers how a request is answered.
type watchedWriter struct {
	http.ResponseWriter
	status    int
	problem   string
	answering func() // called with both set, before the answer
}

// WriteHeader implements http.ResponseWriter.
func (w *watchedWriter) WriteHeader(status int) {
	w.status = status
	w.answering()
	w.ResponseWriter.WriteHeader(status)
}

// Unwrap lets http.ResponseController set deadlines.
func (w *watchedWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }
