package diag

// The peer's statistics, if it sends them.
var _ = []Type{register[RemoteSample]()}

func (RemoteSample) name() Type { return "stats.remote" }

// LabelStats is the data channel on which the peers send each other their statistics; docs/reference/signaling.md
// describes its messages.
const LabelStats = "dialtone-stats"

// RemoteSample ("stats.remote") is what the peer's getStats reports, which it sends once a second. Names and units are
// those of W3C webrtc-stats; "inbound" is what the peer receives. What it did not report is absent.
type RemoteSample struct {
	// ms since 1970 by the peer's clock: only differences are meaningful
	Timestamp float64       `json:"timestamp"`
	Inbound   []InboundRTP  `json:"inbound,omitempty"`
	Outbound  []OutboundRTP `json:"outbound,omitempty"`
	Pair      *PeerPair     `json:"pair,omitempty"` // the selected one
	// what was counted here when this arrived; not reported by the peer
	Here []StreamCount `json:"here,omitempty"`
}

// PeerPair is the candidate pair that the peer has selected, from its side.
type PeerPair struct {
	CurrentRoundTripTime     *float64 `json:"currentRoundTripTime,omitempty"` // seconds
	BytesSent                *uint64  `json:"bytesSent,omitempty"`
	BytesReceived            *uint64  `json:"bytesReceived,omitempty"`
	AvailableOutgoingBitrate *float64 `json:"availableOutgoingBitrate,omitempty"` // bit/s
	LocalCandidateType       string   `json:"localCandidateType,omitempty"`       // host, srflx, prflx or relay
	RemoteCandidateType      string   `json:"remoteCandidateType,omitempty"`
	// udp or tcp; of a relay candidate how the relay is reached
	Protocol string `json:"protocol,omitempty"`
}

// StreamCount is how many packets of a stream were counted here at one moment, retransmissions included.
type StreamCount struct {
	Direction Direction `json:"direction"` // from here
	Kind      string    `json:"kind"`
	SSRC      uint32    `json:"ssrc"`
	Packets   uint64    `json:"packets"`
}
