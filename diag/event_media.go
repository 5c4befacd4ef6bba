package diag

import "time"

// The events of media and statistics. Names and units are those of W3C webrtc-stats; a value that was not measured is
// absent.
var _ = []Type{
	register[TrackAdded](), register[TrackMuted](), register[FirstPacket](), register[FirstFrame](),
	register[Picture](), register[KeyFrameRequested](), register[KeyFrame](), register[MediaResumed](), register[Sample](),
	register[MediaPause](), register[UnannouncedSSRC](), register[MediaFile](),
}

func (TrackAdded) name() Type        { return "track.added" }
func (TrackMuted) name() Type        { return "track.muted" }
func (FirstPacket) name() Type       { return "media.first_packet" }
func (FirstFrame) name() Type        { return "media.first_frame" }
func (UnannouncedSSRC) name() Type   { return "media.unannounced_ssrc" }
func (MediaFile) name() Type         { return "media.file" }
func (Picture) name() Type           { return "media.picture" }
func (MediaPause) name() Type        { return "media.pause" }
func (KeyFrameRequested) name() Type { return "media.key_frame_requested" }
func (KeyFrame) name() Type          { return "media.key_frame" }
func (MediaResumed) name() Type      { return "media.resumed" }
func (Sample) name() Type            { return "stats.sample" }

// TrackAdded ("track.added") is a media stream that is sent or has begun to arrive.
type TrackAdded struct {
	Direction   Direction `json:"direction"`
	Kind        string    `json:"kind"` // audio or video
	Mid         string    `json:"mid,omitempty"`
	SSRC        uint32    `json:"ssrc,omitempty"`
	MimeType    string    `json:"mimeType,omitempty"` // audio/opus, video/VP8, …
	ClockRate   uint32    `json:"clockRate,omitempty"`
	PayloadType uint8     `json:"payloadType,omitempty"`
	TrackID     string    `json:"trackIdentifier,omitempty"`
}

// TrackMuted ("track.muted") reports that a side stopped or resumed a kind of media.
type TrackMuted struct {
	Side  Side   `json:"side"`
	Kind  string `json:"kind"`
	Muted bool   `json:"muted"`
}

// FirstPacket ("media.first_packet") is the first RTP packet of a track.
type FirstPacket struct {
	Direction Direction `json:"direction"`
	Kind      string    `json:"kind"`
	SSRC      uint32    `json:"ssrc"`
}

// FirstFrame ("media.first_frame") is the first complete video frame of a track.
type FirstFrame struct {
	Direction Direction `json:"direction"`
	Kind      string    `json:"kind"`
	SSRC      uint32    `json:"ssrc"`
	Width     uint16    `json:"frameWidth,omitempty"`
	Height    uint16    `json:"frameHeight,omitempty"`
	KeyFrame  bool      `json:"keyFrame,omitempty"`
}

// UnannouncedSSRC ("media.unannounced_ssrc") is an RTP stream that arrives with an SSRC that no description announced,
// or that a description announces for a media section that is not received. Previous is the SSRC of the stream that it
// continues: the peer changed it. Without, it belongs to no known stream, and its packets are not received.
type UnannouncedSSRC struct {
	SSRC        uint32 `json:"ssrc"`
	PayloadType uint8  `json:"payloadType"`
	Kind        string `json:"kind,omitempty"` // of the payload type
	Mid         string `json:"mid,omitempty"`
	Previous    uint32 `json:"previousSSRC,omitempty"`
	Packets     uint64 `json:"packets"`             // that came before this was noticed
	Announced   bool   `json:"announced,omitempty"` // the peer's description has it, in the section Mid
	From        string `json:"from,omitempty"`      // address and port of the sender
	OffPath     bool   `json:"offPath,omitempty"`   // that is not the remote end of the selected pair
}

// MediaFile ("media.file") is a file of received media that is complete (--save-media).
type MediaFile struct {
	File    string     `json:"file"`
	Kind    string     `json:"kind"`
	Mid     string     `json:"mid,omitempty"`
	SSRC    uint32     `json:"ssrc"`
	Codec   string     `json:"codec"`             // of the media, or rtpdump: the packets as they came
	Bytes   int64      `json:"bytes"`             // size of the file
	Packets uint64     `json:"packets,omitempty"` // of rtpdump
	Frames  uint32     `json:"frames,omitempty"`  // of video that are complete, or packets of audio
	Limit   MediaLimit `json:"limit,omitempty"`   // the bound that ended it before the stream
}

// MediaLimit is a bound of files of media.
type MediaLimit string

// Limits: of the size of all files, and of the time of a stream.
const (
	MediaLimitSize MediaLimit = "size"
	MediaLimitTime MediaLimit = "time"
)

// Picture ("media.picture") is what a key frame of VP8 shows that arrived and was decoded: one each 500 ms at most, a
// thumbnail each 5 s.
type Picture struct {
	SSRC       uint32    `json:"ssrc"`
	Width      uint16    `json:"frameWidth"`
	Height     uint16    `json:"frameHeight"`
	Luma       float64   `json:"luma"`                 // mean, 0–1
	Contrast   float64   `json:"contrast"`             // standard deviation of the luma, 0–1
	Dark       float64   `json:"dark"`                 // share of the pixels that are black, 0–1
	Difference *float64  `json:"difference,omitempty"` // 0–1, from the picture before of the stream, where they differ most
	Moved      bool      `json:"moved,omitempty"`      // since the picture before: no frame was as small as those of one that stands still
	Color      string    `json:"color,omitempty"`      // "#008700": all of the picture has this color
	ClipFrame  *int      `json:"clipFrame,omitempty"`  // the number that dialtone's clip shows in its frames
	Thumbnail  Thumbnail `json:"thumbnail,omitzero"`
}

// Thumbnail is a small picture: what a terminal can show.
type Thumbnail struct {
	Width  int `json:"width"`  // pixels
	Height int `json:"height"` // pixels
	// three bytes a pixel, line by line, in Base64; empty in recordings and reports, which show no one
	RGB []byte `json:"rgb,omitempty"`
}

// MediaPause ("media.pause") is how long media stopped during an ICE restart: the longest time between two RTP packets,
// from the last one before the restart until the first one on the new path, or, if a direction does not change to it,
// for 10 s after it worked. A direction in which no media flowed is absent.
type MediaPause struct {
	Inbound  *Millis `json:"inbound_ms,omitempty"`
	Outbound *Millis `json:"outbound_ms,omitempty"`
}

// KeyFrameRequested ("media.key_frame_requested") is a request for a key frame that is sent to the peer (PLI, RFC 4585
// §6.3.1).
type KeyFrameRequested struct {
	SSRC uint32 `json:"ssrc"`
	// since the last key frame; absent: there was none
	SinceMs *Millis `json:"since_ms,omitempty"`
	// usual time between key frames that were not requested; absent: there were not two
	IntervalMs *Millis `json:"interval_ms,omitempty"`
}

// KeyFrame ("media.key_frame") is the first key frame that began to arrive after a request, when it was complete.
type KeyFrame struct {
	SSRC    uint32 `json:"ssrc"`
	AfterMs Millis `json:"after_ms"` // the first request that was open
}

// MediaResumed ("media.resumed") is the first packet of an inbound stream after more than a second without any, much
// longer than its packets are apart otherwise.
type MediaResumed struct {
	Kind    string `json:"kind"`
	SSRC    uint32 `json:"ssrc"`
	AfterMs Millis `json:"after_ms"` // the packet before
}

// Sample ("stats.sample") is taken once a second, and once more at the end of the call.
type Sample struct {
	Inbound   []InboundRTP     `json:"inbound,omitempty"`
	Outbound  []OutboundRTP    `json:"outbound,omitempty"`
	Pair      *Pair            `json:"pair,omitempty"` // the selected one
	Transport *TransportStats  `json:"transport,omitempty"`
	SCTP      *SCTPStats       `json:"sctp,omitempty"`
	Feedback  *Feedback        `json:"feedback,omitempty"` // absent: none has come
	Channels  []DataChannelRow `json:"dataChannels,omitempty"`
	Final     bool             `json:"final,omitempty"` // taken at hang-up

	ChannelsOmitted int `json:"dataChannelsOmitted,omitempty"` // how many channels beyond the first 128 are left out
	// RTP packets that arrived and belong to no stream of inbound, by their SSRC; absent: none
	Unreceived *Unreceived `json:"unreceived,omitempty"`
	// seconds by which video arrives later after its capture than audio, by the sender's reports; negative: audio is later
	AudioVideoSkew *float64 `json:"audioVideoSkew,omitempty"`
}

// Unreceived counts RTP packets that are in no statistics of streams.
type Unreceived struct {
	Packets uint64 `json:"packets"`
	Streams int    `json:"streams"` // SSRCs; 16 stands for more, too
}

// InboundRTP is a stream at its receiver (RTCInboundRtpStreamStats): measured here from its packets, or as the
// peer reports it. What is absent was not measured or not reported.
type InboundRTP struct {
	Kind                string  `json:"kind"` // audio or video
	SSRC                uint32  `json:"ssrc,omitempty"`
	Mid                 string  `json:"mid,omitempty"`
	MimeType            string  `json:"mimeType,omitempty"`
	PacketsReceived     *uint64 `json:"packetsReceived,omitempty"`
	BytesReceived       *uint64 `json:"bytesReceived,omitempty"` // payload bytes
	HeaderBytesReceived *uint64 `json:"headerBytesReceived,omitempty"`
	PacketsLost         *int64  `json:"packetsLost,omitempty"` // RFC 3550 A.3, before any retransmission
	// lost, and retransmitted, or repeated in later packets (RED, in-band FEC of Opus); not in webrtc-stats
	PacketsRepaired   *int64  `json:"packetsRepaired,omitempty"`
	PacketsExpected   *int64  `json:"packetsExpected,omitempty"`   // RFC 3550 A.3; not in webrtc-stats
	PacketsDuplicated *uint64 `json:"packetsDuplicated,omitempty"` // beside retransmissions; not in webrtc-stats
	// packets that came as retransmissions
	RetransmittedPackets *uint64 `json:"retransmittedPacketsReceived,omitempty"`
	// packets with forward error correction, and repetitions of earlier packets in those of media (RED, in-band FEC of
	// Opus); absent: none came
	FECPacketsReceived *uint64 `json:"fecPacketsReceived,omitempty"`
	// bytes of those; of bytesReceived unless they have an SSRC of their own; absent if that is not known
	FECBytesReceived *uint64 `json:"fecBytesReceived,omitempty"`
	// of those, not used; by a peer that uses them
	FECPacketsDiscarded *uint64 `json:"fecPacketsDiscarded,omitempty"`
	FECSSRC             *uint32 `json:"fecSsrc,omitempty"` // of the stream that holds them, if it is another one
	// what they are: red, ulpfec, flexfec-03, or opus if they are in its packets; not in webrtc-stats
	FECFormat string `json:"fecFormat,omitempty"`
	// of the last interval, 0–1; not in webrtc-stats for inbound
	FractionLost *float64 `json:"fractionLost,omitempty"`
	Jitter       *float64 `json:"jitter,omitempty"` // seconds, RFC 3550 A.8
	ClockRate    uint32   `json:"clockRate,omitempty"`
	// of the packets with a payload type that is not agreed on; not in webrtc-stats
	Unagreed *UnagreedPayload `json:"unagreedPayload,omitempty"`
	// Hz, how fast the timestamps advance by the receiver's clock; not in webrtc-stats
	TimestampRate *float64 `json:"timestampRate,omitempty"`
	// Hz, the largest error of timestampRate that delays of single packets, a stall or another path explain; 0 if the
	// length of the sound shows it
	TimestampRateMargin *float64 `json:"timestampRateMargin,omitempty"`
	// seconds that timestampRate was measured over; absent if the length of the sound shows it
	TimestampRateOver *float64 `json:"timestampRateOver,omitempty"`
	// steps of the timestamps of over a second that no pause explains; not in webrtc-stats
	TimestampJumps *uint32 `json:"timestampJumps,omitempty"`
	// bit/s of payload over the last interval; not in webrtc-stats
	Bitrate       *float64 `json:"bitrate,omitempty"`
	RoundTripTime *float64 `json:"roundTripTime,omitempty"` // seconds, by DLRR (RFC 3611) if the sender gives it
	// from the sender to the receiver; not in webrtc-stats
	OneWayDelay *OneWayDelay `json:"oneWayDelay,omitempty"`
	// seconds from sending packets until the peer, or a server, sent them back; not in webrtc-stats
	EchoDelay            *float64 `json:"echoDelay,omitempty"`
	NACKCount            *uint32  `json:"nackCount,omitempty"` // sent by the receiver
	PLICount             *uint32  `json:"pliCount,omitempty"`
	FIRCount             *uint32  `json:"firCount,omitempty"`
	FramesReceived       *uint32  `json:"framesReceived,omitempty"`    // video
	KeyFramesReceived    *uint32  `json:"keyFramesReceived,omitempty"` // not in webrtc-stats, which counts decoded ones
	FramesDecoded        *uint32  `json:"framesDecoded,omitempty"`     // by a peer that decodes
	FramesDropped        *uint32  `json:"framesDropped,omitempty"`
	FramesPerSecond      *float64 `json:"framesPerSecond,omitempty"` // over the last interval
	FrameWidth           *uint16  `json:"frameWidth,omitempty"`
	FrameHeight          *uint16  `json:"frameHeight,omitempty"`
	FreezeCount          *uint32  `json:"freezeCount,omitempty"`
	TotalFreezesDuration *float64 `json:"totalFreezesDuration,omitempty"` // seconds
	// seconds in gaps of over 200 ms between two frames; not in webrtc-stats
	TotalGapsDuration *float64 `json:"totalGapsDuration,omitempty"`
	// seconds, the longest of the last three distances of frames; not in webrtc-stats
	RecentFrameGap *float64 `json:"recentFrameGap,omitempty"`
	// of video whose packets name their layer; not in webrtc-stats
	Layers []LayerCount `json:"layers,omitempty"`
	// audio, by a model: a jitter buffer of 40 ms and twice the jitter
	TotalSamplesReceived *uint64 `json:"totalSamplesReceived,omitempty"`
	// of those, lost and not repaired, or too late for that buffer
	ConcealedSamples *uint64 `json:"concealedSamples,omitempty"`
	// name of a layer of simulcast (RFC 8851)
	RID string `json:"rid,omitempty"`
	// what became of the frames of dialtone's clip; absent for other video
	ClipFrames            *ClipFrames `json:"clipFrames,omitempty"`
	LastPacketReceivedAgo *float64    `json:"lastPacketReceivedAgo,omitempty"` // seconds before the sample, of media
	// seconds, the longest time between two packets, without those in which the peer had muted; not in webrtc-stats
	LongestPacketGap *float64 `json:"longestPacketGap,omitempty"`
	// what its sender's reports say of the time since the last packet; absent before the second one. Not in webrtc-stats
	SentSince *SentSince `json:"sentSince,omitempty"`
	// its sender has said that it ended the stream (RTCP BYE), and nothing has come since; not in webrtc-stats
	Goodbye              bool     `json:"goodbye,omitempty"`
	AudioLevel           *float64 `json:"audioLevel,omitempty"`           // 0–1, RMS of the last interval
	TotalAudioEnergy     *float64 `json:"totalAudioEnergy,omitempty"`     // Σ level² · seconds
	TotalSamplesDuration *float64 `json:"totalSamplesDuration,omitempty"` // seconds of sound
	Sound                *Sound   `json:"sound,omitempty"`                // what is heard; not in webrtc-stats
}

// SentSince is what a sender counts in the reports (RFC 3550 §6.4.1) that came after the last packet of its stream.
type SentSince struct {
	Packets uint32  `json:"packets"` // sent between the first of these reports and the latest
	Over    float64 `json:"over"`    // seconds between them
}

// MediaPackets counts the packets received; none if all of them are padding, by which a sender probes the bandwidth.
func (in *InboundRTP) MediaPackets() uint64 {
	return mediaPackets(in.PacketsReceived, in.BytesReceived)
}

// MediaPackets counts the packets sent, likewise.
func (out *OutboundRTP) MediaPackets() uint64 { return mediaPackets(out.PacketsSent, out.BytesSent) }

func mediaPackets(packets, bytes *uint64) uint64 {
	if packets == nil || bytes != nil && *bytes == 0 {
		return 0
	}
	return *packets
}

// UnagreedPayload counts the packets of the latest payload type of a stream that is not agreed on.
type UnagreedPayload struct {
	PayloadType uint8  `json:"payloadType"`
	Name        string `json:"name,omitempty"` // by the description of the sender
	Packets     uint64 `json:"packetsReceived"`
}

// Undecodable reports whether more packets cannot be decoded than what was in flight when the peer's codec changed.
func (in *InboundRTP) Undecodable() bool { return in.Unagreed != nil && in.Unagreed.Packets >= 50 }

// OneWayDelay is how long the packets of a stream are on their way (RFC 7679). Retransmissions do not count.
type OneWayDelay struct {
	Source DelaySource `json:"source"`
	// seconds by which all may be too long or too short: half of the round-trip time if two clocks are compared, 0 if it
	// is one
	Uncertainty  float64  `json:"uncertainty"`
	Delay        *float64 `json:"delay,omitempty"` // seconds, mean of the last interval
	Min          *float64 `json:"min,omitempty"`   // seconds, of the last interval
	Max          *float64 `json:"max,omitempty"`   // seconds, of the last interval
	Mean         float64  `json:"mean"`            // seconds, of all
	Measurements uint64   `json:"measurements"`    // packets of all
}

// DelaySource says how a one-way delay is measured.
type DelaySource string

// Ways to measure a one-way delay.
const (
	// DelayPayload is by the bytes of packets that another connection of this process sent.
	DelayPayload DelaySource = "payload"
	// DelayCapture is since the capture that packets state (abs-capture-time); the sender's clock is tied to this one by
	// its reports and the round-trip time.
	DelayCapture DelaySource = "abs_capture_time"
	// DelayReports is since the capture, by the sender's reports; its clock is tied to this one by the round-trip time.
	DelayReports DelaySource = "sender_reports"
)

// LayerCount counts the packets of one layer of a stream of video (RFC 7741, RFC 9628, AV1): each once, while
// packetsReceived also counts retransmissions, which browsers send to probe the bandwidth, too.
type LayerCount struct {
	Spatial  int    `json:"spatial"`  // number, from 0
	Temporal int    `json:"temporal"` // number, from 0
	Packets  uint64 `json:"packets"`
}

// ClipFrames counts the frames of the clip that one dialtone sends and another recognizes.
type ClipFrames struct {
	Received uint32 `json:"received"` // complete
	Skipped  uint32 `json:"skipped"`  // between frames that were received, and not received, or not sent
	Late     uint32 `json:"late"`     // received after a newer one
	Repeated uint32 `json:"repeated"` // received with the time of another frame
	Cuts     uint32 `json:"cuts"`     // times that the sender went on at another place, as it does for a key frame
}

// OutboundRTP is a stream at its sender (RTCOutboundRtpStreamStats), with what its receiver reports of it: one that is
// sent here, or as the peer reports it. What is absent was not measured or not reported.
type OutboundRTP struct {
	Kind                     string         `json:"kind"` // audio or video
	SSRC                     uint32         `json:"ssrc,omitempty"`
	Mid                      string         `json:"mid,omitempty"`
	MimeType                 string         `json:"mimeType,omitempty"`
	PacketsSent              *uint64        `json:"packetsSent,omitempty"`
	BytesSent                *uint64        `json:"bytesSent,omitempty"` // payload bytes
	HeaderBytesSent          *uint64        `json:"headerBytesSent,omitempty"`
	RetransmittedPacketsSent *uint64        `json:"retransmittedPacketsSent,omitempty"`
	Bitrate                  *float64       `json:"bitrate,omitempty"`   // bit/s of payload over the last interval
	NACKCount                *uint32        `json:"nackCount,omitempty"` // received by the sender
	PLICount                 *uint32        `json:"pliCount,omitempty"`
	FIRCount                 *uint32        `json:"firCount,omitempty"`
	FramesEncoded            *uint32        `json:"framesEncoded,omitempty"` // by a peer that encodes
	FramesSent               *uint32        `json:"framesSent,omitempty"`
	KeyFramesSent            *uint32        `json:"keyFramesSent,omitempty"`
	FramesPerSecond          *float64       `json:"framesPerSecond,omitempty"` // over the last interval
	FrameWidth               *uint16        `json:"frameWidth,omitempty"`
	FrameHeight              *uint16        `json:"frameHeight,omitempty"`
	LastPacketSentAgo        *float64       `json:"lastPacketSentAgo,omitempty"` // seconds before the sample
	Remote                   *RemoteInbound `json:"remoteInbound,omitempty"`     // absent until the receiver's first report
	Sizes                    []PacketSizes  `json:"sizes,omitempty"`             // of video, by length in ascending order
}

// PacketSizes counts the RTP packets of a stream whose length is in a range of 100 bytes.
type PacketSizes struct {
	Bytes  int    `json:"bytes"`  // the shortest of the range; the range from 1,500 has no end
	Sent   uint32 `json:"sent"`   // without retransmissions
	Missed uint32 `json:"missed"` // of those, requested again by the receiver (NACK)
}

// RemoteInbound is what receiver reports say of a stream to its sender (RTCRemoteInboundRtpStreamStats).
type RemoteInbound struct {
	PacketsLost *int64 `json:"packetsLost,omitempty"`
	// of those, never sent: numbers that the sender left out, as in the echo of a stream with losses. Not in webrtc-stats
	PacketsSkipped *int64 `json:"packetsSkipped,omitempty"`
	// Packets that the report is about, where it does not say itself how many were received: those that had been sent when
	// it came. Not in webrtc-stats
	PacketsExpected *int64 `json:"packetsExpected,omitempty"`
	// of the packets up to the highest sequence number that the report names
	PacketsReceived *uint64 `json:"packetsReceived,omitempty"`

	FractionLost *float64 `json:"fractionLost,omitempty"` // 0–1, of the receiver's last interval
	Jitter       *float64 `json:"jitter,omitempty"`       // seconds
	// seconds for which the receiver's feedback (reports, transport-wide feedback) names none of the packets that were
	// sent; absent: they arrive. Not in webrtc-stats
	NotReceivedFor *float64 `json:"notReceivedFor,omitempty"`
	// seconds of sending that no report followed, if they are too many for the receiver's interval; absent: they come.
	// Then all that changes is unknown: fractionLost, jitter, roundTripTime. Not in webrtc-stats
	ReportsMissingFor *float64 `json:"reportsMissingFor,omitempty"`
	// seconds; absent until measured, rejected outside 0–60
	RoundTripTime             *float64 `json:"roundTripTime,omitempty"`
	TotalRoundTripTime        *float64 `json:"totalRoundTripTime,omitempty"`
	RoundTripTimeMeasurements *uint64  `json:"roundTripTimeMeasurements,omitempty"`
}

// TransportStats is RTCTransportStats.
type TransportStats struct {
	PacketsSent     uint64 `json:"packetsSent"`
	PacketsReceived uint64 `json:"packetsReceived"`
	BytesSent       uint64 `json:"bytesSent"`
	BytesReceived   uint64 `json:"bytesReceived"`
}

// Feedback counts what the peer has reported about the bandwidth to it.
type Feedback struct {
	TransportCC uint64 `json:"transportCC"` // packets of transport-wide congestion control
	REMB        uint64 `json:"remb"`        // receiver estimated maximum bitrates
}

// SCTPStats is RTCSctpTransportStats.
type SCTPStats struct {
	SmoothedRoundTripTime *float64 `json:"smoothedRoundTripTime,omitempty"` // seconds
	CongestionWindow      uint32   `json:"congestionWindow"`                // bytes
	ReceiverWindow        uint32   `json:"receiverWindow"`
	MTU                   uint32   `json:"mtu"`
}

// DataChannelRow is RTCDataChannelStats.
type DataChannelRow struct {
	Label            string  `json:"label"`
	ID               *uint16 `json:"dataChannelIdentifier,omitempty"`
	State            string  `json:"state"`
	MessagesSent     uint64  `json:"messagesSent"`
	BytesSent        uint64  `json:"bytesSent"`
	MessagesReceived uint64  `json:"messagesReceived"`
	BytesReceived    uint64  `json:"bytesReceived"`
}

// Kinds of media, in the order in which they are listed.
var Kinds = []string{"audio", "video"}

// SecondsOf makes a duration of seconds.
func SecondsOf(s float64) time.Duration { return time.Duration(s * float64(time.Second)) }
