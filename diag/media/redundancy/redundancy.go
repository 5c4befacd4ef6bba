// Package redundancy reads what RTP packets carry against loss beside media: RED (RFC 2198), forward error
// correction (RFC 5109, RFC 8627) and the in-band FEC of Opus (RFC 6716 §2.1.7).
package redundancy

import (
	"encoding/binary"
	"strings"
)

// Format is what the packets of a payload type hold that is no codec of media.
type Format uint8

// Formats.
const (
	Unknown Format = iota
	RED            // media, and repetitions of earlier packets, or FEC (RFC 2198)
	FEC            // nothing but redundancy: ULPFEC, FlexFEC
)

// FormatOf is the format of an encoding as SDP names it ("red", "ulpfec", "flexfec-03"), in any case.
func FormatOf(name string) Format {
	switch name = strings.ToLower(name); {
	case name == "red":
		return RED
	case name == "ulpfec", strings.HasPrefix(name, "flexfec"), name == "parityfec":
		return FEC
	}
	return Unknown
}

// Block is the primary block of a RED payload, which is the last one, and what was before it.
type Block struct {
	PayloadType uint8
	Payload     []byte
	Earlier     int // blocks that repeat earlier packets, without empty ones
	Bytes       int // of these
	Repeats     [maxRepeats]Repeat
}

// Repeat is a block that repeats an earlier packet; without payload, there is none. The first of a payload is that of
// the packet just before, by the order of the blocks.
type Repeat struct {
	PayloadType uint8
	Offset      uint32 // units of the timestamp by which the packet is older
	Payload     []byte
}

// maxBlocks bounds the blocks of a payload; senders use one or two. Of these, the latest are kept.
const (
	maxBlocks  = 32
	maxRepeats = 4
)

// Unwrap reads a payload of RED; false for one that breaks off.
func Unwrap(payload []byte) (Block, bool) {
	var b Block
	rest, skip := payload, 0
	var headers [maxBlocks]uint32
	for n := range maxBlocks {
		if len(rest) == 0 {
			return Block{}, false
		}
		if rest[0]&0x80 == 0 { // the header of the primary block is its payload type
			if b.PayloadType = rest[0]; skip > len(rest)-1 {
				return Block{}, false
			}
			b.Payload = rest[1+skip:]
			b.repeats(headers[:n], rest[1:1+skip])
			return b, true
		}
		if len(rest) < 4 {
			return Block{}, false
		}
		headers[n] = binary.BigEndian.Uint32(rest)
		if length := int(headers[n] & 0x3ff); length > 0 {
			b.Earlier++
			b.Bytes += length
			skip += length
		}
		rest = rest[4:]
	}
	return Block{}, false
}

// repeats finds the last blocks before the primary one.
func (b *Block) repeats(headers []uint32, bodies []byte) {
	for i := range min(len(headers), maxRepeats) {
		h := headers[len(headers)-1-i]
		begin := len(bodies) - int(h&0x3ff)
		b.Repeats[i] = Repeat{uint8(h >> 24 & 0x7f), h >> 10 & 0x3fff, bodies[begin:]}
		bodies = bodies[:begin]
	}
}

// OpusFEC reports whether a packet of Opus repeats the one before it with fewer bits (LBRR): the flag follows those of
// voice activity at the beginning of the first SILK frame (RFC 6716 §4.2.4).
func OpusFEC(packet []byte) bool {
	if len(packet) == 0 || packet[0] >= 0x80 { // CELT only
		return false
	}
	first, frames := firstFrame(packet), silkFrames(packet[0]>>3)
	if len(first) == 0 {
		return false
	}
	if first[0]>>(7-frames)&1 == 1 {
		return true
	}
	stereo := packet[0]&4 != 0
	return stereo && first[0]>>(6-2*frames)&1 == 1
}

// silkFrames is how many SILK frames an Opus frame of a configuration has in each channel (RFC 6716 §4.2.2).
func silkFrames(config byte) int {
	switch {
	case config >= 12, config%4 < 2: // hybrid; 10 and 20 ms
		return 1
	case config%4 == 2: // 40 ms
		return 2
	}
	return 3
}

// firstFrame is the first frame of a packet of Opus (RFC 6716 §3.2); empty without bytes, or if the packet breaks off.
func firstFrame(packet []byte) []byte {
	body := packet[1:]
	switch packet[0] & 3 {
	case 0, 1: // one, or two of the same length
		return body
	case 2:
		return sized(body)
	}
	if len(body) == 0 {
		return nil
	}
	count := body[0]
	body = body[1:]
	if count&0x40 != 0 { // the length of the padding at the end
		for len(body) > 0 && body[0] == 255 {
			body = body[1:]
		}
		if len(body) == 0 {
			return nil
		}
		body = body[1:]
	}
	if count&0x80 == 0 || count&0x3f <= 1 {
		return body
	}
	// The lengths of all frames but the last are before the first frame.
	length, _ := frameLength(body)
	for n := 1; n < int(count&0x3f) && len(body) > 0; n++ {
		_, size := frameLength(body)
		body = body[min(size, len(body)):]
	}
	return body[:min(length, len(body))]
}

// sized is the frame that follows its length.
func sized(b []byte) []byte {
	length, size := frameLength(b)
	b = b[min(size, len(b)):]
	return b[:min(length, len(b))]
}

// frameLength reads the length of a frame, and how many bytes hold it (RFC 6716 §3.2.1).
func frameLength(b []byte) (length, size int) {
	switch {
	case len(b) == 0:
		return 0, 0
	case b[0] < 252:
		return int(b[0]), 1
	case len(b) < 2:
		return 0, 1
	}
	return 4*int(b[1]) + int(b[0]), 2
}
