package server

import (
	"net/http"
	"time"
)

// Health is the body of /healthz.
type Health struct {
	OK bool `json:"ok"`
	// Draining: it is about to end, see Options.Drain.
	Draining bool   `json:"draining,omitempty"`
	Version  string `json:"version,omitempty"`
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
	l := s.ledger
	l.mu.Lock()
	defer l.mu.Unlock()
	return Health{
		OK: !l.closed && !l.draining, Draining: l.draining,
		Version: s.options.Version, UptimeSeconds: time.Since(s.started).Seconds(),
		Pairs: l.pairs, Parties: 2*l.pairs - l.waiting, Waiting: l.waiting,
		Parked: len(l.parked), StoredBytes: l.bytes, Since: l.count,
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
