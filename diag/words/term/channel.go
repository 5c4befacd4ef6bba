package term

import (
	"cmp"
	"fmt"

	"dialtone/diag"
	"dialtone/diag/words"
)

// UnknownChannel is the purpose of a channel that dialtone does not know.
const UnknownChannel = "unknown"

var channels = map[string]string{
	diag.LabelChat: "chat", diag.LabelPing: "round trips", diag.LabelStats: "statistics",
	diag.LabelControl: "control", diag.LabelControlLegacy: "control",
}

// Channel says what a data channel is for.
func Channel(label string) string { return cmp.Or(channels[label], UnknownChannel) }

// Delivery says what a data channel guarantees (RFC 8831 §6.1).
func Delivery(ch diag.ChannelOpen) string {
	s := "reliable"
	switch {
	case ch.MaxRetransmits != nil:
		s = "at most " + words.Count(int(*ch.MaxRetransmits), "retransmission", "retransmissions")
	case ch.MaxPacketLifeTime != nil:
		s = fmt.Sprintf("retransmitted for %d ms", *ch.MaxPacketLifeTime)
	}
	if !ch.Ordered {
		s += ", unordered"
	}
	return s
}

// Control says what a message of the control channel means.
func Control(c diag.Control) string {
	who := "peer"
	if c.Direction == diag.Outbound {
		who = "you"
	}
	verb := "unmuted"
	if c.Value != nil && *c.Value {
		verb = "muted"
	}
	switch c.Code {
	case "reject":
		return who + " hung up"
	case "hello":
		return words.Join(" ", who, "said hello", c.Agent)
	case "echo":
		return who + " sent the hello back"
	case "restart":
		return who + " requested an ICE restart"
	case "mute_audio", "mute_microphone":
		return who + " " + verb + " audio"
	case "mute_video":
		return who + " " + verb + " video"
	}
	return who + " sent " + c.Code
}
