package video

import "encoding/binary"

// Types of NAL units (RFC 7798, section 1.1.4 and 4.4).
const (
	hevcBLA = 16 // the first of the pictures that decoding can begin with
	hevcCRA = 21 // the last
	hevcSPS = 33
	hevcAP  = 48
	hevcFU  = 49
)

// H265 looks for a picture that decoding can begin with, and for the resolution, in one payload (RFC 7798, section
// 4.4: single NAL unit, aggregation packet, fragmentation unit).
func H265(b []byte) Picture {
	if len(b) < 3 {
		return Picture{}
	}
	var p Picture
	switch kind := b[0] >> 1 & 0x3f; kind {
	case hevcAP:
		for b = b[2:]; len(b) > 2; {
			n := int(binary.BigEndian.Uint16(b))
			if b = b[2:]; n < 2 || n > len(b) {
				break
			}
			p.hevcNAL(b[0]>>1&0x3f, b[:n])
			b = b[n:]
		}
	case hevcFU:
		p.hevcNAL(b[2]&0x3f, nil)
	default:
		p.hevcNAL(kind, b)
	}
	return p
}

func (p *Picture) hevcNAL(kind byte, unit []byte) {
	switch {
	case kind >= hevcBLA && kind <= hevcCRA:
		p.Key = true
	case kind == hevcSPS && len(unit) > 2:
		if w, h, ok := hevcSize(unit[2:]); ok {
			p.Width, p.Height = w, h
		}
	}
}

// hevcSize reads the resolution out of a sequence parameter set (ITU-T H.265, section 7.3.2.2.1), after cropping.
func hevcSize(b []byte) (width, height uint16, ok bool) {
	r := bitReader{b: b}
	r.bits(4) // sps_video_parameter_set_id
	layers := int(r.bits(3))
	r.bits(1) // sps_temporal_id_nesting_flag
	r.profileTierLevel(layers)
	r.ue() // sps_seq_parameter_set_id
	chroma := r.ue()
	if chroma == 3 {
		r.bits(1) // separate_colour_plane_flag
	}
	w, h := r.ue(), r.ue()
	if r.bits(1) == 1 { // conformance_window_flag
		unitX, unitY := cropUnits(chroma)
		x, y := (uint64(r.ue())+uint64(r.ue()))*unitX, (uint64(r.ue())+uint64(r.ue()))*unitY
		if x >= uint64(w) || y >= uint64(h) {
			return 0, 0, false
		}
		w, h = w-uint32(x), h-uint32(y)
	}
	if r.bad || w == 0 || h == 0 || w > 0xffff || h > 0xffff {
		return 0, 0, false
	}
	return uint16(w), uint16(h), true
}

// profileTierLevel skips profile_tier_level (section 7.3.3) with some temporal sub-layers beside the highest.
func (r *bitReader) profileTierLevel(layers int) {
	r.bits(96) // general profile, tier, flags and level
	var present []uint32
	for range layers {
		present = append(present, r.bits(2)) // sub_layer_profile_present_flag, sub_layer_level_present_flag
	}
	if layers > 0 {
		r.bits(2 * (8 - layers))
	}
	for _, flags := range present {
		r.bits(int(88*(flags>>1) + 8*(flags&1)))
	}
}
