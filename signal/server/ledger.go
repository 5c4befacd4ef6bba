package server

import (
	"net/http"
	"strconv"
	"sync"
	"time"

	"dialtone/signal/gate"
	"dialtone/signal/pairs"
)

// ledger is what this server knows of its pairs: how it last saw them, what they count for, which requests are parked
// here. With a store in memory that is exact; of a store that servers share it sees the pairs that its own clients
// take part in, as of their last request here.
type ledger struct {
	mu       sync.Mutex
	options  Options
	limits   *limits
	views    map[string]*view   // by pair
	parked   map[string]*parked // by name
	prefix   string             // of names, different for each server of a store
	last     uint64             // name
	pairs    int
	waiting  int
	bytes    int
	draining bool
	emptied  chan struct{} // closed when draining and no pair is left
	closed   bool
	running  sync.WaitGroup
	count    counters
	onTime   func(pair string) // called when a pair may have expired
}

// view is a live pair as it was last seen.
type view struct {
	opener  gate.Client
	bytes   int
	waiting bool
	at      time.Time // of the timer
	timer   *time.Timer
}

// counters are those of /healthz, since the start.
type counters struct {
	Requests   uint64 `json:"requests"`
	Refused    uint64 `json:"refused"`
	Limited    uint64 `json:"limited"`
	Dials      uint64 `json:"dials"`
	Paired     uint64 `json:"paired"`
	Connected  uint64 `json:"connected"`
	Candidates uint64 `json:"candidates"`
	Left       uint64 `json:"left"`
	Expired    uint64 `json:"expired"`
}

func newLedger(o Options, onTime func(string)) *ledger {
	return &ledger{
		options: o, limits: newLimits(o), onTime: onTime, views: make(map[string]*view), parked: make(map[string]*parked),
		emptied: make(chan struct{}),
	}
}

// add counts what happened.
func (l *ledger) add(counter *uint64) {
	l.mu.Lock()
	*counter++
	l.mu.Unlock()
}

// admit counts a request and takes it from its client's budget.
func (l *ledger) admit(c gate.Client) *failure {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.count.Requests++
	wait, ok := l.limits.admitRequest(c, time.Now())
	if !ok {
		l.count.Limited++
		return rateLimited(wait)
	}
	return nil
}

// refused counts a refusal.
func (l *ledger) refused(fail *failure) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.count.Refused++
	if fail.status == http.StatusTooManyRequests && fail.reason != "rate_limited" {
		l.count.Limited++
	}
}

// dialed counts a dial.
func (l *ledger) dialed(paired bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.count.Dials++
	if paired {
		l.count.Paired++
	}
}

// dial adds a party: as the subscriber of the pair that waits in the room of a code and a call, or as the initiator of
// a new one. A client that may not begin a pair joins none but those of its own address, and each try costs as much as
// a miss: it must not learn who waits under which code.
func (l *ledger) dial(waiting *pairs.Pair, code, call string, from gate.Client, now time.Time) (*pairs.Pair, *failure) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if wait, ok := l.limits.admitDial(from, time.Now()); !ok {
		return nil, dialsLimited(wait)
	}
	switch {
	case waiting == nil:
	case waiting.Over:
		return nil, errHungUp
	case waiting.IsExpired(now, l.options.Expiry):
		waiting = nil
	}
	fail := l.limits.fitsPair(from, l.pairs, l.options.Pairs)
	if fail != nil || waiting == nil {
		l.limits.missed(from, time.Now())
	}
	if fail != nil && (waiting == nil || waiting.Opener.Groups[0] != from.Groups[0]) {
		return nil, fail
	}
	switch {
	case waiting != nil:
		waiting.Join(now)
	case l.draining && l.options.Store == nil:
		return nil, errDraining
	case exceeds(l.pairs+1, l.options.Pairs):
		return nil, errPairLimit
	default:
		waiting = pairs.Open(code, call, from, now)
	}
	l.see(waiting, now)
	return waiting, nil
}

// hangUp makes what a room keeps of a call that is over, of what waits there; nil changes nothing. It costs as much as
// a dial.
func (l *ledger) hangUp(
	waiting *pairs.Pair, code, call string, from gate.Client, now time.Time,
) (*pairs.Pair, *failure) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if wait, ok := l.limits.admitDial(from, time.Now()); !ok {
		return nil, dialsLimited(wait)
	}
	switch {
	case waiting == nil, waiting.IsLive() && waiting.IsExpired(now, l.options.Expiry):
		waiting = pairs.Open(code, call, from, now)
	case waiting.Over:
		return nil, nil
	}
	waiting.HangUp()
	l.see(waiting, now)
	return waiting, nil
}

// fits gives the function that reports whether more bytes may be kept for a pair.
func (l *ledger) fits(p *pairs.Pair) func(int) bool {
	return func(n int) bool {
		l.mu.Lock()
		defer l.mu.Unlock()
		return l.limits.fitsBytes(p.Opener, n, l.bytes, l.options.StoredBytes)
	}
}

// note keeps how a pair is now.
func (l *ledger) note(p *pairs.Pair, now time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.see(p, now)
}

// see is note under the mutex. Signs of life do not touch the timer: it looks again when it fires.
func (l *ledger) see(p *pairs.Pair, now time.Time) {
	if !p.IsLive() {
		l.drop(p.ID)
		return
	}
	if l.closed {
		return
	}
	due := p.Deadline(l.options.Expiry).Sub(now)
	at := time.Now().Add(due)
	v := l.views[p.ID]
	switch {
	case v == nil:
		v = &view{opener: p.Opener, at: at}
		v.timer = time.AfterFunc(due, func() { l.onTime(p.ID) })
		l.views[p.ID] = v
		l.pairs++
		l.limits.pairsOf.Add(v.opener, 1, -1)
	case at.Before(v.at):
		v.at = at
		v.timer.Reset(due)
	}
	l.weigh(v, p.Bytes(), p.State == pairs.Waiting)
}

// weigh sets what a pair counts for.
func (l *ledger) weigh(v *view, bytes int, waiting bool) {
	if n := bytes - v.bytes; n > 0 {
		l.limits.bytesOf.Add(v.opener, n, -1)
	} else if n < 0 {
		l.limits.bytesOf.Remove(v.opener, -n)
	}
	l.bytes += bytes - v.bytes
	v.bytes = bytes
	if waiting != v.waiting {
		v.waiting = waiting
		l.waiting++
		if !waiting {
			l.waiting -= 2
		}
	}
}

// watch sets the timer of a pair that has not expired when it fired.
func (l *ledger) watch(pair string, due time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if v := l.views[pair]; v != nil && !l.closed {
		v.at = time.Now().Add(due)
		v.timer.Reset(due)
	}
}

// gone says that a pair has ended.
func (l *ledger) gone(pair string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.drop(pair)
}

func (l *ledger) drop(pair string) {
	v := l.views[pair]
	if v == nil {
		return
	}
	v.timer.Stop()
	l.weigh(v, 0, false)
	l.limits.pairsOf.Remove(v.opener, 1)
	l.pairs--
	delete(l.views, pair)
	l.checkEmpty()
}

// checkEmpty closes emptied when the last pair of a draining server has ended.
func (l *ledger) checkEmpty() {
	if l.draining && l.pairs == 0 {
		select {
		case <-l.emptied:
		default:
			close(l.emptied)
		}
	}
}

// begin counts work that close waits for, and reports whether it may begin.
func (l *ledger) begin() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.closed {
		l.running.Add(1)
	}
	return !l.closed
}

// drain begins the end: the channel is closed when no pair is left. Unless other servers have them, no new ones
// begin.
func (l *ledger) drain() <-chan struct{} {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.draining = true
	l.checkEmpty()
	return l.emptied
}

// knows reports whether a user ID is one of a pair that was live when it was last seen.
func (l *ledger) knows(userID string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.views[pairs.PairOf(userID)] != nil
}

// park names a request and keeps it until unpark.
func (l *ledger) park(w *parked) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.last++
	w.poll.Name = l.prefix + strconv.FormatUint(l.last, 10)
	l.parked[w.poll.Name] = w
}

// isCrowded reports whether so many requests are parked that each must cost little at once.
func (l *ledger) isCrowded() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.parked) > crowd
}

func (l *ledger) unpark(w *parked) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.parked, w.poll.Name)
}

// wake lets a parked request look again: the one with a name, or all.
func (l *ledger) wake(name string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if name == "" {
		for _, w := range l.parked {
			w.wake()
		}
	} else if w := l.parked[name]; w != nil {
		w.wake()
	}
}

// redirect sets what is woken for w.
func (l *ledger) redirect(w *parked, wake func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	w.wake = wake
}

func (l *ledger) isClosed() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.closed
}

// close stops the timers and wakes all parked requests; nothing new begins.
func (l *ledger) close() {
	l.mu.Lock()
	l.closed = true
	for _, v := range l.views {
		v.timer.Stop()
	}
	for _, w := range l.parked {
		w.wake()
	}
	l.mu.Unlock()
	l.running.Wait()
}
