package video

import "encoding/binary"

// Types of NAL units (RFC 6184, section 5.2).
const (
	nalSlice = 1
	nalIDR   = 5
	nalSPS   = 7
	nalAUD   = 9 // access unit delimiter
	nalSTAPA = 24
	nalFUA   = 28
)

// H264 looks for the beginning of a frame, an IDR picture and the resolution in one payload (RFC 6184, section
// 5.4: single NAL unit, STAP-A, FU-A).
func H264(b []byte) Picture {
	if len(b) == 0 {
		return Picture{}
	}
	var p Picture
	switch b[0] & 0x1f {
	case nalSTAPA:
		for b = b[1:]; len(b) > 2; {
			n := int(binary.BigEndian.Uint16(b))
			if b = b[2:]; n == 0 || n > len(b) {
				break
			}
			p.nal(b[0]&0x1f, b[:n])
			b = b[n:]
		}
	case nalFUA:
		const begins = 0x80
		switch {
		case len(b) < 2:
		case b[1]&begins != 0:
			p.nal(b[1]&0x1f, b[1:])
		default:
			p.nal(b[1]&0x1f, nil)
		}
	default:
		p.nal(b[0]&0x1f, b)
	}
	return p
}

func (p *Picture) nal(kind byte, unit []byte) {
	switch kind {
	case nalSlice: // the first of a frame has first_mb_in_slice 0, which is coded as a 1 (ITU-T H.264, section 7.3.3)
		p.Start = p.Start || len(unit) > 1 && unit[1]&0x80 != 0
	case nalIDR: // parameter sets come before the first slice: it begins nothing
		p.Key = true
	case nalAUD:
		p.Start = true
	case nalSPS:
		p.Start = true
		if len(unit) > 1 {
			if w, h, ok := spsSize(unit[1:]); ok {
				p.Width, p.Height = w, h
			}
		}
	}
}

// spsSize reads the resolution out of a sequence parameter set (ITU-T H.264, section 7.3.2.1.1), after cropping.
func spsSize(b []byte) (width, height uint16, ok bool) {
	r := bitReader{b: b}
	profile := r.bits(8)
	r.bits(16) // constraint flags, level
	r.ue()     // seq_parameter_set_id
	chroma := uint32(1)
	switch profile {
	case 100, 110, 122, 244, 44, 83, 86, 118, 128, 138, 139, 134, 135:
		chroma = r.highProfile()
	}
	r.ue() // log2_max_frame_num_minus4
	r.pictureOrder()
	r.ue()    // max_num_ref_frames
	r.bits(1) // gaps_in_frame_num_value_allowed_flag
	w := r.ue() + 1
	h := r.ue() + 1
	fields := 2 - r.bits(1) // of frame_mbs_only_flag: 2 where a map unit is a pair of macroblocks
	if fields == 2 {
		r.bits(1) // mb_adaptive_frame_field_flag
	}
	r.bits(1) // direct_8x8_inference_flag
	const maxUnits = 1 << 12
	if r.bad || w > maxUnits || h > maxUnits {
		return 0, 0, false
	}
	w, h = w*16, h*16*fields
	if r.bits(1) == 1 { // frame_cropping_flag
		unitX, unitY := cropUnits(chroma)
		x := (uint64(r.ue()) + uint64(r.ue())) * unitX
		y := (uint64(r.ue()) + uint64(r.ue())) * unitY * uint64(fields)
		if x >= uint64(w) || y >= uint64(h) {
			return 0, 0, false
		}
		w, h = w-uint32(x), h-uint32(y)
	}
	if r.bad || w > 0xffff || h > 0xffff {
		return 0, 0, false
	}
	return uint16(w), uint16(h), true
}

// cropUnits is table 6-1 of H.264: how many samples one unit of cropping is.
func cropUnits(chroma uint32) (x, y uint64) {
	switch chroma {
	case 1:
		return 2, 2
	case 2:
		return 2, 1
	default:
		return 1, 1
	}
}

// highProfile reads what only the higher profiles have and returns chroma_format_idc.
func (r *bitReader) highProfile() uint32 {
	chroma := r.ue()
	lists := 8
	if chroma == 3 {
		lists = 12
		r.bits(1) // separate_colour_plane_flag
	}
	r.ue()              // bit_depth_luma_minus8
	r.ue()              // bit_depth_chroma_minus8
	r.bits(1)           // qpprime_y_zero_transform_bypass_flag
	if r.bits(1) == 1 { // seq_scaling_matrix_present_flag
		for i := range lists {
			if r.bits(1) == 1 {
				r.scalingList(16 + 48*(i/6))
			}
		}
	}
	return chroma
}

func (r *bitReader) scalingList(size int) {
	last, next := int32(8), int32(8)
	for range size {
		if next != 0 {
			next = (last + r.se() + 256) & 0xff
		}
		if next != 0 {
			last = next
		}
		if r.bad {
			return
		}
	}
}

func (r *bitReader) pictureOrder() {
	switch r.ue() { // pic_order_cnt_type
	case 0:
		r.ue() // log2_max_pic_order_cnt_lsb_minus4
	case 1:
		r.bits(1) // delta_pic_order_always_zero_flag
		r.ue()    // offset_for_non_ref_pic
		r.ue()    // offset_for_top_to_bottom_field
		for n := r.ue(); n > 0 && !r.bad; n-- {
			r.ue() // offset_for_ref_frame
		}
	}
}
