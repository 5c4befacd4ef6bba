package probe

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"time"

	"dialtone/diag"
)

// channelNumber is the one channel that is ever bound (RFC 8656 §12: 0x4000 to 0x4FFF).
const channelNumber = 0x4000

// carryTime is how long each step through the relay may take.
const carryTime = 800 * time.Millisecond

// errNothingBack is that bytes went into the relay, and none came back.
var errNothingBack = errors.New("nothing came back through the relay")

// errAltered is that something came back from the peer, and it is not what a STUN server answers.
var errAltered = errors.New("what came back through the relay is no answer of a STUN server: the bytes were changed, or somebody else answers there")

// carry sends bytes through the relay and tells in p.carried how far they came. It is no failure of the allocation when
// they do not come back: the peer may be at fault.
func (p *prober) carry(ctx context.Context, l *link, c *credentials, relayed netip.AddrPort) {
	peers := []netip.AddrPort{p.target.Through}
	if !p.target.Through.IsValid() {
		p.carried.OwnPeer = true
		peers = ownPeers(p.url, p.addr, relayed)
	}
	for i, peer := range peers {
		patience := carryTime
		if i < len(peers)-1 { // a guess
			patience = min(carryTime, minGrace+4*p.result.RTTMs.Duration())
		}
		p.peer = peer
		p.carried.Peer = peer.String()
		p.carried.PermissionMs, p.carried.Stopped, p.carried.StoppedCode, p.carried.StoppedText = nil, "", 0, ""
		if p.carryTo(ctx, l, c, patience); p.carried.SendMs != nil {
			return // whatever came after, this peer answers
		}
	}
}

// ownPeers are where a TURN server may answer Binding requests over UDP, as seen from its relay: the port that was
// asked, and in front of it the usual one where that is for TLS. The relay has an IPv4 address, and so its peers have.
func ownPeers(u URL, server, relayed netip.AddrPort) []netip.AddrPort {
	ip := server.Addr()
	if !ip.Is4() {
		ip = relayed.Addr()
	}
	asked := netip.AddrPortFrom(ip, server.Port())
	if !u.Scheme.Secured() || server.Port() == defaultPort {
		return []netip.AddrPort{asked}
	}
	return []netip.AddrPort{netip.AddrPortFrom(ip, defaultPort), asked}
}

// carryTo sends to the peer in each way that there is, and gives each step so much time.
func (p *prober) carryTo(ctx context.Context, l *link, c *credentials, patience time.Duration) {
	for _, step := range []struct {
		name string
		took **diag.Millis
		try  func(context.Context, *link, *credentials) error
	}{
		{"permission", &p.carried.PermissionMs, p.permission(methodCreatePermission)},
		{"send", &p.carried.SendMs, p.bounce(sendFraming)},
		{"bind", &p.carried.BindMs, p.permission(methodChannelBind)},
		{"channel", &p.carried.ChannelMs, p.bounce(channelFraming)},
	} {
		start := time.Now()
		stepCtx, cancel := context.WithTimeout(ctx, patience)
		err := step.try(stepCtx, l, c)
		cancel()
		if err != nil {
			p.stopped(step.name, err)
			return
		}
		*step.took = since(start)
	}
}

// stopped notes where it went no further.
func (p *prober) stopped(step string, err error) {
	f := classify(p.at, p.stage, err)
	p.carried.Stopped, p.carried.StoppedCode, p.carried.StoppedText = step, f.code, diag.Clean(err.Error(), maxText)
}

// permission makes the step that asks for leave to send to the peer, by CreatePermission or ChannelBind.
func (p *prober) permission(m method) func(context.Context, *link, *credentials) error {
	return func(ctx context.Context, l *link, c *credentials) error {
		for again := false; ; again = true {
			r, err := l.exchange(ctx, m, true, func(id txID) ([]byte, error) { return encodePeer(m, id, c, p.peer) })
			switch {
			case err != nil:
				return err
			case r.ok:
				return nil
			case r.code != 438 || again || r.nonce == "" || c == nil:
				return stunError(p.at, p.stage, r.code, r.phrase, r.alternate)
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
func (p *prober) bounce(f framing) func(context.Context, *link, *credentials) error {
	return func(ctx context.Context, l *link, _ *credentials) error {
		deadline, _ := ctx.Deadline()
		start := time.Now()
		sent, altered := map[txID]bool{}, false
		for n := 0; ; n++ {
			id := newTxID()
			request, err := encodeBinding(id, behavior{})
			if err != nil {
				return err
			}
			b, err := f.wrap(p, l, request)
			if err != nil {
				return err
			}
			sent[id] = true
			if err := l.send(ctx, b); err != nil {
				return err
			}
			until := start.Add(sendAt(n + 1))
			if l.reliable || until.After(deadline) { // a deadline in the midst of a message would end a stream
				until = deadline
			}
			err = p.awaitBounce(ctx, l, f, sent, &altered, until)
			if err == nil || !isTimeout(err) {
				return err
			}
			if until.Equal(deadline) || ctx.Err() != nil {
				if altered {
					return errAltered
				}
				return fmt.Errorf("%w from %s", errNothingBack, p.peer)
			}
		}
	}
}

// awaitBounce reads until the STUN server's response comes out of the relay.
func (p *prober) awaitBounce(ctx context.Context, l *link, f framing, sent map[txID]bool, altered *bool,
	until time.Time) error {
	for {
		b, err := l.receiveRelayed(ctx, until)
		if err != nil {
			return err
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
		if a.mapped.IsValid() {
			p.carried.Seen = a.mapped.String()
		}
		return nil
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
	return readFrame(l.conn)
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
		return nil, fmt.Errorf("%w: ChannelData of %d bytes", errAnswer, length)
	}
	b := append(head, make([]byte, (length+3)/4*4)...)
	_, err := io.ReadFull(r, b[4:])
	return b, err
}
