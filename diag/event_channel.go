package diag

// The events of data channels.
var _ = []Type{
	register[ChannelOpen](), register[ChannelClose](), register[Message](), register[Control](),
	register[Ping](), register[MessagesDropped](),
}

func (ChannelOpen) name() Type     { return "channel.open" }
func (ChannelClose) name() Type    { return "channel.close" }
func (Message) name() Type         { return "channel.message" }
func (Control) name() Type         { return "channel.control" }
func (Ping) name() Type            { return "channel.ping" }
func (MessagesDropped) name() Type { return "channel.dropped" }

// Labels of the channels that dialtone opens and understands; any other is shown as it comes.
const (
	LabelControl       = "special_datachannel" // control messages, as documented for the original call
	LabelControlLegacy = "system_channel"      // the same, as its deployed page names it
	LabelChat          = "chat"
	LabelPing          = "ping"
)

// MaxMessageText is how many bytes of a message's text are kept in an event.
const MaxMessageText = 4096

// ChannelOpen ("channel.open") is an RTCDataChannel that became usable.
type ChannelOpen struct {
	Side              Side    `json:"side"` // who created it
	ID                *uint16 `json:"dataChannelIdentifier,omitempty"`
	Label             string  `json:"label"`
	Protocol          string  `json:"protocol,omitempty"`
	Ordered           bool    `json:"ordered"`
	MaxRetransmits    *uint16 `json:"maxRetransmits,omitempty"`
	MaxPacketLifeTime *uint16 `json:"maxPacketLifeTime,omitempty"` // ms
	Negotiated        bool    `json:"negotiated,omitempty"`
	// seen in statistics: it became usable at some time since the sample before
	Sampled bool `json:"sampled,omitempty"`
}

// ChannelClose ("channel.close") is a channel that ended, by itself or with the call.
type ChannelClose struct {
	ID    *uint16 `json:"dataChannelIdentifier,omitempty"`
	Label string  `json:"label"`
	Error string  `json:"error,omitempty"`
}

// Direction reports which way something traveled.
type Direction string

// Directions.
const (
	Inbound  Direction = "inbound"
	Outbound Direction = "outbound"
)

// Opposite is the direction as the peer sees it; "" stays so.
func (d Direction) Opposite() Direction {
	switch d {
	case Inbound:
		return Outbound
	case Outbound:
		return Inbound
	}
	return d
}

// Message ("channel.message") is one message of a data channel, except pings. Text is at most [MaxMessageText] bytes.
type Message struct {
	Direction Direction `json:"direction"`
	Label     string    `json:"label"`
	Bytes     int       `json:"bytes"` // of the whole message
	Binary    bool      `json:"binary,omitempty"`
	Text      string    `json:"text,omitempty"`      // absent for binary messages
	Truncated bool      `json:"truncated,omitempty"` // Text is only the beginning
}

// Control ("channel.control") is a control message that was understood; its Message precedes it.
type Control struct {
	Direction Direction `json:"direction"`
	Code      string    `json:"code"`            // reject, mute_audio, mute_video, hello, restart, …
	Value     *bool     `json:"value,omitempty"` // of mute_audio and mute_video
	Agent     string    `json:"agent,omitempty"` // of hello
}

// Ping ("channel.ping") is one round trip over the ping channel.
type Ping struct {
	RTTMs Millis `json:"rtt_ms"`
}

// MessagesDropped ("channel.dropped") reports how many messages of a flooding peer were counted but not logged one by
// one.
type MessagesDropped struct {
	Label    string `json:"label"` // empty: of all labels beyond the first 16
	Messages uint64 `json:"messages"`
	Bytes    uint64 `json:"bytes"`
}
