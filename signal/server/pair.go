package server

import (
	"encoding/json"
	"time"

	"dialtone/signal/gate"
)

// state is how far a pair is.
type state uint8

const (
	stateUnknown  state = iota
	stateWaiting        // there is no subscriber yet
	stateNeedInit       // both are there, the initiator has to offer
	stateOffered        // the subscriber has to answer
	stateAnswered       // the initiator has to fetch the answer
	stateConnected
	stateEnded // nothing but the reason is kept, for the parties' next poll
)

// String is the protocol's own name of the state.
func (s state) String() string {
	switch s {
	case stateWaiting:
		return "wait_for_response"
	case stateNeedInit:
		return "need_init"
	case stateOffered:
		return "offered"
	case stateAnswered:
		return "answered"
	case stateConnected:
		return "connected"
	case stateEnded:
		return "ended"
	case stateUnknown:
	}
	return "unknown"
}

// pair is one call: an initiator and, from stateNeedInit on, a subscriber.
type pair struct {
	code       string
	state      state
	opener     gate.Client // whose limits it counts against
	initiator  *party
	subscriber *party
	offer      json.RawMessage
	answer     json.RawMessage
	bytes      int // of offer, answer and waiting candidates
	timer      *time.Timer
	why        *failure // in stateEnded
	over       string   // the call that a peer hung up, in stateEnded; "": none
	forgotten  bool     // why cannot be asked for anymore
}

// party is one of the two.
type party struct {
	id       string
	pair     *pair
	lastSeen time.Time

	candidates []json.RawMessage // sent by this party, not yet fetched by the other
	sent       int               // candidates sent so far
	connected  bool              // knows that the pair is connected
	parked     *parked
	left       bool   // this party hung up
	call       string // that it continues; "": none

	// The answer to the last numbered poll, where it took something: given again
	// when the same number is asked for again.
	poll  uint64
	reply *statusReply
}

// statusReply is the body that answers get_status.
type statusReply struct {
	Code   string             `json:"code,omitempty"`
	Offer  json.RawMessage    `json:"offer,omitempty"`
	Answer json.RawMessage    `json:"answer,omitempty"`
	Routes *[]json.RawMessage `json:"new_ice_routes,omitempty"`
}

func (p *party) isInitiator() bool { return p.pair.initiator == p }

// other is the opposite party, nil while there is none.
func (p *party) other() *party {
	if p.isInitiator() {
		return p.pair.subscriber
	}
	return p.pair.initiator
}

// wake lets the parked request, if there is one, look again.
func (p *party) wake() {
	if p != nil && p.parked != nil {
		p.parked.wake()
	}
}

// hasNews reports whether a parked request of p has to be answered now. Only
// "connected" without candidates is no news, except the first time.
func (p *party) hasNews() bool {
	switch p.pair.state {
	case stateNeedInit, stateAnswered:
		return p.isInitiator()
	case stateOffered:
		return !p.isInitiator()
	case stateConnected:
		return !p.connected || len(p.other().candidates) > 0
	case stateEnded:
		return true
	case stateWaiting, stateUnknown:
	}
	return false
}

// take gives what get_status answers to p in the present state, and moves the
// state on: "answered" is given once, candidates are given once.
func (p *party) take() *statusReply {
	pr := p.pair
	switch {
	case pr.state == stateNeedInit && p.isInitiator():
		return &statusReply{Code: "need_init"}
	case pr.state == stateOffered && !p.isInitiator():
		return &statusReply{Code: "offered", Offer: pr.offer}
	case pr.state == stateAnswered && p.isInitiator():
		pr.state = stateConnected
		pr.subscriber.wake()
		return &statusReply{Code: "answered", Answer: pr.answer}
	case pr.state == stateConnected:
		from := p.other()
		routes := append([]json.RawMessage{}, from.candidates...)
		from.candidates, p.connected = nil, true
		return &statusReply{Code: "connected", Routes: &routes}
	}
	return &statusReply{}
}

// takes reports whether giving r changed anything that a lost answer would lose.
func (r *statusReply) takes() bool {
	return r.Answer != nil || r.Routes != nil
}

// size is what fetching r frees: the candidates in it.
func (r *statusReply) size() int {
	if r.Routes == nil {
		return 0
	}
	n := 0
	for _, c := range *r.Routes {
		n += len(c)
	}
	return n
}

// deadline is when the pair expires without further requests. A parked
// request is a sign of life, and a party that is not there yet cannot be silent.
func (pr *pair) deadline(now time.Time, expiry time.Duration) time.Time {
	end := now.Add(expiry)
	for _, p := range []*party{pr.initiator, pr.subscriber} {
		if p == nil || p.parked != nil {
			continue
		}
		if e := p.lastSeen.Add(expiry); e.Before(end) {
			end = e
		}
	}
	return end
}

func (pr *pair) isExpired(now time.Time, expiry time.Duration) bool {
	return !pr.deadline(now, expiry).After(now)
}
