package probe

import (
	"context"
	"net/netip"
	"time"

	"dialtone/diag"
)

// allocationTime is what a Refresh asks for: what an allocation lasts unless something else is asked (RFC 8656 §3.2).
const allocationTime = 10 * time.Minute

// releaseTime is how long the answer to a release is waited for.
const releaseTime = 500 * time.Millisecond

// allocate asks a TURN server for a relayed address (RFC 8656 §7), uses it if that was asked for, and releases it.
func (p *prober) allocate(ctx context.Context, l *link) error {
	var (
		c       *credentials
		granted bool
		relayed netip.AddrPort
		mapped  netip.AddrPort
		rtt     time.Duration
	)
	err := p.step(ctx, diag.StageAllocate, func(s *diag.Stage) error {
		r, err := l.exchange(ctx, methodAllocate, true,
			func(id txID) ([]byte, error) { return encode(methodAllocate, id, nil) })
		if err != nil {
			return err
		}
		note(s, r)
		rtt = r.rtt
		switch {
		case !r.ok && r.code != 401:
			return p.rejected(r, stunError(r))
		case !r.ok && r.realm == nil:
			return unusable(diag.DetailRealm)
		case !r.ok && r.nonce == nil:
			return unusable(diag.DetailNonce)
		case !r.ok:
			c = &credentials{username: p.target.Username, password: p.target.Password, realm: *r.realm, nonce: *r.nonce}
			if r, err = p.allocateAs(ctx, l, c, s); err != nil {
				return err
			}
		}
		granted, relayed, mapped = true, r.relayed, r.mapped
		if !relayed.IsValid() {
			return unusable(diag.DetailRelayed)
		}
		if r.lifetime == nil { // libwebrtc and pion use no such allocation
			return unusable(diag.DetailLifetime)
		}
		if !r.mapped.IsValid() {
			s.Lacks = append(s.Lacks, "XOR-MAPPED-ADDRESS")
		}
		s.Relayed, s.LifetimeS = relayed.String(), r.seconds()
		return nil
	})
	if !granted {
		return err
	}
	if err == nil && p.target.Use {
		p.carry(ctx, l, c, relayed, rtt)
		if worthwhile(ctx, rtt) {
			p.refresh(ctx, l, c, patienceOf(rtt))
		}
		p.straight(ctx, l, c, relayed, mapped)
	}
	p.release(ctx, l, c)
	if err == nil {
		p.sample(ctx, l, nil)
	}
	return err
}

// allocateAs asks with credentials. A stale nonce (438) is replaced once.
func (p *prober) allocateAs(ctx context.Context, l *link, c *credentials, s *diag.Stage) (reply, error) {
	for again := false; ; again = true {
		r, err := l.exchange(ctx, methodAllocate, false,
			func(id txID) ([]byte, error) { return encode(methodAllocate, id, c) })
		if err != nil {
			return r, err
		}
		if !r.ok {
			note(s, r)
			if r.code != 438 || again || r.nonce == nil {
				return r, p.rejected(r, credentialsError(r))
			}
			c.renew(r.answer)
			continue
		}
		switch present, err := r.signed(c); {
		case err != nil:
			return r, unusable(diag.DetailIntegrity)
		case !present:
			s.Lacks = append(s.Lacks, "MESSAGE-INTEGRITY")
		}
		note(s, r)
		return r, nil
	}
}

// renew takes over the new nonce, and the realm if the answer has one.
func (c *credentials) renew(a *answer) {
	c.nonce = *a.nonce
	if a.realm != nil {
		c.realm = *a.realm
	}
}

// seconds are those that LIFETIME grants; 0 where it says nothing.
func (a *answer) seconds() int {
	if a.lifetime == nil {
		return 0
	}
	return int(*a.lifetime / time.Second)
}

// refresh asks for more time (RFC 8656 §7), as every call over a relay does every few minutes.
func (p *prober) refresh(ctx context.Context, l *link, c *credentials, patience time.Duration) {
	_ = p.step(ctx, diag.StageRefresh, func(s *diag.Stage) error {
		r, err := refreshFor(ctx, l, c, allocationTime, patience)
		switch {
		case err != nil:
			return err
		case r.lifetime != nil && *r.lifetime == 0: // RFC 8656 §7.2: 0 ends the allocation
			return unusable(diag.DetailNoTime)
		}
		s.LifetimeS = r.seconds()
		return nil
	}) // the step is reported
}

// release gives the allocation back (RFC 8656 §7: Refresh with lifetime 0), so that quota and ports are free again at
// once. Whether it succeeds says nothing about the server: the allocation would expire by itself.
func (p *prober) release(ctx context.Context, l *link, c *credentials) {
	_ = p.step(ctx, diag.StageRelease, func(*diag.Stage) error {
		_, err := refreshFor(ctx, l, c, 0, releaseTime)
		return err
	}) // the step is reported
}

// refreshFor sets the lifetime of the allocation, and waits for that no longer than patience. A stale nonce (438) is
// replaced once.
func refreshFor(ctx context.Context, l *link, c *credentials, lifetime, patience time.Duration) (reply, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	for again := false; ; again = true {
		r, err := l.exchange(ctx, methodRefresh, true,
			func(id txID) ([]byte, error) { return encodeRefresh(id, c, lifetime) })
		switch {
		case err != nil || r.ok:
			return r, err
		case r.code != 438 || r.nonce == nil || again || c == nil:
			return r, stunError(r)
		}
		c.renew(r.answer)
	}
}
