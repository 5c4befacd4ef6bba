package probe

import (
	"cmp"
	"context"
	"net"
	"net/netip"
	"slices"
	"time"

	"github.com/pion/transport/v5"

	"dialtone/diag"
)

// NATBudget is how long [NAT] may take at most.
const NATBudget = 6 * time.Second

// FurtherBudget is how long the tests of [NATOptions] Deep and Hairpin may take at most.
const FurtherBudget = 150 * time.Second

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
	Budget time.Duration // without the further tests; 0 for [NATBudget]

	Deep, Hairpin bool // further tests, see [Inquiry]; they take up to [FurtherBudget] more

	// Progress is given a copy of the observations after each that is new; nil: nobody is told.
	Progress func(*diag.NATObservations)
}

// NAT asks STUN servers over UDP for everything that [diag.JudgeNAT] reads: it follows [planNAT] until nothing more can
// be learned, until the budget is used up, or until ctx ends. It fails only when no request can be made.
func NAT(ctx context.Context, servers []diag.NATAsked, options NATOptions) (*diag.NATObservations, error) {
	if options.Net == nil {
		options.Net = systemSockets{}
	}
	if options.Budget <= 0 {
		options.Budget = NATBudget
	}
	r := &natRun{
		options: options, start: time.Now(), o: &diag.NATObservations{Servers: slices.Clone(servers), Pending: true,
			Deep: options.Deep, Hairpin: options.Hairpin},
		sockets: map[string]*natSocket{}, arrivals: make(chan arrival, 64), sent: map[txID]*natSend{}, per: make([]natLine,
			len(servers)),
	}
	ctx, cancel := context.WithCancel(ctx)
	err := r.run(ctx)
	cancel()
	r.close()
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
	news     bool // something was observed that nobody has been told
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
	default:
	}
	return false
}

// afterPause reports whether the request is one of the lifetime test.
func (s *natSend) afterPause() bool { return s.test == diag.TestWake || s.test == diag.TestAgain }

// natQuestion is what the sends of one question have in common.
type natQuestion struct {
	answered bool
	again    time.Duration // not before
}

// dueAt is when the request may be sent: the rate may have held back the one before it.
func (s *natSend) dueAt() time.Duration { return max(s.due, s.question.again) }

// run asks what can be told at once, then what takes longer.
func (r *natRun) run(ctx context.Context) error {
	err := r.phase(ctx, r.options.Budget, r.plan)
	r.o.Pending = false
	if err == nil && (r.options.Deep || r.options.Hairpin) {
		r.o.Further, r.news = true, true
		err = r.phase(ctx, FurtherBudget, r.planFurther)
		r.o.Further = false
	}
	r.finish()
	return err
}

// phase plans, sends and listens until nothing is left, until the budget is used up, or until ctx ends.
func (r *natRun) phase(ctx context.Context, budget time.Duration, plan func(time.Duration)) error {
	end := time.Since(r.start) + budget
	for {
		now := time.Since(r.start)
		r.giveUp(now)
		plan(now)
		if err := r.send(ctx, now); err != nil {
			return err
		}
		next, busy := r.next(now)
		if !busy || now >= end || ended(ctx) {
			r.drop()
			return nil
		}
		r.tell()
		wait := time.NewTimer(min(next, end) - now)
		select {
		case a := <-r.arrivals:
			r.arrive(a)
		case <-wait.C:
		case <-ctx.Done():
		}
		wait.Stop()
	}
}

func ended(ctx context.Context) bool { return ctx.Err() != nil }

// drop forgets what is planned, and what was sent too late to be judged.
func (r *natRun) drop() {
	for i := range r.per {
		r.per[i].waiting, r.per[i].flying = nil, nil
	}
}

// tell hands on a copy of what is new. The answers in it are never changed.
func (r *natRun) tell() {
	if !r.news || r.options.Progress == nil {
		return
	}
	r.news = false
	o := *r.o
	o.Servers, o.Requests = slices.Clone(o.Servers), slices.Clone(o.Requests)
	r.options.Progress(&o)
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
			r.ask(now, ask)
		}
	}
}

// planFurther asks for a new plan for every topic whose questions are over. Longer pauses than one that no mapping
// outlives are not waited for.
func (r *natRun) planFurther(now time.Duration) {
	if r.o.Outlived() {
		for i := range r.per {
			r.per[i].waiting = slices.DeleteFunc(r.per[i].waiting, (*natSend).afterPause)
		}
	}
	for _, topic := range furtherTopics {
		if r.about(topic.name) {
			continue
		}
		for _, ask := range topic.plan(r.o) {
			ask.topic = topic.name
			r.ask(now, ask)
		}
	}
}

// about reports whether anything of a topic is planned or has been sent a moment ago.
func (r *natRun) about(topic string) bool {
	same := func(s *natSend) bool { return s.topic == topic }
	return slices.ContainsFunc(r.per, func(l natLine) bool {
		return slices.ContainsFunc(l.flying, same) ||
			slices.ContainsFunc(l.waiting, func(s *natSend) bool { return same(s) && !s.question.answered })
	})
}

// ask plans the sends of a question.
func (r *natRun) ask(now time.Duration, ask natAsk) {
	line, question := &r.per[ask.server], &natQuestion{}
	first := max(now+ask.after, ask.at)
	for n := range ask.tries {
		line.waiting = append(line.waiting, &natSend{natAsk: &ask, question: question,
			due: first + time.Duration(n)*schedule[1], index: -1})
	}
	slices.SortStableFunc(line.waiting, func(a, b *natSend) int { return cmp.Compare(a.due, b.due) })
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
	if s.answerAt != "" && r.sockets[s.answerAt] == nil {
		return nil // nobody would hear the answer
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
		Server: s.server, Socket: s.socket, Local: s.local, Test: s.test, To: s.to, Held: s.answerAt, SentAt: s.at, Answer: a,
	})
	r.news = true
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
