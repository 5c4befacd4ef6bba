package session

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"dialtone/diag"
	"dialtone/diag/call"
	"dialtone/diag/peer"
	"dialtone/diag/probe"
	"dialtone/signal"
)

// place runs a session without a network in a bubble, and script beside it. It returns the call, and how long it took.
func place(t *testing.T, o Options, script func(r *rig)) (c *call.Call, took time.Duration) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		r := newRig(o)
		begun, done := time.Now(), make(chan struct{})
		ctx, interrupt := context.WithCancel(t.Context())
		defer interrupt()
		go func() {
			defer close(done)
			r.Run(ctx)
		}()
		synctest.Wait()
		script(r)
		<-done
		took = time.Since(begun)
		if r.peer.locked.Swap(false) {
			time.Sleep(2 * lockTime) // what was left finishes
		}
		var events []diag.Event
		for {
			batch, err := r.log.Next(t.Context())
			if err != nil {
				break
			}
			events = append(events, batch...)
		}
		c = call.Fold(events)
	})
	return c, took
}

// answers acts for a peer that answers the offer, and connects.
func (r *rig) answers() {
	r.channel.paired(signal.RoleOfferer)
	r.channel.in <- description(signal.KindAnswer)
	synctest.Wait()
	r.peer.callbacks.OnState(peer.StateConnected)
	synctest.Wait()
}

// pongs answers the first ping.
func (r *rig) pongs() {
	r.peer.callbacks.OnMessage(diag.LabelPing, true, []byte(`{"pong":0}`))
	synctest.Wait()
}

func (r *rig) opens(label string) {
	r.peer.callbacks.OnOpen(label)
	synctest.Wait()
}

// TestTimes: a session ends when its time is over, and not before.
func TestTimes(t *testing.T) {
	const forTime = 100 * time.Millisecond
	people := signal.Traits{Patience: 10 * time.Minute}
	for name, test := range map[string]struct {
		o      Options
		script func(*rig)
		reason diag.EndReason
		code   string
		want   time.Duration
	}{
		"no peer": {Options{Config: diag.Config{Wait: time.Minute}}, func(*rig) {}, diag.EndNoPeer, "", time.Minute},
		"no description": {Options{}, func(r *rig) {
			r.channel.paired(signal.RoleAnswerer)
		}, diag.EndSignaling, diag.CodeNoDescription, 40 * time.Second},
		"no description from a person": {Options{}, func(r *rig) {
			r.channel.traits = people
			r.channel.paired(signal.RoleOfferer)
		}, diag.EndSignaling, diag.CodeNoDescription, 10*time.Minute + 40*time.Second},
		"a person's answer and no path": {Options{Carry: time.Minute}, func(r *rig) {
			r.channel.traits = people
			r.channel.paired(signal.RoleOfferer)
			time.Sleep(9 * time.Minute)
			r.channel.in <- description(signal.KindAnswer)
		}, diag.EndICE, diag.CodeSetupTimeout, 9*time.Minute + 40*time.Second},
		"a person's offer, an answer on its way": {Options{Carry: time.Minute}, func(r *rig) {
			r.channel.traits = people
			r.channel.paired(signal.RoleAnswerer)
			time.Sleep(9 * time.Minute)
			r.channel.in <- description(signal.KindOffer)
		}, diag.EndICE, diag.CodeSetupTimeout, 10*time.Minute + 40*time.Second},
		"a program's answer and no path": {Options{Setup: 7 * time.Second}, func(r *rig) {
			r.channel.paired(signal.RoleOfferer)
			time.Sleep(5 * time.Second)
			r.channel.in <- description(signal.KindAnswer)
		}, diag.EndICE, diag.CodeSetupTimeout, 7 * time.Second},
		"no handshake": {Options{}, func(r *rig) {
			r.channel.paired(signal.RoleOfferer)
			r.channel.in <- description(signal.KindAnswer)
			synctest.Wait()
			r.phases.Start(diag.PhaseDTLS, "")
		}, diag.EndDTLS, diag.CodeSetupTimeout, 40 * time.Second},
		"left while ICE checks": {Options{}, func(r *rig) {
			r.channel.paired(signal.RoleOfferer)
			r.channel.in <- description(signal.KindAnswer)
			r.channel.in <- signal.Message{Kind: signal.KindBye}
		}, diag.EndPeerLeft, "", 3 * time.Second},
		"for 2 s": {Options{Config: diag.Config{For: 2 * time.Second}}, func(r *rig) { r.answers() }, diag.EndDuration, "", 2 * time.Second},
		"for 2 s, of a peer that dies": {Options{Config: diag.Config{For: 2 * time.Second}}, func(r *rig) {
			r.answers()
			r.peer.mute.Store(true)
			time.Sleep(7*time.Second + signTick/2)
			r.peer.callbacks.OnState(peer.StateDisconnected)
		}, diag.EndPeerLost, "", 7*time.Second + signTick},
		"for 2 s, of a peer that pauses": {Options{Config: diag.Config{For: 2 * time.Second}}, func(r *rig) {
			r.answers()
			r.peer.mute.Store(true)
			time.Sleep(3*time.Second - signTick/2)
			r.peer.mute.Store(false)
		}, diag.EndDuration, "", 3 * time.Second},
		"for a moment, without an echo": {Options{Config: diag.Config{For: forTime}}, func(r *rig) {
			r.answers()
			r.opens(diag.LabelPing)
		}, diag.EndDuration, "", echoTime},
		"for a moment, without a channel": {Options{Config: diag.Config{For: forTime}}, func(r *rig) { r.answers() }, diag.EndDuration, "", 2 * echoTime},
		"for a moment, with a late channel": {Options{Config: diag.Config{For: forTime}}, func(r *rig) {
			r.answers()
			time.Sleep(1900 * time.Millisecond)
			r.opens(diag.LabelPing)
			r.pongs()
		}, diag.EndDuration, "", 1900*time.Millisecond + forTime},
		"for a moment, after a slow setup, without an echo": {Options{Config: diag.Config{For: forTime}}, func(r *rig) {
			r.channel.paired(signal.RoleOfferer)
			time.Sleep(3 * time.Second)
			r.channel.in <- description(signal.KindAnswer)
			synctest.Wait()
			r.peer.callbacks.OnState(peer.StateConnected)
			r.opens(diag.LabelPing)
		}, diag.EndDuration, "", 6 * time.Second},
		"for a moment, with a late echo": {Options{Config: diag.Config{For: forTime}}, func(r *rig) {
			r.answers()
			r.opens(diag.LabelPing)
			time.Sleep(300 * time.Millisecond)
			r.pongs()
		}, diag.EndDuration, "", 300 * time.Millisecond},
		"for a moment, with an echo at once": {Options{Config: diag.Config{For: forTime}}, func(r *rig) {
			r.answers()
			r.opens(diag.LabelPing)
			r.pongs()
		}, diag.EndDuration, "", forTime},
		"for a moment, of media only": {Options{Config: diag.Config{For: forTime, MediaOnly: true}}, func(r *rig) { r.answers() }, diag.EndDuration, "", forTime},
		"for 2 s from the first channel": {Options{Config: diag.Config{For: 2 * time.Second}}, func(r *rig) {
			r.answers()
			time.Sleep(time.Second)
			r.opens(diag.LabelPing)
			r.pongs()
			time.Sleep(time.Second)
			r.opens(diag.LabelPing) // another one of that name
		}, diag.EndDuration, "", 3 * time.Second},
		"for 2 s, with a channel before the connection": {Options{Config: diag.Config{For: 2 * time.Second}}, func(r *rig) {
			r.opens(diag.LabelPing)
			time.Sleep(time.Second)
			r.answers()
			time.Sleep(time.Second)
			r.opens(diag.LabelPing)
		}, diag.EndDuration, "", 4 * time.Second},
		"a restart without a peer": {Options{Config: diag.Config{Code: "w1"}}, func(r *rig) {
			r.answers()
			r.opens(diag.LabelControl)
			r.peer.callbacks.OnMessage(diag.LabelControl, true, []byte(`{"code":"hello","agent":"dialtone 1","id":"theirs"}`))
			synctest.Wait()
			r.peer.callbacks.OnState(peer.StateICEFailed)
		}, diag.EndPeerLost, diag.CodeNoRedial, time.Minute},
		"silence, with a person's patience": {Options{Carry: time.Hour}, func(r *rig) {
			r.answers()
			r.peer.callbacks.OnState(peer.StateDisconnected)
		}, diag.EndPeerLost, "", patientAfter},
	} {
		t.Run(name, func(t *testing.T) {
			c, took := place(t, test.o, test.script)
			if c.Ended == nil || c.Ended.Reason != test.reason || c.Ended.Code != test.code || took != test.want {
				t.Errorf("after %s: %+v, want %s %s after %s", took, c.Ended, test.reason, test.code, test.want)
			}
		})
	}
}

// TestCarry: the agent waits for a person's way, while checks are not answered.
func TestCarry(t *testing.T) {
	for _, carry := range []time.Duration{0, time.Hour} {
		o := newRig(Options{Carry: carry, Timeouts: peer.Timeouts{Failed: time.Second, LastPair: time.Second}}).peerOptions()
		if want := max(carry, time.Second); o.Timeouts.Failed != want || o.Timeouts.LastPair != want {
			t.Errorf("%+v, want %s", o.Timeouts, want)
		}
	}
}

// TestLinger: a room is left when late candidates have had their time; a lasting exchange is kept.
func TestLinger(t *testing.T) {
	for _, lasts := range []bool{false, true} {
		place(t, Options{}, func(r *rig) {
			r.channel.traits.Lasting = lasts
			r.answers()
			time.Sleep(5*time.Second - time.Nanosecond)
			synctest.Wait()
			before := slices.Contains(r.take(), "channel closes")
			time.Sleep(time.Nanosecond)
			synctest.Wait()
			if after := slices.Contains(r.take(), "channel closes"); before || after == lasts {
				t.Errorf("lasting %t: closed before 5 s: %t, then: %t", lasts, before, after)
			}
			r.Hangup()
		})
	}
}

// TestLastingExchange: its end in order is that of the call, and anything else is not.
func TestLastingExchange(t *testing.T) {
	for _, lasts := range []bool{false, true} {
		c, took := place(t, Options{Config: diag.Config{For: 2 * time.Second}}, func(r *rig) {
			r.channel.traits.Lasting = lasts
			r.answers()
			r.channel.in <- signal.Message{Kind: signal.KindBye}
		})
		if (c.Ended.Reason == diag.EndPeerHangup) != lasts || (took == 0) != lasts {
			t.Errorf("lasting %t: %+v after %s", lasts, c.Ended, took)
		}
	}
}

// TestWholeDescription: it is sent when gathering is over, or when that takes too long.
func TestWholeDescription(t *testing.T) {
	for name, gathers := range map[string]time.Duration{"in time": time.Second, "too long": time.Minute} {
		place(t, Options{}, func(r *rig) {
			r.channel.traits.Whole = true
			r.peer.gathering.Store(true)
			r.channel.paired(signal.RoleOfferer)
			time.AfterFunc(gathers, func() {
				r.peer.gathering.Store(false)
				r.peer.callbacks.OnGathered()
			})
			synctest.Wait()
			r.peer.callbacks.OnCandidate(peer.Candidate{}) // the description carries it
			time.Sleep(min(gathers, gatherTime) - time.Nanosecond)
			synctest.Wait()
			before := r.take()
			time.Sleep(time.Nanosecond)
			synctest.Wait()
			if diff := cmp.Diff([]string{"signal offer"}, r.take()); diff != "" || !slices.Equal(before, []string{"dial", "peer offer"}) {
				t.Errorf("%s: before %q, then %s", name, before, diff)
			}
			r.Hangup()
		})
	}
}

// TestLateDial: a channel that comes when the call has ended is closed.
func TestLateDial(t *testing.T) {
	actions := &actions{}
	begun := make(chan struct{})
	c, _ := place(t, Options{Dial: func(ctx context.Context, _ func(diag.SignalRequest)) (signal.Channel, error) {
		close(begun)
		<-ctx.Done()
		return newChannel(actions), nil
	}}, func(r *rig) {
		<-begun
		r.Hangup()
	})
	if got := actions.take(); c.Ended.Reason != diag.EndHangup || len(got) != 1 {
		t.Errorf("%+v, %q", c.Ended, got)
	}
}

// TestDialedInTheEnd: so is one that has come by then.
func TestDialedInTheEnd(t *testing.T) {
	r := newRig(Options{})
	r.in(over)
	r.inbox.put(input{kind: inDialed, channel: r.channel})
	r.finish()
	if got := r.take(); !slices.Contains(got, "channel closes") {
		t.Errorf("%q", got)
	}
}

// TestDialedTwice: a dial that another one has replaced comes to nothing.
func TestDialedTwice(t *testing.T) {
	var used, replaced *fakeChannel
	dials := 0
	c, _ := place(t, Options{Dial: func(ctx context.Context, _ func(diag.SignalRequest)) (signal.Channel, error) {
		switch dials++; dials {
		case 1:
			used = newChannel(&actions{})
			return used, nil
		case 2:
			<-ctx.Done()
			replaced = newChannel(&actions{})
			return replaced, nil
		}
		<-ctx.Done()
		return nil, ctx.Err()
	}}, func(r *rig) {
		r.channel = used
		r.answers()
		r.peer.callbacks.OnMessage(diag.LabelControl, true, []byte(`{"code":"hello","agent":"dialtone 1","id":"theirs"}`))
		r.peer.callbacks.OnMessage(diag.LabelControl, true, []byte(`{"code":"restart"}`))
		synctest.Wait()
		r.peer.callbacks.OnState(peer.StateICEFailed)
		synctest.Wait()
		r.Hangup()
	})
	if got := replaced.take(); dials != 3 || c.Restarts != 2 || !slices.Equal(got, []string{"channel closes"}) || c.Signal.State != diag.SignalConnected {
		t.Errorf("%d dials, %d restarts, signaling %s: %q", dials, c.Restarts, c.Signal.State, got)
	}
}

// TestRestartKeepsTheExchange: the time of the room does not end during a restart in band.
func TestRestartKeepsTheExchange(t *testing.T) {
	place(t, Options{}, func(r *rig) {
		r.channel.traits.Restarts = true
		r.answers()
		time.Sleep(4 * time.Second)
		_ = r.RestartICE()
		time.Sleep(4 * time.Second)
		synctest.Wait()
		if got := r.take(); slices.Contains(got, "channel closes") || !slices.Contains(got, "peer restarts") {
			t.Errorf("%q", got)
		}
		r.Hangup()
	})
}

// TestLateNews: what an exchange says that was given up is not heard.
func TestLateNews(t *testing.T) {
	r := newRig(Options{})
	r.in(waiting)
	r.inbox.put(input{kind: inGoodbye, via: &exchange{}})
	r.step(t.Context())
	if r.state != waiting {
		t.Errorf("%s", stateNames[r.state])
	}
}

// TestLostMessages: a lost description ends the exchange, a lost candidate does not.
func TestLostMessages(t *testing.T) {
	for _, test := range []struct {
		message signal.Kind
		err     error
		want    kind
	}{
		{signal.KindOffer, errors.New("HTTP 500"), inSignalingLost},
		{signal.KindOffer, signal.ErrPeerGone, inGoodbye},
		{signal.KindCandidate, errors.New("HTTP 500"), inCandidateLost},
		{signal.KindCandidate, signal.ErrClosed, 0},
	} {
		channel, inbox := newChannel(&actions{}), newMailbox()
		channel.fails = test.err
		x := &exchange{channel: channel, outbox: make(chan signal.Message, 2)}
		ctx, cancel := context.WithCancel(t.Context())
		x.outbox <- signal.Message{Kind: test.message}
		done := make(chan struct{})
		go func() {
			defer close(done)
			x.send(ctx, inbox)
		}()
		if test.want != 0 {
			<-inbox.ready
		} else {
			for len(channel.copy()) == 0 {
				time.Sleep(time.Millisecond) // until it was sent
			}
		}
		cancel()
		<-done
		got := inbox.drain()
		if len(got) > 1 || len(got) == 1 && (got[0].kind != test.want || got[0].via != x) || len(got) == 0 && test.want != 0 {
			t.Errorf("%s, %v: %+v", test.message, test.err, got)
		}
	}
}

// TestProbesWait: a probe of a TURN server lets the agent go first, for a bounded time.
func TestProbesWait(t *testing.T) {
	const url, beginTime, agentTime = "turn:192.0.2.1", 100 * time.Millisecond, time.Second
	for name, test := range map[string]struct {
		script func(*probing)
		want   time.Duration
	}{
		"no call":      {func(*probing) {}, beginTime},
		"busy agent":   {func(p *probing) { p.begun.open() }, agentTime},
		"begins later": {func(p *probing) { time.Sleep(beginTime / 2); p.begun.open() }, beginTime/2 + agentTime},
		"settled":      {func(p *probing) { p.begun.open(); time.Sleep(time.Millisecond); p.settled.open(); p.settled.open() }, time.Millisecond},
		"unserved":     {func(p *probing) { p.begun.open(); time.Sleep(time.Millisecond); p.unserved[url].open() }, time.Millisecond},
		"another one":  {func(p *probing) { p.begun.open(); p.unserved["turn:192.0.2.2"].open() }, agentTime},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := newProbing([]diag.ICEServerAuth{{URL: url}}, agentTime)
				begun := time.Now()
				go test.script(p)
				p.wait(t.Context(), url)
				if took := time.Since(begun); took != test.want {
					t.Errorf("%s, want %s", took, test.want)
				}
			})
		})
	}
}

// TestPings: round trips are measured, pings of the peer answered, and the first answer is reported.
func TestPings(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var sent []string
		var events []diag.Data
		var full error
		heard := 0
		p := &pinger{heard: func() { heard++ }, emit: func(d diag.Data) { events = append(events, d) }, send: func(data []byte) error {
			if full == nil {
				sent = append(sent, string(data))
			}
			return full
		}}
		p.ping()
		time.Sleep(20 * time.Millisecond)
		for _, s := range []string{`{"pong":7}`, `{"pong":0}`, `{"pong":0}`, `{"ping":5}`, `{"ping":`, `{}`, strings.Repeat(" ", 256) + `{"ping":6}`} {
			p.receive([]byte(s))
		}
		p.ping()
		p.receive([]byte(`{"pong":1}`))
		full = peer.ErrNoChannel
		p.ping()
		full = peer.ErrChannelFull
		p.ping()
		if diff := cmp.Diff([]string{`{"ping":0}`, `{"pong":5}`, `{"ping":1}`}, sent); diff != "" {
			t.Error(diff)
		}
		want := []diag.Data{diag.Ping{RTTMs: diag.Millis(20 * time.Millisecond)}, diag.Ping{}, diag.Warning{ID: "channel.full", Subject: diag.LabelPing}}
		if diff := cmp.Diff(want, events); diff != "" || heard != 1 {
			t.Errorf("%s, heard %d times", diff, heard)
		}
		full = nil
		for range maxPings + 1 {
			p.ping()
		}
		if len(p.sent) > maxPings {
			t.Errorf("%d pings are waited for", len(p.sent))
		}
	})
}

// TestPeerStats: what is wrong with the peer's statistics is reported once each.
func TestPeerStats(t *testing.T) {
	var got []diag.Type
	p := &peerStats{counts: func() []diag.StreamCount { return nil }, emit: func(d diag.Data) {
		got = append(got, diag.TypeOf(d))
	}}
	good := []byte(`{"type":"stats","at":1}`)
	p.receive(true, good, true)
	p.receive(false, good, true)
	p.receive(true, []byte(`{"type":"later"}`), true)
	p.receive(true, []byte("?"), true)
	p.receive(true, good, false)
	p.receive(true, good, false)
	if diff := cmp.Diff([]diag.Type{"stats.remote", "warning", "warning"}, got); diff != "" {
		t.Error(diff)
	}
}

// TestStatsOf: the peer gets the names that it expects, of a bounded number of streams, and 0 where 0 was counted.
func TestStatsOf(t *testing.T) {
	sample := diag.Sample{Inbound: make([]diag.InboundRTP, maxStreams+1), Outbound: []diag.OutboundRTP{{
		Kind: "video", SSRC: 9, PacketsSent: new(uint64(3)),
		Remote: &diag.RemoteInbound{PacketsLost: new(int64(2)), RoundTripTime: new(0.5)},
	}}, Pair: &diag.Pair{BytesSent: 7}}
	for i := range sample.Inbound {
		sample.Inbound[i].Kind = "audio"
	}
	m := statsOf(sample, time.UnixMilli(5))
	raw, err := json.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	got, err := parseStats(raw)
	want := []diag.OutboundRTP{{
		Kind: "video", SSRC: 9, PacketsSent: new(uint64(3)),
		Remote: &diag.RemoteInbound{PacketsLost: new(int64(2)), RoundTripTime: new(0.5)},
	}}
	if diff := cmp.Diff(want, got.Outbound); diff != "" || err != nil || len(got.Inbound) != maxStreams || *got.Pair.BytesSent != 7 || got.Timestamp != 5 {
		t.Errorf("%v %s %+v", err, diff, got)
	}
}

// TestDiagnosedOnce: a network that is known is not asked again when there is no path.
func TestDiagnosedOnce(t *testing.T) {
	r := newRig(Options{Explain: time.Second, Config: diag.Config{ICEServers: []diag.ICEServerAuth{{URL: "stun:192.0.2.1"}}}})
	r.in(checking)
	r.probes.left = 0
	asked := 0
	r.diagnosis.begin = func(probe.Inquiry) func(context.Context) error {
		asked++
		return func(context.Context) error { return nil }
	}
	r.diagnose(diag.BecauseAsked, 0)
	r.wg.Wait()
	r.step(t.Context())
	r.handle(input{kind: inPathFailed})
	if asked != 1 || r.state != over || r.end.reason != diag.EndICE {
		t.Errorf("asked %d times, %s", asked, stateNames[r.state])
	}
}

// TestDiagnosisInTime: it gets the time that it may take, one runs at a time, and its end is reported.
func TestDiagnosisInTime(t *testing.T) {
	const limit = 3 * time.Second
	synctest.Test(t, func(t *testing.T) {
		r := newRig(Options{Explain: limit, Config: diag.Config{ICEServers: []diag.ICEServerAuth{{URL: "stun:192.0.2.1"}, {URL: "no:server"}}}})
		r.in(checking)
		r.probes.left = 0
		var budget time.Duration
		r.diagnosis.begin = func(q probe.Inquiry) func(context.Context) error {
			budget = q.Budget
			return func(ctx context.Context) error {
				ctx, cancel := context.WithTimeout(ctx, q.Limit)
				defer cancel()
				<-ctx.Done()
				return ctx.Err()
			}
		}
		begun := time.Now()
		r.handle(input{kind: inPathFailed})
		if err := r.Diagnose(); err != nil {
			t.Fatal(err)
		}
		for r.state != over {
			r.step(t.Context())
		}
		if took := time.Since(begun); took != limit || budget != limit*2/3 {
			t.Errorf("%s, with a budget of %s", took, budget)
		}
		r.events(t)
		if got := r.take(); !slices.Contains(got, "warning diagnosis.in_progress") {
			t.Errorf("%q", got)
		}
	})
}
