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
	Timestamp float64        `json:"timestamp"`
	Inbound   []PeerInbound  `json:"inbound,omitempty"`
	Outbound  []PeerOutbound `json:"outbound,omitempty"`
	Pair      *PeerPair      `json:"pair,omitempty"` // the selected one
	Here      []StreamCount  `json:"here,omitempty"` // what was counted here when this came; not told by the other party
}

// Type is "stats.remote".
func (RemoteSample) Type() Type { return "stats.remote" }

// PeerInbound is a stream that the other party receives.
type PeerInbound struct {
	Kind            string   `json:"kind"` // audio or video
	SSRC            uint32   `json:"ssrc,omitempty"`
	Mid             string   `json:"mid,omitempty"`
	MimeType        string   `json:"mimeType,omitempty"`
	PacketsReceived *uint64  `json:"packetsReceived,omitempty"`
	PacketsLost     *int64   `json:"packetsLost,omitempty"`
	BytesReceived   *uint64  `json:"bytesReceived,omitempty"` // payload
	Jitter          *float64 `json:"jitter,omitempty"`        // seconds
	FramesDecoded   *uint64  `json:"framesDecoded,omitempty"`
	FramesDropped   *uint64  `json:"framesDropped,omitempty"`
	FramesPerSecond *float64 `json:"framesPerSecond,omitempty"`
	FrameWidth      *uint16  `json:"frameWidth,omitempty"`
	FrameHeight     *uint16  `json:"frameHeight,omitempty"`
	AudioLevel      *float64 `json:"audioLevel,omitempty"` // 0–1
}

// PeerOutbound is a stream that the other party sends.
type PeerOutbound struct {
	Kind            string       `json:"kind"` // audio or video
	SSRC            uint32       `json:"ssrc,omitempty"`
	Mid             string       `json:"mid,omitempty"`
	MimeType        string       `json:"mimeType,omitempty"`
	PacketsSent     *uint64      `json:"packetsSent,omitempty"`
	BytesSent       *uint64      `json:"bytesSent,omitempty"` // payload
	Retransmitted   *uint64      `json:"retransmittedPacketsSent,omitempty"`
	FramesEncoded   *uint64      `json:"framesEncoded,omitempty"`
	FramesPerSecond *float64     `json:"framesPerSecond,omitempty"`
	FrameWidth      *uint16      `json:"frameWidth,omitempty"`
	FrameHeight     *uint16      `json:"frameHeight,omitempty"`
	Remote          *PeerReports `json:"remoteInbound,omitempty"` // what our receiver reports told it
}

// PeerReports is what RTCP reports of ours told the other party about a stream of its own.
type PeerReports struct {
	PacketsLost   *int64   `json:"packetsLost,omitempty"`
	RoundTripTime *float64 `json:"roundTripTime,omitempty"` // seconds
}

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
