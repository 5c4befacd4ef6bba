package handover

import (
	"net/netip"
	"sync"
	"time"

	"dialtone/diag"
	"dialtone/diag/wire"
)

const (
	// settleTime is how long after the connection works again both directions may take to change to the new path.
	settleTime = 10 * time.Second
	// recent is how young the last packet of a direction is if its media flowed when the restart began.
	recent = time.Second
)

// Path is a candidate pair as the wire shows it.
type Path struct {
	Port   uint16 // of the socket
	Remote netip.AddrPort
}

// Meter measures the pauses of the RTP packets in both directions. It is safe for concurrent use.
type Meter struct {
	now  func() time.Time
	emit func(diag.Data)

	mu          sync.Mutex
	running     bool
	connectedAt time.Time // of the new path; zero before
	in, out     flow
}

// NewMeter makes a meter, which emits a [diag.MediaPause] after each restart.
func NewMeter(now func() time.Time, emit func(diag.Data)) *Meter { return &Meter{now: now, emit: emit} }

// flow is the media in one direction.
type flow struct {
	last     time.Time // packet; zero before the first
	path     Path      // of it
	old      Path      // at the restart
	longest  time.Duration
	measured bool // it flowed when the restart began
	moved    bool // it has used the new path
}

// Packet notes one that was sent or received.
func (m *Meter) Packet(d diag.Direction, path Path, b []byte) {
	if !wire.IsRTP(b) {
		return
	}
	now := m.now()
	m.mu.Lock()
	f := &m.in
	if d == diag.Outbound {
		f = &m.out
	}
	if m.running {
		f.extend(now)
		f.moved = f.moved || path != f.old || !m.connectedAt.IsZero()
	}
	f.last, f.path = now, path
	done := m.finish(now)
	m.mu.Unlock()
	if done != nil {
		m.emit(*done)
	}
}

// extend lets the pause last until now, unless the flow has changed to the new path.
func (f *flow) extend(now time.Time) {
	if f.measured && !f.moved {
		f.longest = max(f.longest, now.Sub(f.last))
	}
}

// Begin is called when the agent gives its old path up. Lost means that it did not work any more: then media may have
// stopped long before.
func (m *Meter) Begin(lost bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.connectedAt = time.Time{}
	if m.running {
		return // another attempt
	}
	m.running = true
	now := m.now()
	for _, f := range []*flow{&m.in, &m.out} {
		f.old, f.longest, f.moved = f.path, 0, false
		f.measured = !f.last.IsZero() && (lost || now.Sub(f.last) < recent)
	}
}

// Agreed says in which directions both peers let media pass: in another one it does not stop, it is on hold.
func (m *Meter) Agreed(in, out bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.in.measured, m.out.measured = m.in.measured && in, m.out.measured && out
}

// Connected is called when the new path works.
func (m *Meter) Connected() {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.running && m.connectedAt.IsZero() {
		m.connectedAt = m.now()
	}
}

// Poll reports what there is if a direction does not change to the new path in time.
func (m *Meter) Poll() {
	m.mu.Lock()
	now := m.now()
	done := m.finish(now)
	m.mu.Unlock()
	if done != nil {
		m.emit(*done)
	}
}

// finish ends the measurement when nothing more is to come; nil before. The caller holds the lock.
func (m *Meter) finish(now time.Time) *diag.MediaPause {
	if !m.running || m.connectedAt.IsZero() {
		return nil
	}
	moved := func(f flow) bool { return f.moved || !f.measured }
	if !(moved(m.in) && moved(m.out)) && now.Sub(m.connectedAt) < settleTime {
		return nil
	}
	m.running = false
	if !m.in.measured && !m.out.measured {
		return nil
	}
	return &diag.MediaPause{Inbound: m.in.pause(now), Outbound: m.out.pause(now)}
}

// pause is the longest time without a packet; nil if there was no media before.
func (f *flow) pause(now time.Time) *diag.Millis {
	if !f.measured {
		return nil
	}
	f.extend(now)
	return new(diag.Millis(f.longest))
}
