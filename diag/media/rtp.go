package media

import (
	"encoding/binary"
)

// header is what the recorder needs of an RTP packet (RFC 3550, section 5.1). It points into the packet and allocates
// nothing.
type header struct {
	marker      bool
	payloadType uint8
	seq         uint16
	timestamp   uint32
	ssrc        uint32
	overhead    int    // bytes of header, extensions and padding
	start       int    // of the payload, in the packet
	payload     []byte // of media
	carried     int    // bytes of payload, with what is no media
	profile     uint16 // of the header extensions
	extensions  []byte
}

const rtpFixed = 12

// parseRTP reads an RTP packet; false for what is none.
func parseRTP(b []byte) (header, bool) {
	if len(b) < rtpFixed || b[0]>>6 != 2 {
		return header{}, false
	}
	start := rtpFixed + 4*int(b[0]&0x0f) // CSRCs
	var profile uint16
	first := 0 // byte of the extensions; 0 for none
	if b[0]&0x10 != 0 {
		if len(b) < start+4 {
			return header{}, false
		}
		profile, first = binary.BigEndian.Uint16(b[start:]), start+4
		start = first + 4*int(binary.BigEndian.Uint16(b[start+2:]))
	}
	end := len(b)
	if b[0]&0x20 != 0 { // padding, whose length is its last byte
		end -= int(b[len(b)-1])
	}
	if start > end {
		return header{}, false
	}
	if first == 0 {
		first = start
	}
	return header{
		profile: profile, extensions: b[first:start],
		marker: b[1]&0x80 != 0, payloadType: b[1] & 0x7f,
		seq: binary.BigEndian.Uint16(b[2:]), timestamp: binary.BigEndian.Uint32(b[4:]), ssrc: binary.BigEndian.Uint32(b[8:]),
		overhead: len(b) - (end - start), payload: b[start:end],
		start: start, carried: end - start,
	}, true
}

// extension finds a header extension by its number (RFC 8285): in the form of one byte or of two.
func (h header) extension(id uint8) ([]byte, bool) {
	two := h.profile>>4 == 0x100
	if id == 0 || !two && h.profile != 0xbede {
		return nil, false
	}
	for b := h.extensions; len(b) > 0; {
		if b[0] == 0 { // padding
			b = b[1:]
			continue
		}
		number, length, data := b[0]>>4, int(b[0]&0x0f)+1, b[1:]
		if two {
			if len(b) < 2 {
				return nil, false
			}
			number, length, data = b[0], int(b[1]), b[2:]
		}
		if length > len(data) || !two && number == 15 {
			return nil, false
		}
		if number == id {
			return data[:length], true
		}
		b = data[length:]
	}
	return nil, false
}

// original turns a retransmission (RFC 4588, section 4) into the packet that it repairs: its payload begins with the
// original sequence number. False for the padding that senders probe the bandwidth with, which repairs nothing.
func (h header) original() (header, bool) {
	if len(h.payload) < 2 {
		return header{}, false
	}
	h.seq = binary.BigEndian.Uint16(h.payload)
	h.payload = h.payload[2:]
	h.carried -= 2
	h.overhead += 2
	return h, true
}
