package probe

import (
	"cmp"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"

	"dialtone/diag"
)

// arrive takes a datagram, or the error of a connected socket, which is a refusal.
func (r *natRun) arrive(a arrival) {
	if a.err != nil {
		if a.server >= 0 && !isTimeout(a.err) {
			r.fail(a.server, a.err)
		}
		return
	}
	if a.local.IsValid() && (!r.o.Local.IsValid() || r.o.Local.Addr().Is6() && a.local.Addr().Is4()) {
		r.place(a.local) // that of IPv4, which is judged
	}
	if id, ok := requestID(a.bytes); ok {
		r.arriveHairpin(id, a)
		return
	}
	msg, err := decode(a.bytes)
	if err != nil {
		r.stray(a.from, err)
		return
	}
	s, ours := r.sent[msg.id]
	if !ours || msg.method != methodBinding || !s.expects(a, r.o) {
		r.o.Strays++
		if ours && s.behavior().flags() == 0 && a.from != s.to {
			r.o.Servers[s.server].Elsewhere = a.from
		}
		return
	}
	answer := &diag.NATAnswer{
		From: a.from, RTT: a.at - s.at, Code: msg.code, Mapped: msg.mapped, Plain: msg.plain, Other: msg.other, Origin: msg.origin, Software: msg.software,
		Size: len(a.bytes),
	}
	r.take(s, answer)
	if s.to == a.from {
		line := &r.per[s.server]
		line.slowest = max(line.slowest, answer.RTT)
	}
}

// place notes where this machine asks from.
func (r *natRun) place(local netip.AddrPort) {
	r.o.Local = local
	if _, system := r.options.Net.(systemSockets); system {
		r.o.Interface, r.o.MTU, r.o.LAN = interfaceOf(local.Addr())
	}
}

// arriveHairpin takes a request of our own, which the NAT has turned around.
func (r *natRun) arriveHairpin(id txID, a arrival) {
	s, ours := r.sent[id]
	if !ours || s.test != diag.TestHairpin || a.socket != s.answerAt {
		r.o.Strays++
		return
	}
	r.take(s, &diag.NATAnswer{From: a.from, RTT: a.at - s.at, Size: len(a.bytes)})
}

// take notes the answer to a request.
func (r *natRun) take(s *natSend, answer *diag.NATAnswer) {
	line := &r.per[s.server]
	switch {
	case s.index < 0:
		line.flying = slices.DeleteFunc(line.flying, func(f *natSend) bool { return f == s })
		r.note(s, answer)
	case r.o.Requests[s.index].Answer == nil:
		r.o.Requests[s.index].Answer = answer // late, but not silent
		r.news = true
	default:
		r.o.Servers[s.server].Repeated++
		return
	}
	s.question.answered = true
}

// expects reports whether an answer came to the right socket, from an address that can be meant: where it went, or,
// where another was asked for, any of the server's.
func (s *natSend) expects(a arrival, o *diag.NATObservations) bool {
	socket := s.socket
	if s.answerAt != "" {
		socket = s.answerAt
	}
	if a.socket != socket {
		return false
	}
	if s.behavior().flags() == 0 || a.from == s.to {
		return a.from == s.to
	}
	other, why := o.Admitted(s.server)
	return why == "" && (a.from.Addr() == other.Addr() || a.from.Addr() == s.to.Addr()) &&
		(a.from.Port() == other.Port() || a.from.Port() == s.to.Port())
}

// stray counts what could not be read, by the server that it came from.
func (r *natRun) stray(from netip.AddrPort, err error) {
	r.o.Strays++
	for i := range r.o.Servers {
		if r.o.Servers[i].Address == from {
			r.per[i].strays++
			r.per[i].unread = err
		}
	}
}

// finish puts the requests in order, and names why servers gave nothing.
func (r *natRun) finish() {
	slices.SortStableFunc(r.o.Requests, func(a, b diag.NATRequest) int { return cmp.Compare(a.SentAt, b.SentAt) })
	for i := range r.o.Servers {
		if r.per[i].unread != nil {
			r.fail(i, r.per[i].unread)
		}
		if from := r.o.Servers[i].Elsewhere; from.IsValid() {
			r.fail(i, fmt.Errorf("%w: it came from %s, and not from the address that was asked", errAnswer, from))
		}
		if r.o.Servers[i].Failure == nil {
			r.refusal(i)
		}
	}
}

// refusal notes the error code of a server that gave nothing else.
func (r *natRun) refusal(server int) {
	asked := &r.o.Servers[server]
	code := 0
	for _, q := range r.o.Requests {
		switch {
		case q.Server != server || q.Answer == nil:
		case q.Answer.Code == 0:
			return
		default:
			code = q.Answer.Code
		}
	}
	u, err := ParseURL(asked.URL)
	if code == 0 || err != nil {
		return
	}
	f := stunError(u, StageBinding, code, "", netip.AddrPort{})
	asked.Failure = &diag.ServerResult{
		URL: asked.URL, Transport: "udp", Stage: f.stage, Cause: f.cause, ErrorCode: f.code, ErrorText: f.text, Advice: f.advice,
	}
}

// fail notes why a server cannot be asked. Of one that has answered before, it means nothing.
func (r *natRun) fail(server int, err error) {
	asked := &r.o.Servers[server]
	if r.o.Heard(server) || asked.Failure != nil || errors.Is(err, net.ErrClosed) {
		return
	}
	u, parseErr := ParseURL(asked.URL)
	if parseErr != nil {
		u = URL{Scheme: STUN, Host: asked.Address.Addr().String(), Port: asked.Address.Port(), UDP: true}
	}
	u.Port = asked.Address.Port() // DNS SRV may have named another than the default one
	f := classify(u, StageBinding, err)
	asked.Failure = &diag.ServerResult{
		URL: asked.URL, Transport: "udp", Stage: f.stage, Cause: f.cause, ErrorCode: f.code, ErrorText: f.text, Advice: f.advice,
	}
	r.news = true
	for _, s := range r.per[server].flying {
		r.note(s, nil)
	}
	r.per[server].waiting, r.per[server].flying = nil, nil // nobody waits for it any more
}
