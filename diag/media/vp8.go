package media

// picture is what the payload of a video packet tells of its frame.
type picture struct {
	start         bool   // it is the first packet of the frame; only VP8 says so
	key           bool   // (part of) a key frame
	width, height uint16 // 0 where it does not say
}

// parseVP8 reads the payload descriptor (RFC 7741, section 4.2) and, in the first packet of a frame, the frame header
// (section
// 4.3; RFC 6386, section 9.1).
func parseVP8(b []byte) picture {
	if len(b) == 0 || b[0]&0x17 != 0x10 { // S set and partition 0: the first packet of a frame
		return picture{}
	}
	n := 1
	if b[0]&0x80 != 0 { // X
		if len(b) < 2 {
			return picture{}
		}
		flags := b[1]
		n = 2
		if flags&0x80 != 0 { // I: a picture ID of one or two bytes
			if len(b) < 3 {
				return picture{}
			}
			n += 1 + int(b[2]>>7)
		}
		if flags&0x40 != 0 { // L: TL0PICIDX
			n++
		}
		if flags&0x30 != 0 { // T or K: TID and KEYIDX
			n++
		}
	}
	if len(b) <= n {
		return picture{start: true}
	}
	b = b[n:]
	p := picture{start: true, key: b[0]&1 == 0}
	if p.key && len(b) >= 10 && b[3] == 0x9d && b[4] == 0x01 && b[5] == 0x2a {
		p.width = (uint16(b[6]) | uint16(b[7])<<8) & 0x3fff
		p.height = (uint16(b[8]) | uint16(b[9])<<8) & 0x3fff
	}
	return p
}
