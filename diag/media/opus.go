package media

import "time"

// opusSilence is one frame of 20 ms of digital silence (RFC 6716: full-band CELT, mono).
var opusSilence = []byte{0xf8, 0xff, 0xfe}

// opusLength is how long a packet of Opus is (RFC 6716, section 3.1 and 3.2); 0 for one that is none.
func opusLength(packet []byte) time.Duration {
	if len(packet) == 0 {
		return 0
	}
	var frame time.Duration
	switch config := int(packet[0] >> 3); {
	case config < 12: // SILK
		frame = []time.Duration{10, 20, 40, 60}[config%4] * time.Millisecond
	case config < 16: // hybrid
		frame = []time.Duration{10, 20}[config%2] * time.Millisecond
	default: // CELT
		frame = 2500 * time.Microsecond << (config % 4)
	}
	switch packet[0] & 0x03 {
	case 0:
		return frame
	case 1, 2:
		return 2 * frame
	}
	if len(packet) < 2 {
		return 0
	}
	return time.Duration(packet[1]&0x3f) * frame
}

// silentOpus reports whether a packet proves by its coding alone that it is silence: it holds no frame, or one of at
// most a byte, which decoders treat as discontinued transmission (RFC 6716, section 3.4, R1 and section 2.1.9), or a
// single CELT frame whose silence flag, its first symbol, is set (section 4.3; probability 1 in 32,768, so fifteen ones
// in a range coder).
func silentOpus(payload []byte) bool {
	if len(payload) <= 2 {
		return true
	}
	celt, one := payload[0]>>3 >= 16, payload[0]&0x03 == 0
	return celt && one && payload[1] == 0xff && payload[2]&0xfe == 0xfe
}
