package pairs

import (
	"encoding/json"
	"time"
)

// Poll is a get_status request.
type Poll struct {
	UserID string
	Number uint64 // 0: none
	// Name is what the request is called while it is parked. No two requests of all servers have the same.
	Name string
}

// Begin answers a poll at once where there is news or it does not wait, and parks it otherwise: then the result is nil,
// and seen is until when the server vouches for the party.
func (p *Pair) Begin(by *Party, poll Poll, wait bool, seen time.Time) *Reply {
	if poll.Number != 0 && poll.Number == by.Poll && by.Reply != nil {
		return by.Reply
	}
	by.Reply = nil
	if !wait || p.hasNews(by) {
		return p.give(by, poll.Number)
	}
	if by.Parked != "" {
		p.replaced = append(p.replaced, by.Parked)
	}
	by.Parked, by.Seen = poll.Name, seen
	return nil
}

// Look answers a parked poll if there is a reason to, or its time is over. Otherwise both results are empty, and it
// stays parked until seen. The newest poll of a party counts: an older one has been given up by its client and takes
// nothing.
func (p *Pair) Look(poll Poll, over bool, now, seen time.Time) (*Reply, Refusal) {
	party := p.party(poll.UserID)
	switch {
	case party == nil:
		return nil, UnknownUser
	case !p.IsLive():
		return nil, p.reason()
	case party.Parked != poll.Name:
		return &Reply{}, ""
	case !over && !p.hasNews(party):
		party.Seen = seen
		return nil, ""
	}
	party.Parked, party.Seen = "", now
	return p.give(party, poll.Number), ""
}

// Leave ends a parked poll whose client has gone: it takes nothing. It reports whether that changed the pair.
func (p *Pair) Leave(poll Poll, now time.Time) bool {
	party := p.party(poll.UserID)
	if party == nil || !p.IsLive() || party.Parked != poll.Name {
		return false
	}
	party.Parked, party.Seen = "", now
	return true
}

// give takes the news for a party, and remembers them where the poll is numbered.
func (p *Pair) give(to *Party, number uint64) *Reply {
	reply := p.take(to)
	if number != 0 && reply.takes() {
		to.Poll, to.Reply = number, reply
	}
	return reply
}

// take gives what get_status answers in the present state, and moves the state on: "answered" is given once, candidates
// are given once.
func (p *Pair) take(to *Party) *Reply {
	switch {
	case p.State == NeedInit && to == p.Initiator:
		return &Reply{Code: "need_init"}
	case p.State == Offered && to == p.Subscriber:
		return &Reply{Code: "offered", Offer: p.Offer}
	case p.State == Answered && to == p.Initiator:
		reply := &Reply{Code: "answered", Answer: p.Answer}
		p.State, p.Offer, p.Answer = Connected, nil, nil // both peers have them
		return reply
	case p.State == Connected:
		from := p.other(to)
		routes := append([]json.RawMessage{}, from.Candidates...)
		from.Candidates, to.Connected = nil, true
		return &Reply{Code: "connected", Routes: &routes}
	}
	return &Reply{}
}
