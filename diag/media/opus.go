package media

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
