package diag

import (
	"strconv"
	"strings"
)

// The events of a network that was made worse on purpose (--impair, --stress).
var _ = []Type{register[Impaired](), register[StressStep]()}

func (Impaired) name() Type   { return "impair.counts" }
func (StressStep) name() Type { return "stress.step" }

// Impairment is what the packets of a direction suffer in the call's own UDP sockets. The zero value impairs nothing.
type Impairment struct {
	Direction Direction `json:"direction,omitempty"` // absent: both
	Loss      float64   `json:"loss,omitempty"`      // share of the packets, 0–1
	Duplicate float64   `json:"duplicate,omitempty"` // 0–1
	Reorder   float64   `json:"reorder,omitempty"`   // 0–1
	DelayMs   Millis    `json:"delay_ms,omitempty"`
	JitterMs  Millis    `json:"jitter_ms,omitempty"` // the delay is delay_ms ± jitter_ms, uniformly distributed
	Rate      float64   `json:"rate,omitempty"`      // bit/s of IP packets; 0: no limit
	Queue     int       `json:"queue,omitempty"`     // bytes of IP packets that wait for the rate; 0: 400 ms of it
	GapMs     Millis    `json:"gap_ms,omitempty"`    // a time without any packet; 0: there is none
	GapAtMs   Millis    `json:"gap_at_ms,omitempty"` // after the call connected
	Seed      uint64    `json:"seed,omitempty"`      // of the random decisions
	Only      Protocol  `json:"only,omitempty"`      // what is lost; absent: every packet
}

// String writes an impairment as --impair reads it.
func (i Impairment) String() string {
	var parts []string
	add := func(name, value string, there bool) {
		if there {
			parts = append(parts, name+"="+value)
		}
	}
	percent := func(v float64) string { return strconv.FormatFloat(100*v, 'g', 6, 64) + "%" }
	add("loss", percent(i.Loss), i.Loss > 0)
	add("dup", percent(i.Duplicate), i.Duplicate > 0)
	add("delay", i.DelayMs.Duration().String(), i.DelayMs > 0)
	add("jitter", i.JitterMs.Duration().String(), i.JitterMs > 0)
	add("reorder", percent(i.Reorder), i.Reorder > 0)
	add("rate", strconv.FormatFloat(i.Rate/1e3, 'f', -1, 64)+"k", i.Rate > 0)
	add("queue", strconv.Itoa(i.Queue), i.Queue > 0)
	add("gap", i.GapMs.Duration().String()+"@"+i.GapAtMs.Duration().String(), i.GapMs > 0)
	add("dir", map[Direction]string{Inbound: "in", Outbound: "out"}[i.Direction], i.Direction != "")
	add("seed", strconv.FormatUint(i.Seed, 10), i.Seed > 0)
	return strings.Join(parts, ",")
}

// Protocol is what a datagram of a call carries (RFC 7983, RFC 5761).
type Protocol string

// Protocols.
const (
	ProtocolAny   Protocol = ""
	ProtocolRTP   Protocol = "rtp"
	ProtocolRTCP  Protocol = "rtcp"
	ProtocolOther Protocol = "other" // STUN, DTLS, and whatever is inside a connection to a TURN server
)

// Impaired ("impair.counts") is what the impairment has done since the call began: it is in the log beside each sample.
type Impaired struct {
	Inbound  ImpairedPackets `json:"inbound"`
	Outbound ImpairedPackets `json:"outbound"`
	Final    bool            `json:"final,omitempty"` // counted at hang-up
}

// Of returns the counts of a direction.
func (d Impaired) Of(direction Direction) ImpairedPackets {
	if direction == Inbound {
		return d.Inbound
	}
	return d.Outbound
}

// ImpairedPackets counts the UDP packets of a direction.
type ImpairedPackets struct {
	Packets    uint64           `json:"packets"` // that were to pass
	Lost       uint64           `json:"lost"`    // dropped at random
	InGap      uint64           `json:"inGap"`   // dropped in a gap
	Queue      uint64           `json:"queue"`   // dropped because the queue before the limited rate was full
	Delayed    uint64           `json:"delayed"`
	Duplicated uint64           `json:"duplicated"`
	Reordered  uint64           `json:"reordered"`
	Streams    []ImpairedStream `json:"streams,omitempty"` // RTP that could be distinguished
}

// Dropped is how many were dropped, for whatever reason.
func (p ImpairedPackets) Dropped() uint64 { return p.Lost + p.InGap + p.Queue }

// Stream is the counts of an RTP stream; false if none of its packets was recognized.
func (p ImpairedPackets) Stream(ssrc uint32) (ImpairedStream, bool) {
	for _, s := range p.Streams {
		if s.SSRC == ssrc {
			return s, true
		}
	}
	return ImpairedStream{}, false
}

// ImpairedStream counts the packets of an RTP stream.
type ImpairedStream struct {
	SSRC    uint32 `json:"ssrc"`
	Packets uint64 `json:"packets"`
	Dropped uint64 `json:"dropped"`
}

// StressName is a step of a stress test.
type StressName string

// The steps, in their order.
const (
	StressQuiet    StressName = "quiet"     // nothing is impaired
	StressLossIn   StressName = "loss-in"   // inbound media is lost: does the peer retransmit?
	StressLossOut  StressName = "loss-out"  // outbound media is lost: does the peer ask for it?
	StressKeyFrame StressName = "key-frame" // key frames are requested
	StressReports  StressName = "reports"   // no outbound report arrives: does the peer keep sending?
	StressGap      StressName = "gap"       // nothing passes
	StressRecovery StressName = "recovery"  // nothing is impaired: does the peer send again?
	StressOver     StressName = "over"
)

// StressStep ("stress.step") is the begin of a step of a stress test.
type StressStep struct {
	Step StressName `json:"step"`
}
