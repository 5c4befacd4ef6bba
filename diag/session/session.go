package session

import (
	"cmp"
	"context"
	"crypto/rand"
	"crypto/tls"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/time/rate"

	"dialtone/diag"
	"dialtone/diag/feed"
	"dialtone/diag/guard"
	"dialtone/diag/impair"
	"dialtone/diag/peer"
	"dialtone/diag/reach"
	"dialtone/diag/speed/transfer"
	"dialtone/signal"
)

// Dialer opens the signaling of a call; observe gets each request.
type Dialer func(ctx context.Context, observe func(diag.SignalRequest)) (signal.Channel, error)

// Options of a session. Config, Feed and Dial are needed.
type Options struct {
	Config   diag.Config
	Feed     *feed.Feed
	Dial     Dialer
	TLS      *tls.Config    // for turns: and stuns: servers; nil: the system's authorities
	Proxies  *reach.Proxies // for TURN over TCP and TLS; nil: none
	Greeting string         // sent on the chat channel when it opens; empty: nothing
	Notes    []diag.Warning // what is known before the call begins
	Timeouts peer.Timeouts  // zero values: the defaults
	Net      peer.Net       // nil: the operating system's network
	Flow     peer.Flow      // which way media goes; zero: as Config.Way says
	Clips    peer.Clips     // what is sent instead of clips of the program
	// Certificate is shown in the DTLS handshake; nil: one of this call's own.
	Certificate *peer.Certificate
	// OneOfMany makes the call cheap: it decodes no media, is judged by packets and frames, and does not exchange
	// statistics or chat.
	OneOfMany bool
	Limiter   *guard.Limiter // what hosts that do not answer may be sent; nil: one of this call's own
	Setup     time.Duration  // bounds the time from the pairing to the connection; 0: 40 s
	// Redial is how long both peers dial again after the path is lost; 0: 60 s, negative: not at all.
	Redial time.Duration
	// Watch observes this machine until the context ends, as watch.Machine does; nil: nothing is observed.
	Watch  func(ctx context.Context, report func(diag.Data))
	Linger time.Duration // how long a connected call keeps its room, for late candidates; 0: 5 s
	Probes time.Duration // how long a call without a path waits for probes of ICE servers; 0: 2 s
	Yield  time.Duration // how long a probe of a TURN server waits for the call's own allocation there; 0: 1 s
	// Carry is how long the peer may take to begin after the local answer, if a person carries it; 0: no longer than a
	// program.
	Carry time.Duration
	// StressUnit is the unit of time of a stress test, if Config asks for one; 0: a second.
	StressUnit time.Duration
	// Explain is how long a call without a path asks its ICE servers what the network does; 0: not at all.
	Explain time.Duration
}

// Session is one call. Make it with New, run it once with Run.
type Session struct {
	o         Options
	phases    *diag.Phases
	inbox     *mailbox
	flood     *flood
	pings     *pinger
	peerStats *peerStats
	// negotiations bounds those that the peer begins.
	negotiations *rate.Limiter
	probes       *probing
	newPeer      func(peer.Options) (connection, error)
	wg           sync.WaitGroup
	pulse        pulse

	shared   atomic.Pointer[connection] // peer, for other goroutines
	replaced atomic.Int32               // how often peer was

	// Changed by the goroutine of Run only, and used by it.
	state     state
	deadlines *deadlines
	peer      connection // nil: it could not be made
	fresh     bool       // peer has replaced one that was connected, and has not connected
	described described
	own       string             // fingerprint of the own certificate, of all connections; "" if it is not known yet
	exchange  *exchange          // nil: no signaling is open
	stopDial  context.CancelFunc // nil before the first dial
	role      signal.Role        // of the first negotiation
	paired    time.Time          // when the last negotiation with a peer began
	setupBy   time.Time          // when a call that is being set up should be connected
	held      hold
	impaired  *impair.Net // nil: the network is used as it is
	evidence  evidence
	stressed  gate // the call is connected: a stress test begins
	speed     *transfer.Endpoint
	measuring gate // the call is connected: a measurement of throughput begins
	remote    remote
	muted     map[string]bool // kinds of media that this side does not send for now
	diagnosis diagnosis
	end       ending
	redial    redial
	offline   bool        // this machine has no network
	id        string      // in the hello
	echoing   atomic.Bool // the hello came back: the peer echoes what it gets
}

// hold is from when a call's time counts.
type hold struct {
	since    time.Time // connected; and then anew, once: its channels are open. Zero: it was never connected
	open     bool
	greeted  bool   // the greeting was sent
	echoed   bool   // a ping was answered
	heard    uint64 // what had come from the peer at the last sample
	stressed bool   // all steps of the stress test are over
	measured bool   // the measurement of throughput is over
}

// remote is what the peer's hello says.
type remote struct {
	agent    string // empty before the hello
	restarts bool   // it dials again for an ICE restart
	stats    bool   // it reads statistics
}

// patientSetup bounds the setup of a call that waits for a path as long as RFC 8863 asks for.
const patientSetup = diag.PatientTime + 20*time.Second

// New prepares a session; nothing happens before Run.
func New(o Options) *Session {
	if o.Setup == 0 && o.Config.Patient {
		o.Setup = patientSetup
	}
	for d, preset := range map[*time.Duration]time.Duration{
		&o.Setup: 40 * time.Second, &o.Redial: time.Minute,
		&o.Linger: 5 * time.Second, &o.Probes: 2 * time.Second, &o.Yield: time.Second,
		&o.StressUnit: impair.Unit,
	} {
		if *d == 0 {
			*d = preset
		}
	}
	o.Limiter = cmp.Or(o.Limiter, &guard.Limiter{})
	s := &Session{
		o: o, id: rand.Text(), state: dialing, inbox: newMailbox(), flood: newFlood(time.Now), deadlines: newDeadlines(),
		stressed: make(gate), measuring: make(gate), probes: newProbing(o.Config.ICEServers, o.Yield),
		negotiations: newNegotiations(),
		diagnosis:    diagnosis{begin: beginDiagnosis},
		newPeer:      func(o peer.Options) (connection, error) { return peer.New(o) },
		muted:        map[string]bool{},
	}
	s.phases = diag.NewPhases(s.phase)
	s.speed = transfer.New(transfer.Options{Emit: o.Feed.Append, Serve: o.Config.ServeSpeed})
	s.pings = &pinger{
		emit: o.Feed.Append, heard: func() { s.do(s.echoed) },
		send: func(data []byte) error { return (*s.shared.Load()).Send(diag.LabelPing, true, data) },
	}
	s.peerStats = &peerStats{emit: o.Feed.Append, counts: func() []diag.StreamCount { return (*s.shared.Load()).Counts() }}
	return s
}

// phase passes on the events of phases. The beginning of the handshake is an input, too.
func (s *Session) phase(d diag.Data) {
	s.o.Feed.Append(d)
	if d == (diag.PhaseStart{Phase: diag.PhaseDTLS}) {
		s.inbox.put(input{kind: inSecuring})
	}
}

// do runs work on the goroutine of Run.
func (s *Session) do(job func()) { s.inbox.put(input{job: job}) }

// Run places the call and returns when it is over and everything is closed; somewhat earlier call.ended is in the feed
// and the feed is closed. A call that gets stuck ends within half a minute, and what cannot be closed is left. The end
// of ctx is an interruption. How the call went is in the feed, not in a return value: fold it and ask the judge.
func (s *Session) Run(ctx context.Context) {
	start := s.o.Config.Start(s.o.Feed.Start())
	if start.Media {
		names := s.peerOptions().CodecNames()
		start.AudioCodecs, start.VideoCodecs = names["audio"], names["video"]
	}
	s.o.Feed.Append(start)
	for _, note := range s.o.Notes {
		s.o.Feed.Append(note)
	}
	s.attend(ctx)
	if s.peer != nil {
		// pion waits 0.4 s for an association that the peer has closed, which the verdict need not wait for. What fails
		// while closing concerns no one.
		_ = s.peer.Close()
	}
}

// begin makes the peer connection, probes the ICE servers and dials.
func (s *Session) begin(ctx context.Context) {
	s.evidence.open(s.o.Config, s.o.Feed.Append)
	err := s.impair(ctx)
	var p connection
	if err == nil {
		p, err = s.newPeer(s.peerOptions())
	}
	if err != nil {
		s.handle(input{kind: inNegotiationFailed, err: internal(err)})
		return
	}
	s.use(p)
	servers := s.o.Config.ICEServers
	s.wg.Go(func() { s.probeServers(ctx, servers) })
	if s.o.Config.Speed != nil {
		s.wg.Go(func() { s.measure(ctx) })
	}
	if s.o.Watch != nil {
		s.wg.Go(func() { s.o.Watch(ctx, s.machineChanged) })
	}
	s.phases.Start(diag.PhaseDial, "")
	s.o.Feed.Append(diag.SignalState{State: diag.SignalDialing})
	s.dial(0)
}

// step waits for what happens next and works it off.
func (s *Session) step(ctx context.Context) {
	select {
	case <-ctx.Done():
		s.pulse.during(func() { s.handle(input{kind: inInterrupt}) })
	case <-s.inbox.ready:
		for _, in := range s.inbox.drain() {
			s.pulse.during(func() { s.workOff(in) })
		}
	case <-s.deadlines.timer.C:
		for _, name := range s.deadlines.passed() {
			s.pulse.during(func() { s.due(name) })
		}
	}
}

func (s *Session) workOff(in input) {
	switch {
	case in.via != nil && in.via != s.exchange: // of an exchange that was given up
	case in.job == nil:
		s.handle(in)
	case s.state != over:
		in.job()
	}
}

func (s *Session) due(name due) {
	switch name {
	case dueState:
		in := input{kind: inDeadline}
		if s.state == redialing {
			in.err = s.redial.err
		}
		s.handle(in)
	case dueHold:
		s.endHold()
	case dueSample:
		s.deadlines.in(dueSample, time.Second)
		s.held.heard = s.peer.Heard()
		s.sample(false)
		s.pings.ping()
		for _, d := range s.flood.sum() {
			s.o.Feed.Append(d)
		}
	case dueLinger:
		if !s.traits().Lasting {
			s.leave()
		}
	case dueGather:
		s.sendWhole(true)
	case dueQuiet:
		s.listen()
	case dueRedial:
		s.redialNow()
	case dues:
	}
}

const (
	// graceTime is how long a path may still be found after the signaling ended.
	graceTime = 3 * time.Second
	// lostAfter is how long a path may stay silent after ICE called it disconnected, which takes 5–7 s: a peer that was
	// killed is noticed within 10 s. The path may still come back.
	lostAfter = 2500 * time.Millisecond
	// patientAfter is the same for a call that nothing else could bring back.
	patientAfter = 10 * time.Second
)

// limit is when the state has lasted as long as it may; zero: never.
func (s *Session) limit() time.Time {
	after := time.Duration(0)
	switch s.state {
	case waiting:
		after = s.o.Config.Wait
	case negotiating, checking, securing:
		return s.setupBy
	case detached:
		after = graceTime
	case silent:
		switch {
		case s.o.Redial < 0, restartsInBand(s, input{}), redials(s, input{}):
			after = lostAfter
		case s.o.Carry > 0, s.o.Config.Patient:
			after = patientAfter
		}
	case restarting:
		after = attemptTime
	case redialing:
		return s.redial.until
	case explaining:
		after = s.o.Probes
	case dialing, connected, over:
	}
	if after == 0 {
		return time.Time{}
	}
	return time.Now().Add(after)
}

// A call that is held for less waits this long for the answer to its first ping, or as long as its setup took: where
// that was slow, by the path or by the machine, the answer is as well. The channel of the ping may take twice as long:
// one lost packet of the handshake of SCTP takes more than a second (RFC 9260 §16).
const (
	echoTime    = time.Second
	maxEchoTime = 5 * time.Second
)

// setHold sets when the call has lasted as long as it should.
func (s *Session) setHold() {
	d := s.o.Config.For
	if d == 0 || s.held.since.IsZero() || s.o.Config.Stress && !s.held.stressed ||
		s.o.Config.Speed != nil && !s.held.measured {
		return
	}
	if !s.o.Config.MediaOnly && !s.held.echoed {
		patience := max(echoTime, s.held.since.Sub(s.paired))
		if !s.held.open {
			patience *= 2
		}
		d = max(d, min(patience, maxEchoTime))
	}
	s.deadlines.set(dueHold, s.held.since.Add(d))
}

// signTick is how often a call that has lasted as long as it should looks for a sign of the peer.
const signTick = 100 * time.Millisecond

// endHold ends a call that has lasted as long as it should, once something has come from the peer since the last
// sample: a peer that died in the last seconds is not taken for one that was there to the end. Silence ends the call,
// too.
func (s *Session) endHold() {
	if s.state == connected && s.peer.Heard() == s.held.heard {
		s.deadlines.in(dueHold, signTick)
		return
	}
	s.handle(input{kind: inHeld})
}

func (s *Session) echoed() {
	s.held.echoed = true
	s.setHold()
}

// goodbyeTime bounds how long the server is informed of the end.
const goodbyeTime = 500 * time.Millisecond

// finish takes the last sample, says goodbye, and records the end.
func (s *Session) finish() {
	if s.stopDial != nil {
		s.stopDial()
	}
	s.diagnosis.cancel()
	s.speed.Close()
	if s.held.since.IsZero() {
		s.countImpaired(true)
	} else {
		s.sample(true)
		if s.end.by == diag.ByLocal {
			s.peer.Ending()
			s.sayGoodbye()
		}
	}
	if s.peer != nil {
		s.peer.Ending()
	}
	s.leave()
	s.wg.Wait()
	for _, in := range s.inbox.drain() {
		if in.kind == inDialed {
			hangUp(in.channel)
		}
	}
	s.phases.Cancel()
	s.evidence.close(s.o.Feed.Append)
	e := diag.CallEnded{Reason: s.end.reason, By: s.end.by, Cause: cause(s.end.err), Code: s.end.code}
	e.Signal = FailureOf(s.end.err)
	s.o.Feed.End(e)
}

// flush waits, for a bounded time, until the peer has what was sent on the control channel, and reports false if
// it has not.
func (s *Session) flush() bool {
	ctx, cancel := context.WithTimeout(context.Background(), hangupTime)
	defer cancel()
	return s.peer.Flush(ctx, diag.LabelControl)
}

// cause is the text of an error for an event.
func cause(err error) string {
	if err == nil {
		return ""
	}
	return diag.Clean(err.Error(), 400)
}

// warn makes the action that records a warning about an input.
func warn(id string) func(*Session, input) input {
	return func(s *Session, in input) input {
		s.o.Feed.Append(diag.Warning{ID: id, Cause: cause(in.err)})
		return input{}
	}
}
