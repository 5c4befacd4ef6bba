package peer

import (
	"sync"
	"time"

	"github.com/pion/webrtc/v4"

	"dialtone/diag"
)

// How often pair statistics are read: while checks run, so that spans are right to some milliseconds; and afterwards.
const (
	pollChecking = 10 * time.Millisecond
	pollSettled  = 500 * time.Millisecond
)

// checks follows the candidate pairs and the ICE state.
type checks struct {
	p    *Peer
	wake chan struct{}

	mu         sync.Mutex
	state      webrtc.ICEConnectionState
	pairs      map[string]diag.Pair // as last told
	changedAt  time.Time            // of the last new candidate or pair state
	startedAt  time.Time            // of checking
	remotes    int
	failedTold bool
	path       string // of the selected pair, as last told
}

func newChecks(p *Peer) *checks {
	return &checks{p: p, wake: make(chan struct{}, 1), pairs: map[string]diag.Pair{}}
}

// iceState is pion's OnICEConnectionStateChange.
func (c *checks) iceState(s webrtc.ICEConnectionState) {
	c.mu.Lock()
	c.state = s
	if s == webrtc.ICEConnectionStateChecking {
		c.startedAt, c.changedAt = c.p.o.Now(), c.p.o.Now()
	}
	c.mu.Unlock()
	if s == webrtc.ICEConnectionStateClosed {
		return // ours, or told as the connection's state
	}
	c.p.o.Emit(diag.ICEState{State: s.String()})
	switch s {
	case webrtc.ICEConnectionStateChecking:
		c.p.o.Phases.Start(diag.PhaseICE, "")
	case webrtc.ICEConnectionStateConnected, webrtc.ICEConnectionStateCompleted:
		c.p.o.Phases.End(diag.PhaseICE, "", diag.OutcomeOK, "")
		c.p.o.Phases.End(diag.PhaseNomination, "", diag.OutcomeOK, "")
	case webrtc.ICEConnectionStateFailed:
		c.fail("")
	default:
	}
	select {
	case c.wake <- struct{}{}:
	default:
	}
}

// fail tells once that there is no path.
func (c *checks) fail(detail string) {
	c.mu.Lock()
	told := c.failedTold
	c.failedTold = true
	c.mu.Unlock()
	if told {
		return
	}
	if c.p.o.Phases.Running(diag.PhaseICE, "") {
		c.p.o.Phases.End(diag.PhaseICE, "", diag.OutcomeFailed, detail)
	}
	c.p.o.OnState(StateICEFailed)
}

// again forgets the pairs of before an ICE restart.
func (c *checks) again() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.pairs, c.remotes, c.failedTold = map[string]diag.Pair{}, 0, false
	c.startedAt, c.changedAt = c.p.o.Now(), c.p.o.Now()
}

func (c *checks) remoteCandidate() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.remotes++
	c.changedAt = c.p.o.Now()
}

// selected is pion's OnSelectedCandidatePairChange.
func (c *checks) selected(pair *webrtc.ICECandidatePair) {
	if pair == nil || pair.Local == nil || pair.Remote == nil {
		return
	}
	local := c.p.candidates.report(c.p.candidates.local(pair.Local))
	remote := c.p.candidates.report(describeCandidate(diag.Remote, pair.Remote))
	c.mu.Lock()
	path := local + "-" + remote
	known := c.path == path
	c.path = path
	c.mu.Unlock()
	if known {
		return
	}
	c.p.o.Phases.End(diag.PhaseICE, "", diag.OutcomeOK, "")
	c.p.o.Phases.End(diag.PhaseNomination, "", diag.OutcomeOK, path)
	c.p.o.Emit(diag.Selected{
		PairID: path, LocalCandidateID: local, RemoteCandidateID: remote, Local: candidateText(pair.Local), Remote: candidateText(pair.Remote),
	})
}

func candidateText(c *webrtc.ICECandidate) string {
	return diag.Candidate{CandidateType: diag.CandidateType(c.Typ.String()), Protocol: c.Protocol.String(),
		Address: diag.Clean(c.Address, 256), Port: c.Port}.String()
}

// watch polls until the peer is closed.
func (p *Peer) watch() {
	timer := time.NewTimer(pollSettled)
	defer timer.Stop()
	for {
		select {
		case <-p.done:
			return
		case <-timer.C:
		case <-p.checks.wake:
		}
		p.checks.poll()
		p.link.pollSCTP()
		timer.Reset(p.pollInterval())
	}
}

// pollInterval is short while something is under way that only polling shows.
func (p *Peer) pollInterval() time.Duration {
	p.checks.mu.Lock()
	checking := p.checks.state == webrtc.ICEConnectionStateChecking
	p.checks.mu.Unlock()
	if checking || p.o.Phases.Running(diag.PhaseSCTP, "") {
		return pollChecking
	}
	return pollSettled
}

// poll reads the pairs, tells what changed, and declares an early failure where there is nothing left to hope for.
func (c *checks) poll() {
	stats := c.p.pc.GetStats()
	pairs := c.readPairs(stats)
	failed := 0
	for _, pair := range pairs {
		c.tellPair(pair)
		if pair.State == diag.PairFailed {
			failed++
		}
		if pair.ResponsesReceived > 0 && c.p.o.Phases.Running(diag.PhaseICE, "") {
			c.p.o.Phases.End(diag.PhaseICE, "", diag.OutcomeOK, pair.ID)
			c.p.o.Phases.Start(diag.PhaseNomination, "")
		}
	}
	if reason := c.hopeless(len(pairs), failed); reason != "" {
		c.fail(reason)
	}
}

// hopeless tells why no pair can work any more; empty while one may.
func (c *checks) hopeless(pairs, failed int) string {
	if !c.p.gather.done() || !c.p.remoteKnown() {
		return ""
	}
	locals := c.p.candidates.count()
	c.mu.Lock()
	defer c.mu.Unlock()
	now := c.p.o.Now()
	switch {
	case c.state != webrtc.ICEConnectionStateChecking && c.state != webrtc.ICEConnectionStateNew:
		return ""
	case locals == 0:
		return "no candidate of our own"
	case c.remotes == 0 && !c.startedAt.IsZero() && now.Sub(c.startedAt) > c.p.o.Timeouts.NoCandidates:
		return "no candidate of the other party"
	case pairs > 0 && failed == pairs && now.Sub(c.changedAt) > c.p.o.Timeouts.LastPair:
		return "every pair failed"
	}
	return ""
}

// readPairs translates pion's pair statistics.
func (c *checks) readPairs(report webrtc.StatsReport) []diag.Pair {
	var out []diag.Pair
	for _, s := range report {
		pair, ok := s.(webrtc.ICECandidatePairStats)
		if !ok {
			continue
		}
		local, okLocal := report[pair.LocalCandidateID].(webrtc.ICECandidateStats)
		remote, okRemote := report[pair.RemoteCandidateID].(webrtc.ICECandidateStats)
		if !okLocal || !okRemote {
			continue
		}
		d := diag.Pair{
			LocalCandidateID: c.p.candidates.idOf(diag.Local, local), RemoteCandidateID: c.p.candidates.idOf(diag.Remote, remote),
			State: diag.PairState(pair.State), Nominated: pair.Nominated,
			RequestsSent: pair.RequestsSent, ResponsesReceived: pair.ResponsesReceived,
			RequestsReceived: pair.RequestsReceived, ResponsesSent: pair.ResponsesSent,
			BytesSent: pair.BytesSent, BytesReceived: pair.BytesReceived,
		}
		d.ID = d.LocalCandidateID + "-" + d.RemoteCandidateID
		if pair.ResponsesReceived > 0 {
			d.CurrentRoundTripTime = diag.Ptr(pair.CurrentRoundTripTime)
		}
		if d.LocalCandidateID != "" && d.RemoteCandidateID != "" {
			out = append(out, d)
		}
	}
	return out
}

// tellPair emits a pair whose state or nomination is new.
func (c *checks) tellPair(pair diag.Pair) {
	c.mu.Lock()
	old, known := c.pairs[pair.ID]
	fresh := !known || old.State != pair.State || old.Nominated != pair.Nominated
	c.pairs[pair.ID] = pair
	if fresh {
		c.changedAt = c.p.o.Now()
	}
	c.mu.Unlock()
	if fresh {
		c.p.o.Emit(pair)
	}
}

// selectedPair finds the pair in use among those of the statistics; nil when none is selected.
func (c *checks) selectedPair(pairs []diag.Pair) *diag.Pair {
	c.mu.Lock()
	defer c.mu.Unlock()
	for i := range pairs {
		if pairs[i].ID == c.path {
			return &pairs[i]
		}
	}
	return nil
}

// settled is told when the connection is up: a later failure is news again.
func (c *checks) settled() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.failedTold = false
}
