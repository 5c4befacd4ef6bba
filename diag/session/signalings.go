package session

import (
	"context"

	"dialtone/diag"
	"dialtone/signal"
	"dialtone/signal/offer"
	"dialtone/signal/paste"
	"dialtone/signal/web"
	"dialtone/signal/whip"
)

// Offer dials by a single POST of the offer.
func Offer(o offer.Options) Dialer {
	return func(ctx context.Context, observe func(diag.SignalRequest)) (signal.Channel, error) {
		o := o
		o.OnRequest = func(r web.Request) { observe(webEvent(r)) }
		return offer.Dial(ctx, o)
	}
}

// WHIP dials with WHIP, or with WHEP where o.Play is set. Its calls carry media alone and in one direction:
// Config.MediaOnly is to be set, and Options.Flow to peer.FlowSend (WHIP) or peer.FlowReceive (WHEP).
func WHIP(o whip.Options) Dialer {
	return func(ctx context.Context, observe func(diag.SignalRequest)) (signal.Channel, error) {
		o := o
		o.OnRequest = func(r web.Request) { observe(webEvent(r)) }
		c, err := whip.Dial(ctx, o)
		if err != nil {
			return nil, err
		}
		return c, nil
	}
}

// Server is a signaling server of our own, of which each dial waits for one caller: *offer.Server and *whip.Server are.
type Server interface {
	Dial(ctx context.Context) (signal.Channel, error)
}

// Listen answers whoever comes to a server of our own. With a *whip.Server Config.MediaOnly is to be set, and
// Options.Flow to peer.FlowReceive (WHIP) or peer.FlowSend (WHEP).
func Listen(s Server) Dialer {
	return func(ctx context.Context, _ func(diag.SignalRequest)) (signal.Channel, error) { return s.Dial(ctx) }
}

// Paste exchanges texts that people carry: the party who offers shows its text first. A call cannot be dialled again
// this way.
func Paste(d paste.Desk, offers bool) Dialer {
	return func(context.Context, func(diag.SignalRequest)) (signal.Channel, error) {
		if offers {
			return paste.Offer(d), nil
		}
		return paste.Answer(d), nil
	}
}

// webEvent translates a request's times; what did not take place is absent.
func webEvent(r web.Request) diag.SignalRequest {
	d := diag.SignalRequest{
		Code: r.Op, Attempt: r.Attempt, Status: r.Status, Reused: r.Reused, RemoteAddr: r.Remote, BytesSent: r.Sent, BytesRecv: r.Received,
		DurationMs: diag.Millis(r.Total), DNSMs: present(r.DNS), ConnectMs: present(r.Connect), TLSMs: present(r.TLS), FirstByteMs: present(r.FirstByte),
	}
	if r.Err != nil {
		d.Error = cause(r.Err)
	}
	return d
}
