package video

import (
	"slices"

	"github.com/pion/rtp/codecs"
	"github.com/pion/rtp/codecs/vp9"
)

// VP9 reads the payload descriptor (RFC 9628, section 4.2): a picture begins with its lowest spatial layer, and is
// a key picture if it is not predicted from others. The resolution is that of the highest layer of the scalability
// structure or, without one, of the frame header.
func VP9(b []byte) Picture {
	var d codecs.VP9Packet
	frame, err := d.Unmarshal(b)
	if err != nil || !d.B || d.SID != 0 {
		return Picture{}
	}
	p := Picture{Start: true, Key: !d.P}
	if len(d.Width) > 0 && len(d.Height) > 0 {
		p.Width, p.Height = slices.Max(d.Width), slices.Max(d.Height)
		return p
	}
	var h vp9.Header
	if p.Key && h.Unmarshal(frame) == nil && h.FrameSize != nil {
		p.Width, p.Height = h.Width(), h.Height()
	}
	return p
}
