package session

import (
	"context"
	"crypto/tls"
	"errors"
	"sync"
	"time"

	"dialtone/diag"
	"dialtone/diag/feed"
	"dialtone/diag/peer"
	"dialtone/signal"
)

// Dialer opens the signaling of a call; observe is told about each request.
type Dialer func(ctx context.Context, observe func(diag.SignalRequest)) (signal.Channel, error)

// Options of a session. Config, Feed and Dial are needed.
type Options struct {
	Config   diag.Config
	Feed     *feed.Feed
	Dial     Dialer
	TLS      *tls.Config   // for turns: and stuns: servers; nil: the system's authorities
	Greeting string        // said on the chat channel when it opens; empty: nothing
	Timeouts peer.Timeouts // zero values: the defaults
	Net      peer.Net      // nil: the operating system's network
	Flow     peer.Flow     // which way media goes; zero: both ways
	// SetUp bounds the time from the pairing to the connection; 0: 40 s.
	SetUp time.Duration
	// Redial bounds how long a lost peer is waited for on a new room; 0: 10 s.
	Redial time.Duration
	// Linger is how long the room is kept after the connection is up, for late candidates; 0: 5 s.
	Linger time.Duration
	// Carry is how long the other party may take to begin after our answer, where a person carries that; 0: no longer than
	// a program.
	Carry time.Duration
	// Explain is how long a call that has found no path stays to ask its ICE servers what the network does; 0: not at all.
	Explain time.Duration
}

// Session is one call. Make it with New, run it once with Run.
type Session struct {
	o      Options
	phases *diag.Phases
	inbox  *mailbox
	flood  *flood
	wg     sync.WaitGroup

	// Of the goroutine of Run.
	peer     *peer.Peer
	stopDial context.CancelFunc
	line     *line // the signaling in use; nil between two
	role     signal.Role
	up       bool // connected now
	everUp   bool
	upAt     time.Time // when it was connected first, and then when its channels were open
	isUsable bool      // they are
	agent    string    // what the peer calls itself, once it said hello
	restarts bool      // whether it can renegotiate
	reads    bool      // whether it reads our statistics
	redial   *redial   // nil: no restart is under way
	grace    bool      // the signaling ended while the path was being looked for
	refused  int       // unusable candidates
	pings    pinger
	probes   *probing
	nat      diagnosing
	theirs   theirStats
	end      *ending

	graceErr     error // what ended the signaling then
	graceOrderly bool

	waitTimer, forTimer, setUpTimer, redialTimer, lingerTimer, sampleTimer, graceTimer, gatherTimer, lostTimer *time.Timer
}

// ending is why a call ends.
type ending struct {
	reason diag.EndReason
	by     diag.EndedBy
	err    error
	advice string
}

// New prepares a session; nothing happens before Run.
func New(o Options) *Session {
	set := func(d *time.Duration, v time.Duration) {
		if *d == 0 {
			*d = v
		}
	}
	set(&o.SetUp, 40*time.Second)
	set(&o.Redial, 10*time.Second)
	set(&o.Linger, 5*time.Second)
	return &Session{o: o, phases: diag.NewPhases(o.Feed.Append), inbox: newMailbox(), flood: newFlood(time.Now),
		probes: newProbing(o.Config.ICEServers)}
}

// Run places the call and returns when it is over and everything is closed; somewhat earlier call.ended is in the feed
// and the feed is closed. The end of ctx is an interruption. How the call went is in the feed, not in a return value:
// fold it and ask the judge.
func (s *Session) Run(ctx context.Context) {
	s.o.Feed.Append(s.o.Config.Start(s.o.Feed.Start()))
	inner, stop := context.WithCancel(context.WithoutCancel(ctx))
	s.stopTimers(true)
	s.begin(inner)
	for s.end == nil {
		s.step(ctx)
	}
	stop()
	s.finish()
	s.o.Feed.Close()
	if s.peer != nil {
		// pion waits 0.4 s for an association that the other side has closed: nobody needs to wait for the verdict that long.
		// What goes wrong while closing is of no use to anybody either.
		_ = s.peer.Close()
	}
}

// begin makes the peer, asks the ICE servers and dials.
func (s *Session) begin(ctx context.Context) {
	p, err := peer.New(s.peerOptions())
	if err != nil {
		s.finishWith(diag.EndInternal, diag.ByLocal, err, "Check that this machine has a network interface and free ports.")
		return
	}
	s.peer = p
	s.wg.Go(func() { s.probeServers(ctx) })
	s.phases.Start(diag.PhaseDial, "")
	s.o.Feed.Append(diag.SignalState{State: diag.SignalDialing})
	s.dial(nil)
}

// step waits for the next thing and works it off.
func (s *Session) step(ctx context.Context) {
	select {
	case <-ctx.Done():
		s.finishWith(diag.EndInterrupted, diag.ByLocal, nil, "")
	case <-s.inbox.ready:
		for _, job := range s.inbox.take() {
			if s.end == nil {
				job()
			}
		}
	case <-s.waitTimer.C:
		s.finishWith(diag.EndNobody, diag.ByNetwork, nil, "")
	case <-s.forTimer.C:
		s.timeOver()
	case <-s.setUpTimer.C:
		s.setUpOver()
	case <-s.redialTimer.C:
		s.redialFailed(errors.New("the other party did not dial again"))
	case <-s.graceTimer.C:
		s.graceOver()
	case <-s.gatherTimer.C:
		s.sendWhole(true)
	case <-s.lostTimer.C:
		s.up = false
		s.recover()
	case <-s.lingerTimer.C:
		if s.line != nil && !s.line.traits().Lasting {
			s.leaveRoom()
		}
	case <-s.sampleTimer.C:
		s.sampleTimer.Reset(time.Second)
		s.everySecond()
	}
}

// echoTime is how long the answer to the first ping is waited for in a call that is shorter than that: on a busy
// machine the channels of such a call open late, and it would end without having seen that they work.
const echoTime = time.Second

// timeOver ends a call whose time is over.
func (s *Session) timeOver() {
	if s.o.Config.MediaOnly || time.Since(s.upAt) >= echoTime || s.pings.heard() {
		s.finishWith(diag.EndDuration, diag.ByLocal, nil, "")
		return
	}
	s.forTimer.Reset(20 * time.Millisecond)
}

// stopTimers makes (or stops) the timers.
func (s *Session) stopTimers(create bool) {
	for _, t := range []**time.Timer{&s.waitTimer, &s.forTimer, &s.setUpTimer, &s.redialTimer, &s.lingerTimer,
		&s.sampleTimer, &s.graceTimer, &s.gatherTimer, &s.lostTimer} {
		if create {
			*t = time.NewTimer(time.Hour)
		}
		(*t).Stop()
	}
}

// finishWith sets why the call ends; the first cause wins.
func (s *Session) finishWith(reason diag.EndReason, by diag.EndedBy, err error, advice string) {
	switch {
	case s.end != nil:
	case s.nat.failure != nil:
		s.end = s.nat.failure
	default:
		s.end = &ending{reason: reason, by: by, err: err, advice: advice}
	}
}

// setUpOver ends a call that took too long to come up.
func (s *Session) setUpOver() {
	if s.everUp {
		return
	}
	if s.phases.Known(diag.PhaseICE, "") {
		if s.phases.Known(diag.PhaseDTLS, "") && s.phases.Running(diag.PhaseDTLS, "") {
			s.finishWith(diag.EndDTLS, diag.ByNetwork, errors.New("the handshake takes longer than the set-up may"), "")
			return
		}
		s.noPath(errors.New("no path was found within " + s.o.SetUp.String()))
		return
	}
	s.finishWith(diag.EndSignaling, diag.ByRemote, errors.New("the other party dialled but sent no description"),
		"Check the other party's program: it polls the server but neither offers nor answers.")
}

// finish takes the last sample, says goodbye, and tells the end.
func (s *Session) finish() {
	s.stopTimers(false)
	if s.stopDial != nil {
		s.stopDial()
	}
	if s.nat.stop != nil {
		s.nat.stop()
	}
	if s.everUp {
		sample := s.peer.Sample(true)
		s.o.Feed.Append(sample)
		s.tellSample(sample)
		if s.end.by == diag.ByLocal {
			s.peer.Ending()
			s.sendControl(control{Code: codeReject})
			ctx, cancel := context.WithTimeout(context.Background(), goodbyeTime)
			s.peer.Flush(ctx, diag.LabelControl)
			cancel()
		}
	}
	if s.peer != nil {
		s.peer.Ending()
	}
	s.leaveRoom()
	s.wg.Wait()
	s.phases.Cancel()
	s.o.Feed.Append(diag.CallEnded{Reason: s.end.reason, By: s.end.by, Cause: cause(s.end.err), Advice: s.end.advice,
		Signal: FailureOf(s.end.err)})
}

// goodbyeTime bounds how long the other party and the server are told that the call is over.
const goodbyeTime = 500 * time.Millisecond

// everySecond takes a sample, pings, and sums up floods.
func (s *Session) everySecond() {
	sample := s.peer.Sample(false)
	s.o.Feed.Append(sample)
	s.tellSample(sample)
	s.ping()
	for _, d := range s.flood.sum() {
		s.o.Feed.Append(d)
	}
}

func cause(err error) string {
	if err == nil {
		return ""
	}
	return diag.Clean(err.Error(), 400)
}
