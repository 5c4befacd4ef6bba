package probe

import (
	"context"
	"errors"
	"fmt"
	"time"

	"dialtone/diag"
)

// Answers that are well formed and of no use.
var (
	errNoMapped  = fmt.Errorf("%w: a success without a mapped address", errAnswer)
	errNoRelayed = fmt.Errorf("%w: a success without a relayed address", errAnswer)
	errNoRealm   = fmt.Errorf("%w: it asks for credentials without saying realm or nonce", errAnswer)
)

// maxUsername is how many bytes a user name may have (RFC 8489 §14.3).
const maxUsername = 508

// allocationTime is what a Refresh asks for: what an allocation lasts where nobody asks (RFC 8656 §3.2).
const allocationTime = 10 * time.Minute

// releaseTime is how long the answer to a release is waited for.
const releaseTime = 500 * time.Millisecond

// allocate asks a TURN server for a relayed address (RFC 8656 §7) and releases it.
func (p *prober) allocate(ctx context.Context, l *link) error {
	p.stage = StageAllocate
	r, err := l.exchange(ctx, methodAllocate, true,
		func(id txID) ([]byte, error) { return encode(methodAllocate, id, nil) })
	if err != nil {
		return err
	}
	p.note(r.answer)
	p.result.RTTMs = diag.Ptr(diag.Millis(r.rtt))

	var c *credentials
	switch {
	case !r.ok && r.code != 401:
		return stunError(p.at, p.stage, r.code, r.phrase, r.alternate)
	case !r.ok && (r.realm == "" || r.nonce == ""):
		return errNoRealm
	case !r.ok:
		c = &credentials{username: p.target.Username, password: p.target.Password, realm: r.realm, nonce: r.nonce}
		if r, err = p.allocateAs(ctx, l, c); err != nil {
			return err
		}
	}
	if r.relayed.IsValid() && p.use {
		p.carry(ctx, l, c, r.relayed)
		p.refresh(ctx, l, c)
	}
	p.release(ctx, l, c)
	if !r.relayed.IsValid() {
		return errNoRelayed
	}
	p.result.RelayAddress = r.relayed.String()
	p.times(ctx, l, nil)
	return nil
}

// allocateAs asks with credentials. A stale nonce (438) is replaced once.
func (p *prober) allocateAs(ctx context.Context, l *link, c *credentials) (reply, error) {
	for again := false; ; again = true {
		r, err := l.exchange(ctx, methodAllocate, false,
			func(id txID) ([]byte, error) { return encode(methodAllocate, id, c) })
		if err != nil {
			return r, err
		}
		if !r.ok {
			p.note(r.answer)
			if r.code != 438 || again || r.nonce == "" {
				return r, refusedCredentials(p.at, c.username, r.code, r.phrase, r.alternate)
			}
			c.renew(r.answer)
			continue
		}
		if _, err := r.signed(c); err != nil {
			return r, &stageError{
				stage: p.stage, cause: CauseProtocol,
				text:   "the server accepted user name and password, but MESSAGE-INTEGRITY of its answer does not fit",
				advice: "something on the way (a proxy, an ALG) changes messages, or the server is broken: compare with turns:",
			}
		}
		p.note(r.answer)
		return r, nil
	}
}

// renew takes over a new nonce, and the realm where the answer has one.
func (c *credentials) renew(a *answer) {
	c.nonce = a.nonce
	if a.realm != "" {
		c.realm = a.realm
	}
}

// refresh asks for more time (RFC 8656 §7), as every call over a relay does every few minutes.
func (p *prober) refresh(ctx context.Context, l *link, c *credentials) {
	start := time.Now()
	r, err := p.refreshFor(ctx, l, c, allocationTime, carryTime)
	switch {
	case err == nil:
		p.carried.RefreshMs, p.carried.LifetimeS = since(start), int(r.lifetime/time.Second)
	case p.carried.Stopped == "" && !errors.Is(ctx.Err(), context.Canceled):
		p.stopped("refresh", err)
	}
}

// release gives the allocation back (RFC 8656 §7: Refresh with lifetime 0), so that quota and ports are free again at
// once. Whether it succeeds says nothing about the server's use: the allocation would expire by itself.
func (p *prober) release(ctx context.Context, l *link, c *credentials) {
	start := time.Now()
	if _, err := p.refreshFor(ctx, l, c, 0, releaseTime); err == nil {
		p.carried.ReleaseMs = since(start)
	}
}

// refreshFor sets the lifetime of the allocation, and waits for that no longer than patience. A stale nonce (438) is
// replaced once.
func (p *prober) refreshFor(ctx context.Context, l *link, c *credentials, lifetime, patience time.Duration) (reply,
	error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	for again := false; ; again = true {
		r, err := l.exchange(ctx, methodRefresh, true,
			func(id txID) ([]byte, error) { return encodeRefresh(id, c, lifetime) })
		switch {
		case err != nil || r.ok:
			return r, err
		case r.code != 438 || r.nonce == "" || again || c == nil:
			return r, stunError(p.at, p.stage, r.code, r.phrase, r.alternate)
		}
		c.renew(r.answer)
	}
}
