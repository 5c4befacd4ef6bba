package transfer

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/pion/webrtc/v4"

	"dialtone/diag"
	"dialtone/diag/speed"
)

// measurer is the end that measures.
type measurer struct {
	c       *Connection
	plan    diag.SpeedPlan
	emit    func(diag.Data)
	state   *speed.State // what was emitted
	control *webrtc.DataChannel
	ping    *pinger
	inbox   chan message
	closed  chan struct{}
}

// ended is why a measurement cannot go on.
type ended struct {
	reason diag.SpeedEndReason
	cause  string
}

// Error implements error.
func (e *ended) Error() string { return string(e.reason) + ": " + e.cause }

// Measure does a plan over a connection that works, and emits what it finds. The last event is speed.end.
func (e *Endpoint) Measure(ctx context.Context, c *Connection, plan diag.SpeedPlan) {
	m := &measurer{c: c, plan: plan, inbox: make(chan message, 64), closed: make(chan struct{})}
	m.emit = func(d diag.Data) { // all by this goroutine
		m.state, _ = speed.Apply(m.state, d)
		e.o.Emit(d)
	}
	m.emit(diag.SpeedStart{Plan: plan})
	err := m.all(ctx)
	end := diag.SpeedEnd{Reason: diag.SpeedDone}
	var known *ended
	switch {
	case errors.As(err, &known):
		end.Reason, end.Cause = known.reason, diag.Clean(known.cause, 200)
	case ctx.Err() != nil:
		end.Reason = diag.SpeedCancelled
	case err != nil:
		end.Reason, end.Cause = diag.SpeedLost, diag.Clean(err.Error(), 200)
	}
	if m.control != nil {
		_ = m.control.Close()
	}
	m.emit(end)
}

// all asks the peer, and does one test after another.
func (m *measurer) all(ctx context.Context) error {
	if err := m.open(ctx); err != nil {
		return err
	}
	pinging, stop := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		m.ping.run(pinging)
	}()
	defer func() {
		stop()
		<-done
	}()
	for _, test := range m.plan.Tests {
		do := m.one
		if test.Search {
			do = m.search
		}
		if err := do(ctx, test); err != nil {
			return err
		}
	}
	return nil
}

// one does the next test.
func (m *measurer) one(ctx context.Context, test diag.SpeedTest) error {
	n := len(m.state.Tests)
	m.ping.forget()
	m.emit(diag.SpeedTestStart{Test: n, Spec: test})
	err := m.test(ctx, n, test)
	m.emit(diag.SpeedTestEnd{Test: n, Complete: err == nil})
	return err
}

// open opens the channels of the protocol and asks for the measurement.
func (m *measurer) open(ctx context.Context) error {
	control, err := m.c.CreateDataChannel(LabelControl, nil)
	if err != nil {
		return err
	}
	m.control = control
	control.OnMessage(func(x webrtc.DataChannelMessage) {
		parsed, err := parse(x.Data)
		if err != nil {
			return // an answer that cannot be read is none
		}
		select {
		case m.inbox <- parsed:
		case <-m.closed:
		case <-ctx.Done():
		}
	})
	control.OnClose(sync.OnceFunc(func() { close(m.closed) }))
	if err := opened(ctx, control); err != nil {
		return &ended{diag.SpeedUnsupported, err.Error()}
	}
	post(control, message{Code: codeAsk, Version: version, MaxBytes: m.plan.MaxBytes, MaxMs: m.plan.MaxMs})
	got, err := m.answer(ctx, 0, codeGrant)
	if err != nil {
		return m.unanswered(err)
	}
	if got.Version != version {
		return &ended{diag.SpeedUnsupported, fmt.Sprintf("version %d of the protocol", got.Version)}
	}
	dc, err := m.c.CreateDataChannel(LabelPing, unreliable())
	if err != nil {
		return err
	}
	m.ping = newPinger(dc, func() (webrtc.ICECandidatePairStats, bool) { return pairStats(m.c) })
	return opened(ctx, dc)
}

// unanswered is what the lack of a first answer means.
func (*measurer) unanswered(err error) error {
	var known *ended
	if errors.As(err, &known) && known.reason == diag.SpeedLost {
		known.reason = diag.SpeedUnsupported
	}
	return err
}

// unreliable are the options of a channel that neither orders nor repeats.
func unreliable() *webrtc.DataChannelInit {
	return &webrtc.DataChannelInit{Ordered: new(false), MaxRetransmits: new(uint16(0))}
}

// opened waits until a channel is open.
func opened(ctx context.Context, dc *webrtc.DataChannel) error {
	open := make(chan struct{})
	dc.OnOpen(func() { close(open) })
	limit := time.NewTimer(answerTime)
	defer limit.Stop()
	select {
	case <-open:
		return nil
	case <-limit.C:
		return &ended{diag.SpeedLost, "the data channel did not open"}
	case <-ctx.Done():
		return ctx.Err()
	}
}

// answer waits for a message with a code about a test. Counts that come before it are passed over.
func (m *measurer) answer(ctx context.Context, number int, want code) (message, error) {
	limit := time.NewTimer(answerTime)
	defer limit.Stop()
	for {
		select {
		case x := <-m.inbox:
			switch {
			case x.Code == codeRefuse:
				return x, refused(x)
			case x.Code == want && x.Number == number:
				return x, nil
			}
		case <-m.closed:
			return message{}, &ended{diag.SpeedLost, "the peer closed the channel"}
		case <-limit.C:
			return message{}, &ended{diag.SpeedLost, "the peer did not answer"}
		case <-ctx.Done():
			return message{}, ctx.Err()
		}
	}
}

// refused is why the peer does not take part.
func refused(m message) error {
	switch m.Reason {
	case reasonBusy:
		return &ended{diag.SpeedBusy, ""}
	case reasonTooMuch:
		return &ended{diag.SpeedRefused, fmt.Sprintf("at most %d bytes and %v", m.MaxBytes,
			m.MaxMs.Duration().Round(time.Second))}
	}
	return &ended{diag.SpeedRefused, m.Reason}
}

// test does one test.
func (m *measurer) test(ctx context.Context, number int, test diag.SpeedTest) error {
	if test.Way == diag.SpeedIdle {
		return m.idle(ctx, number, test)
	}
	dc, err := m.c.CreateDataChannel(dataLabel(number), &webrtc.DataChannelInit{
		Ordered: new(!test.Unordered), MaxRetransmits: test.MaxRetransmits,
	})
	if err != nil {
		return err
	}
	r := &run{m: m, number: number, test: test, data: dc}
	if test.Way.Has(diag.Inbound) {
		r.down = newMeter(time.Now, arrived(m.c))
		dc.OnMessage(func(x webrtc.DataChannelMessage) { r.down.message(x.Data) })
	}
	if err := opened(ctx, dc); err != nil {
		return err
	}
	post(m.control, message{Code: codeTest, Number: number, Test: &test})
	if _, err := m.answer(ctx, number, codeReady); err != nil {
		return err
	}
	return r.do(ctx)
}

// idle measures round trips only.
func (m *measurer) idle(ctx context.Context, number int, test diag.SpeedTest) error {
	begun := time.Now()
	for time.Since(begun) < test.ForMs.Duration() {
		if !diag.Sleep(ctx, every) {
			return ctx.Err()
		}
		m.roundTrips(number, time.Since(begun) >= test.WarmUpMs.Duration())
	}
	return nil
}

// roundTrips reports those since the last time.
func (m *measurer) roundTrips(number int, settled bool) {
	if r, any := m.ping.take(); any {
		r.Test, r.Settled = number, settled
		m.emit(r)
	}
}
