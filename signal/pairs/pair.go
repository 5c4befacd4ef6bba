package pairs

import (
	"cmp"
	"encoding/json"
	"time"

	"dialtone/signal/gate"
)

// State is how far a pair is.
type State uint8

// The states, in their order.
const (
	Unknown  State = iota
	Waiting        // there is no subscriber yet
	NeedInit       // both are there, the initiator has to offer
	Offered        // the subscriber has to answer
	Answered       // the initiator has to fetch the answer
	Connected
	Ended // nothing but the reason is kept, for the parties' next poll
)

var states = map[State]string{
	Waiting: "wait_for_response", NeedInit: "need_init", Offered: "offered", Answered: "answered",
	Connected: "connected", Ended: "ended",
}

// String is the protocol's own name of the state.
func (s State) String() string { return cmp.Or(states[s], "unknown") }

// Refusal is why a request is refused; "" means that it is not. Its text is the protocol's stable reason.
type Refusal string

// The reasons.
const (
	UnknownUser    Refusal = "unknown_user"
	PeerLeft       Refusal = "peer_left"
	HungUp         Refusal = "hung_up"
	Expired        Refusal = "expired"
	WrongState     Refusal = "wrong_state"
	CandidateLimit Refusal = "candidates_limit"
	StorageLimit   Refusal = "storage_limit"
)

// Pair is one call: an initiator and, from NeedInit on, a subscriber. It is one value that a store keeps whole, as
// JSON where it has to; its methods are pure.
type Pair struct {
	ID         string          `json:"id"`
	Code       string          `json:"code"`
	Call       string          `json:"call,omitempty"` // which both parties continue; "": they begin one
	State      State           `json:"state"`
	Opener     gate.Client     `json:"opener"` // whose limits it counts against
	Initiator  *Party          `json:"initiator"`
	Subscriber *Party          `json:"subscriber,omitempty"`
	Offer      json.RawMessage `json:"offer,omitempty"`
	Answer     json.RawMessage `json:"answer,omitempty"`
	Why        Refusal         `json:"why,omitempty"` // in Ended
	// Over: Call was hung up. In Waiting, the pair is kept for those who dial to continue it.
	Over bool `json:"over,omitempty"`

	replaced []string // parked requests that a newer one has replaced by the present change
}

// Party is one of the two.
type Party struct {
	ID string `json:"id"`
	// Seen is until when the party is known to be alive.
	Seen       time.Time         `json:"seen"`
	Candidates []json.RawMessage `json:"candidates,omitempty"` // sent by this party, not yet fetched by the other
	Sent       int               `json:"sent,omitempty"`       // candidates sent so far
	Connected  bool              `json:"connected,omitempty"`  // knows that the pair is connected
	// Parked names the newest get_status request that waits.
	Parked string `json:"parked,omitempty"`
	Left   bool   `json:"left,omitempty"` // this party hung up

	// The answer to the last numbered poll, where it took something: given again when the same number is asked for again.
	Poll  uint64 `json:"poll,omitempty"`
	Reply *Reply `json:"reply,omitempty"`
}

// Reply is the body that answers get_status.
type Reply struct {
	Code   string             `json:"code,omitempty"`
	Offer  json.RawMessage    `json:"offer,omitempty"`
	Answer json.RawMessage    `json:"answer,omitempty"`
	Routes *[]json.RawMessage `json:"new_ice_routes,omitempty"`
}

// takes reports whether giving r changed anything that a lost answer would lose.
func (r *Reply) takes() bool { return r.Answer != nil || r.Routes != nil }

// IsSound reports whether a pair that was read has all parties that its state needs.
func (p *Pair) IsSound() bool {
	switch p.State {
	case Waiting, Ended:
		return p.Initiator != nil
	case NeedInit, Offered, Answered, Connected:
		return p.Initiator != nil && p.Subscriber != nil
	case Unknown:
	}
	return false
}

// Room names where the pair of a code waits. A call that is continued has a room of its own: only its peers meet there.
func Room(code, call string) string {
	if call == "" {
		return code
	}
	return code + "\n" + call // no code contains a control character
}

// Room is where the pair waits.
func (p *Pair) Room() string { return Room(p.Code, p.Call) }

// other is the opposite party, nil while there is none.
func (p *Pair) other(of *Party) *Party {
	if of == p.Initiator {
		return p.Subscriber
	}
	return p.Initiator
}

// parties are those that have dialed.
func (p *Pair) parties() []*Party {
	if p.Subscriber == nil {
		return []*Party{p.Initiator}
	}
	return []*Party{p.Initiator, p.Subscriber}
}

// Bytes is the size of the descriptions and candidates that are kept.
func (p *Pair) Bytes() int {
	n := len(p.Offer) + len(p.Answer)
	for _, party := range p.parties() {
		for _, c := range party.Candidates {
			n += len(c)
		}
	}
	return n
}

// IsLive reports whether a party can still do something in the pair.
func (p *Pair) IsLive() bool { return p.State != Ended && !p.Over }

// Deadline is when the pair expires without further requests.
func (p *Pair) Deadline(expiry time.Duration) time.Time {
	end := p.Initiator.Seen
	if p.Subscriber != nil && p.Subscriber.Seen.Before(end) {
		end = p.Subscriber.Seen
	}
	return end.Add(expiry)
}

// IsExpired reports whether a party has been silent for too long.
func (p *Pair) IsExpired(now time.Time, expiry time.Duration) bool {
	return !p.Deadline(expiry).After(now)
}

// KeptFor is how long a store has to keep the pair without further requests: after its end its parties can still ask
// for the reason. A party that was seen in the future, by the clock of another server, does not make it longer.
func (p *Pair) KeptFor(now time.Time, expiry time.Duration) time.Duration {
	switch {
	case p.Over:
		return HangUpTime
	case p.State == Ended:
		return expiry
	}
	return min(max(0, p.Deadline(expiry).Sub(now)), expiry) + expiry
}

// Wakes names the parked requests that have to look again after a change.
func (p *Pair) Wakes() []string {
	wakes := p.replaced
	for _, party := range p.parties() {
		if party.Parked != "" && p.hasNews(party) {
			wakes = append(wakes, party.Parked)
		}
	}
	return wakes
}

// hasNews reports whether a parked request of a party has to be answered now. Only "connected" without candidates is
// no news, except the first time.
func (p *Pair) hasNews(of *Party) bool {
	if !p.IsLive() {
		return true
	}
	switch p.State {
	case NeedInit, Answered:
		return of == p.Initiator
	case Offered:
		return of == p.Subscriber
	case Connected:
		return !of.Connected || len(p.other(of).Candidates) > 0
	case Waiting, Unknown, Ended:
	}
	return false
}
