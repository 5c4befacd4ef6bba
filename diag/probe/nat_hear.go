package probe

import (
	"errors"
	"net"
	"net/netip"
	"slices"

	"dialtone/diag"
	"dialtone/diag/nat"
	"dialtone/diag/reach"
)

// arrive takes a datagram, or the error of a connected socket, which is a refusal.
func (r *natRun) arrive(a arrival) {
	if a.err != nil {
		switch {
		case a.server < 0 || reach.IsTimeout(a.err):
		case a.socket.Use == diag.SocketOtherPort:
			r.refused(a)
		default:
			r.fail(a.server, a.err)
		}
		return
	}
	if own := r.o.Local.Address.Addr(); a.local.IsValid() && (!own.IsValid() || own.Is6() && a.local.Addr().Is4()) {
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
		if ours && s.behavior().flags() == 0 && a.from != s.To {
			r.elsewhere(s.Server, a.from)
		}
		return
	}
	answer := &diag.NATAnswer{
		From: a.from, RTTMs: micros(a.at - s.at), Code: msg.code, Mapped: msg.mapped, Plain: msg.plain, Other: msg.other,
		Origin: msg.origin, Software: msg.software, Size: len(a.bytes),
	}
	r.take(s, answer)
	if s.To == a.from {
		line := &r.per[s.Server]
		line.slowest = max(line.slowest, a.at-s.at)
	}
}

// refused reports the requests to another port that ICMP has answered, and asks no more.
func (r *natRun) refused(a arrival) {
	line := &r.per[a.server]
	refused := reach.Classify(diag.StageBinding, a.err).Cause == diag.CauseRefused
	line.flying = slices.DeleteFunc(line.flying, func(s *natSend) bool {
		if s.Socket != a.socket || !refused {
			return false
		}
		s.question.answered, s.refused = true, true
		r.note(s, nil)
		return true
	})
}

// place reports where this machine asks from.
func (r *natRun) place(local netip.AddrPort) {
	d := diag.NATLocal{Address: local}
	if _, system := r.options.Net.(systemSockets); system {
		d.Interface, d.MTU, d.Network = interfaceOf(local.Addr())
	}
	r.report(d)
}

// elsewhere reports, once, that a server answers from another address.
func (r *natRun) elsewhere(server int, from netip.AddrPort) {
	if d := r.o.Servers[server]; !d.Elsewhere.IsValid() {
		d.Elsewhere = from
		r.report(d)
	}
}

// arriveHairpin takes a request of its own, which the NAT has turned around.
func (r *natRun) arriveHairpin(id txID, a arrival) {
	s, ours := r.sent[id]
	if ours && s.Test == diag.TestHairpin && a.socket == s.AnswerAt {
		r.take(s, &diag.NATAnswer{From: a.from, RTTMs: micros(a.at - s.at), Size: len(a.bytes)})
	}
}

// take reports the answer to a request.
func (r *natRun) take(s *natSend, answer *diag.NATAnswer) {
	line := &r.per[s.Server]
	switch {
	case s.index < 0:
		line.flying = slices.DeleteFunc(line.flying, func(f *natSend) bool { return f == s })
		r.note(s, answer)
	case s.index < len(r.o.Requests) && r.o.Requests[s.index].Answer == nil:
		late := r.o.Requests[s.index] // but not silent
		late.Answer = answer
		r.report(late)
	default:
		line.repeats++
		return
	}
	s.question.answered = true
	if r.options.Limiter != nil {
		r.options.Limiter.Serves(answer.From.Addr())
	}
}

// expects reports whether an answer came to the right socket, from an address that can be meant: where it went, or,
// where another was asked for, any of the server's.
func (s *natSend) expects(a arrival, o *nat.State) bool {
	socket := s.Socket
	if s.AnswerAt.Use != "" {
		socket = s.AnswerAt
	}
	if a.socket != socket {
		return false
	}
	if s.behavior().flags() == 0 || a.from == s.To {
		return a.from == s.To
	}
	other, _ := o.Admitted(s.Server)
	return other.IsValid() && (a.from.Addr() == other.Addr() || a.from.Addr() == s.To.Addr()) &&
		(a.from.Port() == other.Port() || a.from.Port() == s.To.Port())
}

// stray remembers what could not be read, by the server that it came from.
func (r *natRun) stray(from netip.AddrPort, err error) {
	for i := range r.o.Servers {
		if r.o.Servers[i].Address == from {
			r.per[i].unread = err
		}
	}
}

// finish reports why servers gave nothing, and which answered too often.
func (r *natRun) finish() {
	for i := range r.o.Servers {
		if r.per[i].unread != nil {
			r.fail(i, r.per[i].unread)
		}
		if from := r.o.Servers[i].Elsewhere; from.IsValid() {
			r.fail(i, &reach.Error{Failure: diag.Failure{
				Cause: diag.CauseProtocol, Detail: diag.DetailElsewhere, Reason: from.String(),
			}})
		}
		if code := r.rejection(i); code != 0 {
			r.failWith(i, stunError(reply{answer: &answer{code: code}}))
		}
		if d := r.o.Servers[i]; r.per[i].repeats > 0 {
			d.Repeated = r.per[i].repeats
			r.report(d)
		}
	}
}

// rejection is the error code of a server that gave nothing else, 0 when it did.
func (r *natRun) rejection(server int) (code int) {
	for _, q := range r.o.Requests {
		switch {
		case q.Server != server || q.Answer == nil:
		case q.Answer.Code == 0:
			return 0
		default:
			code = q.Answer.Code
		}
	}
	return code
}

// fail reports why a server cannot be asked. Of one that has answered before, it means nothing.
func (r *natRun) fail(server int, err error) {
	if !r.o.Heard(server) && !errors.Is(err, net.ErrClosed) {
		r.failWith(server, err)
	}
}

func (r *natRun) failWith(server int, err error) {
	d := r.o.Servers[server]
	if d.Failure != nil {
		return
	}
	d.Stage, d.Failure = diag.StageBinding, reach.Classify(diag.StageBinding, err)
	r.report(d)
	for _, s := range r.per[server].flying {
		r.note(s, nil)
	}
	r.per[server].waiting, r.per[server].flying = nil, nil // nothing is expected from it any more
}
