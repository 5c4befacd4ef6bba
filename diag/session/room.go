package session

import (
	"context"
	"errors"
	"time"

	"dialtone/diag"
	"dialtone/signal"
	"dialtone/signal/room"
)

// Room dials with the room protocol.
func Room(o room.Options) Dialer {
	return func(ctx context.Context, observe func(diag.SignalRequest)) (signal.Channel, error) {
		o := o
		o.OnRequest = func(r room.Request) { observe(requestEvent(r)) }
		return room.Dial(ctx, o)
	}
}

// requestEvent translates a request's times; what did not take place is absent.
func requestEvent(r room.Request) diag.SignalRequest {
	d := diag.SignalRequest{
		Code: r.Code, Attempt: r.Attempt, Status: r.Status, Reused: r.Reused, LongPoll: r.LongPoll, RemoteAddr: r.Remote,
		BytesSent: r.Sent, BytesRecv: r.Received, Answer: diag.Clean(r.Answer, 64), DurationMs: diag.Millis(r.Total),
		DNSMs: present(r.DNS), ConnectMs: present(r.Connect), TLSMs: present(r.TLS), FirstByteMs: present(r.FirstByte),
	}
	switch {
	case errors.Is(r.Err, signal.ErrPeerGone): // the protocol's way to say that the pair has ended
		d.Answer = "ended"
	case r.Err != nil:
		d.Error = cause(r.Err)
	}
	return d
}

func present(d time.Duration) *diag.Millis {
	if d <= 0 {
		return nil
	}
	return diag.Ptr(diag.Millis(d))
}
