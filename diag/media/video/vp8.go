// Package video reads what the payloads of RTP packets of video show of their frames, without decoding them.
package video

import "github.com/pion/rtp/codecs"

// Picture is what the payload of a video packet shows of its frame.
type Picture struct {
	Start         bool   // it is the first packet of the frame, where that shows
	Key           bool   // (part of) a key frame
	Width, Height uint16 // 0 if it does not say
}

// VP8 reads the payload descriptor (RFC 7741, section 4.2) and, in the first packet of a frame, the frame header
// (section 4.3; RFC 6386, section 9.1).
func VP8(b []byte) Picture {
	var d codecs.VP8Packet
	frame, err := d.Unmarshal(b)
	if err != nil || d.S != 1 || d.PID != 0 { // not the first packet of a frame
		return Picture{}
	}
	p := Picture{Start: true, Key: len(frame) > 0 && frame[0]&1 == 0}
	if p.Key && len(frame) >= 10 && frame[3] == 0x9d && frame[4] == 0x01 && frame[5] == 0x2a {
		p.Width = (uint16(frame[6]) | uint16(frame[7])<<8) & 0x3fff
		p.Height = (uint16(frame[8]) | uint16(frame[9])<<8) & 0x3fff
	}
	return p
}
