package peer

import (
	"cmp"
	"net/netip"
	"sync"
	"time"

	"github.com/pion/webrtc/v4"

	"dialtone/diag"
)

// How often pair statistics are read: while something is in progress that only they show, ever less often, so that
// spans are right to some milliseconds or to a tenth, and many peers that wait for a busy machine do not keep it busy;
// and afterwards.
const (
	pollChecking = 10 * time.Millisecond
	pollSlower   = 10 // part of the time since the last change
	pollSettled  = 500 * time.Millisecond
	pollOfMany   = 2 * time.Second // settled, of a peer of many
)

// checks follows the candidate pairs and the ICE state.
type checks struct {
	p    *Peer
	wake chan struct{}

	mu        sync.Mutex
	state     webrtc.ICEConnectionState
	pairs     map[string]diag.Pair // as last reported
	changedAt time.Time            // of the last new candidate or pair state
	startedAt time.Time            // of checking
	remotes   int
	failed    bool           // StateICEFailed was reported
	path      string         // ID of the selected pair, as last reported
	base      netip.Addr     // that it sends from
	limits    diag.ICELimits // as last reported
	limitsAt  time.Time
	other     bool // ice.other_session was reported
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
		return // by this peer, or reported as the connection's state
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
	c.pollNow()
}

// pollNow lets watch poll at once.
func (c *checks) pollNow() {
	select {
	case c.wake <- struct{}{}:
	default:
	}
}

// fail reports once that there is no path.
func (c *checks) fail(cause string) {
	c.mu.Lock()
	reported := c.failed
	c.failed = true
	c.mu.Unlock()
	if reported {
		return
	}
	if c.p.o.Phases.Running(diag.PhaseICE, "") {
		c.p.o.Phases.End(diag.PhaseICE, "", diag.OutcomeFailed, cause)
	}
	c.final()
	c.p.o.OnState(StateICEFailed)
}

// final reports the counters as they are when checking is over.
func (c *checks) final() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for id, last := range c.pairs {
		pair := last
		c.p.candidates.count(&pair)
		pair.CurrentRoundTripTime = last.CurrentRoundTripTime
		if pair != last {
			c.pairs[id] = pair
			c.p.o.Emit(pair)
		}
	}
	c.reportLimits(0)
	if cause := c.p.guard.OtherSession(); cause != "" && c.path == "" && !c.other {
		c.other = true
		c.p.o.Emit(diag.Warning{ID: "ice.other_session", Cause: diag.Clean(cause, 200)})
	}
}

// reportLimits emits what the limits held back if it has changed, no sooner than some time after the last report. The
// caller holds the lock.
func (c *checks) reportLimits(after time.Duration) {
	now := c.p.o.Now()
	if limits := c.p.guard.Limited(); limits != c.limits && now.Sub(c.limitsAt) >= after {
		c.limits, c.limitsAt = limits, now
		c.p.o.Emit(limits)
	}
}

// connected lets a later failure be reported again.
func (c *checks) connected() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.failed = false
}

// restart forgets the pairs of before an ICE restart.
func (c *checks) restart() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.pairs, c.remotes, c.failed, c.path = map[string]diag.Pair{}, 0, false, ""
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
	local, remote := c.p.candidates.local(pair.Local), describeCandidate(diag.Remote, pair.Remote)
	d := diag.Selected{
		LocalCandidateID: c.p.candidates.report(local), RemoteCandidateID: c.p.candidates.report(remote),
		Local: local.String(), Remote: remote.String(),
	}
	d.PairID = d.LocalCandidateID + "-" + d.RemoteCandidateID
	c.mu.Lock()
	known := c.path == d.PairID
	c.path = d.PairID
	c.base, _ = netip.ParseAddr(cmp.Or(local.RelatedAddress, local.Address))
	c.mu.Unlock()
	if known {
		return
	}
	c.p.o.Phases.End(diag.PhaseICE, "", diag.OutcomeOK, "")
	c.p.o.Phases.End(diag.PhaseNomination, "", diag.OutcomeOK, d.PairID)
	c.p.o.Emit(d)
}

// watch polls until the peer is closed.
func (p *Peer) watch() {
	timer := time.NewTimer(pollSettled)
	defer timer.Stop()
	woken := p.o.Now()
	for {
		select {
		case <-p.done:
			return
		case <-timer.C:
		case <-p.checks.wake:
			woken = p.o.Now()
		}
		p.checks.poll()
		p.transports.pollSCTP()
		p.tracks.meetStrangers()
		timer.Reset(p.pollInterval(woken))
	}
}

// pollInterval is how long nothing is read. What is in progress began or went on at woken, or with a change of the
// pairs.
func (p *Peer) pollInterval(woken time.Time) time.Duration {
	settled := pollSettled
	if p.o.OneOfMany {
		settled = pollOfMany
	}
	p.checks.mu.Lock()
	checking, changed := p.checks.state == webrtc.ICEConnectionStateChecking, p.checks.changedAt
	p.checks.mu.Unlock()
	if !checking && !p.o.Phases.Running(diag.PhaseSCTP, "") {
		return settled
	}
	if changed.Before(woken) {
		changed = woken
	}
	return min(max(p.o.Now().Sub(changed)/pollSlower, pollChecking), settled)
}

// works reports whether there is a path, and it is not silent.
func (c *checks) works() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.state == webrtc.ICEConnectionStateConnected || c.state == webrtc.ICEConnectionStateCompleted
}

// remoteAddress is where the peer sends from; invalid if that is unknown.
func (c *checks) remoteAddress() netip.AddrPort {
	pair, err := c.p.pc.SCTP().Transport().ICETransport().GetSelectedCandidatePair()
	if err != nil || pair == nil || pair.Remote == nil {
		return netip.AddrPort{}
	}
	addr, _ := netip.ParseAddr(pair.Remote.Address)
	return netip.AddrPortFrom(addr.Unmap(), pair.Remote.Port)
}

// poll reads the pairs, reports what changed, and declares an early failure when no pair can work any more.
func (c *checks) poll() {
	c.p.pause.Poll()
	pairs := c.readPairs(c.p.pc.GetStats())
	c.mu.Lock()
	c.reportLimits(time.Second)
	c.mu.Unlock()
	failed := 0
	for _, pair := range pairs {
		c.reportPair(pair)
		if pair.State == diag.PairFailed {
			failed++
		}
		if pair.ResponsesReceived > 0 && c.p.o.Phases.Running(diag.PhaseICE, "") {
			c.p.o.Phases.End(diag.PhaseICE, "", diag.OutcomeOK, pair.ID)
			c.p.o.Phases.Start(diag.PhaseNomination, "")
		}
	}
	if cause := c.earlyFailure(len(pairs), failed); cause != "" {
		c.fail(cause)
	}
}

// resolveTime is how long the agent tries to resolve an mDNS name, which makes no pair before.
const resolveTime = 5 * time.Second

// earlyFailure is why no pair can work any more; empty while one may.
func (c *checks) earlyFailure(pairs, failed int) string {
	if !c.p.gather.done() || !c.p.remotes.known() {
		return ""
	}
	locals := c.p.candidates.gatheredSoFar()
	c.mu.Lock()
	defer c.mu.Unlock()
	now := c.p.o.Now()
	switch {
	case c.state != webrtc.ICEConnectionStateChecking && c.state != webrtc.ICEConnectionStateNew:
		return ""
	case locals == 0:
		return "no local candidate"
	case c.remotes == 0 && !c.startedAt.IsZero() && now.Sub(c.startedAt) > c.p.o.Timeouts.NoCandidates:
		return "no remote candidate"
	case pairs == 0 && c.remotes > 0 && now.Sub(c.changedAt) > c.p.o.Timeouts.LastPair+resolveTime:
		return "no candidate pair"
	case pairs > 0 && failed == pairs && now.Sub(c.changedAt) > c.p.o.Timeouts.LastPair:
		return "all pairs failed"
	}
	return ""
}

// readPairs translates pion's pair statistics, but for pairs of candidates without an ID and those that are none.
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
			LocalCandidateID:  c.p.candidates.idOf(diag.Local, local),
			RemoteCandidateID: c.p.candidates.idOf(diag.Remote, remote),
			State:             diag.PairState(pair.State), Nominated: pair.Nominated,
			RequestsSent: pair.RequestsSent, ResponsesReceived: pair.ResponsesReceived,
			RequestsReceived: pair.RequestsReceived, ResponsesSent: pair.ResponsesSent,
			BytesSent: pair.BytesSent, BytesReceived: pair.BytesReceived,
		}
		d.ID = d.LocalCandidateID + "-" + d.RemoteCandidateID
		if pair.ResponsesReceived > 0 {
			d.CurrentRoundTripTime = new(pair.CurrentRoundTripTime)
		}
		if d.LocalCandidateID != "" && d.RemoteCandidateID != "" && c.p.candidates.count(&d) {
			out = append(out, d)
		}
	}
	return out
}

// reportPair emits a pair whose state or nomination is new.
func (c *checks) reportPair(pair diag.Pair) {
	c.mu.Lock()
	old, known := c.pairs[pair.ID]
	changed := !known || old.State != pair.State || old.Nominated != pair.Nominated
	c.pairs[pair.ID] = pair
	if changed {
		c.changedAt = c.p.o.Now()
	}
	c.mu.Unlock()
	if changed {
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

// Base is the local address that the selected path sends from; the zero value if there is none, or it is unknown. Of a
// relay it is the one towards the server.
func (p *Peer) Base() netip.Addr {
	p.checks.mu.Lock()
	defer p.checks.mu.Unlock()
	return p.checks.base
}
