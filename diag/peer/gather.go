package peer

import (
	"sync"

	"github.com/pion/webrtc/v4"

	"dialtone/diag"
	"dialtone/diag/iceurl"
)

// gathering measures how long each server takes to give a candidate, and decides when gathering is complete.
type gathering struct {
	p        *Peer
	mu       sync.Mutex
	servers  []diag.ICEServerAuth // that are asked
	begun    bool
	agent    bool                   // the agent's own state is complete
	complete bool                   // reported
	restart  bool                   // an ICE restart is gathered: only the agent knows when its candidates are complete
	notified bool                   // OnGathered was called
	open     map[string]bool        // servers (and "host") that may still give a candidate
	noRelay  map[string]bool        // TURN servers that gave the agent nothing; the probe's result explains why
	early    map[string]diag.Server // what probes found before the agent knew what it gets, by URL
	stopped  bool
	ufrag    string // of the latest local description
	ended    string // of the one before an ICE restart
	late     bool   // the agent may still report the end of what it gathered before the ICE restart
}

const hostSubject = "host"

// begin starts the spans; at a further description it does nothing.
func (g *gathering) begin() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.begun {
		return
	}
	g.begun, g.open, g.servers = true, map[string]bool{}, g.p.o.ICEServers
	g.p.o.Emit(diag.GatheringState{State: "gathering"})
	if !g.p.o.RelayOnly {
		g.start(hostSubject)
	}
	for _, s := range g.servers {
		g.start(s.URL)
	}
	for _, r := range g.early {
		g.applyProbe(r)
	}
	g.checkComplete()
}

func (g *gathering) start(subject string) {
	g.open[subject] = true
	g.p.o.Phases.Start(diag.PhaseGather, subject)
}

func (g *gathering) end(subject string, outcome diag.Outcome, detail string) {
	if g.open[subject] {
		delete(g.open, subject)
		g.p.o.Phases.End(diag.PhaseGather, subject, outcome, detail)
	}
}

// prepareRestart expects the candidates of an ICE restart. Their spans are not measured: the restart is a span itself.
func (g *gathering) prepareRestart() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.ended, g.late = g.ufrag, g.begun && !g.agent
	g.begun, g.agent, g.complete, g.restart, g.notified = true, false, false, true, false
	g.open = map[string]bool{}
}

// describedBy notes the ufrag of a local description.
func (g *gathering) describedBy(ufrag string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.ufrag = ufrag
}

// isCurrent reports whether a candidate with a ufrag, which may be empty, is none of before the ICE restart. The agent
// calls back in order, so from the first that is current on everything is.
func (g *gathering) isCurrent(ufrag string) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if ufrag != "" && ufrag == g.ended {
		return false
	}
	g.late = false
	return true
}

// candidate ends the span of the server that gave it.
func (g *gathering) candidate(d diag.Candidate) {
	g.mu.Lock()
	defer g.mu.Unlock()
	subject := d.URL
	if d.CandidateType == diag.Host {
		subject = hostSubject
	}
	if u, err := iceurl.Parse(subject); err != nil || !u.Scheme.TURN() || d.CandidateType == diag.Relay {
		g.end(subject, diag.OutcomeOK, d.String())
	}
	g.checkComplete()
}

// probed uses the result of a server's probe. Success means that a candidate will come; failure that none will.
func (g *gathering) probed(r diag.Server) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if !g.begun {
		g.early[r.URL] = r
		return
	}
	g.applyProbe(r)
	g.checkComplete()
}

func (g *gathering) applyProbe(r diag.Server) {
	noRelay := g.noRelay[r.URL]
	delete(g.noRelay, r.URL)
	switch {
	case noRelay && r.OK():
		g.p.o.Phases.End(diag.PhaseGather, r.URL, diag.OutcomeFailed, "no relay for the call; a later probe got one")
	case noRelay:
		g.p.o.Phases.End(diag.PhaseGather, r.URL, diag.OutcomeFailed, failureOf(r))
	case r.QuotaReached() && !g.agent:
		// It may be the agent's own allocation that fills the quota: the agent's result decides.
		g.early[r.URL] = r
	case !r.OK():
		g.end(r.URL, diag.OutcomeFailed, failureOf(r))
	}
}

// failureOf is why a server failed, in the terms of the vocabulary.
func failureOf(r diag.Server) string {
	if stage := r.Failed(); stage != nil {
		return string(stage.Name) + ": " + stage.Failure.String()
	}
	return ""
}

// agentState is pion's OnICEGatheringStateChange.
func (g *gathering) agentState(s webrtc.ICEGatheringState) {
	if s != webrtc.ICEGatheringStateComplete {
		return
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.late {
		return
	}
	g.p.socks.Release() // of the sockets that were kept for this gathering
	g.agent = true
	g.end(hostSubject, diag.OutcomeFailed, "no usable network interface")
	for _, s := range g.servers {
		if u, err := iceurl.Parse(s.URL); err == nil && u.Scheme.TURN() && g.open[s.URL] {
			delete(g.open, s.URL)
			g.noRelay[s.URL] = true
			g.p.o.OnNoRelay(s.URL)
			if r, ok := g.early[s.URL]; ok && !r.OK() {
				g.applyProbe(r)
			}
			continue
		}
		// pion has called back with its candidate, if any: an address that equals another's is no candidate.
		g.end(s.URL, diag.OutcomeOK, "no new candidate")
	}
	g.checkComplete()
}

// checkComplete reports completion once.
func (g *gathering) checkComplete() {
	if g.begun && !g.complete && !g.stopped && (g.agent || len(g.open) == 0 && len(g.servers) > 0) {
		g.complete = true
		g.p.o.Emit(diag.GatheringState{State: "complete"})
	}
	if g.complete && !g.notified && (g.agent || !g.restart) {
		g.notified = true
		g.p.o.OnGathered()
	}
}

// over reports whether OnGathered was called.
func (g *gathering) over() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.notified
}

func (g *gathering) done() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.complete
}

// waiting reports whether the agent still waits for a server.
func (g *gathering) waiting() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.begun && !g.agent
}

func (g *gathering) stop() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.stopped = true
}
