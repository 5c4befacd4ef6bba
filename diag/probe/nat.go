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
	"dialtone/diag/guard"
	"dialtone/diag/nat"
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

	Families *diag.NATFamilies // of this machine, for its network; nil when not known
	Limiter  *guard.Limiter    // what hosts that do not answer may be sent, which servers may have named; nil: no bound

	// Report gets each fact, from one goroutine; nil: none is reported.
	Report func(diag.Data)
}

// NAT asks STUN servers over UDP for everything that [nat.Judge] reads: it follows [nat.Plan] until nothing more can be
// learned, until the budget is used up, or until ctx ends. It returns the fold of what it has reported, and fails only
// when no request can be made.
func NAT(ctx context.Context, servers []diag.NATServer, options NATOptions) (*nat.State, error) {
	if options.Net == nil {
		options.Net = systemSockets{}
	}
	if options.Budget <= 0 {
		options.Budget = NATBudget
	}
	r := &natRun{
		options: options, start: time.Now(), o: &nat.State{},
		sockets: map[diag.NATSocket]*natSocket{}, arrivals: make(chan arrival, 64), sent: map[txID]*natSend{},
		per: make([]serverRun, len(servers)),
	}
	r.o.Start.Deep, r.o.Start.Hairpin = options.Deep, options.Hairpin
	if options.Families != nil {
		r.report(*options.Families)
	}
	for i, s := range servers {
		s.Server = i
		r.report(s)
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
	o        *nat.State // the fold of what was reported: the plan reads what every reader of the events has
	sockets  map[diag.NATSocket]*natSocket
	arrivals chan arrival
	sent     map[txID]*natSend
	per      []serverRun
}

// report hands on a fact.
func (r *natRun) report(d diag.Data) {
	r.o.Apply(d)
	if r.options.Report != nil {
		r.options.Report(d)
	}
}

// serverRun is what concerns one server.
type serverRun struct {
	waiting []*natSend      // planned, in the order of their time
	flying  []*natSend      // sent, without an answer so far, and not yet given up
	begun   []time.Duration // of the last natRate sends
	slowest time.Duration   // round trip
	unread  error           // why a datagram from it could not be read
	repeats int             // answers to requests that had been answered
}

// natSend is one transaction.
type natSend struct {
	*nat.Question
	question *natQuestion // shared by the sends of one question
	due      time.Duration
	at       time.Duration
	index    int // in the observations once it has been noted, or -1
	local    netip.AddrPort
	refused  bool // ICMP said that the port is closed
}

// behavior is what the request asks of the server.
func (s *natSend) behavior() behavior {
	return behavior{
		size: s.Size, padding: s.Padding, changeIP: s.ChangesIP(), changePort: s.ChangesPort(),
		responsePort: s.ResponsePort,
	}
}

// natQuestion is what the sends of one question have in common.
type natQuestion struct {
	answered bool
	again    time.Duration // not before
}

// dueAt is when the request may be sent: the rate may have held back the one before it.
func (s *natSend) dueAt() time.Duration { return max(s.due, s.question.again) }

// run asks what can be known at once, then what takes longer.
func (r *natRun) run(ctx context.Context) error {
	err := r.phase(ctx, r.options.Budget, r.plan)
	if err == nil && (r.options.Deep || r.options.Hairpin) {
		r.report(diag.DiagnosisFurther{})
		err = r.phase(ctx, FurtherBudget, r.planFurther)
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

func aboutFiltering(s *natSend) bool { return s.AboutFiltering() }

func afterPause(s *natSend) bool { return s.AfterPause() }

// plan asks for a new plan for every server whose questions are over. What was asked about filtering, or will be, is no
// longer waited for once that is known.
func (r *natRun) plan(now time.Duration) {
	known := map[nat.Family]bool{}
	for _, f := range r.o.Families() {
		filtering := r.o.Of(f).Filtering()
		known[f] = filtering.Known()
	}
	for i := range r.per {
		if known[r.o.FamilyOf(i)] {
			r.per[i].waiting = slices.DeleteFunc(r.per[i].waiting, aboutFiltering)
			r.per[i].flying = slices.DeleteFunc(r.per[i].flying, aboutFiltering)
		}
		if r.open(i) {
			continue
		}
		for _, ask := range nat.Plan(r.o, i) {
			r.ask(now, ask)
		}
	}
}

// planFurther asks for a new plan for every topic whose questions are over. Longer pauses than one that no mapping
// outlives are not waited for.
func (r *natRun) planFurther(now time.Duration) {
	if r.o.Outlived() {
		for i := range r.per {
			r.per[i].waiting = slices.DeleteFunc(r.per[i].waiting, afterPause)
		}
	}
	for _, topic := range nat.Topics {
		if r.about(topic.Name) {
			continue
		}
		for _, ask := range topic.Plan(r.o) {
			ask.Topic = topic.Name
			r.ask(now, ask)
		}
	}
}

// about reports whether anything of a topic is planned or has been sent a moment ago.
func (r *natRun) about(topic nat.Topic) bool {
	same := func(s *natSend) bool { return s.Topic == topic }
	return slices.ContainsFunc(r.per, func(l serverRun) bool {
		return slices.ContainsFunc(l.flying, same) ||
			slices.ContainsFunc(l.waiting, func(s *natSend) bool { return same(s) && !s.question.answered })
	})
}

// ask plans the sends of a question, unless it would be too much for a host that has not answered.
func (r *natRun) ask(now time.Duration, ask nat.Question) {
	line, question := &r.per[ask.Server], &natQuestion{}
	if r.options.Limiter != nil && !r.options.Limiter.AllowServer(ask.To.Addr(), ask.Tries) {
		if len(line.begun)+len(line.waiting) == 0 {
			r.fail(ask.Server, guard.LimitError{})
		}
		return
	}
	first := max(now+ask.After, ask.At)
	for n := range ask.Tries {
		line.waiting = append(line.waiting, &natSend{
			Question: &ask, question: question,
			due: first + time.Duration(n)*schedule[1], index: -1,
		})
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
func (l *serverRun) free() time.Duration {
	if len(l.begun) < natRate {
		return 0
	}
	return l.begun[0] + time.Second
}

// sendOne sends a request. What the system refuses, for this server, is reported as its failure.
func (r *natRun) sendOne(ctx context.Context, s *natSend) error {
	socket, err := r.socket(ctx, s.Question)
	if err != nil { // no route, or no address of that family
		r.fail(s.Server, err)
		return nil
	}
	id := newTxID()
	b, err := encodeBinding(id, s.behavior())
	if err != nil {
		return err
	}
	if s.AnswerAt.Use != "" && r.sockets[s.AnswerAt] == nil {
		return nil // no one would hear the answer
	}
	s.local = socket.local
	r.sent[id] = s
	line := &r.per[s.Server]
	line.flying = append(line.flying, s)
	if err := socket.write(b, s.To); err != nil && s.To == r.o.Servers[s.Server].Address {
		r.fail(s.Server, err)
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

// note reports a request.
func (r *natRun) note(s *natSend, a *diag.NATAnswer) {
	s.index = len(r.o.Requests)
	r.report(diag.NATRequest{
		Request: s.index, Server: s.Server, Socket: s.Socket, Local: s.local, Test: s.Test, To: s.To, Held: s.AnswerAt,
		SentMs: micros(s.at), Answer: a, Bytes: s.Bytes, Refused: s.refused,
	})
}

// micros is a time in the resolution of recordings, so that what is replayed is what was judged.
func micros(d time.Duration) diag.Millis { return diag.Millis(d.Round(time.Microsecond)) }

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
