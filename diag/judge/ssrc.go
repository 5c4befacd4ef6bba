package judge

import (
	"slices"

	"dialtone/diag"
	"dialtone/diag/call"
	"dialtone/diag/finding"
)

// Evidence about streams whose SSRC no description announced.
type (
	// SSRCChanged means that the peer continued streams of a kind with other SSRCs.
	SSRCChanged struct {
		Kind     string `json:"kind"`
		Times    int    `json:"times"`
		Previous uint32 `json:"previousSSRC"`
		SSRC     uint32 `json:"ssrc"` // the latest
	}
	// RedundancyUnasked means that packets have a format against loss that was not agreed on.
	RedundancyUnasked struct {
		Kind    string `json:"kind"`
		Format  string `json:"fecFormat"` // red, ulpfec, flexfec-03
		Packets uint64 `json:"fecPacketsReceived"`
	}
	// PayloadTypeUnagreed means that packets of a stream have a payload type that is not agreed on for it.
	PayloadTypeUnagreed struct {
		Kind        string `json:"kind"`
		SSRC        uint32 `json:"ssrc"`
		PayloadType uint8  `json:"payloadType"`
		Name        string `json:"name,omitempty"` // by the description of the sender
		Packets     uint64 `json:"packetsUnagreed"`
		All         uint64 `json:"packetsReceived"`
	}
	// PayloadTypeShared means that a peer gives two codecs of one bundle the same payload type.
	PayloadTypeShared struct {
		PayloadType string   `json:"payloadType"`
		Codecs      []string `json:"codecs"` // "opus/48000/2", "VP8/90000"
	}
	// SSRCUnknown means that a stream arrives that no media section receives.
	SSRCUnknown struct {
		Kind        string `json:"kind,omitempty"`
		SSRC        uint32 `json:"ssrc"`
		PayloadType uint8  `json:"payloadType"`
		Announced   string `json:"announced,omitempty"` // the mid of the section for which the peer announces it
		From        string `json:"from,omitempty"`      // address and port of the sender
		OffPath     bool   `json:"offPath,omitempty"`   // that is not the remote end of the selected pair
	}
)

// ssrcFindings name streams that were not announced.
func ssrcFindings(out *finding.List, c *call.Call, x Expectation) {
	payloadFindings(out, c, x)
	changed := map[string]*SSRCChanged{}
	for _, u := range c.Unannounced {
		kind := diag.Clean(u.Kind, 20)
		if u.Previous == 0 {
			e := SSRCUnknown{kind, u.SSRC, u.PayloadType, "", diag.Clean(u.From, 60), u.OffPath}
			if u.Announced {
				e.Announced = diag.Clean(u.Mid, 32)
			}
			out.Add("media.unknown_ssrc", Warn, kind, e)
			continue
		}
		if changed[kind] == nil {
			changed[kind] = &SSRCChanged{Kind: kind}
		}
		e := changed[kind]
		e.Times, e.Previous, e.SSRC = e.Times+1, u.Previous, u.SSRC
	}
	for _, kind := range diag.Kinds {
		if e := changed[kind]; e != nil {
			out.Add("media.ssrc_changed", Info, kind, *e)
		}
	}
	redundancyFindings(out, c)
}

// payloadFindings name streams with packets that cannot be decoded. It fails a check if they are most of the stream.
func payloadFindings(out *finding.List, c *call.Call, x Expectation) {
	sample := c.Latest()
	if sample == nil {
		return
	}
	for _, in := range sample.Inbound {
		u, all := in.Unagreed, diag.OrZero(in.PacketsReceived)
		if !in.Undecodable() {
			continue
		}
		kind := diag.Clean(in.Kind, 20)
		most := 2*u.Packets > all
		out.Add("media.payload_type", finding.Graver(most && x.expects(diag.Inbound, kind)), kind,
			PayloadTypeUnagreed{kind, in.SSRC, u.PayloadType, diag.Clean(u.Name, 32), u.Packets, all})
	}
}

// sharedFindings name payload types that say not even which kind of media a packet holds. It explains media that is
// missing.
func sharedFindings(out *finding.List, c *call.Call, _ Expectation) {
	for _, s := range c.SharedPayloadTypes() {
		missing := c.ConnectedAt != nil && slices.ContainsFunc(diag.Kinds, func(kind string) bool {
			return c.Promised(kind) && c.StreamOf(diag.Inbound, kind).Packets == 0
		})
		out.Add("media.payload_type_shared", finding.Graver(missing), "",
			PayloadTypeShared{diag.Clean(s.PayloadType, 10), cleanNames(s.Codecs)})
	}
}

// redundancyFindings name formats against loss that a peer sends and this side's description does not have. The in-band
// FEC of Opus needs no format.
func redundancyFindings(out *finding.List, c *call.Call) {
	sample := c.Latest()
	if sample == nil {
		return
	}
	for _, in := range sample.Inbound {
		kind, format := diag.Clean(in.Kind, 20), diag.Clean(in.FECFormat, 20)
		n := diag.OrZero(in.FECPacketsReceived)
		if n > 0 && format != "" && format != "opus" && !c.HasFormat(diag.Local, in.Kind, in.FECFormat) {
			out.Add("media.redundancy_unasked", Info, kind, RedundancyUnasked{kind, format, n})
		}
	}
}
