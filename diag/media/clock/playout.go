package clock

import (
	"math"
	"time"

	"dialtone/diag"
)

// playoutWindow is the time of which the fastest packet counts: clocks that drift apart are followed.
const playoutWindow = 10 * time.Second

// Playout plays the packets of audio as a receiver would, with the jitter buffer that is assumed of every receiver
// ([diag.PlayoutDelay]): what comes too late for it has to be concealed, as what does not come. Its zero value
// is ready.
type Playout struct {
	rate    uint32
	from    time.Time
	ts      uint32 // of the packet before
	seq     int64  // its extended sequence number
	ticks   int64  // of timestamps, since from
	step    uint32 // ticks of one packet: the least difference
	late    uint64
	window  int64         // number of the present one
	fastest time.Duration // transit, of the present window
	before  time.Duration // of the one before
}

// Add plays a packet that is neither a duplicate nor a retransmission.
func (p *Playout) Add(at time.Time, ext int64, ts, rate uint32, jitter *float64) {
	if rate == 0 {
		return
	}
	if p.rate != rate || p.from.IsZero() {
		*p = Playout{
			rate: rate, from: at, ts: ts, seq: ext, late: p.late, step: p.step,
			fastest: math.MaxInt64, before: math.MaxInt64,
		}
	}
	p.ticks += int64(int32(ts - p.ts))
	if ext == p.seq+1 && ts != p.ts && int32(ts-p.ts) > 0 && (p.step == 0 || ts-p.ts < p.step) {
		p.step = ts - p.ts
	}
	p.ts, p.seq = ts, ext
	transit := at.Sub(p.from) - time.Duration(float64(p.ticks)/float64(rate)*float64(time.Second))
	if w := int64(at.Sub(p.from) / playoutWindow); w != p.window {
		p.before, p.fastest, p.window = p.fastest, math.MaxInt64, w
	}
	p.fastest = min(p.fastest, transit)
	if transit-min(p.fastest, p.before) > diag.PlayoutDelay(diag.OrZero(jitter)) {
		p.late++
	}
}

// Restart begins anew: the source did.
func (p *Playout) Restart() { p.from = time.Time{} }

// Samples are those that were expected, and those of them that had to be concealed: of packets that never came, or came
// too late. Nil while the length of a packet is unknown.
func (p *Playout) Samples(expected uint64, missing int64) (total, concealed *uint64) {
	if p.step == 0 {
		return nil, nil
	}
	step := uint64(p.step)
	return new(expected * step), new((uint64(max(missing, 0)) + p.late) * step) // #nosec G115 -- not negative
}
