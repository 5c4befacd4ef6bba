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
// the relay must let in. It is the last use of a relay that works, so that what it leaves on the connection does no
// harm.
func (p *prober) straight(ctx context.Context, l *link, c *credentials, relayed, mapped netip.AddrPort) {
	to := p.beside(relayed)
	if p.target.Straight == nil || !mapped.IsValid() || to.Addr().Is4() != p.to.Addr.Addr().Is4() ||
		to.Addr().IsUnspecified() || p.server.Took(diag.StageSend) == nil {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, carryTime+maxStraight*straightStep)
	defer cancel()
	p.peer = mapped
	if p.permission(methodCreatePermission)(ctx, l, c, nil) != nil {
		return // nothing can arrive
	}
	d := diag.NATRelay{URL: p.url.Short(), Relayed: to}
	if err := p.sendStraight(ctx, l, &d); err == nil {
		p.target.Straight(d)
	}
}

// beside is how the relayed address is reached from here: as the server is.
func (p *prober) beside(relayed netip.AddrPort) netip.AddrPort {
	if nat64.WellKnown.Contains(p.to.Addr.Addr()) && relayed.Addr().Is4() {
		return netip.AddrPortFrom(nat64.Embed(nat64.WellKnown, relayed.Addr()), relayed.Port())
	}
	return relayed
}

// sendStraight sends until the relay hands on a packet, until ICMP says that the port is closed, or all have been
// sent.
func (p *prober) sendStraight(ctx context.Context, l *link, d *diag.NATRelay) error {
	conn, err := p.dialer.Socket(ctx, net.Dialer{}, "udp", d.Relayed.String())
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close() }() // what it says no longer matters
	sent, start := map[txID]bool{}, time.Now()
	for n := range maxStraight {
		id := newTxID()
		b, err := encodeBinding(id, behavior{})
		if err != nil {
			return err
		}
		sent[id], d.Sent = true, n+1
		if _, err := conn.Write(b); err != nil {
			d.Refused = reach.Classify(diag.StageBinding, err).Cause == diag.CauseRefused
			return nil
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
