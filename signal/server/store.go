package server

import (
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"sync"
	"time"

	"dialtone/signal/gate"
)

// store holds all pairs. Its mutex makes every request atomic: each method that
// takes it does one request's whole work under it, and none of them blocks.
type store struct {
	mu       sync.Mutex
	options  Options
	limits   *limits
	waiting  map[string]*pair  // by call code: the initiators without subscriber
	over     map[string]*pair  // by call code: those that ended a call whose other peer may dial for it
	parties  map[string]*party // by user ID, those of pairs that ended lately included
	pairs    int               // that live
	bytes    int               // kept for them
	parked   int               // get_status requests that wait
	ended    int               // pairs of which only the reason is kept
	closed   bool
	count    counters
	onExpire func(*pair) // called without the mutex
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

func newStore(o Options, onExpire func(*pair)) *store {
	return &store{
		options: o, limits: newLimits(o), onExpire: onExpire,
		waiting: make(map[string]*pair), over: make(map[string]*pair), parties: make(map[string]*party),
	}
}

// dial adds a party: as the subscriber of the pair that waits under code, or as the initiator of a new one. A client
// that may not begin a pair joins none but those of its own address, and each try costs as much as a miss: it must not
// learn who waits under which code.
//
// The call is that which the dial continues; empty: none.
func (s *store) dial(code, call string, from gate.Client, now time.Time) (*party, *failure) {
	if s.closed {
		return nil, errShuttingDown
	}
	s.count.Dials++
	if wait, ok := s.limits.admitDial(from, now); !ok {
		return nil, dialsLimited(wait)
	}
	if ended := s.over[code]; ended != nil && call != "" && ended.over == call {
		return nil, errHungUp
	}
	pr := s.waiting[code]
	if pr != nil && pr.isExpired(now, s.options.Expiry) {
		pr = nil
	}
	if fail := s.limits.fitsPair(from, s.pairs, s.options.Pairs); fail != nil {
		s.limits.missed(from, now)
		if pr == nil || pr.opener.Groups[0] != from.Groups[0] {
			return nil, fail
		}
	}
	if pr == nil {
		s.limits.missed(from, now)
		return s.open(code, call, from, now)
	}
	delete(s.waiting, code)
	p := s.addParty(pr, call, now)
	pr.subscriber, pr.state = p, stateNeedInit
	s.count.Paired++
	pr.initiator.wake()
	s.watch(pr, now)
	return p, nil
}

func (s *store) open(code, call string, from gate.Client, now time.Time) (*party, *failure) {
	if exceeds(s.pairs+1, s.options.Pairs) {
		return nil, errPairLimit
	}
	s.limits.pairsOf.Add(from, 1, -1)
	pr := &pair{code: code, state: stateWaiting, opener: from}
	pr.initiator = s.addParty(pr, call, now)
	s.waiting[code] = pr
	s.pairs++
	pr.timer = time.AfterFunc(s.options.Expiry, func() { s.tick(pr) })
	return pr.initiator, nil
}

func (s *store) addParty(pr *pair, call string, now time.Time) *party {
	p := &party{id: newUserID(), pair: pr, lastSeen: now, call: call}
	s.parties[p.id] = p
	return p
}

// newUserID gives 64 hex digits that cannot be guessed. crypto/rand.Read never fails.
func newUserID() string {
	var b [32]byte
	_, _ = rand.Read(b[:])
	return hex.EncodeToString(b[:])
}

// find gives the party of a live pair and counts the request as its sign of
// life. A pair whose time is over is left to its timer, which is about to fire.
func (s *store) find(id string, now time.Time) (*party, *failure) {
	p := s.parties[id]
	switch {
	case s.closed:
		return nil, errShuttingDown
	case p == nil:
		return nil, errUnknownUser
	case p.pair.state == stateEnded:
		return nil, p.pair.why
	case p.pair.isExpired(now, s.options.Expiry):
		return nil, errExpired
	}
	p.lastSeen = now
	return p, nil
}

// knows reports whether a user ID is one of a live pair.
func (s *store) knows(id string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.parties[id]
	return p != nil && p.pair.state != stateEnded
}

// offer and answer keep a description and move the pair on.
func (s *store) offer(p *party, raw json.RawMessage) *failure {
	if p.pair.state != stateNeedInit || !p.isInitiator() {
		return errNotYourTurn
	}
	if !s.keep(p.pair, len(raw)) {
		return errStorageLimit
	}
	p.pair.offer, p.pair.state = raw, stateOffered
	p.other().wake()
	return nil
}

func (s *store) answer(p *party, raw json.RawMessage) *failure {
	if p.pair.state != stateOffered || p.isInitiator() {
		return errNotYourTurn
	}
	if !s.keep(p.pair, len(raw)) {
		return errStorageLimit
	}
	p.pair.answer, p.pair.state = raw, stateAnswered
	p.other().wake()
	return nil
}

// ice keeps a candidate (or null) for the peer.
func (s *store) ice(p *party, raw json.RawMessage) *failure {
	if exceeds(p.sent+1, s.options.CandidatesPerSide) {
		return errCandidateLimit
	}
	if !s.keep(p.pair, len(raw)) {
		return errStorageLimit
	}
	p.candidates = append(p.candidates, raw)
	p.sent++
	s.count.Candidates++
	if p.pair.state == stateConnected {
		p.other().wake()
	}
	return nil
}

// keep accounts for n more bytes of a pair, unless they are too many.
func (s *store) keep(pr *pair, n int) bool {
	if !s.limits.fitsBytes(pr.opener, n, s.bytes, s.options.StoredBytes) {
		return false
	}
	s.bytes += n
	pr.bytes += n
	s.limits.bytesOf.Add(pr.opener, n, -1)
	return true
}

// drop takes back what keep counted.
func (s *store) drop(pr *pair, n int) {
	s.bytes -= n
	pr.bytes -= n
	s.limits.bytesOf.Remove(pr.opener, n)
}

// hangUpTime is how long it is known that a call is over: longer than its other peer dials for it.
const hangUpTime = 2 * time.Minute

// disconnect ends the pair. Who hung up is unknown from now on; the other may
// still learn why. With a call, that is over as well, and who dials to continue it learns that.
func (s *store) disconnect(p *party, call string) {
	s.count.Left++
	p.left = true
	pr, why := p.pair, errPeerLeft
	if other := p.other(); call != "" && other != nil && other.call == call {
		why = errHungUp
	}
	s.end(pr, why)
	delete(s.parties, p.id)
	if call == "" || pr.forgotten {
		return
	}
	if before := s.over[pr.code]; before != nil {
		s.forget(before)
	}
	pr.over, s.over[pr.code] = call, pr
	pr.timer.Reset(hangUpTime)
}

// end frees everything of a pair but the reason, which the parties can ask for
// until the timer fires once more.
func (s *store) end(pr *pair, why *failure) {
	if s.waiting[pr.code] == pr {
		delete(s.waiting, pr.code)
	}
	pr.state, pr.why = stateEnded, why
	s.pairs--
	s.drop(pr, pr.bytes)
	s.limits.pairsOf.Remove(pr.opener, 1)
	pr.offer, pr.answer = nil, nil
	for _, p := range []*party{pr.initiator, pr.subscriber} {
		if p != nil {
			p.candidates, p.reply = nil, nil
			p.wake()
		}
	}
	s.ended++
	if exceeds(s.ended, s.options.Pairs) {
		s.forget(pr)
		return
	}
	pr.timer.Reset(s.options.Expiry)
}

func (s *store) forget(pr *pair) {
	if pr.forgotten {
		return
	}
	pr.forgotten = true
	if s.over[pr.code] == pr {
		delete(s.over, pr.code)
	}
	pr.timer.Stop()
	s.ended--
	for _, p := range []*party{pr.initiator, pr.subscriber} {
		if p != nil {
			delete(s.parties, p.id)
		}
	}
}

// watch sets the pair's timer to its present deadline. Signs of life do not
// touch the timer: it looks again when it fires.
func (s *store) watch(pr *pair, now time.Time) {
	pr.timer.Reset(pr.deadline(now, s.options.Expiry).Sub(now))
}

// tick is the pair's own clock: it alone expires the pair.
func (s *store) tick(pr *pair) {
	s.mu.Lock()
	expired := false
	switch now := time.Now(); {
	case s.closed:
	case pr.state == stateEnded:
		s.forget(pr)
	case pr.isExpired(now, s.options.Expiry):
		s.count.Expired++
		s.end(pr, errExpired)
		expired = true
	default:
		s.watch(pr, now)
	}
	s.mu.Unlock()
	if expired {
		s.onExpire(pr)
	}
}

// close ends everything: timers stop, parked requests wake, nothing new begins.
func (s *store) close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	for _, p := range s.parties {
		p.pair.timer.Stop()
		p.wake()
	}
}
