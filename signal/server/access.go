package server

import (
	"net/http"
	"strings"
	"time"
)

// Access is an answered request. It holds no room code and no user ID.
type Access struct {
	Request string // its ID, as in X-Request-Id
	Client  string // address that the request counts for
	Method  string
	// Path is one that the server knows; "/call/…" is a part of the page, "other" anything else.
	Path string
	// Operation is the field "code" of a request to the call endpoint, "" for others.
	Operation string
	// Status is that of the answer, 499 if the client left before.
	Status   int
	Reason   string // of a refusal
	Duration time.Duration
	Parked   bool // it waited for news
}

// statusGone is the status of a request whose client left before it was answered, as nginx has it.
const statusGone = 499

// watched notes how a request is answered.
type watched struct {
	http.ResponseWriter
	access   Access
	begun    time.Time
	detached bool // another answers it
}

// Unwrap is for http.ResponseController.
func (w *watched) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// WriteHeader implements http.ResponseWriter.
func (w *watched) WriteHeader(status int) {
	w.access.Status = status
	w.ResponseWriter.WriteHeader(status)
}

// watch begins to note a request.
func (s *Server) watch(w http.ResponseWriter, r *http.Request, id string) *watched {
	a := Access{Request: id, Method: method(r.Method), Path: known(r.URL.Path), Status: http.StatusOK}
	if from, _ := s.options.Proxies.Client(r.RemoteAddr, r.Header); from.Addr.IsValid() {
		a.Client = from.Addr.String()
	}
	return &watched{ResponseWriter: w, access: a, begun: time.Now()}
}

// finish reports a request that has been answered.
func (s *Server) finish(w *watched) {
	if w.detached || s.options.Observe == nil {
		return
	}
	w.access.Duration = time.Since(w.begun)
	s.options.Observe(w.access)
}

// note changes what is noted of a request.
func note(w http.ResponseWriter, change func(*Access)) {
	if watched, ok := w.(*watched); ok {
		change(&watched.access)
	}
}

// known is a path without what clients may write into it.
func known(path string) string {
	switch path {
	case "/call", "/call/", "/call/call_line_process", "/call/call_line_process/", "/call/code.json", "/healthz",
		"/metrics":
		return path
	}
	if strings.HasPrefix(path, "/call/") {
		return "/call/…"
	}
	return "other"
}

// operation is the code of a request, if the server knows it.
func operation(code string) string {
	switch code {
	case "dial", "get_status", "offer", "answer", "ice", "disconnect", "hang_up":
		return code
	}
	return "unknown"
}

func method(name string) string {
	switch name {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodOptions:
		return name
	}
	return "other"
}
