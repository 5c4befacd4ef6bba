package probe

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"time"

	"github.com/pion/transport/v4"

	"dialtone/diag"
)

// NATBudget is how long [NAT] may take at most.
const NATBudget = 6 * time.Second

// natRate is how many transactions to one server are begun in any second at most (RFC 5780 §5).
const natRate = 10

// How long an answer is waited for: a multiple of the longest round trip, within bounds.
const (
	minGrace = 250 * time.Millisecond
	maxGrace = time.Second
)

// Sockets opens sockets; every [transport.Net] is one.
type Sockets interface {
	ListenUDP(network string, local *net.UDPAddr) (transport.UDPConn, error)
	DialUDP(network string, local, remote *net.UDPAddr) (transport.UDPConn, error)
}

// NATOptions say where to ask from.
type NATOptions struct {
	Net    Sockets       // nil for the operating system
	Bind   netip.Addr    // local address of all sockets; the zero value lets the system choose
	Budget time.Duration // 0 for [NATBudget]

	Deep, Hairpin bool // further tests, see [Inquiry]

	// Progress is given a copy of the observations after each that is new; nil: nobody is told.
	Progress func(*diag.NATObservations)
}

// NAT asks STUN servers over UDP for everything that [diag.JudgeNAT] reads: it follows [planNAT] until nothing more can be
// learned, until the budget is used up, or until ctx ends. It fails only when no request can be made.
func NAT(ctx context.Context, servers []diag.NATAsked, options NATOptions) (*diag.NATObservations, error) {
	if options.Net == nil {
		options.Net = systemSockets{}
	}
	if options.Budget <= 0 {
		options.Budget = NATBudget
	}
	ctx, cancel := context.WithTimeout(ctx, options.Budget)
	defer cancel()
	r := &natRun{
		options: options, start: time.Now(), o: &diag.NATObservations{Servers: slices.Clone(servers)},
		sockets: map[string]*natSocket{}, arrivals: make(chan arrival, 64), sent: map[txID]*natSend{}, per: make([]natLine, len(servers)),
	}
	err := r.run(ctx)
	r.close()
	if _, system := options.Net.(systemSockets); system {
		r.o.LAN = networkOf(r.o.Local.Addr())
	}
	return r.o, err
}

// natRun is one run. All of it belongs to one goroutine; sockets are read by others, which send arrivals.
type natRun struct {
	options  NATOptions
	start    time.Time
	o        *diag.NATObservations
	sockets  map[string]*natSocket
	arrivals chan arrival
	sent     map[txID]*natSend
	per      []natLine
}

// natLine is what concerns one server.
type natLine struct {
	waiting []*natSend      // planned, in the order of their time
	flying  []*natSend      // sent, without an answer so far, and not yet given up
	begun   []time.Duration // of the last natRate sends
	slowest time.Duration   // round trip
	strays  int             // datagrams from it that could not be read
	unread  error           // why
}

// natSend is one transaction.
type natSend struct {
	*natAsk
	question *natQuestion // shared by the sends of one question
	due      time.Duration
	at       time.Duration
	index    int // in the observations once it has been noted, or -1
	local    netip.AddrPort
}

// aboutFiltering reports whether the request belongs to the filtering test.
func (s *natSend) aboutFiltering() bool {
	switch s.test {
	case diag.TestControl, diag.TestChangeBoth, diag.TestChangePort, diag.TestOpen, diag.TestProveBoth, diag.TestProvePort:
		return true
	case diag.TestReach, diag.TestMapping, diag.TestRepeat:
	}
	return false
}

// natQuestion is what the sends of one question have in common.
type natQuestion struct {
	answered bool
	again    time.Duration // not before
}

// dueAt is when the request may be sent: the rate may have held back the one before it.
func (s *natSend) dueAt() time.Duration { return max(s.due, s.question.again) }

// run plans, sends and listens until nothing is left.
func (r *natRun) run(ctx context.Context) error {
	for {
		now := time.Since(r.start)
		r.giveUp(now)
		r.plan(now)
		if err := r.send(ctx, now); err != nil {
			return err
		}
		next, busy := r.next(now)
		if !busy {
			r.finish()
			return nil
		}
		wait := time.NewTimer(next - now)
		select {
		case a := <-r.arrivals:
			r.arrive(a)
		case <-wait.C:
		case <-ctx.Done():
			wait.Stop()
			r.finish()
			return nil
		}
		wait.Stop()
	}
}

// plan asks for a new plan for every server whose questions are over. What was asked about filtering, or will be, is no
// longer waited for once that is known.
func (r *natRun) plan(now time.Duration) {
	f := r.o.Family().Filtering()
	known := f.Known()
	for i := range r.per {
		if known {
			r.per[i].waiting = slices.DeleteFunc(r.per[i].waiting, (*natSend).aboutFiltering)
			r.per[i].flying = slices.DeleteFunc(r.per[i].flying, (*natSend).aboutFiltering)
		}
		if r.open(i) {
			continue
		}
		for _, ask := range planNAT(r.o, i) {
			question := &natQuestion{}
			for n := range ask.tries {
				r.per[i].waiting = append(r.per[i].waiting, &natSend{natAsk: &ask, question: question, due: now + ask.after + schedule[n], index: -1})
			}
		}
		slices.SortStableFunc(r.per[i].waiting, func(a, b *natSend) int { return cmp.Compare(a.due, b.due) })
	}
}

// open reports whether a question to the server has neither an answer nor been given up.
func (r *natRun) open(server int) bool {
	unanswered := func(s *natSend) bool { return !s.question.answered }
	return slices.ContainsFunc(r.per[server].waiting, unanswered) || slices.ContainsFunc(r.per[server].flying, unanswered)
}

// send sends what is due and what the rate allows. A question that has been answered is not sent again.
func (r *natRun) send(ctx context.Context, now time.Duration) error {
	for i := range r.per {
		line := &r.per[i]
		line.waiting = slices.DeleteFunc(line.waiting, func(s *natSend) bool { return s.question.answered })
		for line.free() <= now {
			next := slices.IndexFunc(line.waiting, func(s *natSend) bool { return s.dueAt() <= now })
			if next < 0 {
				break
			}
			s := line.waiting[next]
			line.waiting = slices.Delete(line.waiting, next, next+1)
			s.at, s.question.again = now, now+schedule[1]
			if err := r.sendOne(ctx, s); err != nil {
				return err
			}
			line.begun = append(line.begun, now)
			line.begun = line.begun[max(0, len(line.begun)-natRate):]
		}
	}
	return nil
}

// free is when the rate allows the next transaction.
func (l *natLine) free() time.Duration {
	if len(l.begun) < natRate {
		return 0
	}
	return l.begun[0] + time.Second
}

// sendOne sends a request. What the system refuses, for this server, is told as its failure.
func (r *natRun) sendOne(ctx context.Context, s *natSend) error {
	socket, err := r.socket(ctx, s.natAsk)
	if err != nil { // no route, or no address of that family
		r.fail(s.server, err)
		return nil
	}
	id := newTxID()
	b, err := encodeBinding(id, s.behavior())
	if err != nil {
		return err
	}
	s.local = socket.local
	r.sent[id] = s
	line := &r.per[s.server]
	line.flying = append(line.flying, s)
	if err := socket.write(b, s.to); err != nil && s.to == r.o.Servers[s.server].Address {
		r.fail(s.server, err)
	}
	return nil
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
	for _, s := range r.per[server].flying {
		r.note(s, nil)
	}
	r.per[server].waiting, r.per[server].flying = nil, nil // nobody waits for it any more
}

// grace is how long an answer of a server is waited for.
func (r *natRun) grace(server int) time.Duration {
	if r.per[server].slowest == 0 {
		return maxGrace
	}
	return min(max(4*r.per[server].slowest, minGrace), maxGrace)
}

// giveUp notes as silence what has been waited for long enough.
func (r *natRun) giveUp(now time.Duration) {
	for i := range r.per {
		line, grace := &r.per[i], r.grace(i)
		line.flying = slices.DeleteFunc(line.flying, func(s *natSend) bool {
			if now < s.at+grace {
				return false
			}
			r.note(s, nil)
			return true
		})
	}
}

// note makes a request part of the observations.
func (r *natRun) note(s *natSend, a *diag.NATAnswer) {
	s.index = len(r.o.Requests)
	r.o.Requests = append(r.o.Requests, diag.NATRequest{
		Server: s.server, Socket: s.socket, Local: s.local, Test: s.test, To: s.to, SentAt: s.at, Answer: a,
	})
}

// next is when something is due, unless something arrives before; not busy where nothing is.
func (r *natRun) next(now time.Duration) (at time.Duration, busy bool) {
	at = now + time.Hour
	for i := range r.per {
		line := &r.per[i]
		for _, s := range line.waiting {
			at, busy = min(at, max(s.dueAt(), line.free())), true
		}
		for _, s := range line.flying {
			at, busy = min(at, s.at+r.grace(i)), true
		}
	}
	return max(at, now), busy
}

// arrive takes a datagram, or the error of a connected socket, which is a refusal.
func (r *natRun) arrive(a arrival) {
	if a.err != nil {
		if a.server >= 0 && !isTimeout(a.err) {
			r.fail(a.server, a.err)
		}
		return
	}
	if a.local.IsValid() && (!r.o.Local.IsValid() || r.o.Local.Addr().Is6() && a.local.Addr().Is4()) {
		r.o.Local = a.local // that of IPv4, which is judged
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
	}
	line := &r.per[s.server]
	switch {
	case s.index < 0:
		line.flying = slices.DeleteFunc(line.flying, func(f *natSend) bool { return f == s })
		r.note(s, answer)
	case r.o.Requests[s.index].Answer == nil:
		r.o.Requests[s.index].Answer = answer // late, but not silent
	default:
		r.o.Servers[s.server].Repeated++
		return
	}
	s.question.answered = true
	if s.to == a.from {
		line.slowest = max(line.slowest, answer.RTT)
	}
}

// expects reports whether an answer came to the right socket, from an address that can be meant: where it went, or, where
// another was asked for, any of the server's.
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
	return why == "" && (a.from.Addr() == other.Addr() || a.from.Addr() == s.to.Addr()) && (a.from.Port() == other.Port() || a.from.Port() == s.to.Port())
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

// finish forgets what was sent too late to be judged, and names why servers gave nothing.
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
