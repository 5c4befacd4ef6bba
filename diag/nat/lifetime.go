package nat

import (
	"cmp"
	"slices"
	"time"

	"dialtone/diag"
	"dialtone/diag/nat/chance"
)

// Pauses are those after which the lifetime of a mapping is tried, each on a socket of its own. Common lifetimes (30,
// 60, 120 s) lie between two of them; the longest decides RFC 4787 REQ-5, which asks for two minutes.
var Pauses = []time.Duration{
	7 * time.Second, 12 * time.Second, 17 * time.Second, 22 * time.Second, 27 * time.Second, 33 * time.Second,
	42 * time.Second, 55 * time.Second, 65 * time.Second, 85 * time.Second, 100 * time.Second, 115 * time.Second,
	130 * time.Second,
}

// Held is a socket that was left alone after it had made its mapping, and what came of it.
type Held struct {
	Server int
	Pause  time.Duration // between the last packet and the first request of the test; 0 when it has not begun
	Longer time.Duration // and the last request of it
	Asked  int           // requests of the test that are over
	Alive  bool          // a packet to its port came through
	Same   bool          // asked itself, it was seen with the port of before
	Moved  bool          // with another port
}

// LifetimeState is what the lifetime test has given so far.
type LifetimeState struct {
	Held     []Held // by pause; those whose test has begun
	Server   int    // that was asked; -1 for none
	Before   bool   // it obeyed RESPONSE-PORT before the pauses
	After    bool   // and after the last of them
	Repeated bool   // the sockets themselves asked again, because no server obeys RESPONSE-PORT
}

// HeldSocket is the socket that is left alone for a pause.
func HeldSocket(pause time.Duration) diag.NATSocket {
	return diag.NATSocket{Use: diag.SocketHeld, Number: int(pause / time.Second)}
}

// Outlived reports whether some pause was too long for a mapping, so that longer ones need not be tried.
func (s *State) Outlived() bool {
	return slices.ContainsFunc(s.Lifetime().Held, s.Dead)
}

// Lifetime counts what is known of the lifetime of mappings (RFC 5780 §4.6).
func (s *State) Lifetime() LifetimeState {
	l := LifetimeState{Server: -1}
	at := map[diag.NATSocket]int{}
	for i := range s.Requests {
		r := &s.Requests[i]
		switch r.Test {
		case diag.TestProveWake:
			if success(r) && r.Held.Use == diag.SocketBefore {
				l.Before, l.Server = true, r.Server
			}
			l.After = l.After || success(r) && r.Held.Use == diag.SocketAfter
		case diag.TestWake, diag.TestAgain:
			socket := cmp.Or(r.Held, r.Socket)
			n, known := at[socket]
			if !known {
				n = len(l.Held)
				at[socket] = n
				l.Held = append(l.Held, Held{Server: r.Server})
			}
			l.Server, l.Repeated = r.Server, r.Test == diag.TestAgain
			l.Held[n].note(s, r, s.LastPacket(socket))
		default:
		}
	}
	slices.SortFunc(l.Held, func(a, b Held) int { return cmp.Compare(a.Pause, b.Pause) })
	return l
}

// LastPacket is when a packet of a held socket last went or came, before its pause.
func (s *State) LastPacket(socket diag.NATSocket) time.Duration {
	var last time.Duration
	for i := range s.Requests {
		if r := &s.Requests[i]; r.Socket == socket && r.Test == diag.TestHold {
			at := r.SentMs.Duration()
			if r.Answer != nil {
				at += r.Answer.RTTMs.Duration()
			}
			last = max(last, at)
		}
	}
	return last
}

// note counts a request of the test.
func (h *Held) note(s *State, r *Request, last time.Duration) {
	pause := r.SentMs.Duration() - last
	h.Pause = min(cmp.Or(h.Pause, pause), pause)
	h.Longer = max(h.Longer, pause)
	h.Asked++
	if !success(r) {
		return
	}
	if r.Test == diag.TestWake {
		h.Alive = true
		return
	}
	for i := range s.Requests {
		if q := &s.Requests[i]; q.Test == diag.TestHold && q.Socket == r.Socket && success(q) {
			h.Same, h.Moved = r.Answer.Mapped == q.Answer.Mapped, r.Answer.Mapped != q.Answer.Mapped
		}
	}
}

// Dead reports whether the mapping is gone: by chance it would look so in fewer than one of 10,000 runs.
func (s *State) Dead(h Held) bool {
	if h.Alive {
		return false
	}
	sent, lost := s.Loss(h.Server)
	return h.Moved || !h.Same && chance.NotLoss(h.Asked, sent, lost)
}

// judgeLifetime reports how long a socket that is silent keeps its port.
func (s *State) judgeLifetime(ports Behavior) Behavior {
	if !s.Start.Deep {
		return notAsked()
	}
	l := s.Lifetime()
	if len(l.Held) == 0 {
		if s.Running() {
			return unknown(of(KindAsking))
		}
		return unknown(of(KindNoPause))
	}
	var alive, dead time.Duration // the longest pause that a mapping outlived, the shortest that it did not
	moved := slices.ContainsFunc(l.Held, func(h Held) bool { return h.Moved })
	for _, h := range l.Held {
		switch {
		case h.Alive, h.Same && moved:
			alive = max(alive, h.Pause)
		case s.Dead(h) && (l.Repeated || l.After) && dead == 0:
			dead = h.Longer
		}
	}
	return s.lifetimeBetween(l, alive, dead, ports, l.evidence(s))
}

// lifetimeBetween makes the behavior.
func (s *State) lifetimeBetween(l LifetimeState, alive, dead time.Duration, ports Behavior,
	evidence []Evidence,
) Behavior {
	from, to := new(int(alive/time.Second)), new(int((dead+time.Second-1)/time.Second))
	switch {
	case dead != 0 && alive > dead:
		return Behavior{Value: Unknown, Confidence: Contradictory, Evidence: append(evidence, of(KindLongerLived))}
	case alive != 0 && dead != 0:
		return Behavior{Value: LifetimeBetween, FromS: from, ToS: to, Confidence: Proven, Evidence: evidence}
	case dead != 0:
		return Behavior{Value: LifetimeLess, ToS: to, Confidence: Proven, Evidence: evidence}
	case alive != 0:
		return Behavior{
			Value: LifetimeAtLeast, FromS: from, Confidence: Proven,
			Evidence: append(evidence, s.whyOpen(l)...),
		}
	case l.Repeated && ports.Value == PortPreserved:
		return unknown(append(evidence, of(KindPortReused))...)
	case l.Repeated:
		return unknown(append(evidence, of(KindPortUnchanged))...)
	}
	return unknown(append(evidence, of(KindLifetimeSilent))...)
}

// whyOpen says why there is no upper end.
func (s *State) whyOpen(l LifetimeState) []Evidence {
	longest := l.Held[len(l.Held)-1]
	switch {
	case longest.Alive || longest.Same:
		return nil
	case s.Running():
		return []Evidence{of(KindLongerAsking)}
	case !l.After:
		return []Evidence{of(KindServerStopped)}
	}
	return []Evidence{of(KindLoss)}
}

// evidence says how the test was made, and what became of each pause.
func (l *LifetimeState) evidence(s *State) []Evidence {
	method := KindWake
	if l.Repeated {
		method = KindAgain
	}
	out := []Evidence{fact(method, s.Servers[l.Server].Address)}
	seconds := map[Kind][]int{}
	for _, h := range l.Held {
		kind := KindOpen
		switch {
		case h.Alive || h.Same:
			kind = KindLived
		case s.Dead(h):
			kind = KindGone
		}
		seconds[kind] = append(seconds[kind], int(h.Pause/time.Second))
	}
	for _, kind := range []Kind{KindLived, KindGone, KindOpen} {
		if len(seconds[kind]) > 0 {
			out = append(out, counted(kind, seconds[kind]...))
		}
	}
	return out
}
