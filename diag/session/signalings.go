package session

import (
	"context"
	"errors"
	"time"

	"dialtone/diag"
	"dialtone/diag/peer"
	"dialtone/diag/reach"
	"dialtone/signal"
)

// errOnce is what a second dial of a carried exchange ends with.
var errOnce = errors.New("texts are carried once a call: it cannot be negotiated again")

// Over dials with a way of signaling.
func Over(w signal.Way, s signal.Setup) Dialer {
	dialed := false
	return Dialing(func(ctx context.Context, onRequest func(signal.Request)) (signal.Channel, error) {
		if dialed && w.Carried {
			return nil, &signal.Error{Op: "paste", Code: "once", Err: errOnce}
		}
		dialed = true
		s := s
		s.OnRequest = onRequest
		return w.Dial(ctx, s)
	})
}

// Dialing dials with a function that reports its requests.
func Dialing(dial func(context.Context, func(signal.Request)) (signal.Channel, error)) Dialer {
	return func(ctx context.Context, observe func(diag.SignalRequest)) (signal.Channel, error) {
		return dial(ctx, func(r signal.Request) { observe(RequestEvent(r)) })
	}
}

// Accept answers the callers of a server, one with each dial.
func Accept(s signal.Server) Dialer {
	return func(ctx context.Context, _ func(diag.SignalRequest)) (signal.Channel, error) { return s.Accept(ctx) }
}

// Flow is which way media goes at one end of a way. Options.Flow is to be set to it, and Config.MediaOnly where it is
// one way.
func Flow(w signal.Way, answers bool) peer.Flow {
	switch {
	case !w.OneWay():
		return peer.FlowBoth
	case (w.Media == signal.MediaFromCaller) != answers:
		return peer.FlowSend
	}
	return peer.FlowReceive
}

// RequestEvent translates a request's times; what did not take place is absent.
func RequestEvent(r signal.Request) diag.SignalRequest {
	d := diag.SignalRequest{
		Code: r.Op, Attempt: r.Attempt, Status: r.Status, Reused: r.Reused, LongPoll: r.Wait > 0, RemoteAddr: r.Remote,
		BytesSent: r.Sent, BytesRecv: r.Received, Answer: diag.Clean(r.Answer, 64), DurationMs: diag.Millis(r.Total),
		Remarks: r.Remarks,
		DNSMs:   present(r.DNS), ConnectMs: present(r.Connect), TLSMs: present(r.TLS), FirstByteMs: present(r.FirstByte),
	}
	if d.Certificate = reach.CertificateOf(r.TLSState); d.Certificate != nil {
		d.Clock = reach.Clock()
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
	return new(diag.Millis(d))
}

// FailureOf is what failed in signaling; nil for any other error.
func FailureOf(err error) *diag.SignalFailure {
	var e *signal.Error
	if !errors.As(err, &e) {
		return nil
	}
	f := &diag.SignalFailure{
		Op: diag.Clean(e.Op, 64), Status: e.Status, Code: diag.Clean(e.Code, 64), Location: diag.Clean(e.Location, 200),
		Scheme: diag.Clean(e.Scheme, 20),
	}
	if e.Reason != signal.ReasonUnknown {
		f.Reason = e.Reason.String()
	}
	return f
}
