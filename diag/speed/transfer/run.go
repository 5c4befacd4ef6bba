package transfer

import (
	"context"
	"time"

	"github.com/pion/webrtc/v4"

	"dialtone/diag"
)

// run is a test at the end that measures.
type run struct {
	m      *measurer
	number int
	test   diag.SpeedTest
	data   *webrtc.DataChannel
	down   *meter
	up     *sender // nil: nothing is sent
	counts struct {
		last     diag.Millis // the end of the interval before
		bytes    uint64
		finished bool // the peer's sender
	}
}

// errBroken ends a measurement in which a sender could not send as long as it should.
var errBroken = &ended{diag.SpeedLost, "the data channel of the test closed"}

// do sends and counts until the test is over, and waits until the path is empty again.
func (r *run) do(ctx context.Context) error {
	sending, stop := context.WithCancel(ctx)
	defer stop()
	sent := make(chan struct{})
	if r.test.Way.Has(diag.Outbound) {
		r.up = newSender(r.data, r.test, sctpOf(r.m.c))
		go func() {
			defer close(sent)
			r.up.run(sending)
		}()
	} else {
		close(sent)
	}
	err := r.watch(ctx, sent)
	stop()
	<-sent
	if err != nil {
		return err
	}
	return r.settle(ctx)
}

// watch reports what is counted until the time is over or all senders are done.
func (r *run) watch(ctx context.Context, sent <-chan struct{}) error {
	begun := time.Now()
	tick := time.NewTicker(every)
	defer tick.Stop()
	limit := time.NewTimer(r.test.ForMs.Duration())
	defer limit.Stop()
	for {
		select {
		case <-tick.C:
			r.interval()
			r.m.roundTrips(r.number, time.Since(begun) >= r.test.WarmUpMs.Duration())
			if r.test.Search && r.overloaded() {
				return nil
			}
		case x := <-r.m.inbox:
			if err := r.take(x); err != nil {
				return err
			}
		case <-sent:
			sent = nil
		case <-r.m.closed:
			return &ended{diag.SpeedLost, "the peer closed the channel"}
		case <-limit.C:
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
		if sent == nil && (r.counts.finished || !r.test.Way.Has(diag.Inbound)) {
			return nil
		}
	}
}

// interval reports what has arrived here.
func (r *run) interval() {
	if r.down == nil {
		return
	}
	if i, ok := r.down.interval(); ok {
		i.Test, i.Direction = r.number, diag.Inbound
		r.m.emit(i)
	}
}

// take reads a message of the peer during the test.
func (r *run) take(x message) error {
	if x.Code == codeRefuse {
		return refused(x)
	}
	if x.Number != r.number || x.Code != codeCount {
		return nil
	}
	r.counts.finished = r.counts.finished || x.Finished
	if x.Count == nil || r.up == nil {
		return nil
	}
	// What arrived cannot be more than what was sent, and its times go on: a peer that says otherwise proves nothing.
	r.counts.bytes += x.Count.Bytes
	if x.Count.FromMs < r.counts.last || r.counts.bytes > r.up.sent() {
		return &ended{diag.SpeedLost, "the peer counts what was not sent"}
	}
	r.counts.last = x.Count.ToMs
	i := *x.Count
	i.Test, i.Direction = r.number, diag.Outbound
	r.m.emit(i)
	return nil
}

// settle waits until what is on its way has arrived, and reports how the senders fared.
func (r *run) settle(ctx context.Context) error {
	if r.up != nil {
		s := r.up.result()
		s.Test, s.Direction = r.number, diag.Outbound
		r.m.emit(s)
		if s.Broken {
			return errBroken
		}
		drain(ctx, r.data)
	}
	post(r.m.control, message{Code: codeStop, Number: r.number})
	done, err := r.await(ctx)
	if err != nil {
		return err
	}
	r.interval()
	if done.Sender != nil {
		s := *done.Sender
		s.Test, s.Direction = r.number, diag.Inbound
		r.m.emit(s)
		if s.Broken {
			return errBroken
		}
	}
	return r.data.Close()
}

// await waits for the peer's end of the test; counts that come before it are reported.
func (r *run) await(ctx context.Context) (message, error) {
	limit := time.NewTimer(answerTime + drainTime)
	defer limit.Stop()
	for {
		select {
		case x := <-r.m.inbox:
			if x.Code == codeDone && x.Number == r.number {
				return x, nil
			}
			if err := r.take(x); err != nil {
				return x, err
			}
		case <-r.m.closed:
			return message{}, &ended{diag.SpeedLost, "the peer closed the channel"}
		case <-limit.C:
			return message{}, &ended{diag.SpeedLost, "the peer did not answer"}
		case <-ctx.Done():
			return message{}, ctx.Err()
		}
	}
}
