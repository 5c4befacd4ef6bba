package diag

// The events of a measurement of throughput (dialtone speed). "Up" is from the peer that measures to its peer.
var _ = []Type{
	register[SpeedStart](), register[SpeedTestStart](), register[SpeedInterval](), register[SpeedRoundTrips](),
	register[SpeedSender](), register[SpeedTestEnd](), register[SpeedEnd](),
}

func (SpeedStart) name() Type      { return "speed.start" }
func (SpeedTestStart) name() Type  { return "speed.test.start" }
func (SpeedInterval) name() Type   { return "speed.interval" }
func (SpeedRoundTrips) name() Type { return "speed.round_trips" }
func (SpeedSender) name() Type     { return "speed.sender" }
func (SpeedTestEnd) name() Type    { return "speed.test.end" }
func (SpeedEnd) name() Type        { return "speed.end" }

// SpeedPlan is what a measurement does, and the most that it uses.
type SpeedPlan struct {
	Tests    []SpeedTest `json:"tests"`
	MaxBytes uint64      `json:"max_bytes"` // of messages in both directions together
	MaxMs    Millis      `json:"max_ms"`    // of all tests together
}

// SpeedWay is which way data flows in a test.
type SpeedWay string

// Ways.
const (
	SpeedIdle SpeedWay = "idle" // only round trips are measured
	SpeedUp   SpeedWay = "up"
	SpeedDown SpeedWay = "down"
	SpeedBoth SpeedWay = "both"
)

// Has reports whether data flows in a direction as the peer that measures sees it.
func (w SpeedWay) Has(d Direction) bool {
	return w == SpeedBoth || w == SpeedUp && d == Outbound || w == SpeedDown && d == Inbound
}

// SpeedTest is one test of a measurement.
type SpeedTest struct {
	Way            SpeedWay `json:"way"`
	ForMs          Millis   `json:"for_ms"`
	WarmUpMs       Millis   `json:"warm_up_ms,omitempty"` // left out of the result
	Size           int      `json:"size,omitempty"`       // bytes of a message
	Unordered      bool     `json:"unordered,omitempty"`
	MaxRetransmits *uint16  `json:"max_retransmits,omitempty"` // absent: reliable
	Rate           float64  `json:"rate,omitempty"`            // bit/s of messages, paced; 0: as fast as the path carries
	// in a plan: tests of many rates, in all for so long; in a test: one of these rates
	Search   bool   `json:"search,omitempty"`
	MaxBytes uint64 `json:"max_bytes,omitempty"` // of messages in each direction
}

// SpeedStart ("speed.start") begins a measurement.
type SpeedStart struct {
	Plan   SpeedPlan `json:"plan"`
	Serves bool      `json:"serves,omitempty"` // the peer measures, and this one serves it
}

// SpeedTestStart ("speed.test.start") begins a test.
type SpeedTestStart struct {
	Test int       `json:"test"` // from 0
	Spec SpeedTest `json:"spec"`
}

// SpeedInterval ("speed.interval") is what the receiver of a direction got between two moments of its own clock, which
// begins with the first message.
type SpeedInterval struct {
	Test      int       `json:"test"`
	Direction Direction `json:"direction"`
	FromMs    Millis    `json:"from_ms"`
	ToMs      Millis    `json:"to_ms"`
	Bytes     uint64    `json:"bytes"`               // of messages
	Messages  uint64    `json:"messages"`            // that arrived
	Lost      int64     `json:"lost,omitempty"`      // by gaps in their numbers; less than 0: late ones arrived after all
	Packets   *uint64   `json:"packets,omitempty"`   // UDP datagrams on the candidate pair, SCTP's own included
	WireBytes *uint64   `json:"wireBytes,omitempty"` // of their payload
	JitterMs  *Millis   `json:"jitter_ms,omitempty"` // of the messages (RFC 3550 §6.4.1), at the end of the interval
	// how much later than the quickest message of the test they arrived, on average: sender's queue and path
	DelayMs *Millis `json:"delay_ms,omitempty"`
}

// SpeedRoundTrips ("speed.round_trips") are the round trips that ended since the event before.
type SpeedRoundTrips struct {
	Test    int      `json:"test"`
	ByPing  []Millis `json:"by_ping,omitempty"` // on a data channel of its own, without retransmission
	BySTUN  []Millis `json:"by_stun,omitempty"` // of checks of the candidate pair, each the mean of a few
	Lost    int      `json:"lost,omitempty"`    // pings that were not answered within five seconds
	Unsent  int      `json:"unsent,omitempty"`  // pings that could not be sent
	Settled bool     `json:"settled,omitempty"` // after the warm-up
}

// SpeedSender ("speed.sender") is how the sender of a direction fared in a test after the warm-up.
type SpeedSender struct {
	Test      int       `json:"test"`
	Direction Direction `json:"direction"`
	Bytes     uint64    `json:"bytes"`    // given to the data channel
	Messages  uint64    `json:"messages"` // likewise
	// share of the time in which no message waited in the sender, 0–1: nearly 0 if the path or SCTP is the limit
	Starved float64  `json:"starved"`
	Late    uint64   `json:"late,omitempty"` // paced messages that were not sent, because earlier ones still waited
	CPU     *float64 `json:"cpu,omitempty"`  // seconds of CPU time of the process in a second
	Cores   int      `json:"cores"`          // that it may use
	Busy    *float64 `json:"busy,omitempty"` // share of the CPU time of the machine that all processes used, 0–1
	// UDP datagrams that the kernel dropped at full receive and send buffers, of all sockets of the machine
	ReceiveDrops *uint64 `json:"receive_drops,omitempty"`
	SendDrops    *uint64 `json:"send_drops,omitempty"`
	BytesSpent   bool    `json:"bytes_spent,omitempty"` // it stopped at max_bytes
	Broken       bool    `json:"broken,omitempty"`      // it stopped because its data channel closed
}

// SpeedTestEnd ("speed.test.end") ends a test.
type SpeedTestEnd struct {
	Test     int  `json:"test"`
	Complete bool `json:"complete"` // it lasted as long as planned, or until its bytes were spent
}

// SpeedEndReason is why a measurement ended.
type SpeedEndReason string

// Reasons.
const (
	SpeedDone        SpeedEndReason = "done"
	SpeedRefused     SpeedEndReason = "refused"     // the peer does not allow it
	SpeedBusy        SpeedEndReason = "busy"        // the peer is in another measurement
	SpeedUnsupported SpeedEndReason = "unsupported" // the peer did not answer
	SpeedLost        SpeedEndReason = "lost"        // the peer stopped answering, or the channel closed
	SpeedCancelled   SpeedEndReason = "cancelled"   // the call ended first
)

// SpeedEnd ("speed.end") ends a measurement.
type SpeedEnd struct {
	Reason SpeedEndReason `json:"reason"`
	Cause  string         `json:"cause,omitempty"`
}
