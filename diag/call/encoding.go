package call

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"dialtone/diag"
)

// maxEncodings bounds the streams whose encoding is kept.
const maxEncodings = 8

// putEncoding notes how a stream is coded.
func (c *Call) putEncoding(d diag.VideoEncoding) {
	i := slices.IndexFunc(c.Encodings, func(e diag.VideoEncoding) bool { return e.SSRC == d.SSRC })
	switch {
	case i >= 0:
		c.Encodings[i] = d
	case len(c.Encodings) < maxEncodings:
		c.Encodings = append(c.Encodings, d)
	}
}

// EncodingOf is how an inbound stream is coded; nil if that is unknown.
func (c *Call) EncodingOf(ssrc uint32) *diag.VideoEncoding {
	for i := range c.Encodings {
		if c.Encodings[i].SSRC == ssrc {
			return new(c.Encodings[i])
		}
	}
	return nil
}

// RareKeyFrames is that a publisher does not answer requests for key frames, and sends few by itself.
type RareKeyFrames struct {
	SSRC       uint32      `json:"ssrc"`
	IntervalMs diag.Millis `json:"interval_ms"` // between two key frames
	AtLeast    bool        `json:"at_least"`    // the second has not come
	WaitMs     diag.Millis `json:"wait_ms"`     // from a request until a key frame came, or until now
}

// rareKeyFrames is the time between key frames that makes those who join wait too long.
const rareKeyFrames = 4 * time.Second

// RareKeyFrames looks for it in a stream that arrives.
func (c *Call) RareKeyFrames(in diag.InboundRTP) *RareKeyFrames {
	i := slices.IndexFunc(c.KeyFrames, func(r KeyFrameRow) bool { return r.SSRC == in.SSRC && r.SinceMs != nil })
	if i < 0 {
		return nil
	}
	row, wait := c.KeyFrames[i], time.Duration(0)
	if row.After != nil {
		wait = *row.After
	} else if sample := c.Latest(); in.LastPacketReceivedAgo != nil {
		wait = sample.At - diag.SecondsOf(*in.LastPacketReceivedAgo) - row.At
	}
	interval := row.SinceMs.Duration() + wait
	if wait <= diag.KeyFrameAnswer || interval <= rareKeyFrames {
		return nil
	}
	return &RareKeyFrames{in.SSRC, diag.Millis(interval), row.After == nil, diag.Millis(wait)}
}

// Profiles are what was agreed for a stream of H264, and what it holds.
type Profiles struct {
	SSRC        uint32 `json:"ssrc"`
	Sent        string `json:"sent"`   // profile-level-id
	Agreed      string `json:"agreed"` // likewise
	PayloadType uint8  `json:"payload_type"`
}

// AgreedProfile compares the profile of a stream of H264 with that of the local description, which says what may be
// sent here (RFC 6184 §8.2.2); nil if one of them is unknown.
func (c *Call) AgreedProfile(ssrc uint32) *Profiles {
	e, local := c.EncodingOf(ssrc), c.description(diag.Local)
	if e == nil || e.ProfileLevelID == "" || local == nil {
		return nil
	}
	for _, s := range local.Media {
		for _, k := range s.Codecs {
			if k.PayloadType == strconv.Itoa(int(e.PayloadType)) && strings.EqualFold(k.Short(), "H264") {
				if id := diag.Clean(k.Parameter("profile-level-id"), 10); id != "" {
					return &Profiles{ssrc, e.ProfileLevelID, id, e.PayloadType}
				}
			}
		}
	}
	return nil
}
