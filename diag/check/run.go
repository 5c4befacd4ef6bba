package check

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"sync"
	"time"

	"dialtone/diag"
	"dialtone/diag/call"
	"dialtone/diag/feed"
	"dialtone/diag/peer"
	"dialtone/diag/record"
	"dialtone/diag/report"
	"dialtone/diag/session"
	"dialtone/diag/watch"
	"dialtone/signal"
)

const (
	// channelTime is how long a connected call may take to open a data channel; waiting until --for would show nothing
	// more.
	channelTime = 5 * time.Second
	// windUp is how long the answerer may take to end by itself after the offerer.
	windUp = 2 * time.Second
	// explainTime is how long a call without a path stays to diagnose the network. One run of a check does.
	explainTime = 3 * time.Second
	// maxEvents bounds what is kept of a run's events for the report, and maxKept of all runs'. Those of the first with
	// the worst exit code are always kept.
	maxEvents = 20_000
	maxKept   = 100_000
)

// wayOf is the direction of media that a flow asks for; "" for both.
func wayOf(f peer.Flow) diag.Direction {
	switch f {
	case peer.FlowSend:
		return diag.Outbound
	case peer.FlowReceive:
		return diag.Inbound
	default:
		return ""
	}
}

// side is one peer of a run.
type side struct {
	session *session.Session
	log     *feed.Feed
	call    *call.Call
	events  []diag.Event
	path    string // of the recording; "" for none
	parts   sync.WaitGroup
	ended   chan struct{} // closed when call holds everything
	fault   error         // of the recording
}

// Caller places calls, one at a time or beside each other. Checks and load tests share it.
type Caller struct {
	Options
	Explain func() time.Duration // how long a call may diagnose why it has no path; nil: not at all
	// State gets each state of the described side but the last; may be nil.
	State func(n int, state call.State)
	// Open gets the time at which the described side was set up: its first data channel was open, or media alone was
	// connected; may be nil.
	Open func(n int, at time.Time)
	Keep int // events kept of a call for the report
}

// Place places the n-th call and returns when it has ended. A result with an error is complete but for its recording;
// without a result the call could not begin.
func (c *Caller) Place(ctx context.Context, n int) (*report.RunInput, error) {
	p := c.Target.Place(n)
	if c.Renew != nil {
		servers, err := c.Renew(ctx, c.Config.ICEServers)
		if err != nil {
			return nil, err
		}
		p.iceServers = servers
	}
	lasting := context.WithoutCancel(ctx)
	offering, err := c.open(lasting, n, p, false)
	if err != nil {
		return nil, err
	}
	var answering *side
	if p.Answer != nil {
		if answering, err = c.open(lasting, n, p, true); err != nil {
			offering.abandon()
			return nil, err
		}
	}
	answerCtx, stop := context.WithCancel(lasting)
	defer stop()
	if answering != nil {
		answering.parts.Go(func() { answering.session.Run(answerCtx) })
	}
	inCall, over := context.WithCancel(ctx)
	if c.Supply != nil {
		offering.parts.Go(func() { c.Supply(inCall, p.iceServers, offering.log.Append, offering.session.UseServers) })
	}
	offering.session.Run(ctx)
	over()
	<-offering.ended
	in := &report.RunInput{
		Began: offering.log.Start(), Call: offering.call, Events: offering.events, Recording: offering.path,
	}
	if answering != nil {
		answering.finish(stop)
		in.Other, err = answering.call, answering.fault
	}
	offering.parts.Wait()
	return in, errors.Join(offering.fault, err)
}

// runOne places one call and notes its result.
func (c *checker) runOne(ctx context.Context, n int) {
	start := time.Since(c.begun)
	done := func(report.RunInput) {}
	if c.Traced != nil {
		var traceparent string
		traceparent, done = c.Traced()
		ctx = signal.WithTrace(ctx, traceparent)
	}
	in, err := c.Place(ctx, n)
	if in == nil {
		c.failed(err)
		return
	}
	in.Start = start
	done(*in)
	c.note(n, *in, err)
}

// finish gives the answerer time to end by itself.
func (s *side) finish(stop context.CancelFunc) {
	timer := time.AfterFunc(windUp, stop)
	<-s.ended
	timer.Stop()
	stop()
	s.parts.Wait()
}

// note keeps the result of a run, and reports it.
func (c *checker) note(n int, in report.RunInput, fault error) {
	cut := in.Call.Ended == nil || in.Call.Ended.Reason == diag.EndInterrupted
	diagnosed := in.Call.Diagnosed() != nil || in.Other != nil && in.Other.Diagnosed() != nil
	f := report.Fold(c.Expectation(), in)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.explained, c.short = c.explained || diagnosed, c.short || cut
	worse := f.Exit.Code.Compare(c.worst) > 0
	c.worst = c.worst.Worse(f.Exit.Code)
	if c.kept+len(f.Events) > maxKept && !worse {
		f.Events = nil
	}
	c.kept += len(f.Events)
	c.runs = append(c.runs, f)
	if fault != nil {
		c.faults = append(c.faults, fault)
	}
	c.Progress(Progress{Check: c.Name, Run: n, Of: c.Repeat, State: "ended", Done: &f.Run})
}

// failed notes what kept a run from beginning.
func (c *checker) failed(err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.faults, c.cannot = append(c.faults, err), true
}

// open prepares one side: its session, its recording, and the fold of its log.
func (c *Caller) open(ctx context.Context, n int, p Placement, answering bool) (*side, error) {
	s := &side{log: feed.New(time.Now), call: &call.Call{}, ended: make(chan struct{})}
	o := c.sessionOptions(s.log, p, answering)
	if !answering {
		o.Config.Traceparent = signal.Trace(ctx)
	}
	if c.Tune != nil {
		c.Tune(answering, &o)
	}
	s.session = session.New(o)
	if c.Record != "" {
		s.path = filepath.Join(c.Record, c.recordingName(n, p, answering))
		if err := s.startRecording(ctx, o.Config, record.Options{Redact: c.Redact, Room: c.Room}); err != nil {
			s.log.Close() // readers wait for its end
			return nil, err
		}
	}
	events := s.log.Reader()
	s.parts.Go(func() {
		defer close(s.ended)
		defer events.Close()
		c.follow(ctx, s, events, n, !answering)
	})
	return s, nil
}

// abandon ends a side whose session never ran.
func (s *side) abandon() {
	s.log.Close()
	s.parts.Wait()
}

// sessionOptions are those of one side.
func (c *Caller) sessionOptions(log *feed.Feed, p Placement, answering bool) session.Options {
	config := c.Config
	config.Command = "check"
	if answering { // the offerer writes what is between both
		config.WithoutFiles()
	}
	if p.iceServers != nil {
		config.ICEServers = p.iceServers
	}
	target := c.Target.Describe()
	config.Code, config.Server = target.Room, target.URL
	if target.Room == "" {
		config.Code = target.Kind
	}
	dial := p.Dial
	if answering {
		dial, config.For, config.Wait, config.Way = p.Answer, 0, 0, config.Way.Opposite()
		config.Impair, config.Stress, config.Speed, config.ServeSpeed = nil, false, nil, true
	}
	config.LoopbackOnly = config.LoopbackOnly || p.Answer != nil && len(config.ICEServers) == 0
	if p.Guard != nil && !answering {
		inner := dial
		dial = func(ctx context.Context, observe func(diag.SignalRequest)) (signal.Channel, error) {
			channel, err := inner(ctx, observe)
			if err != nil {
				return nil, err
			}
			return p.Guard(channel, func(w diag.Warning) { log.Append(w) }), nil
		}
	}
	greeting := "hello from dialtone check"
	if answering {
		greeting = "" // it would pass for the echo of the offerer's
	}
	var explain time.Duration
	if c.Explain != nil {
		explain = c.Explain()
	}
	return session.Options{
		Config: config, Feed: log, Dial: dial, TLS: c.TLS, Proxies: c.Proxies, Flow: p.Flow, Clips: c.Clips,
		Greeting: greeting, Notes: c.Notes, Explain: explain, Watch: watch.Machine, Redial: config.Redial,
		Limiter: c.Limiter,
	}
}

// explain is how long the next call may diagnose why it has found no path: the network does not change between runs.
func (c *checker) explain() time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.explained {
		return 0
	}
	return explainTime
}

// recordingName is run-007-offer.jsonl, run-007-answer.jsonl; run-007.jsonl if the peer is another program.
func (c *Caller) recordingName(n int, p Placement, answering bool) string {
	name := fmt.Sprintf("run-%0*d", max(3, len(fmt.Sprint(c.Repeat))), n)
	switch {
	case answering:
		name += "-answer"
	case p.Answer != nil:
		name += "-offer"
	}
	return name + ".jsonl"
}

func (s *side) startRecording(ctx context.Context, config diag.Config, o record.Options) error {
	if config.Token != "" {
		o.Secrets = append(o.Secrets, config.Token)
	}
	for _, server := range config.ICEServers {
		o.Secrets = append(o.Secrets, server.Credential)
	}
	file, err := record.Create(s.path, record.NewHeader(config, s.log.Start()), o)
	if err != nil {
		return err
	}
	events := s.log.Reader()
	s.parts.Go(func() {
		defer events.Close()
		if s.fault = file.Run(ctx, events); file.Full() {
			s.log.Append(diag.Warning{ID: "record.limit", Subject: filepath.Base(file.Path())})
		}
	})
	return nil
}

// follow folds the log to its end. A call that is connected and opens no channel is hung up early. States of the
// described call are reported as progress of run n.
func (c *Caller) follow(ctx context.Context, s *side, events *feed.Reader, n int, described bool) {
	var impatient *time.Timer
	defer func() {
		if impatient != nil {
			impatient.Stop()
		}
	}()
	last, open := call.StateUnknown, c.Open
	for {
		batch, err := events.Next(ctx)
		if err != nil {
			return
		}
		for _, e := range batch {
			s.call.Apply(e)
		}
		if s.call.ConnectedAt != nil && !s.call.Start.MediaOnly && impatient == nil {
			impatient = time.AfterFunc(channelTime, s.session.Hangup)
		}
		if impatient != nil && s.call.OpenAt != nil {
			impatient.Stop()
		}
		if !described {
			continue
		}
		if at := s.call.ReadyAt(); at != nil && open != nil {
			open(n, s.log.Start().Add(*at))
			open = nil
		}
		s.events = append(s.events, batch[:min(len(batch), c.Keep-len(s.events))]...)
		if state := s.call.State(); state != last && state != call.StateEnded && c.State != nil {
			last = state
			c.State(n, state)
		}
	}
}
