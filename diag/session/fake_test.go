package session

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/netip"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"dialtone/diag"
	"dialtone/diag/feed"
	"dialtone/diag/peer"
	"dialtone/signal"
)

// actions collects what a session does, from any goroutine.
type actions struct {
	mu   sync.Mutex
	list []string
}

func (a *actions) add(format string, args ...any) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.list = append(a.list, fmt.Sprintf(format, args...))
}

// take returns what has been collected, sorted, since goroutines add in any order.
func (a *actions) take() []string {
	a.mu.Lock()
	defer a.mu.Unlock()
	list := a.list
	a.list = nil
	slices.Sort(list)
	return list
}

// fakePeer is a peer connection that only notes what it should do.
type fakePeer struct {
	*actions
	callbacks peer.Options
	err       error // of offers, answers and candidates
	full      error // of Send
	gathering atomic.Bool
	base      netip.Addr
	pongs     atomic.Bool // pings are answered
	locked    atomic.Bool // it returns only long after
	mute      atomic.Bool // nothing comes from it
	heard     atomic.Uint64
	deaf      bool // nothing that is sent is acknowledged
}

// lockTime is how long a locked peer takes for anything.
const lockTime = time.Hour

func (p *fakePeer) lock() {
	if p.locked.Load() {
		time.Sleep(lockTime)
	}
}

func (*fakePeer) Connection() *peer.Connection { return nil }

func (p *fakePeer) describe(kind string) (peer.Description, error) {
	p.add("peer %s", kind)
	return peer.Description{Type: kind, SDP: "v=0"}, p.err
}

func (p *fakePeer) Offer(restart bool) (peer.Description, error) {
	if restart {
		p.add("peer restarts")
	}
	return p.describe("offer")
}
func (p *fakePeer) Answer(peer.Description) (peer.Description, error) { return p.describe("answer") }
func (p *fakePeer) SetAnswer(peer.Description) error {
	p.add("peer accepts")
	return p.err
}
func (p *fakePeer) Local() peer.Description             { return peer.Description{Type: "offer", SDP: "whole"} }
func (p *fakePeer) Gathered() bool                      { return !p.gathering.Load() }
func (p *fakePeer) Candidates() int                     { return 0 }
func (p *fakePeer) Certificate() *peer.Certificate      { return nil }
func (p *fakePeer) AddCandidate(peer.Candidate)         { p.add("peer candidate") }
func (p *fakePeer) ServerProbed(diag.Server)            {}
func (p *fakePeer) UseServers([]diag.ICEServerAuth)     { p.add("servers") }
func (p *fakePeer) Path() (local, remote, proto string) { return "host", "host", "udp" }
func (p *fakePeer) Base() netip.Addr                    { return p.base }
func (p *fakePeer) Waiting(string) uint64               { return 0 }
func (p *fakePeer) Flush(context.Context, string) bool  { return !p.deaf }
func (p *fakePeer) Mute(kind string, muted bool) bool {
	p.add("peer mutes %s %t", kind, muted)
	return true
}
func (p *fakePeer) RemoteMuted(kind string, muted bool) { p.add("peer muted %s %t", kind, muted) }
func (p *fakePeer) RequestKeyFrames()                   { p.add("key frames requested") }
func (p *fakePeer) Counts() []diag.StreamCount          { return nil }
func (p *fakePeer) Heard() uint64 {
	if p.mute.Load() {
		return 1
	}
	return p.heard.Add(2)
}
func (p *fakePeer) Ending() {}

func (p *fakePeer) Sample(final bool) diag.Sample {
	p.lock()
	return diag.Sample{Final: final}
}

func (p *fakePeer) Send(label string, _ bool, data []byte) error {
	p.lock()
	if label == diag.LabelPing && p.pongs.Load() {
		go p.callbacks.OnMessage(label, true, bytes.Replace(data, []byte("ping"), []byte("pong"), 1))
	}
	if p.full == nil {
		p.add("peer sends %s", data)
	}
	return p.full
}

func (p *fakePeer) Close() error {
	p.add("peer closes")
	return nil
}

// fakeChannel is a signaling channel: it delivers what is put into it.
type fakeChannel struct {
	*actions
	traits signal.Traits
	in     chan signal.Message
	fails  error // of Send
}

func newChannel(a *actions) *fakeChannel {
	return &fakeChannel{actions: a, in: make(chan signal.Message, 16)}
}

func (c *fakeChannel) Traits() signal.Traits { return c.traits }

func (c *fakeChannel) Send(_ context.Context, m signal.Message) error {
	c.add("signal %s", m.Kind)
	return c.fails
}

func (c *fakeChannel) Receive(ctx context.Context) (signal.Message, error) {
	select {
	case m := <-c.in:
		return m, nil
	case <-ctx.Done():
		return signal.Message{}, ctx.Err()
	}
}

func (c *fakeChannel) Close(ctx context.Context) error {
	if name, over := signal.CallOf(ctx); over {
		c.add("channel hangs up %s", name)
	}
	c.add("channel closes")
	return nil
}

func (c *fakeChannel) paired(role signal.Role) {
	c.in <- signal.Message{Kind: signal.KindPaired, Role: role}
}

func description(kind signal.Kind) signal.Message {
	return signal.Message{Kind: kind, Description: &signal.Description{Type: kind.String(), SDP: "v=0"}}
}

// description is one of the peer.
func (r *rig) description(kind signal.Kind) signal.Message {
	m := description(kind)
	if r.sdp != "" {
		m.Description.SDP = r.sdp
	}
	return m
}

// rig is a session without a network.
type rig struct {
	*Session
	*actions
	peer    *fakePeer
	sdp     string // of the peer's descriptions
	channel *fakeChannel
	dialed  bool // channel is in use
	log     *feed.Reader
	ending  bool // what is cancelled from now on is of the test

	part  signal.Role // of the next inPaired
	cause error       // of the next input that has one
}

func newRig(o Options) *rig {
	r := &rig{actions: &actions{}, part: signal.RoleAnswerer, cause: io.ErrUnexpectedEOF}
	r.channel = newChannel(r.actions)
	o.Feed, o.Config.LoopbackOnly = feed.New(time.Now), true
	r.log = o.Feed.Reader()
	if o.Dial == nil {
		o.Dial = func(ctx context.Context, _ func(diag.SignalRequest)) (signal.Channel, error) {
			if name, over := signal.CallOf(ctx); over {
				r.add("hangs up %s", name)
				return nil, signal.ErrHungUp
			}
			r.add("dial")
			if r.dialed {
				return newChannel(&actions{}), nil
			}
			r.dialed = true
			return r.channel, nil
		}
	}
	r.Session = New(o)
	r.newPeer = func(o peer.Options) (connection, error) {
		r.peer = &fakePeer{actions: r.actions, callbacks: o}
		return r.peer, nil
	}
	return r
}

// events adds what the log holds to the actions.
func (r *rig) events(t *testing.T) {
	t.Helper()
	for {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		batch, err := r.log.Next(ctx)
		if err != nil {
			return
		}
		for _, e := range batch {
			switch d := e.Data.(type) {
			case diag.SignalState:
				r.add("state %s", d.State)
			case diag.Warning:
				r.add("warning %s", d.ID)
			case diag.Restart:
				r.add("restart %s %s", d.By, d.Reason)
			case diag.PhaseEnd:
				r.add("end of %s: %s", d.Phase, d.Outcome)
			}
		}
	}
}

// copy returns what has been collected until now.
func (a *actions) copy() []string {
	a.mu.Lock()
	defer a.mu.Unlock()
	return slices.Clone(a.list)
}
