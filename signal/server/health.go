package server

import (
	"net/http"
	"time"

	"dialtone/signal/gate"
)

// Health is the body of /healthz.
type Health struct {
	OK      bool   `json:"ok"`
	Version string `json:"version,omitempty"`
	// UptimeSeconds counts from New.
	UptimeSeconds float64 `json:"uptime_s"`
	// Pairs and Parties live now; Waiting of the pairs have one party only.
	Pairs   int `json:"pairs"`
	Parties int `json:"peers"`
	Waiting int `json:"waiting"`
	// Parked is how many get_status requests wait.
	Parked int `json:"parked"`
	// StoredBytes is the size of the descriptions and candidates kept for them.
	StoredBytes int `json:"stored_bytes"`
	// Since counts since New.
	Since counters `json:"since_start"`
}

// Health reports the state of the server.
func (s *Server) Health() Health {
	st := s.store
	st.mu.Lock()
	defer st.mu.Unlock()
	return Health{
		OK: !st.closed, Version: s.options.Version, UptimeSeconds: time.Since(s.started).Seconds(),
		Pairs: st.pairs, Parties: 2*st.pairs - len(st.waiting), Waiting: len(st.waiting),
		Parked: st.parked, StoredBytes: st.bytes, Since: st.count,
	}
}

func (s *Server) serveHealth(w http.ResponseWriter) {
	h := s.Health()
	status := http.StatusOK
	if !h.OK {
		status = http.StatusServiceUnavailable
	}
	writeJSON(w, status, h)
}

// admit counts a request and takes it from its client's budget.
func (s *store) admit(c gate.Client) *failure {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.count.Requests++
	wait, ok := s.limits.admitRequest(c, time.Now())
	if !ok {
		s.count.Limited++
		return rateLimited(wait)
	}
	return nil
}

func (s *store) refused(fail *failure) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.count.Refused++
	if fail.status == http.StatusTooManyRequests && fail.reason != "rate_limited" {
		s.count.Limited++
	}
}
