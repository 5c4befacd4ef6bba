package speed

import (
	"cmp"
	"slices"

	"dialtone/diag"
)

// Result is what a measurement found. What was not measured is absent.
type Result struct {
	Idle  *Latency `json:"idle"` // without load
	Up    *Flow    `json:"up"`   // to the peer
	Down  *Flow    `json:"down"` // from the peer
	Both  *Both    `json:"both"` // in both directions at once
	Paced []Paced  `json:"paced"`
	// the rate of each direction at which loss or queueing begins, if it was searched for
	Search []Found `json:"search,omitempty"`
	// of each TURN server, if they were measured
	Allocations []Allocations `json:"allocations,omitempty"`
	Complete    bool          `json:"complete"` // all tests were done
}

// Both is a test in both directions.
type Both struct {
	Up   *Flow `json:"up"`
	Down *Flow `json:"down"`
}

// Flow is what one direction carried after the warm-up.
type Flow struct {
	Goodput    float64     `json:"goodput"`     // bit/s of messages, in the packets that the receiver counted
	Rate       *float64    `json:"rate"`        // bit/s of IPv4 packets with all headers, acknowledgments included
	Capacity   *float64    `json:"capacity"`    // the highest rate of a second (RFC 9097 §5), bit/s of IPv4 packets
	Overhead   *float64    `json:"overhead"`    // share of Rate that is no message: headers, acknowledgments, repetitions; 0–1
	Bytes      uint64      `json:"bytes"`       // of messages
	Duration   diag.Millis `json:"duration_ms"` // in which they arrived
	LowerBound bool        `json:"lower_bound"` // the sender was the limit: the path may carry more
	Limit      Limit       `json:"limit"`
	Change     *Shift      `json:"change,omitempty"` // the rate of the path changed
	Loaded     *Latency    `json:"loaded"`           // meanwhile
}

// Limit is what limited a flow.
type Limit string

// Limits.
const (
	LimitPath    Limit = "path"    // the path, or the peer's receiver
	LimitCPU     Limit = "cpu"     // this machine or that of the peer
	LimitBuffers Limit = "buffers" // the kernel dropped packets at full socket buffers
	LimitSender  Limit = "sender"  // it had nothing to send for a while
	LimitTime    Limit = "time"    // the rate was still growing when the test ended
	LimitUnknown Limit = "unknown" // the sender did not report, or its machine was busy and the path may be it as well
)

// Paced is a test at a fixed rate.
type Paced struct {
	Way      diag.SpeedWay `json:"way"`
	Rate     float64       `json:"rate"`      // bit/s of messages, as asked for
	Sent     *float64      `json:"sent"`      // bit/s that was really sent
	Goodput  *float64      `json:"goodput"`   // bit/s that arrived
	Loss     *float64      `json:"loss"`      // share of the messages, 0–1
	Jitter   *diag.Millis  `json:"jitter_ms"` // of their arrival
	Delay    *diag.Millis  `json:"delay_ms"`  // mean time above that of the quickest message: the queue
	Loaded   *Latency      `json:"loaded"`
	Achieved bool          `json:"achieved"` // it was sent as fast as asked for
}

// Result are the figures of what was measured so far; nil if the peer measured, or nothing began.
func (s *State) Result() *Result {
	if s == nil || s.Start.Serves {
		return nil
	}
	r := &Result{Paced: []Paced{}, Complete: s.End != nil && s.End.Reason == diag.SpeedDone}
	for i := range s.Tests {
		t := &s.Tests[i]
		switch {
		case t.Way == diag.SpeedIdle:
			r.Idle = t.latency(nil)
		case t.Search:
			r.Search = found(r.Search, t)
		case t.Rate > 0:
			r.Paced = append(r.Paced, t.pacedFlows(r.Idle)...)
		case t.Way == diag.SpeedUp:
			r.Up = t.Flow(diag.Outbound, r.Idle)
		case t.Way == diag.SpeedDown:
			r.Down = t.Flow(diag.Inbound, r.Idle)
		case t.Way == diag.SpeedBoth:
			r.Both = &Both{t.beside(r.Up, diag.Outbound, r.Idle), t.beside(r.Down, diag.Inbound, r.Idle)}
		}
	}
	return r
}

// headers are the bytes of IPv4 and UDP, which a datagram on the wire has beside its payload.
const headers = 28

// sums are those of the intervals of a direction after the warm-up.
type sums struct {
	took             diag.Millis
	bytes, messages  uint64
	lost             int64
	wire, packets    uint64
	delay, delayTime float64
	jitter           *diag.Millis
	wired            bool
}

// settled sums the intervals of a direction: those that begin after the warm-up and end with the test. Messages that
// waited for a lost one arrive at once: if nothing arrived when the warm-up ended, that pause counts from its begin.
func (t *Test) settled(d diag.Direction) (s sums, any bool) {
	s.wired = true
	from := t.WarmUpMs
	for _, i := range slices.Backward(t.Intervals) {
		if i.Direction != d || i.FromMs >= t.WarmUpMs {
			continue
		}
		if i.Bytes > 0 {
			break
		}
		from = i.FromMs
	}
	for _, i := range t.Intervals {
		if i.Direction != d || i.FromMs < from || i.ToMs > t.ForMs+slack {
			continue
		}
		any = true
		s.took += i.ToMs - i.FromMs
		s.bytes += i.Bytes
		s.messages += i.Messages
		s.lost += i.Lost
		s.jitter = i.JitterMs
		if i.DelayMs != nil {
			s.delay += i.DelayMs.Float() * float64(i.Messages)
			s.delayTime += float64(i.Messages)
		}
		if s.wired = s.wired && i.WireBytes != nil && i.Packets != nil; s.wired {
			s.wire += *i.WireBytes
			s.packets += *i.Packets
		}
	}
	return s, any && s.took > 0
}

// slack is how much later than its time the last interval of a test may end: half an interval.
const slack = diag.Millis(50e6)

func rate(bytes uint64, took diag.Millis) float64 {
	return float64(8*bytes) / took.Duration().Seconds()
}

// Flow is what a direction carried; nil if nothing arrived after the warm-up.
func (t *Test) Flow(d diag.Direction, idle *Latency) *Flow {
	s, ok := t.settled(d)
	if !ok {
		return nil
	}
	f := &Flow{Goodput: rate(s.bytes, s.took), Bytes: s.bytes, Duration: s.took, Loaded: t.latency(idle)}
	if s.wired {
		f.Rate = new(rate(s.wire+headers*s.packets, s.took))
		f.Overhead = overhead(f.Goodput, *f.Rate)
	}
	if share := t.messages(d); share != nil && f.Rate != nil {
		f.Goodput = *share * *f.Rate
		f.Bytes = uint64(f.Goodput / 8 * s.took.Duration().Seconds())
		f.Overhead = overhead(f.Goodput, *f.Rate)
	}
	f.Capacity = t.capacity(d)
	f.Limit = t.limit(d, idle)
	f.LowerBound = f.Limit != LimitPath && f.Limit != LimitUnknown
	if f.Limit == LimitPath {
		f.Change = t.change(d)
	}
	return f
}

// alike is the share of what a direction carries alone from which on it carries as much.
const alike = 0.9

// same is likewise from which on it is the same, whatever its sender used.
const same = 0.97

// beside is what a direction of a test in both carried. If the path was the limit of that direction alone, and as much
// was carried now, or in a second while a queue stood, it is so now, however busy other programs keep the machine.
func (t *Test) beside(alone *Flow, d diag.Direction, idle *Latency) *Flow {
	f := t.Flow(d, idle)
	s, reported := t.sender(d)
	if f == nil || f.Rate == nil || alone == nil || alone.Rate == nil || alone.Limit != LimitPath || !reported {
		return f
	}
	if f.Limit == LimitCPU && *f.Rate >= same**alone.Rate {
		f.Limit, f.LowerBound = LimitPath, false
		return f
	}
	full := *f.Rate >= alike**alone.Rate || t.stands(idle) && f.Capacity != nil && alone.Capacity != nil &&
		*f.Capacity >= alike**alone.Capacity
	if full && usedUp(s) && !exhausts(s) {
		f.Limit, f.LowerBound = LimitPath, false
	}
	return f
}

// sender is what that of a direction reported.
func (t *Test) sender(d diag.Direction) (s diag.SpeedSender, reported bool) {
	i := slices.IndexFunc(t.Senders, func(s diag.SpeedSender) bool { return s.Direction == d })
	if i < 0 {
		return s, false
	}
	return t.Senders[i], true
}

// overhead is the share of a rate that is no message; nil without packets.
func overhead(goodput, rate float64) *float64 {
	if rate <= 0 {
		return nil
	}
	return new(max(0, 1-goodput/rate))
}

// NamedFlow is a direction of a test with its names.
type NamedFlow struct {
	Name, Test, Direction string
	*Flow
}

// Flows are the directions that were measured.
func (r *Result) Flows() (out []NamedFlow) {
	all := []NamedFlow{{"up", "up", "up", r.Up}, {"down", "down", "down", r.Down}}
	if r.Both != nil {
		all = append(all, NamedFlow{"up, both at once", "both", "up", r.Both.Up},
			NamedFlow{"down, both at once", "both", "down", r.Both.Down})
	}
	return slices.DeleteFunc(all, func(f NamedFlow) bool { return f.Flow == nil })
}

// During are the round trips meanwhile; nil if there were none.
func (f *Flow) During() *Latency {
	if f == nil {
		return nil
	}
	return f.Loaded
}

// capacity is the highest rate of packets in about a second, of the whole test; nil if it is unknown.
func (t *Test) capacity(d diag.Direction) *float64 {
	var best *float64
	var window []diag.SpeedInterval
	wire, took := uint64(0), diag.Millis(0)
	for _, i := range t.Intervals {
		if i.Direction != d || i.WireBytes == nil || i.Packets == nil {
			continue
		}
		window = append(window, i)
		wire, took = wire+*i.WireBytes+headers**i.Packets, took+i.ToMs-i.FromMs
		for first := window[0]; took-(first.ToMs-first.FromMs) >= second; first = window[0] {
			wire, took = wire-*first.WireBytes-headers**first.Packets, took-(first.ToMs-first.FromMs)
			window = window[1:]
		}
		if v := rate(wire, took); took >= second && (best == nil || v > *best) {
			best = &v
		}
	}
	return best
}

const second = diag.Millis(1e9)

const (
	// busy is the share of the cores from which on the process lacks CPU. SCTP of one association runs on few of them.
	busy = 0.85
	// full is the share of the CPU time of the machine from which on it is used up, by whatever process.
	full = 0.95
	// little is the share of the cores below which a process need not lack CPU on a machine that others keep busy.
	little = 0.25
	// manyCores is how many cores one association can use at most in one process, both directions together.
	manyCores = 1.8
	// starving is the share of the time without data from which on the sender is the limit.
	starving = 0.2
	// drops is the share of packets that full receive buffers may drop, before they are the limit.
	drops = 0.001
)

// limit is what limited a direction.
func (t *Test) limit(d diag.Direction, idle *Latency) Limit {
	s, reported := t.sender(d)
	if !reported {
		return LimitUnknown
	}
	sums, _ := t.settled(d)
	// What the kernel counts as dropped in sending is lost in the queue of an interface, which is a part of the path.
	dropped := diag.OrZero(s.ReceiveDrops)
	lacks := exhausts(s) || usedUp(s) && !t.stands(idle) && !isIdle(s)
	switch {
	case lacks && t.isConstant(d) && t.stands(idle) && t.Way != diag.SpeedBoth:
		return LimitPath // whose rate was reached
	case lacks && t.isConstant(d):
		return LimitUnknown
	case lacks:
		return LimitCPU
	case usedUp(s) && (!t.stands(idle) || t.Way == diag.SpeedBoth):
		return LimitUnknown // others used it up; and of which direction a queue is does not show
	case dropped > 0 && float64(dropped) > drops*float64(sums.packets):
		return LimitBuffers
	case s.Starved > starving:
		return LimitSender
	case t.grows(d):
		return LimitTime
	}
	return LimitPath
}

// Exhausted reports whether the CPU of a sender was used up.
func Exhausted(s diag.SpeedSender) bool { return exhausts(s) || usedUp(s) }

// exhausts reports whether the sender itself used all CPU that it can, and usedUp whether all programs together did.
func exhausts(s diag.SpeedSender) bool {
	return s.CPU != nil && *s.CPU >= min(busy*float64(s.Cores), manyCores)
}

func usedUp(s diag.SpeedSender) bool { return s.Busy != nil && *s.Busy >= full }

// isIdle reports whether the sender used so little that it need not have lacked any, whatever others used.
func isIdle(s diag.SpeedSender) bool { return s.CPU != nil && *s.CPU < little*float64(s.Cores) }

const (
	// standing is the shortest median queue that shows the path to be full, and not the machine to be busy,
	standing = diag.Millis(50e6)
	// aside is how many times the longest round trip without load it must be as well.
	aside = 4
)

// stands reports whether a queue stood on the path: if one direction was loaded, it carried no more, however busy other
// programs kept the machine. The round trips without load were on the same machine.
func (t *Test) stands(idle *Latency) bool {
	l := t.latency(idle)
	if idle == nil || idle.Path == nil || l == nil || l.Path == nil {
		return false
	}
	queue := l.Path.P50 - idle.Path.P50
	return queue >= standing && queue >= aside*idle.Path.Highest
}

// pacedFlows are the results of a test at a fixed rate, one for each direction.
func (t *Test) pacedFlows(idle *Latency) (out []Paced) {
	for way, d := range map[diag.SpeedWay]diag.Direction{diag.SpeedUp: diag.Outbound, diag.SpeedDown: diag.Inbound} {
		if !t.Way.Has(d) {
			continue
		}
		p := Paced{Way: way, Rate: t.Rate, Loaded: t.latency(idle)}
		if s, ok := t.settled(d); ok {
			p.Goodput, p.Jitter = new(rate(s.bytes, s.took)), s.jitter
			if all := float64(s.lost) + float64(s.messages); all > 0 {
				p.Loss = new(max(0, float64(s.lost)/all))
			}
			if s.delayTime > 0 {
				p.Delay = new(diag.Millis(s.delay / s.delayTime * 1e6))
			}
		}
		for _, s := range t.Senders {
			if took := t.ForMs - t.WarmUpMs; s.Direction == d && took > 0 {
				p.Sent = new(rate(s.Bytes, took))
				p.Achieved = float64(s.Late) <= achieved*float64(s.Messages)
			}
		}
		out = append(out, p)
	}
	slices.SortFunc(out, func(a, b Paced) int { return cmp.Compare(b.Way, a.Way) }) // up first
	return out
}

// achieved is the share of the messages that may come too late to be sent at a rate that is kept.
const achieved = 0.01
