package diag

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Pauses are those after which the lifetime of a mapping is tried, each on a socket of its own. Common lifetimes (30,
// 60,
// 120 s) lie between two of them; the longest decides RFC 4787 REQ-5, which asks for two minutes.
var Pauses = []time.Duration{
	7 * time.Second, 12 * time.Second, 17 * time.Second, 22 * time.Second, 27 * time.Second, 33 * time.Second, 42 * time.Second,
	55 * time.Second, 65 * time.Second, 85 * time.Second, 100 * time.Second, 115 * time.Second, 130 * time.Second,
}

// Held is a socket that was left alone after it had made its mapping, and what came of it.
type Held struct {
	Socket string
	Server int
	Pause  time.Duration // between the last packet and the first request of the test; 0 where it has not begun
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

// Names of sockets of the lifetime test.
const (
	heldPrefix = "lifetime "
	heldBefore = "proof before"
	heldAfter  = "proof after"
)

// HeldSocket names the socket that is left alone for a pause.
func HeldSocket(pause time.Duration) string { return heldPrefix + pause.String() }

// ProofSocket names the socket of the control arm with a server, before the pauses or after them.
func ProofSocket(server int, after bool) string {
	if after {
		return fmt.Sprintf("%s %d", heldAfter, server)
	}
	return fmt.Sprintf("%s %d", heldBefore, server)
}

// Outlived reports whether some pause was too long for a mapping, so that longer ones need not be tried.
func (o *NATObservations) Outlived() bool {
	return slices.ContainsFunc(o.Lifetime().Held, o.Dead)
}

// Lifetime counts what is known of the lifetime of mappings (RFC 5780 §4.6).
func (o *NATObservations) Lifetime() LifetimeState {
	l := LifetimeState{Server: -1}
	last := map[string]time.Duration{} // when a packet of a held socket last went or came
	at := map[string]int{}
	for i := range o.Requests {
		if r := &o.Requests[i]; r.Test == TestHold {
			last[r.Socket] = max(last[r.Socket], r.lastPacket())
		}
	}
	for i := range o.Requests {
		r := &o.Requests[i]
		switch r.Test {
		case TestProveWake:
			if r.success() && r.Held == ProofSocket(r.Server, false) {
				l.Before, l.Server = true, r.Server
			}
			l.After = l.After || r.success() && r.Held == ProofSocket(r.Server, true)
		case TestWake, TestAgain:
			socket := cmp.Or(r.Held, r.Socket)
			n, known := at[socket]
			if !known {
				n = len(l.Held)
				at[socket] = n
				l.Held = append(l.Held, Held{Socket: socket, Server: r.Server})
			}
			l.Server, l.Repeated = r.Server, r.Test == TestAgain
			l.Held[n].note(o, r, last[socket])
		default:
		}
	}
	slices.SortFunc(l.Held, func(a, b Held) int { return cmp.Compare(a.Pause, b.Pause) })
	return l
}

// lastPacket is when the request went, or its answer came.
func (r *NATRequest) lastPacket() time.Duration {
	if r.Answer == nil {
		return r.SentAt
	}
	return r.SentAt + r.Answer.RTT
}

// note takes a request of the test.
func (h *Held) note(o *NATObservations, r *NATRequest, last time.Duration) {
	pause := r.SentAt - last
	if h.Pause == 0 || pause < h.Pause {
		h.Pause = pause
	}
	h.Longer = max(h.Longer, pause)
	h.Asked++
	if !r.success() {
		return
	}
	if r.Test == TestWake {
		h.Alive = true
		return
	}
	for i := range o.Requests {
		if q := &o.Requests[i]; q.Test == TestHold && q.Socket == r.Socket && q.success() {
			h.Same, h.Moved = r.Answer.Mapped == q.Answer.Mapped, r.Answer.Mapped != q.Answer.Mapped
		}
	}
}

// Dead reports whether the mapping is gone: by chance it would look so in fewer than one of 10,000 runs.
func (o *NATObservations) Dead(h Held) bool {
	if h.Alive {
		return false
	}
	sent, lost := o.Loss(h.Server)
	return h.Moved || h.Asked > 0 && !h.Same && allLost(h.Asked, sent, lost) < Chance
}

// judgeLifetime tells how long a socket that is silent keeps its port.
// short is within which it is forgotten, 0 where that is not known.
func (o *NATObservations) judgeLifetime(ports Behavior) (b Behavior, short time.Duration) {
	if !o.Deep {
		return unknown(onlyDeep), 0
	}
	l := o.Lifetime()
	if len(l.Held) == 0 {
		if o.Pending || o.Further {
			return unknown("being asked"), 0
		}
		return unknown("no server could be asked after a pause"), 0
	}
	var alive, dead time.Duration // the longest pause that a mapping outlived, the shortest that it did not
	moved := slices.ContainsFunc(l.Held, func(h Held) bool { return h.Moved })
	evidence := []string{l.method(o)}
	for _, h := range l.Held {
		switch {
		case h.Alive, h.Same && moved:
			alive = max(alive, h.Pause)
		case o.Dead(h) && (l.Repeated || l.After) && dead == 0:
			dead = h.Longer
		}
	}
	evidence = append(evidence, l.words(o)...)
	b = lifetimeBetween(o, l, alive, dead, ports, evidence)
	if b.Confidence == Proven {
		short = dead
	}
	return b, short
}

// lifetimeBetween makes the value.
func lifetimeBetween(o *NATObservations, l LifetimeState, alive, dead time.Duration, ports Behavior,
	evidence []string) Behavior {
	from, to := int(alive/time.Second), int((dead+time.Second-1)/time.Second)
	switch {
	case alive != 0 && dead != 0 && alive > dead:
		return Behavior{BehaviorUnknown, Contradictory, append(evidence, "a longer pause was outlived than one that was not")}
	case alive != 0 && dead != 0:
		return Behavior{fmt.Sprintf("between %d s and %d s", from, to), Proven, evidence}
	case dead != 0:
		return Behavior{fmt.Sprintf("less than %d s", to), Proven, evidence}
	case alive != 0:
		return Behavior{fmt.Sprintf("at least %d s", from), Proven, append(evidence, o.whyOpen(l)...)}
	case l.Repeated && ports.Value == PortPreserved:
		return unknown(append(evidence,
			"this NAT keeps the port of a socket, so that a new mapping looks like the old one: only a server with RESPONSE-PORT can tell")...)
	case l.Repeated:
		return unknown(append(evidence, "the port never changed: the mappings live longer, or new ones get the same port")...)
	}
	return unknown(append(evidence, "no answer came, and too little is known of why")...)
}

// whyOpen says why there is no upper end.
func (o *NATObservations) whyOpen(l LifetimeState) []string {
	longest := l.Held[len(l.Held)-1]
	switch {
	case longest.Alive || longest.Same:
		return nil
	case o.Pending || o.Further:
		return []string{"longer pauses are being tried"}
	case !l.After:
		return []string{"behind that the server answered no longer even where it must: that longer pauses were silent proves nothing"}
	}
	return []string{"too many packets are lost to tell whether longer pauses were outlived"}
}

// method says how the test was made.
func (l *LifetimeState) method(o *NATObservations) string {
	if l.Repeated {
		return fmt.Sprintf("%s does not obey RESPONSE-PORT, so sockets that had been silent for a while asked it again",
			o.Servers[l.Server].Address)
	}
	return fmt.Sprintf("%s was asked to answer to sockets that had been silent for a while (RESPONSE-PORT), after one exchange of packets each", o.Servers[l.Server].Address)
}

// words tell what became of each pause.
func (l *LifetimeState) words(o *NATObservations) []string {
	var lived, ended, open []string
	for _, h := range l.Held {
		text := fmt.Sprintf("%d s", int(h.Pause/time.Second))
		switch {
		case h.Alive || h.Same:
			lived = append(lived, text)
		case o.Dead(h):
			ended = append(ended, text)
		default:
			open = append(open, text)
		}
	}
	var out []string
	for _, part := range []struct {
		what string
		list []string
	}{{"the port was the same after ", lived}, {"gone after ", ended}, {"not known after ", open}} {
		if len(part.list) > 0 {
			out = append(out, part.what+strings.Join(part.list, ", "))
		}
	}
	return out
}
