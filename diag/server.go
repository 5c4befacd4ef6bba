package diag

import (
	"slices"
	"time"
)

// Server is a STUN or TURN server as it was asked: the fold of its [ServerStage] events.
type Server struct {
	URL       string `json:"url"`                 // as given, without credentials
	Transport string `json:"transport,omitempty"` // udp, tcp, tls or dtls
	TURN      bool   `json:"turn,omitempty"`      // asked for a relay, and not for a mapped address only
	Address   string `json:"address,omitempty"`   // ip:port that the name resolved to
	SRV       string `json:"srv,omitempty"`       // host:port that DNS SRV named, if the URL has no port
	Proxy     string `json:"proxy,omitempty"`     // scheme and host:port of the proxy that leads there
	Direct    bool   `json:"direct,omitempty"`    // asked without the proxy that leads there, to compare
	// ip:port of the servers that named another one instead, as in [ServerStage]
	Redirects []string `json:"redirects,omitempty"`
	Stages    []Stage  `json:"stages"` // steps that are over, in their order, each once
}

// ServerState is how far asking a server has come.
type ServerState string

// States of a server.
const (
	ServerUnknown ServerState = ""       // asking it was cancelled early
	ServerAsking  ServerState = "asking" // neither an answer nor a failure so far
	ServerWorks   ServerState = "works"  // it returned what it was asked for
	ServerFailed  ServerState = "failed" // it did not
)

// PutServer folds a step into the server of a list that it belongs to; at most that many are kept.
func PutServer(list []Server, d ServerStage, most int) []Server {
	at := slices.IndexFunc(list, func(s Server) bool {
		return s.URL == d.URL && s.TURN == d.TURN && s.Direct == d.Direct
	})
	if at < 0 {
		if len(list) >= most {
			return list
		}
		at, list = len(list), append(list, Server{URL: d.URL, TURN: d.TURN, Direct: d.Direct})
	}
	list[at].Apply(d)
	return list
}

// Apply takes the next step. What earlier copies of the server hold stays as it is.
func (s *Server) Apply(d ServerStage) {
	keep := slices.IndexFunc(s.Stages, func(x Stage) bool { return x.Name.rank() >= d.Stage.Name.rank() })
	if keep < 0 {
		keep = len(s.Stages)
	}
	s.URL, s.Transport, s.TURN, s.Address, s.SRV, s.Proxy = d.URL, d.Transport, d.TURN, d.Address, d.SRV, d.Proxy
	s.Direct = d.Direct
	s.Redirects = d.Redirects
	s.Stages = append(slices.Clone(s.Stages[:keep]), d.Stage)
}

// Stage is the step of a name, nil when it is not over.
func (s *Server) Stage(name StageName) *Stage {
	for i := range s.Stages {
		if s.Stages[i].Name == name {
			return &s.Stages[i]
		}
	}
	return nil
}

// asked is the step that a server is asked for.
func (s *Server) asked() *Stage {
	if s.TURN {
		return s.Stage(StageAllocate)
	}
	return s.Stage(StageBinding)
}

// OK reports whether the server returned what it was asked for.
func (s *Server) OK() bool {
	asked := s.asked()
	return asked != nil && asked.Failure == nil
}

// patience is how long a server must have been asked when the asking was cancelled, for its silence to mean anything.
const patience = Millis(800 * time.Millisecond)

// Failed is the step at which asking the server ended without success, nil when it did not, or was cancelled early.
func (s *Server) Failed() *Stage {
	stage := s.ended()
	if stage != nil && stage.Failure.Cause == CauseCancelled && s.DurationMs() < patience {
		return nil
	}
	return stage
}

// ended is the step at which asking the server ended without success, for whatever reason.
func (s *Server) ended() *Stage {
	for i := range s.Stages {
		if stage := &s.Stages[i]; stage.Failure != nil && stage.Name.rank() <= StageAllocate.rank() {
			return stage
		}
	}
	return nil
}

// Stopped is the step at which using the relay ended without success, nil when it did not.
func (s *Server) Stopped() *Stage {
	for i := range s.Stages {
		if stage := &s.Stages[i]; stage.Failure != nil && stage.Name.throughRelay() {
			return stage
		}
	}
	return nil
}

// State is how far it has come.
func (s *Server) State() ServerState {
	switch {
	case s.Failed() != nil:
		return ServerFailed
	case s.OK():
		return ServerWorks
	case s.ended() != nil:
		return ServerUnknown
	}
	return ServerAsking
}

// Cause is why the server failed; empty when it did not.
func (s *Server) Cause() Cause {
	if f := s.Failed(); f != nil {
		return f.Failure.Cause
	}
	return ""
}

// Code is the STUN error code that the server failed with; 0 when it did not.
func (s *Server) Code() int {
	if f := s.Failed(); f != nil {
		return f.Failure.Code
	}
	return 0
}

// QuotaReached reports whether the account has as many allocations as the server allows it (486, RFC 8656 §7.3).
func (s *Server) QuotaReached() bool { return s.Code() == 486 }

// Mapped is how the server sees this machine; empty when it did not say.
func (s *Server) Mapped() string {
	if asked := s.asked(); asked != nil {
		return asked.Mapped
	}
	return ""
}

// Relayed is the relayed transport address that the server gave; empty when it gave none.
func (s *Server) Relayed() string {
	if stage := s.Stage(StageAllocate); stage != nil && stage.Failure == nil {
		return stage.Relayed
	}
	return ""
}

// RTT is the round trip of the first request that was answered, nil when none was.
func (s *Server) RTT() *Millis {
	if asked := s.asked(); asked != nil {
		return asked.RTTMs
	}
	return nil
}

// Times are the round trips of several requests, nil when no answer came.
func (s *Server) Times() *Times {
	for _, name := range []StageName{StageSample, StageBinding} {
		if stage := s.Stage(name); stage != nil && stage.Times != nil {
			return stage.Times
		}
	}
	if rtt := s.RTT(); rtt != nil && !s.TURN {
		return &Times{MinMs: *rtt, MedianMs: *rtt, Sent: 1}
	}
	return nil
}

// Took is how long a step took, nil when it did not succeed.
func (s *Server) Took(name StageName) *Millis {
	if stage := s.Stage(name); stage != nil && stage.Failure == nil {
		return &stage.DurationMs
	}
	return nil
}

// DurationMs is how long all steps took.
func (s *Server) DurationMs() Millis {
	var sum Millis
	for _, stage := range s.Stages {
		sum += stage.DurationMs
	}
	return sum
}

// Software is what the server calls itself; empty when it does not.
func (s *Server) Software() string {
	var out string
	for _, stage := range s.Stages {
		if stage.Software != "" && !stage.Name.throughRelay() {
			out = stage.Software
		}
	}
	return out
}

// Certificate is what the server presented, nil when it presented none.
func (s *Server) Certificate() *Certificate {
	if stage := s.Stage(StageTLS); stage != nil {
		return stage.Certificate
	}
	return nil
}

// Peer is the STUN server that was asked through the relay; own: it is the TURN server itself. Empty when none was.
func (s *Server) Peer() (address string, own bool) {
	for _, stage := range s.Stages {
		if stage.Peer != "" {
			address, own = stage.Peer, stage.OwnPeer
		}
	}
	return address, own
}

// Seen is how the peer saw the relay; empty when no bytes came back.
func (s *Server) Seen() string {
	for _, name := range []StageName{StageChannel, StageSend} {
		if stage := s.Stage(name); stage != nil && stage.Mapped != "" {
			return stage.Mapped
		}
	}
	return ""
}

// Times are the round trips to one server.
type Times struct {
	MinMs    Millis `json:"min_ms"`    // the shortest
	MedianMs Millis `json:"median_ms"` // the one in the middle
	JitterMs Millis `json:"jitter_ms"` // mean difference of successive round trips
	Sent     int    `json:"sent"`      // requests whose answer nothing but loss can prevent
	Lost     int    `json:"lost"`      // requests of those without an answer
}

// NewTimes sums up round trips, in the order of their requests, of so many requests sent; nil when there are none.
func NewTimes(trips []time.Duration, sent int) *Times {
	if len(trips) == 0 {
		return nil
	}
	var jitter time.Duration
	for i := 1; i < len(trips); i++ {
		jitter += (trips[i] - trips[i-1]).Abs()
	}
	if len(trips) > 1 {
		jitter /= time.Duration(len(trips) - 1)
	}
	sorted := slices.Sorted(slices.Values(trips))
	return &Times{
		MinMs: Millis(sorted[0]), MedianMs: Millis(sorted[len(sorted)/2]), JitterMs: Millis(jitter),
		Sent: sent, Lost: sent - len(trips),
	}
}
