package probe

import (
	"context"
	"net"
	"net/netip"
	"time"

	"dialtone/diag"
	"dialtone/diag/nat/nat64"
	"dialtone/diag/reach"
)

// Packets to a relayed transport address, until one arrives.
const (
	maxStraight  = 12
	straightStep = 50 * time.Millisecond
)

// straight sends packets straight to the relayed transport address and reports whether the relay has received them: it
// has a port that no firewall expects, as peers have. mapped is how the server sees this machine, and therefore what
// the relay must let in. The relay sends too, as to a peer, since a firewall in front of it may let in answers only. It
// is the last use of a relay that works, so that what it leaves on the connection does no harm.
func (p *prober) straight(ctx context.Context, l *link, c *credentials, relayed, mapped netip.AddrPort) {
	to := p.beside(relayed)
	if p.target.Straight == nil || !mapped.IsValid() || to.Addr().Is4() != p.to.Addr.Addr().Is4() ||
		to.Addr().IsUnspecified() || p.server.Took(diag.StageSend) == nil {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, 2*carryTime+maxStraight*straightStep)
	defer cancel()
	local, public := p.publicSocket(ctx, p.beside(p.peer))
	p.peer = mapped
	if p.permission(methodCreatePermission)(ctx, l, c, nil) != nil {
		return // nothing can arrive
	}
	d := diag.NATRelay{URL: p.url.Short(), Relayed: to}
	if public.Addr() == mapped.Addr() {
		d.Opened = public
	}
	if err := p.sendStraight(ctx, l, local, &d); err == nil {
		p.target.Straight(d)
	}
}

// publicSocket opens a socket and asks a STUN server for its mapped address. It returns the local address, for another
// socket in its place, and the zero value when no answer came.
func (p *prober) publicSocket(ctx context.Context, server netip.AddrPort) (net.Addr, netip.AddrPort) {
	conn, err := p.dialer.Socket(ctx, net.Dialer{}, "udp", server.String())
	if err != nil {
		return nil, netip.AddrPort{}
	}
	defer func() { _ = conn.Close() }() // what it says no longer matters
	ctx, cancel := context.WithTimeout(ctx, carryTime)
	defer cancel()
	ask := func(id txID) ([]byte, error) { return encodeBinding(id, behavior{}) }
	r, err := (&link{conn: conn}).exchange(ctx, methodBinding, true, ask)
	if err != nil {
		return conn.LocalAddr(), netip.AddrPort{}
	}
	return conn.LocalAddr(), r.mapped
}

// beside is how the relayed address is reached from here: as the server is.
func (p *prober) beside(relayed netip.AddrPort) netip.AddrPort {
	if nat64.WellKnown.Contains(p.to.Addr.Addr()) && relayed.Addr().Is4() {
		return netip.AddrPortFrom(nat64.Embed(nat64.WellKnown, relayed.Addr()), relayed.Port())
	}
	return relayed
}

// sendStraight sends until the relay hands on a packet, or until all have been sent. What the relay itself sends comes
// after the first one, or the NAT would take it for something else.
func (p *prober) sendStraight(ctx context.Context, l *link, local net.Addr, d *diag.NATRelay) error {
	conn, err := p.dialer.Socket(ctx, net.Dialer{LocalAddr: local}, "udp", d.Relayed.String())
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close() }() // what it says no longer matters
	open := d.Opened
	if at, err := netip.ParseAddrPort(conn.LocalAddr().String()); err == nil && !open.IsValid() {
		open = netip.AddrPortFrom(p.peer.Addr(), at.Port()) // most NATs keep the port
	}
	sent, start := map[txID]bool{}, time.Now()
	for n := range maxStraight {
		id := newTxID()
		b, err := encodeBinding(id, behavior{})
		if err != nil {
			return err
		}
		if n > 0 && open.IsValid() {
			if err := sendThrough(ctx, l, open, b); err != nil {
				return err
			}
		}
		sent[id], d.Sent = true, n+1
		if _, err := conn.Write(b); err != nil {
			d.Refused = d.Refused || reach.Classify(diag.StageBinding, err).Cause == diag.CauseRefused
			_, _ = conn.Write(b) // the error was that of the packet before
		}
		until := start.Add(time.Duration(n+1) * straightStep)
		if n == maxStraight-1 {
			until = until.Add(minGrace)
		}
		d.From, err = awaitStraight(ctx, l, sent, until)
		if d.From.IsValid() || err != nil && !reach.IsTimeout(err) {
			return err
		}
	}
	return ctx.Err()
}

// sendThrough sends through the relay.
func sendThrough(ctx context.Context, l *link, to netip.AddrPort, data []byte) error {
	b, err := encodeSend(to, data)
	if err != nil {
		return err
	}
	return l.send(ctx, b)
}

// awaitStraight reads until the relay hands on one of the packets.
func awaitStraight(ctx context.Context, l *link, sent map[txID]bool, until time.Time) (netip.AddrPort, error) {
	for {
		b, err := l.receiveRelayed(ctx, until)
		if err != nil {
			return netip.AddrPort{}, err
		}
		from, data, ok := decodeData(b)
		if !ok {
			continue
		}
		if id, ours := requestID(data); ours && sent[id] {
			return from, nil
		}
	}
}
