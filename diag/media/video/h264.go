package video

import (
	"encoding/binary"

	"dialtone/diag"
)

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
	eachNAL(b, func(kind byte, unit []byte) { p.nal(kind&0x1f, unit) })
	return p
}

// eachNAL calls look with the header of each NAL unit in a payload, and with the unit or its first part. Of a unit that
// a payload before began, there is only the header.
func eachNAL(b []byte, look func(header byte, unit []byte)) {
	switch b[0] & 0x1f {
	case nalSTAPA:
		for b = b[1:]; len(b) > 2; {
			n := int(binary.BigEndian.Uint16(b))
			if b = b[2:]; n == 0 || n > len(b) {
				break
			}
			look(b[0], b[:n])
			b = b[n:]
		}
	case nalFUA:
		const begins = 0x80
		if len(b) < 2 {
			return
		}
		header := b[0]&^0x1f | b[1]&0x1f
		if b[1]&begins == 0 {
			look(header, nil)
			return
		}
		look(header, b[1:])
	default:
		look(b[0], b)
	}
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
			if set, ok := readSPS(unit[1:]); ok {
				p.Width, p.Height = uint16(set.width), uint16(set.height) // #nosec G115 -- bounded by readSPS
			}
		}
	}
}

// sps is what is read of a sequence parameter set (ITU-T H.264, section 7.3.2.1.1).
type sps struct {
	profileLevel  diag.ProfileLevel
	id            uint32
	planes        bool // separate_colour_plane_flag
	frameNum      int  // bits of frame_num
	orderType     uint32
	orderBits     int // of pic_order_cnt_lsb
	framesOnly    bool
	width, height uint32 // after cropping
}

// readSPS reads a sequence parameter set behind the header of its NAL unit.
func readSPS(b []byte) (s sps, ok bool) {
	r := bitReader{b: b}
	s.profileLevel = diag.ProfileLevel{byte(r.bits(8)), byte(r.bits(8)), byte(r.bits(8))}
	s.id = r.ue()
	chroma := uint32(1)
	switch s.profileLevel[0] {
	case 100, 110, 122, 244, 44, 83, 86, 118, 128, 138, 139, 134, 135:
		chroma, s.planes = r.highProfile()
	}
	s.frameNum = int(r.ue()) + 4
	s.orderType, s.orderBits = r.pictureOrder()
	r.ue()    // max_num_ref_frames
	r.bits(1) // gaps_in_frame_num_value_allowed_flag
	w := r.ue() + 1
	h := r.ue() + 1
	fields := 2 - r.bits(1) // of frame_mbs_only_flag: 2 where a map unit is a pair of macroblocks
	if s.framesOnly = fields == 1; !s.framesOnly {
		r.bits(1) // mb_adaptive_frame_field_flag
	}
	r.bits(1) // direct_8x8_inference_flag
	const maxUnits, maxBits = 1 << 12, 16
	if r.bad || w > maxUnits || h > maxUnits || s.frameNum > maxBits || s.orderBits > maxBits {
		return sps{}, false
	}
	w, h = w*16, h*16*fields
	if r.bits(1) == 1 { // frame_cropping_flag
		unitX, unitY := cropUnits(chroma)
		x := (uint64(r.ue()) + uint64(r.ue())) * unitX
		y := (uint64(r.ue()) + uint64(r.ue())) * unitY * uint64(fields)
		if x >= uint64(w) || y >= uint64(h) {
			return sps{}, false
		}
		w, h = w-uint32(x), h-uint32(y)
	}
	if r.bad || w > 0xffff || h > 0xffff {
		return sps{}, false
	}
	s.width, s.height = w, h
	return s, true
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

// highProfile reads what only the higher profiles have and returns chroma_format_idc and separate_colour_plane_flag.
func (r *bitReader) highProfile() (chroma uint32, planes bool) {
	chroma = r.ue()
	lists := 8
	if chroma == 3 {
		lists = 12
		planes = r.bits(1) == 1
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
	return chroma, planes
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

// pictureOrder reads pic_order_cnt_type and returns it with the length of pic_order_cnt_lsb.
func (r *bitReader) pictureOrder() (kind uint32, bits int) {
	switch kind = r.ue(); kind {
	case 0:
		bits = int(r.ue()) + 4 // log2_max_pic_order_cnt_lsb_minus4
	case 1:
		r.bits(1) // delta_pic_order_always_zero_flag
		r.ue()    // offset_for_non_ref_pic
		r.ue()    // offset_for_top_to_bottom_field
		for n := r.ue(); n > 0 && !r.bad; n-- {
			r.ue() // offset_for_ref_frame
		}
	}
	return kind, bits
}
