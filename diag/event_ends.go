package diag

// The events of the other end: what the other party's own statistics say, where it sends them.
var _ = []Type{register[RemoteSample]()}

// LabelStats is the channel on which a party sends its statistics to the other one; docs/reference/signaling.md tells its
// messages.
const LabelStats = "dialtone-stats"

// RemoteSample ("stats.remote") is what the other party's getStats tells, which it sends once a second. Names and units
// are those of W3C webrtc-stats; "inbound" is what the other party receives. What it did not tell is absent.
type RemoteSample struct {
	// ms since 1970 by the clock of the other party: only differences say something
	Timestamp float64       `json:"timestamp"`
	Inbound   []InboundRTP  `json:"inbound,omitempty"`
	Outbound  []OutboundRTP `json:"outbound,omitempty"`
	Pair      *PeerPair     `json:"pair,omitempty"` // the selected one
	Here      []StreamCount `json:"here,omitempty"` // what was counted here when this came; not told by the other party
}

// Type is "stats.remote".
func (RemoteSample) Type() Type { return "stats.remote" }

// PeerPair is the candidate pair that the other party has selected, seen from there.
type PeerPair struct {
	CurrentRoundTripTime     *float64 `json:"currentRoundTripTime,omitempty"` // seconds
	BytesSent                *uint64  `json:"bytesSent,omitempty"`
	BytesReceived            *uint64  `json:"bytesReceived,omitempty"`
	AvailableOutgoingBitrate *float64 `json:"availableOutgoingBitrate,omitempty"` // bit/s
	LocalCandidateType       string   `json:"localCandidateType,omitempty"`       // host, srflx, prflx or relay
	RemoteCandidateType      string   `json:"remoteCandidateType,omitempty"`
	// udp or tcp; of a relayed candidate how the relay is reached
	Protocol string `json:"protocol,omitempty"`
}

// StreamCount is how many packets of a stream were counted here at one moment, retransmissions included.
type StreamCount struct {
	Direction Direction `json:"direction"` // seen from here
	Kind      string    `json:"kind"`
	SSRC      uint32    `json:"ssrc"`
	Packets   uint64    `json:"packets"`
}
