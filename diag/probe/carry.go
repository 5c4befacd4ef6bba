package probe

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"net/netip"
	"time"

	"dialtone/diag"
	"dialtone/diag/iceurl"
	"dialtone/diag/reach"
)

// channelNumber is the one channel that is ever bound (RFC 8656 §12: 0x4000 to 0x4FFF).
const channelNumber = 0x4000

// carryTime is how long each step through the relay may take, if the server's round trips are not long: then it is
// patientTrips of them, up to maxCarryTime.
const (
	carryTime    = 800 * time.Millisecond
	patientTrips = 3
	maxCarryTime = 2500 * time.Millisecond
)

// patienceOf is how long a step behind the allocation may take with a server of this round trip.
func patienceOf(rtt time.Duration) time.Duration {
	return min(max(carryTime, patientTrips*rtt), maxCarryTime)
}

// worthwhile reports whether there is time left for an answer: silence that is shorter than the server's round trip
// says nothing about it.
func worthwhile(ctx context.Context, rtt time.Duration) bool {
	deadline, ok := ctx.Deadline()
	return !ok || time.Until(deadline) > 2*rtt
}

// carry sends bytes through the relay and reports how far they came. It is no failure of the allocation when they do
// not come back: the peer may be at fault. So several peers are tried, and of those that do not answer the first, the
// best, stands. rtt is that of the server.
func (p *prober) carry(ctx context.Context, l *link, c *credentials, relayed netip.AddrPort, rtt time.Duration) {
	peers, given := p.peers(relayed)
	var best []diag.Stage
	for i, peer := range peers {
		patience := patienceOf(rtt)
		if i >= given && i < len(peers)-1 { // a guess
			patience = min(patience, minGrace+4*rtt)
		}
		var stages []diag.Stage
		p.peer, p.ownPeer, p.aside = peer, i >= given, &stages
		answers := p.carryTo(ctx, l, c, patience, rtt)
		p.aside = nil
		if best == nil || answers {
			best = stages
		}
		if answers || len(stages) == 0 || !peerSuspected(stages) {
			break
		}
	}
	for _, stage := range best {
		p.report(stage)
	}
}

// peerSuspected reports whether the peer may be why bytes did not come back, so that another one is worth a try: it
// was silent, or is one that the server forbids.
func peerSuspected(stages []diag.Stage) bool {
	failure := stages[len(stages)-1].Failure
	return failure != nil && (failure.Code == 0 || failure.Code == 403)
}

// maxThrough is how many STUN servers a relay is tried with.
const maxThrough = 2

// peers are what the relay is tried with: the STUN servers that were given, then the TURN server itself, all of the
// relay's address family.
func (p *prober) peers(relayed netip.AddrPort) (list []netip.AddrPort, given int) {
	if p.target.Through != nil {
		for _, a := range p.target.Through() {
			if a.Addr().Is4() == relayed.Addr().Is4() && len(list) < maxThrough {
				list = append(list, a)
			}
		}
	}
	return append(list, ownPeers(p.url, p.to.Addr, relayed)...), len(list)
}

// ownPeers are where a TURN server may answer Binding requests over UDP, as seen from its relay: the port that was
// asked, and in front of it the usual one where that is for TLS. The relay's family may be another than that of the
// address that was asked: then it is the relay's own address.
func ownPeers(u iceurl.URL, server, relayed netip.AddrPort) []netip.AddrPort {
	ip, port := server.Addr(), server.Port()
	if !server.IsValid() { // behind a proxy
		port = u.Port
	}
	if ip.Is4() != relayed.Addr().Is4() || !server.IsValid() {
		ip = relayed.Addr()
	}
	asked := netip.AddrPortFrom(ip, port)
	if !u.Scheme.Secured() || port == iceurl.DefaultPort {
		return []netip.AddrPort{asked}
	}
	return []netip.AddrPort{netip.AddrPortFrom(ip, iceurl.DefaultPort), asked}
}

// carryTo sends to the peer in each way that there is, and gives each step so much time. It reports whether the peer
// answers; what comes after that does not matter.
func (p *prober) carryTo(ctx context.Context, l *link, c *credentials, patience, rtt time.Duration) (answers bool) {
	for _, step := range []struct {
		name diag.StageName
		try  func(context.Context, *link, *credentials, *diag.Stage) error
	}{
		{diag.StagePermission, p.permission(methodCreatePermission)},
		{diag.StageSend, p.bounce(sendFraming)},
		{diag.StageBind, p.permission(methodChannelBind)},
		{diag.StageChannel, p.bounce(channelFraming)},
	} {
		if !worthwhile(ctx, rtt) {
			return answers
		}
		err := p.step(ctx, step.name, func(s *diag.Stage) error {
			s.Peer, s.OwnPeer = p.peer.String(), p.ownPeer
			ctx, cancel := context.WithTimeout(ctx, patience)
			defer cancel()
			return step.try(ctx, l, c, s)
		})
		if err != nil {
			return answers
		}
		answers = answers || step.name == diag.StageSend
	}
	return answers
}

// permission makes the step that asks for leave to send to the peer, by CreatePermission or ChannelBind.
func (p *prober) permission(m method) func(context.Context, *link, *credentials, *diag.Stage) error {
	return func(ctx context.Context, l *link, c *credentials, _ *diag.Stage) error {
		for again := false; ; again = true {
			r, err := l.exchange(ctx, m, true, func(id txID) ([]byte, error) { return encodePeer(m, id, c, p.peer) })
			switch {
			case err != nil:
				return err
			case r.ok:
				return nil
			case r.code != 438 || again || r.nonce == nil || c == nil:
				return stunError(r)
			}
			c.renew(r.answer)
		}
	}
}

// framing is how data travels between client and TURN server.
type framing struct {
	wrap   func(p *prober, l *link, data []byte) ([]byte, error)
	unwrap func(p *prober, b []byte) ([]byte, bool)
}

var sendFraming = framing{
	wrap: func(p *prober, _ *link, data []byte) ([]byte, error) { return encodeSend(p.peer, data) },
	unwrap: func(p *prober, b []byte) ([]byte, bool) {
		from, data, ok := decodeData(b)
		return data, ok && from == p.peer
	},
}

var channelFraming = framing{
	wrap: func(_ *prober, l *link, data []byte) ([]byte, error) {
		b := binary.BigEndian.AppendUint16(nil, channelNumber)
		b = append(binary.BigEndian.AppendUint16(b, uint16(len(data))), data...)
		for l.reliable && len(b)%4 != 0 { // RFC 8656 §12.5: over streams
			b = append(b, 0)
		}
		return b, nil
	},
	unwrap: func(_ *prober, b []byte) ([]byte, bool) {
		if len(b) < 4 || binary.BigEndian.Uint16(b) != channelNumber || int(binary.BigEndian.Uint16(b[2:])) > len(b)-4 {
			return nil, false
		}
		return b[4 : 4+int(binary.BigEndian.Uint16(b[2:]))], true
	},
}

// bounce makes the step that asks the STUN server through the relay: what it says is the relay's true address. The
// bytes are checked on both ways: the request has a FINGERPRINT, without which the server would not answer a changed
// one, and the answer counts only with the 96 bits of its transaction and, where it has one, a FINGERPRINT that fits.
func (p *prober) bounce(f framing) func(context.Context, *link, *credentials, *diag.Stage) error {
	return func(ctx context.Context, l *link, _ *credentials, s *diag.Stage) error {
		deadline, _ := ctx.Deadline()
		start := time.Now()
		sent, altered := map[txID]bool{}, false
		for n := 1; ; n++ {
			id, err := p.sendBounce(ctx, l, f)
			if err != nil {
				return err
			}
			sent[id] = true
			until := start.Add(sendAt(n))
			if l.reliable || until.After(deadline) { // a deadline in the midst of a message would end a stream
				until = deadline
			}
			mapped, err := p.awaitBounce(ctx, l, f, sent, &altered, until)
			switch {
			case err == nil && mapped.IsValid():
				s.Mapped = mapped.String()
				return nil
			case err == nil || !reach.IsTimeout(err):
				return err
			case !until.Equal(deadline) && ctx.Err() == nil:
				continue
			case altered:
				return unusable(diag.DetailAltered)
			}
			return &reach.SilenceError{Requests: n}
		}
	}
}

// sendBounce sends a request to the STUN server through the relay.
func (p *prober) sendBounce(ctx context.Context, l *link, f framing) (txID, error) {
	id := newTxID()
	b, err := encodeBinding(id, behavior{})
	if err == nil {
		b, err = f.wrap(p, l, b)
	}
	if err == nil {
		err = l.send(ctx, b)
	}
	return id, err
}

// awaitBounce reads until the STUN server's response comes out of the relay.
func (p *prober) awaitBounce(ctx context.Context, l *link, f framing, sent map[txID]bool, altered *bool,
	until time.Time,
) (mapped netip.AddrPort, err error) {
	for {
		b, err := l.receiveRelayed(ctx, until)
		if err != nil {
			return mapped, err
		}
		data, ok := f.unwrap(p, b)
		if !ok {
			continue
		}
		a, err := decode(data)
		if err != nil {
			*altered = true
			continue
		}
		if !sent[a.id] {
			continue // an answer to an earlier step, late
		}
		return a.mapped, nil
	}
}

// receiveRelayed is receive for a connection that carries ChannelData too.
func (l *link) receiveRelayed(ctx context.Context, until time.Time) ([]byte, error) {
	if !l.reliable {
		return l.receive(ctx, until)
	}
	if err := l.conn.SetReadDeadline(until); err != nil {
		return nil, err
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	return l.message(readFrame)
}

// readFrame reads a STUN message or a ChannelData message from a stream (RFC 8656 §12.5).
func readFrame(r io.Reader) ([]byte, error) {
	head := make([]byte, 4)
	if _, err := io.ReadFull(r, head); err != nil {
		return nil, err
	}
	if head[0]&0xc0 != 0x40 {
		return readMessage(io.MultiReader(bytes.NewReader(head), r))
	}
	length := int(binary.BigEndian.Uint16(head[2:]))
	if length > maxMessage {
		return nil, fmt.Errorf("%w: ChannelData of %d bytes", reach.ErrAnswer, length)
	}
	b := append(head, make([]byte, (length+3)/4*4)...)
	_, err := io.ReadFull(r, b[4:])
	return b, err
}
