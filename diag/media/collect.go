package media

import (
	"bytes"
	"slices"

	"github.com/pion/rtp/codecs"
)

// maxCollected bounds what is kept of the frames of a stream that are incomplete, in bytes.
const maxCollected = 1 << 20

// Frame is a complete key frame that arrived.
type Frame struct {
	SSRC     uint32
	MimeType string
	Data     []byte // as its payloads hold it, without their descriptors
}

// collector keeps the payloads of the video frames that are incomplete. The zero value is ready.
type collector struct {
	open   [openFrames]collected // by the place of the frame in the ring of [frames]
	length int                   // of all payloads, bytes
}

// collected are the payloads of a frame.
type collected struct {
	ts    uint32
	parts []part
}

type part struct {
	ext  int64
	body []byte
}

// keep keeps a copy of a payload of the frame at a place of the ring.
func (c *collector) keep(place int, ts uint32, ext int64, body []byte) {
	o := &c.open[place]
	if o.ts != ts || len(o.parts) == 0 {
		c.forget(place)
		o.ts = ts
	}
	if len(body) == 0 || c.length+cost(body) > maxCollected {
		return
	}
	c.length += cost(body)
	o.parts = append(o.parts, part{ext, bytes.Clone(body)})
}

func (c *collector) forget(place int) {
	o := &c.open[place]
	for _, p := range o.parts {
		c.length -= cost(p.body)
	}
	clear(o.parts) // payloads are not held by what is not used
	o.parts = o.parts[:0]
}

// cost is what a payload takes, with its place in the list.
func cost(body []byte) int { return len(body) + 64 }

// take returns the whole of a complete frame and forgets it; nil if something is missing.
func (c *collector) take(place int, fr *openFrame) []byte {
	o := &c.open[place]
	defer c.forget(place)
	if o.ts != fr.ts || int64(len(o.parts)) != fr.count {
		return nil
	}
	slices.SortFunc(o.parts, func(a, b part) int { return int(a.ext - b.ext) })
	var whole []byte
	for _, p := range o.parts {
		whole = append(whole, p.body...)
	}
	return whole
}

// body is what a payload holds of its frame, without the descriptor that servers rewrite.
func (c *codec) body(payload []byte) []byte {
	var body []byte
	var err error
	switch c.Name {
	case "VP8":
		body, err = (&codecs.VP8Packet{}).Unmarshal(payload)
	case "VP9":
		body, err = (&codecs.VP9Packet{}).Unmarshal(payload)
	default:
		return payload
	}
	if err != nil {
		return nil
	}
	return body
}
