package transfer

import (
	"encoding/binary"
	"math"
	"sync"
	"time"

	"dialtone/diag"
)

// headerSize is that of a message with data: its number from 0 and the sender's time, µs since it began, 8 bytes each.
const headerSize = 16

// putHeader writes it.
func putHeader(message []byte, number uint64, at time.Duration) {
	binary.BigEndian.PutUint64(message, number)
	binary.BigEndian.PutUint64(message[8:], uint64(at.Microseconds())) // #nosec G115 -- since the begin of a test
}

// wireCount is what has arrived on the candidate pair since the connection began; nil: unknown.
type wireCount func() *pairCount

type pairCount struct{ packets, bytes uint64 }

// meter counts what the receiver of a direction gets.
type meter struct {
	now  func() time.Time
	wire wireCount

	mu    sync.Mutex
	begun time.Time // the first message
	count counts
	taken counts // at the end of the interval before
	delay struct {
		transit, least, jitter float64 // ms, of clocks that differ
		sum                    float64 // over the interval, of what is above the least
		n                      int
	}
}

// counts are totals of a test.
type counts struct {
	at              time.Duration // since it began
	bytes, messages uint64
	next            uint64 // the number after the highest that arrived
	pair            *pairCount
}

func newMeter(now func() time.Time, wire wireCount) *meter { return &meter{now: now, wire: wire} }

// message takes one that arrived. One that is too short for a header counts, too.
func (m *meter) message(data []byte) {
	now := m.now()
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.begun.IsZero() {
		m.begun = now
		m.taken.pair = m.wire()
	}
	m.count.bytes += uint64(len(data))
	m.count.messages++
	if len(data) < headerSize {
		return
	}
	number, sent := binary.BigEndian.Uint64(data), binary.BigEndian.Uint64(data[8:])
	if number < math.MaxUint32 {
		m.count.next = max(m.count.next, number+1)
	}
	m.transit(float64(now.Sub(m.begun).Microseconds())/1e3 - float64(sent)/1e3)
}

// transit takes the time that a message took, in ms of clocks that differ.
func (m *meter) transit(ms float64) {
	d := &m.delay
	if m.count.messages == 1 {
		d.transit, d.least = ms, ms
	}
	d.jitter += (math.Abs(ms-d.transit) - d.jitter) / 16 // RFC 3550 §6.4.1
	d.transit, d.least = ms, min(d.least, ms)
	d.sum += ms - d.least
	d.n++
}

// interval is what has arrived since the one before; false before the first message.
func (m *meter) interval() (diag.SpeedInterval, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.count.at = m.now().Sub(m.begun)
	before, now := m.taken, &m.count
	if m.begun.IsZero() || now.at <= before.at {
		return diag.SpeedInterval{}, false
	}
	now.pair = m.wire()
	i := diag.SpeedInterval{
		FromMs: diag.Millis(before.at), ToMs: diag.Millis(now.at),
		Bytes: now.bytes - before.bytes, Messages: now.messages - before.messages,
		Lost:     lost(*now) - lost(before),
		JitterMs: millis(m.delay.jitter),
	}
	if now.pair != nil && before.pair != nil && now.pair.packets >= before.pair.packets &&
		now.pair.bytes >= before.pair.bytes { // else it is another pair
		i.Packets = new(now.pair.packets - before.pair.packets)
		i.WireBytes = new(now.pair.bytes - before.pair.bytes)
	}
	if m.delay.n > 0 {
		i.DelayMs = millis(m.delay.sum / float64(m.delay.n))
	}
	m.delay.sum, m.delay.n = 0, 0
	m.taken = *now
	return i, true
}

// lost is how many messages are missing before the highest number.
func lost(c counts) int64 {
	return int64(c.next) - int64(c.messages) // #nosec G115 -- below 2^32, and messages of a test
}

// millis is a time, bounded: it is made of what a peer has sent.
func millis(ms float64) *diag.Millis {
	most := float64(2 * MaxTestTime / time.Millisecond)
	return new(diag.Millis(max(0, min(ms, most)) * float64(time.Millisecond)))
}
