package judge

import (
	"strings"

	"dialtone/diag"
	"dialtone/diag/call"
	"dialtone/diag/finding"
)

// Injected is the evidence of what the call did to its own packets on purpose.
type Injected struct {
	Asked    []diag.Impairment `json:"asked,omitempty"` // as --impair said it
	Inbound  InjectedPackets   `json:"inbound"`
	Outbound InjectedPackets   `json:"outbound"`
}

// InjectedPackets counts those of a direction.
type InjectedPackets struct {
	Packets    uint64 `json:"packets"`
	Dropped    uint64 `json:"dropped"`
	Delayed    uint64 `json:"delayed"`
	Duplicated uint64 `json:"duplicated"`
	Reordered  uint64 `json:"reordered"`
}

func injectedPackets(p diag.ImpairedPackets) InjectedPackets {
	return InjectedPackets{p.Packets, p.Dropped(), p.Delayed, p.Duplicated, p.Reordered}
}

// impairFindings say what the call did to its own packets, or that nothing came of it.
func impairFindings(out *finding.List, c *call.Call, _ Expectation) {
	if len(c.Start.Impair) == 0 && !c.Start.Stress || c.Impaired == nil {
		return
	}
	e := Injected{
		Asked: c.Start.Impair, Inbound: injectedPackets(c.Impaired.Inbound), Outbound: injectedPackets(c.Impaired.Outbound),
	}
	switch {
	case c.IsImpaired():
		out.Add("impair.injected", Info, "", e)
		return
	case c.Ended != nil && c.ConnectedAt != nil:
		out.Add("impair.no_effect", Warn, "", e)
	}
}

// unaffected are findings of the families below that lost or late packets cannot cause. That of media.loss leaves out
// what was dropped on purpose.
var unaffected = map[string]bool{
	"media.loss": true, "media.refused": true, "media.codec_declined": true, "media.not_sent": true,
	"media.source_stopped": true, "media.silent": true, "media.timestamp_jump": true, "media.black": true,
	"media.still": true, "media.clipping": true, "media.comfort_noise": true, "media.skew": true,
	"media.unknown_ssrc": true, "media.ssrc_changed": true, "media.clock_rate": true,
}

// silences are findings about TURN servers that lost packets can cause: what a server answers, they cannot.
var silences = map[string]bool{
	"turn.unanswered": true, "turn.relay_silent": true, "turn.channel_silent": true, "turn.refresh_failed": true,
	"turn.relay_untested": true,
}

// markInjected marks what the impairment of the call itself can explain.
func markInjected(c *call.Call, found []Finding) {
	if !c.IsImpaired() {
		return
	}
	for i := range found {
		f := &found[i]
		if e, heard := f.Evidence.(ChannelNotEchoed); heard && e.Answer != "" {
			continue // packets pass both ways
		}
		switch f.Family() {
		case "ice", "dtls", "channel", "path", "media":
			f.Injected = !unaffected[f.ID] && f.Severity != Info
		case "turn":
			f.Injected = silences[f.ID] && f.Severity != Info
		case "call":
			f.Injected = strings.HasPrefix(f.ID, "call.peer_lost")
		}
	}
}
