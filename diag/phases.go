package diag

import "sync"

// Phases emits the start and the end of spans, each once, whatever notices it first. Safe for concurrent use.
type Phases struct {
	emit func(Data)
	mu   sync.Mutex
	open map[PhaseStart]bool // false: it has ended
	list []PhaseStart        // in the order of their start
}

// NewPhases returns a tracker that hands its events to emit, under its lock: emit must not call back.
func NewPhases(emit func(Data)) *Phases {
	return &Phases{emit: emit, open: map[PhaseStart]bool{}}
}

// Start opens a span, unless it is open or has ended already.
func (p *Phases) Start(name PhaseName, subject string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.start(PhaseStart{name, subject})
}

func (p *Phases) start(s PhaseStart) {
	if _, known := p.open[s]; !known {
		p.open[s] = true
		p.list = append(p.list, s)
		p.emit(s)
	}
}

// End closes a span; one that was never opened is opened first, with no length.
func (p *Phases) End(name PhaseName, subject string, outcome Outcome, detail string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	s := PhaseStart{name, subject}
	p.start(s)
	p.end(s, outcome, detail)
}

func (p *Phases) end(s PhaseStart, outcome Outcome, detail string) {
	if p.open[s] {
		p.open[s] = false
		p.emit(PhaseEnd{Phase: s.Phase, Subject: s.Subject, Outcome: outcome, Detail: detail})
	}
}

// Running reports whether a span is open.
func (p *Phases) Running(name PhaseName, subject string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.open[PhaseStart{name, subject}]
}

// Known reports whether a span was ever opened.
func (p *Phases) Known(name PhaseName, subject string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	_, known := p.open[PhaseStart{name, subject}]
	return known
}

// Again forgets that a span has ended, so that it can be measured anew (an ICE restart).
func (p *Phases) Again(name PhaseName, subject string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if s := (PhaseStart{name, subject}); !p.open[s] {
		delete(p.open, s)
	}
}

// Cancel ends every open span with the outcome cancelled: the call is over and nothing more will be known of them.
func (p *Phases) Cancel() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, s := range p.list {
		p.end(s, OutcomeCancelled, "")
	}
}
