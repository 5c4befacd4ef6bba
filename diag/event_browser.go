package diag

// The events of browsers: what a dump of a browser says beyond what a call of dialtone measures. Names and units are
// those of W3C webrtc-stats and of the API; what the browser did not report is absent.
var _ = []Type{
	register[DumpStart](), register[CaptureRequest](), register[CaptureTrack](), register[APIFailure](),
	register[BrowserSample](),
}

func (DumpStart) name() Type      { return "dump.start" }
func (CaptureRequest) name() Type { return "browser.capture" }
func (APIFailure) name() Type     { return "browser.failure" }
func (CaptureTrack) name() Type   { return "browser.track" }
func (BrowserSample) name() Type  { return "browser.sample" }

// DumpPage is the connection of a dump that has none, but requests of a page for devices.
const DumpPage = "page"

// DumpSnapshot is the member by which dumps that dialtone writes say that they are made of one of a single moment.
const DumpSnapshot = "snapshot"

// DumpStart ("dump.start") says which dump the events come from. What dialtone has no notion of follows as events
// whose type begins with "browser.", with the text of the dump.
type DumpStart struct {
	Format     DumpFormat `json:"format"`
	Connection string     `json:"connection"`          // its name in the dump
	URL        string     `json:"url,omitempty"`       // of the page, without its query
	UserAgent  string     `json:"userAgent,omitempty"` // what the browser calls itself
	// the dump was written while the call went on; absent: the browser reports its end
	Open bool `json:"open,omitempty"`
	// a part of the connection could not be read: what is absent may have been there
	Partial bool `json:"partial,omitempty"`
	// the dump shows one moment, as those of Firefox do: of what happened before it, the times are not known
	Snapshot bool `json:"snapshot,omitempty"`
}

// DumpFormat says which program wrote a dump.
type DumpFormat string

// Formats of dumps.
const (
	DumpInternals DumpFormat = "webrtc-internals" // chrome://webrtc-internals
	DumpFirefox   DumpFormat = "about-webrtc"     // Firefox's about:webrtc
	DumpRTCStats  DumpFormat = "rtcstats"         // rtcstats-js, and Chromium's "rtcstats dump"
)

// CaptureRequest ("browser.capture") is a request of the page for devices or the screen, and what came of it.
type CaptureRequest struct {
	Request string `json:"request"` // getUserMedia or getDisplayMedia
	Audio   bool   `json:"audio,omitempty"`
	Video   bool   `json:"video,omitempty"`
	Granted bool   `json:"granted,omitempty"`
	// name of the DOMException: NotAllowedError, NotFoundError, NotReadableError, …
	Error   string `json:"error,omitempty"`
	Message string `json:"message,omitempty"`
}

// APIFailure ("browser.failure") is a call of the API that the browser rejected.
type APIFailure struct {
	Call  APICall `json:"call"`
	Error string  `json:"error,omitempty"` // what the browser says: "OperationError: Failed to …"
}

// APICall is a method of RTCPeerConnection.
type APICall string

// Calls of the API that may be rejected.
const (
	CreateOffer          APICall = "createOffer"
	CreateAnswer         APICall = "createAnswer"
	SetLocalDescription  APICall = "setLocalDescription"
	SetRemoteDescription APICall = "setRemoteDescription"
	AddICECandidate      APICall = "addIceCandidate"
)

// Known reports whether it is one of these, as a recording may hold any text.
func (c APICall) Known() bool {
	switch c {
	case CreateOffer, CreateAnswer, SetLocalDescription, SetRemoteDescription, AddICECandidate:
		return true
	}
	return false
}

// TrackChange is what became of a MediaStreamTrack.
type TrackChange string

// Changes of tracks.
const (
	TrackEnded    TrackChange = "ended"    // its device or window went away, or its permission
	TrackStopped  TrackChange = "stopped"  // by the page
	TrackSilenced TrackChange = "mute"     // it has no source for now: outside of the page's control
	TrackSounds   TrackChange = "unmute"   // it has a source again
	TrackDisabled TrackChange = "disabled" // by the page: silence or black frames are sent
	TrackEnabled  TrackChange = "enabled"
	TrackRemoved  TrackChange = "removed" // nothing is sent: replaceTrack(null) or removeTrack
)

// CaptureTrack ("browser.track") is a change of a MediaStreamTrack that is sent (local) or received.
type CaptureTrack struct {
	Side    Side        `json:"side"`
	Kind    string      `json:"kind,omitempty"` // audio or video
	TrackID string      `json:"trackIdentifier"`
	Change  TrackChange `json:"change"`
}

// BrowserSample ("browser.sample") is the part of getStats that only browsers have, at the time of the sample that
// follows.
type BrowserSample struct {
	Outbound []BrowserOutbound `json:"outbound,omitempty"`
	Inbound  []BrowserInbound  `json:"inbound,omitempty"`
	// bit/s, of the selected candidate pair
	AvailableOutgoingBitrate *float64 `json:"availableOutgoingBitrate,omitempty"`
}

// BrowserOutbound is a stream at a browser that sends it (RTCOutboundRtpStreamStats, RTCMediaSourceStats).
type BrowserOutbound struct {
	Kind        string `json:"kind"` // audio or video
	SSRC        uint32 `json:"ssrc,omitempty"`
	RID         string `json:"rid,omitempty"`
	Active      *bool  `json:"active,omitempty"`
	Encoder     string `json:"encoderImplementation,omitempty"`
	ContentType string `json:"contentType,omitempty"` // "screenshare" of a window or a screen
	// none, cpu, bandwidth or other
	LimitationReason    string               `json:"qualityLimitationReason,omitempty"`
	LimitationDurations *LimitationDurations `json:"qualityLimitationDurations,omitempty"`
	ResolutionChanges   *uint32              `json:"qualityLimitationResolutionChanges,omitempty"`
	TargetBitrate       *float64             `json:"targetBitrate,omitempty"`              // bit/s
	TotalEncodeTime     *float64             `json:"totalEncodeTime,omitempty"`            // seconds
	SendDelay           *float64             `json:"totalPacketSendDelay,omitempty"`       // seconds, of all packets
	SourceTrackID       string               `json:"sourceTrackIdentifier,omitempty"`      // of the media source
	SourceLevel         *float64             `json:"sourceAudioLevel,omitempty"`           // 0–1, of the media source
	SourceEnergy        *float64             `json:"sourceTotalAudioEnergy,omitempty"`     // Σ level² · seconds
	SourceDuration      *float64             `json:"sourceTotalSamplesDuration,omitempty"` // seconds
	SourceFrames        *float64             `json:"sourceFramesPerSecond,omitempty"`      // frames per second, of the media source
	SourceWidth         *uint16              `json:"sourceWidth,omitempty"`
	SourceHeight        *uint16              `json:"sourceHeight,omitempty"`
}

// LimitationDurations is how long the quality of a stream was limited, by reason.
type LimitationDurations struct {
	None      float64 `json:"none"`      // seconds
	CPU       float64 `json:"cpu"`       // seconds
	Bandwidth float64 `json:"bandwidth"` // seconds
	Other     float64 `json:"other"`     // seconds
}

// BrowserInbound is a stream at a browser that receives it (RTCInboundRtpStreamStats).
type BrowserInbound struct {
	Kind             string   `json:"kind"` // audio or video
	SSRC             uint32   `json:"ssrc,omitempty"`
	Decoder          string   `json:"decoderImplementation,omitempty"`
	JitterBuffer     *float64 `json:"jitterBufferDelay,omitempty"`        // seconds, of all that left the buffer
	Emitted          *uint64  `json:"jitterBufferEmittedCount,omitempty"` // samples or frames that left it
	SilentConcealed  *uint64  `json:"silentConcealedSamples,omitempty"`
	ConcealmentCount *uint64  `json:"concealmentEvents,omitempty"`
	InsertedSamples  *uint64  `json:"insertedSamplesForDeceleration,omitempty"`
	RemovedSamples   *uint64  `json:"removedSamplesForAcceleration,omitempty"`
	PacketsDiscarded *uint64  `json:"packetsDiscarded,omitempty"` // too late for the buffer
	PauseCount       *uint32  `json:"pauseCount,omitempty"`
	TotalDecodeTime  *float64 `json:"totalDecodeTime,omitempty"` // seconds
}
