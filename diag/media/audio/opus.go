package audio

import "time"

// OpusLength is how long a packet of Opus is (RFC 6716, section 3.1 and 3.2); 0 for one that is none.
func OpusLength(packet []byte) time.Duration {
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

// pausesOpus reports whether a packet holds no frame, or one of at most a byte: discontinuous transmission, for which
// decoders make comfort noise (RFC 6716, section 2.1.9 and 3.4, R1).
func pausesOpus(payload []byte) bool { return len(payload) <= 2 }

// silentOpus reports whether a packet proves by its coding alone that it is silence: a single CELT frame whose silence
// flag, its first symbol, is set (section 4.3; probability 1 in 32,768, so fifteen ones in a range coder).
func silentOpus(payload []byte) bool {
	return len(payload) > 2 && payload[0]>>3 >= 16 && payload[0]&0x03 == 0 && payload[1] == 0xff && payload[2]&0xfe == 0xfe
}
