package transfer

import (
	"context"
	"sync"
	"time"

	"github.com/pion/webrtc/v4"

	"dialtone/diag"
)

const (
	maxPing     = 64 // bytes
	maxPings    = 50 // a second that are answered; the peer sends twenty
	maxBreaches = 20 // messages that do not belong to the protocol, until the channel is closed
)

// server is the end that does what its peer asks for, within bounds.
type server struct {
	o     Options
	start func(job func(context.Context))

	mu       sync.Mutex
	control  *webrtc.DataChannel
	ping     *webrtc.DataChannel
	granted  bool
	time     time.Duration // that tests of the call may still last
	bytes    uint64        // that they may still carry
	breaches int
	pings    struct {
		second time.Time
		n      int
	}
	running *served
	data    map[int]*webrtc.DataChannel // of tests that have not begun
	wanted  *message                    // a test whose channel has not come yet
	c       *Connection
	closed  bool
}

// served is a test that runs.
type served struct {
	number int
	test   diag.SpeedTest
	data   *webrtc.DataChannel
	up     *meter
	down   *sender
	stop   context.CancelFunc
}

func newServer(o Options, start func(func(context.Context))) *server {
	return &server{o: o, start: start, time: MaxTime, bytes: MaxBytes, data: map[int]*webrtc.DataChannel{}}
}

// incoming takes a channel that the peer opened, if it belongs to a measurement.
func (s *server) incoming(c *Connection, dc *webrtc.DataChannel) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	number, isData := numberOf(dc.Label())
	switch {
	case s.closed:
		return false
	case dc.Label() == LabelControl && s.control == nil:
		s.c, s.control = c, dc
		dc.OnMessage(func(m webrtc.DataChannelMessage) { s.receive(m.Data) })
		dc.OnClose(func() { s.lost() })
	case !s.granted:
		return false
	case dc.Label() == LabelPing && s.ping == nil:
		s.ping = dc
		dc.OnMessage(func(m webrtc.DataChannelMessage) { s.pong(dc, m.Data) })
	case isData && s.data[number] == nil && len(s.data) < 2:
		s.data[number] = dc
		dc.OnMessage(func(m webrtc.DataChannelMessage) { s.arrived(number, m.Data) })
		if s.wanted != nil && s.wanted.Number == number {
			s.begin(*s.wanted)
		}
	default:
		return false
	}
	return true
}

// lost is when the peer has closed the channel of the protocol.
func (s *server) lost() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.granted {
		s.o.Emit(diag.SpeedEnd{Reason: diag.SpeedDone})
	}
	s.finish()
	s.control, s.granted, s.ping, s.wanted = nil, false, nil, nil
	clear(s.data)
}

// close ends the measurement with the call.
func (s *server) close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.granted {
		s.o.Emit(diag.SpeedEnd{Reason: diag.SpeedDone})
	}
	s.granted, s.closed = false, true
	s.finish()
}

// finish stops the test that runs.
func (s *server) finish() {
	if s.running != nil {
		s.running.stop()
		s.running = nil
	}
}

// pong answers a ping, unless they come too fast.
func (s *server) pong(dc *webrtc.DataChannel, data []byte) {
	s.mu.Lock()
	if now := time.Now(); now.Sub(s.pings.second) >= time.Second {
		s.pings.second, s.pings.n = now, 0
	}
	s.pings.n++
	ok := s.pings.n <= maxPings && len(data) <= maxPing
	s.mu.Unlock()
	if ok && dc.BufferedAmount() < idleQueue {
		_ = dc.Send(data)
	}
}

// arrived takes data of a test.
func (s *server) arrived(number int, data []byte) {
	s.mu.Lock()
	var m *meter
	if s.running != nil && s.running.number == number {
		m = s.running.up
	}
	s.mu.Unlock()
	if m != nil {
		m.message(data)
	}
}

// receive takes a message of the protocol.
func (s *server) receive(data []byte) {
	m, err := parse(data)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.control == nil || s.closed {
		return
	}
	switch {
	case err != nil:
		s.breach()
	case m.Code == codeAsk:
		s.ask(m)
	case m.Code == codeTest && s.granted && m.Test != nil && m.Test.Way != diag.SpeedIdle:
		s.finish()
		if s.data[m.Number] == nil {
			s.wanted = &m
		} else {
			s.begin(m)
		}
	case m.Code == codeStop && s.granted:
		s.finish()
	default:
		s.breach()
	}
}

// breach answers what is not of the protocol, and ends it at last.
func (s *server) breach() {
	if s.breaches++; s.breaches > maxBreaches {
		_ = s.control.Close()
		return
	}
	post(s.control, message{Code: codeRefuse, Reason: reasonInvalid})
}

// ask grants a measurement or refuses it.
func (s *server) ask(m message) {
	reason := ""
	switch {
	case !s.o.Serve:
		reason = reasonDisallowed
	case s.granted:
		reason = reasonBusy
	case m.MaxBytes > s.bytes || m.MaxMs.Duration() > s.time || m.MaxMs <= 0:
		reason = reasonTooMuch
	}
	if reason != "" {
		post(s.control, message{
			Code: codeRefuse, Version: version, Reason: reason, MaxBytes: s.bytes, MaxMs: diag.Millis(s.time),
		})
		return
	}
	s.granted = true
	s.o.Emit(diag.SpeedStart{
		Plan: diag.SpeedPlan{Tests: []diag.SpeedTest{}, MaxBytes: m.MaxBytes, MaxMs: m.MaxMs}, Serves: true,
	})
	post(s.control, message{Code: codeGrant, Version: version, MaxBytes: m.MaxBytes, MaxMs: m.MaxMs})
}

// begin starts a test whose channel is there. What it may use comes off what the call has left.
func (s *server) begin(m message) {
	s.wanted = nil
	test := *m.Test
	directions := uint64(1)
	if test.Way == diag.SpeedBoth {
		directions = 2
	}
	if test.ForMs.Duration() > s.time || test.MaxBytes > s.bytes/directions {
		post(s.control, message{
			Code: codeRefuse, Number: m.Number, Reason: reasonTooMuch, MaxBytes: s.bytes, MaxMs: diag.Millis(s.time),
		})
		return
	}
	s.time -= test.ForMs.Duration()
	s.bytes -= directions * test.MaxBytes
	t := &served{number: m.Number, test: test, data: s.data[m.Number]}
	delete(s.data, m.Number)
	s.o.Emit(diag.SpeedTestStart{Test: m.Number, Spec: test})
	if test.Way.Has(diag.Outbound) {
		t.up = newMeter(time.Now, arrived(s.c))
	}
	if test.Way.Has(diag.Inbound) {
		t.down = newSender(t.data, test, sctpOf(s.c))
	}
	s.running = t
	control := s.control
	stopped := make(chan struct{})
	t.stop = sync.OnceFunc(func() { close(stopped) })
	s.start(func(ctx context.Context) { s.serve(ctx, control, t, stopped) })
}

// serve does one test until it is stopped or its time is over.
func (s *server) serve(ctx context.Context, control *webrtc.DataChannel, t *served, stopped <-chan struct{}) {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	// Its label is known, and the test can be asked for, before data can be sent on it.
	if opened(ctx, t.data) != nil {
		s.o.Emit(diag.SpeedTestEnd{Test: t.number})
		return
	}
	post(control, message{Code: codeReady, Number: t.number})
	sending := make(chan struct{})
	go func() {
		defer close(sending)
		if t.down != nil {
			t.down.run(ctx)
		}
	}()
	count := func(finished bool) {
		m := message{Code: codeCount, Number: t.number, Finished: finished}
		if t.up != nil {
			if i, ok := t.up.interval(); ok {
				m.Count = &i
			}
		}
		if m.Count != nil || finished {
			post(control, m)
		}
	}
	tick := time.NewTicker(every)
	defer tick.Stop()
	limit := time.NewTimer(t.test.ForMs.Duration() + answerTime)
	defer limit.Stop()
	ending := sending
	for over := false; !over; {
		select {
		case <-tick.C:
			count(false)
		case <-ending:
			ending = nil
			count(t.down != nil)
		case <-stopped:
			over = true
		case <-limit.C:
			over = true
		case <-ctx.Done():
			over = true
		}
	}
	stop()
	<-sending
	m := message{Code: codeDone, Number: t.number}
	if t.down != nil {
		r := t.down.result()
		m.Sender = &r
		drain(context.WithoutCancel(ctx), t.data)
	}
	count(false)
	post(control, m)
	s.o.Emit(diag.SpeedTestEnd{Test: t.number, Complete: true})
	_ = t.data.Close() // the peer does the same
}
