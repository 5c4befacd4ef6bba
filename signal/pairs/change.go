package pairs

import (
	"crypto/rand"
	"crypto/subtle"
	"encoding/hex"
	"encoding/json"
	"time"

	"dialtone/signal/gate"
)

const (
	// idLength is how many hex digits name a pair: 128 bits.
	idLength = 32
	// userIDLength is how many a user ID has: those of the pair, and as many that only the party knows.
	userIDLength = 2 * idLength
)

// PairOf is the ID of the pair that a user ID belongs to, "" for what is no user ID.
func PairOf(userID string) string {
	if len(userID) != userIDLength {
		return ""
	}
	return userID[:idLength]
}

// random gives hex digits that cannot be guessed. crypto/rand.Read never fails.
func random() string {
	var b [idLength / 2]byte
	_, _ = rand.Read(b[:])
	return hex.EncodeToString(b[:])
}

// Open makes the pair of the first to dial a code, to continue a call or ("") to begin one.
func Open(code, call string, opener gate.Client, now time.Time) *Pair {
	p := &Pair{ID: random(), Code: code, Call: call, State: Waiting, Opener: opener}
	p.Initiator = p.newParty(now)
	return p
}

// Join adds the subscriber to a waiting pair.
func (p *Pair) Join(now time.Time) {
	p.Subscriber, p.State = p.newParty(now), NeedInit
}

func (p *Pair) newParty(now time.Time) *Party { return &Party{ID: p.ID + random(), Seen: now} }

// party is the one with a user ID, nil if there is none or it has hung up.
func (p *Pair) party(id string) *Party {
	for _, one := range p.parties() {
		if !one.Left && subtle.ConstantTimeCompare([]byte(one.ID), []byte(id)) == 1 {
			return one
		}
	}
	return nil
}

// Find gives the party of a live pair, and counts the request as its sign of life.
func (p *Pair) Find(id string, now time.Time, expiry time.Duration) (*Party, Refusal) {
	party := p.party(id)
	switch {
	case party == nil:
		return nil, UnknownUser
	case !p.IsLive():
		return nil, p.reason()
	case p.IsExpired(now, expiry):
		return nil, Expired
	}
	if party.Seen.Before(now) {
		party.Seen = now
	}
	return party, ""
}

// SetOffer and SetAnswer keep a description and move the pair on. fits reports whether so many more bytes may be kept.
func (p *Pair) SetOffer(by *Party, raw json.RawMessage, fits func(int) bool) Refusal {
	switch {
	case p.State != NeedInit || by != p.Initiator:
		return WrongState
	case !fits(len(raw)):
		return StorageLimit
	}
	p.Offer, p.State = raw, Offered
	return ""
}

// SetAnswer is the subscriber's part, see SetOffer.
func (p *Pair) SetAnswer(by *Party, raw json.RawMessage, fits func(int) bool) Refusal {
	switch {
	case p.State != Offered || by != p.Subscriber:
		return WrongState
	case !fits(len(raw)):
		return StorageLimit
	}
	p.Answer, p.State = raw, Answered
	return ""
}

// AddCandidate keeps a candidate (or null) for the peer. A negative most is no limit.
func (p *Pair) AddCandidate(by *Party, raw json.RawMessage, most int, fits func(int) bool) Refusal {
	switch {
	case most >= 0 && by.Sent >= most:
		return CandidateLimit
	case !fits(len(raw)):
		return StorageLimit
	}
	by.Candidates = append(by.Candidates, raw)
	by.Sent++
	return ""
}

// HangUpTime is for how long it is known that a call is over: longer than its other peer dials to continue it.
const HangUpTime = 2 * time.Minute

// Disconnect ends the pair. Who hung up is unknown from now on; the other may still learn why: that the call which the
// pair continues is over, if that is the one that was hung up.
func (p *Pair) Disconnect(by *Party, over string) {
	by.Left = true
	switch {
	case over == "" || over != p.Call:
		p.end(PeerLeft)
	case p.State == Waiting:
		p.HangUp()
	default:
		p.end(HungUp)
	}
}

// HangUp ends the call that a waiting pair continues: who waits, and who dials later to continue it, learns that.
func (p *Pair) HangUp() {
	p.Over, p.Initiator.Candidates = true, nil
}

// reason is why a pair that is not live has ended.
func (p *Pair) reason() Refusal {
	if p.Over {
		return HungUp
	}
	return p.Why
}

// Expire ends a live pair whose time is over, and reports whether it did.
func (p *Pair) Expire(now time.Time, expiry time.Duration) bool {
	if !p.IsLive() || !p.IsExpired(now, expiry) {
		return false
	}
	p.end(Expired)
	return true
}

// end drops everything but the reason.
func (p *Pair) end(why Refusal) {
	p.State, p.Why, p.Offer, p.Answer = Ended, why, nil, nil
	for _, party := range p.parties() {
		party.Candidates, party.Reply = nil, nil
	}
}
