package transfer

import (
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pion/webrtc/v4"

	"dialtone/diag"
	"dialtone/diag/lab/labtest"
	"dialtone/diag/speed"
)

// connected are two connections on this machine; the second offers its incoming channels to take.
func connected(t *testing.T, take func(*Connection, *Channel) bool) *Connection {
	t.Helper()
	var se webrtc.SettingEngine
	se.SetIncludeLoopbackCandidate(true)
	api := webrtc.NewAPI(webrtc.WithSettingEngine(se))
	a, err := api.NewPeerConnection(webrtc.Configuration{})
	if err != nil {
		t.Fatal(err)
	}
	b, err := api.NewPeerConnection(webrtc.Configuration{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = a.GracefulClose()
		_ = b.GracefulClose()
	})
	b.OnDataChannel(func(dc *webrtc.DataChannel) { take(b, dc) })
	first, err := a.CreateDataChannel("first", nil)
	if err != nil {
		t.Fatal(err)
	}
	describe(t, a, b)
	if err := opened(t.Context(), first); err != nil {
		t.Fatal(err)
	}
	return a
}

func describe(t *testing.T, a, b *Connection) {
	t.Helper()
	set := func(from, to *Connection, make func() (webrtc.SessionDescription, error)) {
		d, err := make()
		if err != nil {
			t.Fatal(err)
		}
		gathered := webrtc.GatheringCompletePromise(from)
		if err := from.SetLocalDescription(d); err != nil {
			t.Fatal(err)
		}
		<-gathered
		if err := to.SetRemoteDescription(*from.LocalDescription()); err != nil {
			t.Fatal(err)
		}
	}
	set(a, b, func() (webrtc.SessionDescription, error) { return a.CreateOffer(nil) })
	set(b, a, func() (webrtc.SessionDescription, error) { return b.CreateAnswer(nil) })
}

// log collects events.
type log struct {
	mu    sync.Mutex
	state *speed.State
}

func (l *log) add(d diag.Data) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.state, _ = speed.Apply(l.state, d)
}

// measured does a plan between two endpoints.
func measured(t *testing.T, serve bool, plan diag.SpeedPlan) *speed.State {
	t.Helper()
	server := New(Options{Emit: func(diag.Data) {}, Serve: serve})
	a := connected(t, server.Incoming)
	defer server.Close()
	var l log
	e := New(Options{Emit: l.add})
	e.Measure(t.Context(), a, plan)
	e.Close()
	return l.state
}

// TestMeasure: all tests of a plan are done, and each direction is counted at its receiver.
func TestMeasure(t *testing.T) {
	labtest.NeedQuiet(t)
	plan := speed.PlanOf(speed.Request{
		Ways: []diag.SpeedWay{diag.SpeedUp, diag.SpeedDown, diag.SpeedBoth}, For: 1500 * time.Millisecond, WarmUp: 100 * time.Millisecond,
		Size: 1200, MaxBytes: 60e6,
	})
	s := measured(t, true, plan)
	if s.End == nil || s.End.Reason != diag.SpeedDone {
		t.Fatalf("ended: %+v", s.End)
	}
	for i, want := range []map[diag.Direction]bool{
		{}, {diag.Outbound: true}, {diag.Inbound: true}, {diag.Outbound: true, diag.Inbound: true},
	} {
		got, bytes := map[diag.Direction]bool{}, map[diag.Direction]uint64{}
		for _, interval := range s.Tests[i].Intervals {
			got[interval.Direction] = true
			bytes[interval.Direction] += interval.Bytes
		}
		for _, sender := range s.Tests[i].Senders {
			if !want[sender.Direction] {
				t.Errorf("test %d: sent %s", i, sender.Direction)
			}
		}
		if len(got) != len(want) || len(s.Tests[i].Senders) != len(want) || !s.Tests[i].Complete {
			t.Errorf("test %d: %v, %+v", i, got, s.Tests[i])
		}
		for direction := range want {
			if n := bytes[direction]; n == 0 || n > plan.Tests[i].MaxBytes {
				t.Errorf("test %d: %d bytes %s", i, n, direction)
			}
		}
	}
}

// TestDataOfALateChannel: the test begins when data can be sent, and one whose channel closes is not complete.
func TestDataOfALateChannel(t *testing.T) {
	t.Parallel()
	plan := speed.PlanOf(speed.Request{Ways: []diag.SpeedWay{diag.SpeedDown}, For: 100 * time.Millisecond, Size: 1000, MaxBytes: 1e8})
	for name, tt := range map[string]struct {
		channel func(*Channel) // called while the peer's channel is not open yet
		want    diag.SpeedEndReason
	}{
		"late":   {func(*Channel) { time.Sleep(30 * time.Millisecond) }, diag.SpeedDone},
		"closed": {func(dc *Channel) { time.AfterFunc(50*time.Millisecond, func() { _ = dc.Close() }) }, diag.SpeedLost},
	} {
		server := New(Options{Emit: func(diag.Data) {}, Serve: true})
		a := connected(t, func(c *Connection, dc *Channel) bool {
			taken := server.Incoming(c, dc)
			if _, data := numberOf(dc.Label()); data {
				tt.channel(dc)
			}
			return taken
		})
		var l log
		e := New(Options{Emit: l.add})
		e.Measure(t.Context(), a, plan)
		e.Close()
		server.Close()
		test := l.state.Tests[len(l.state.Tests)-1]
		if l.state.End.Reason != tt.want || len(test.Intervals) == 0 || test.Complete != (tt.want == diag.SpeedDone) {
			t.Errorf("%s: %+v %+v", name, l.state.End, test)
		}
	}
}

// TestRefused: a peer that does not serve says so, and so does one that is asked for too much.
func TestRefused(t *testing.T) {
	t.Parallel()
	plan := speed.PlanOf(speed.Request{Ways: []diag.SpeedWay{diag.SpeedUp}, For: time.Second, Size: 1000, MaxBytes: 1e6})
	if s := measured(t, false, plan); s.End.Reason != diag.SpeedRefused || s.End.Cause != reasonDisallowed {
		t.Errorf("%+v", s.End)
	}
	plan.MaxBytes = MaxBytes + 1
	if s := measured(t, true, plan); s.End.Reason != diag.SpeedRefused || !strings.Contains(s.End.Cause, "at most") {
		t.Errorf("%+v", s.End)
	}
}

// TestUnservedTests: a peer that may measure cannot send more than it was granted, and nonsense ends the channel.
func TestUnservedTests(t *testing.T) {
	t.Parallel()
	server := New(Options{Emit: func(diag.Data) {}, Serve: true})
	a := connected(t, server.Incoming)
	defer server.Close()
	control, err := a.CreateDataChannel(LabelControl, nil)
	if err != nil {
		t.Fatal(err)
	}
	answers, closed := make(chan message, 64), make(chan struct{})
	control.OnMessage(func(x webrtc.DataChannelMessage) {
		if m, err := parse(x.Data); err == nil {
			answers <- m
		}
	})
	control.OnClose(sync.OnceFunc(func() { close(closed) }))
	if err := opened(t.Context(), control); err != nil {
		t.Fatal(err)
	}
	test := diag.SpeedTest{Way: diag.SpeedDown, ForMs: diag.Millis(time.Second), Size: 1000, MaxBytes: MaxBytes + 1}
	say := func(m message, want code) {
		t.Helper()
		post(control, m)
		if got := <-answers; got.Code != want {
			t.Errorf("%+v: %+v", m, got)
		}
	}
	say(message{Code: codeTest, Test: &test}, codeRefuse) // nothing is granted
	say(message{Code: codeAsk, Version: version, MaxBytes: 1e6, MaxMs: diag.Millis(time.Second)}, codeGrant)
	say(message{Code: codeAsk, Version: version, MaxBytes: 1e6, MaxMs: diag.Millis(time.Second)}, codeRefuse)
	dc, err := a.CreateDataChannel(dataLabel(0), nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := opened(t.Context(), dc); err != nil {
		t.Fatal(err)
	}
	say(message{Code: codeTest, Test: &test}, codeRefuse) // more than was granted
	for range maxBreaches + 1 {
		_ = control.SendText("nonsense")
	}
	<-closed
}
