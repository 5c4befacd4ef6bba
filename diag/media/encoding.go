package media

import (
	"math"
	"reflect"

	"dialtone/diag"
	"dialtone/diag/media/video"
)

// maxEncodings bounds how often a change of the encoding of a stream is reported.
const maxEncodings = 30

// encoding follows how an inbound stream of video is coded. The zero value is ready.
type encoding struct {
	coding   video.Coding
	next     int64 // extended sequence number that follows the last packet
	seen     encoded
	reported diag.VideoEncoding
	reports  int
}

// encoded is what a report is made of, to see at once whether it changed.
type encoded struct {
	codec         *codec
	payloadType   int16
	headers       video.Headers
	width, height uint16
	intervals     int
}

// add reads a packet that is newer than all before.
func (e *encoding) add(c *codec, ext int64, payload []byte) {
	e.coding.Add(c.Name, payload, ext == e.next)
	e.next = ext + 1
}

// encodes says how the stream is coded, if that changed with the last frame; nil if not.
func (s *inbound) encodes() *diag.VideoEncoding {
	e := &s.encoding
	if s.codec.Kind != KindVideo || s.frames.complete == 0 || e.reports == maxEncodings {
		return nil
	}
	seen := encoded{
		s.codec, s.payloadType, e.coding.Headers, s.frames.width, s.frames.height, s.frames.requests.found,
	}
	if seen == e.seen {
		return nil
	}
	e.seen = seen
	return e.report(s)
}

func (e *encoding) report(s *inbound) *diag.VideoEncoding {
	d := diag.VideoEncoding{
		SSRC: s.ssrc, MimeType: s.codec.mime, PayloadType: uint8(s.payloadType), // #nosec G115 -- a packet has come
		Profile: e.coding.Profile, Level: e.coding.Level, ProfileLevelID: e.coding.ProfileLevelID,
		Width: s.frames.width, Height: s.frames.height, KeyFrameIntervalMs: s.frames.requests.interval(),
	}
	if e.coding.Slices || e.coding.BFrames {
		d.BFrames = new(e.coding.BFrames)
	}
	if e.coding.Ordered || e.coding.Reordered {
		d.Reordered = new(e.coding.Reordered)
	}
	if !changed(e.reported, d) {
		return nil
	}
	e.reported = d
	e.reports++
	return &d
}

// steady is by how much of itself an interval may change that is not reported.
const steady = 0.2

// changed reports whether b says something that a does not.
func changed(a, b diag.VideoEncoding) bool {
	if before, now := a.KeyFrameIntervalMs, b.KeyFrameIntervalMs; before != nil && now != nil &&
		math.Abs(now.Float()-before.Float()) <= steady*before.Float() {
		b.KeyFrameIntervalMs = before
	}
	return !reflect.DeepEqual(a, b)
}
