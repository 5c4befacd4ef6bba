package room

import (
	"encoding/json"
	"errors"

	"dialtone/signal"
)

// What a server can do against the protocol.
var (
	errRole        = errors.New("the server changed the role")
	errEarlyAnswer = errors.New("an answer came before the offer")
	errLostAnswer  = errors.New("the answer was lost: the server reports connected without having delivered it")
)

// absorb delivers what a poll brought, each thing once, and reports whether there was anything new.
func (e *engine) absorb(p polled) (news bool) {
	switch p.status.code {
	case "need_init":
		return e.onDue(p, signal.RoleOfferer)
	case "offered":
		return e.onDue(p, signal.RoleAnswerer)
	case "answered":
		return e.onAnswered(p)
	case "connected":
		return e.onConnected(p)
	}
	return false
}

// onDue handles need_init and offered: the local offer or answer is wanted. The original can forget one that it
// accepted, and then asks again.
func (e *engine) onDue(p polled, role signal.Role) (news bool) {
	if e.role == signal.RoleUnknown {
		e.role, e.phase = role, phaseReply
		e.c.Put(signal.Message{Kind: signal.KindPaired, Role: role})
		if role == signal.RoleAnswerer {
			e.gotRemote = true
			e.c.Put(signal.Message{Kind: signal.KindOffer, Description: p.status.description})
		}
		return true
	}
	if e.role != role {
		e.fail(errRole)
		return false
	}
	// A poll that began before the post was accepted knows nothing of it.
	if e.own != nil && p.number > e.ownAt {
		e.repeat = true
	}
	return false
}

func (e *engine) onAnswered(p polled) (news bool) {
	if e.role != signal.RoleOfferer || e.own == nil && e.posting == nil {
		e.fail(errEarlyAnswer)
		return false
	}
	e.phase = phaseConnected
	if e.gotRemote {
		return false
	}
	e.gotRemote = true
	e.c.Put(signal.Message{Kind: signal.KindAnswer, Description: p.status.description})
	return true
}

func (e *engine) onConnected(p polled) (news bool) {
	if !e.gotRemote {
		e.fail(errLostAnswer)
		return false
	}
	news = !e.connected // a server that holds polls reports the first connected at once
	if news {
		e.resendLater()
	}
	e.connected, e.phase = true, phaseConnected
	for _, m := range p.status.candidates {
		if e.isNew(m) {
			e.c.Put(m)
			news = true
		}
	}
	return news
}

// isNew reports whether a candidate was not delivered yet: a post is repeated when its answer has been lost.
func (e *engine) isNew(m signal.Message) bool {
	if m.Kind == signal.KindEndOfCandidates {
		was := e.sawBlank
		e.sawBlank = true
		return !was
	}
	key := candidateKey(m.Candidate)
	if e.seen[key] || len(e.seen) >= maxCandidates {
		return false
	}
	e.seen[key] = true
	return true
}

// candidateKey is the same for equal candidates.
func candidateKey(c *signal.Candidate) string {
	raw, _ := json.Marshal(c) // texts and a number always marshal
	return string(raw)
}

func (e *engine) fail(what error) {
	e.end = &signal.Error{Op: "get_status", Reason: signal.ReasonProtocol, Code: "inconsistent", Err: what}
}
