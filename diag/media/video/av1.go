package video

import (
	"iter"

	"github.com/pion/rtp/codecs/av1/obu"
)

// AV1 reads the aggregation header (AV1 RTP payload format 1.0, section 4.4), whose N bit marks the first packet
// of a coded video sequence, which begins with a key frame, the type of the first OBU, which shows where a frame
// begins, and the resolution in the sequence header.
func AV1(b []byte) Picture {
	const newSequence = 0x08
	if len(b) < 2 {
		return Picture{}
	}
	p := Picture{Key: b[0]&newSequence != 0}
	unit, head := av1First(b)
	if head == nil {
		return p
	}
	switch head.Type {
	case obu.OBUTemporalDelimiter, obu.OBUSequenceHeader, obu.OBUFrameHeader, obu.OBUFrame:
		p.Start = true
	default:
	}
	if head.Type != obu.OBUSequenceHeader || !p.Key || head.HasSizeField {
		return p
	}
	if w, h, ok := av1Size(unit[head.Size():]); ok {
		p.Width, p.Height = w, h
	}
	return p
}

// av1Units lists the OBUs of a payload, and of each whether it begins there.
func av1Units(b []byte) iter.Seq2[[]byte, bool] {
	return func(yield func([]byte, bool) bool) {
		const continues, count = 0x80, 0x30
		if len(b) < 2 {
			return
		}
		begins, units, rest := b[0]&continues == 0, int(b[0]&count>>4), b[1:]
		for i := 1; len(rest) > 0; i++ {
			unit := rest
			if i != units { // a length precedes all but the last, whose number may be unknown
				n, size, err := obu.ReadLeb128(rest)
				if err != nil || n > uint(len(rest))-size {
					return
				}
				unit = rest[size : size+n]
				rest = rest[size:]
			}
			rest = rest[len(unit):]
			if !yield(unit, begins) {
				return
			}
			begins = true
		}
	}
}

// av1First is the first OBU of a payload, with its header; nil if a payload before began it.
func av1First(b []byte) (unit []byte, head *obu.Header) {
	for unit, begins := range av1Units(b) {
		if head, err := obu.ParseOBUHeader(unit); begins && err == nil {
			return unit, head
		}
		break
	}
	return nil, nil
}

// av1Layer is the layer that the header of an OBU names. A payload that only goes on with an OBU names none.
func av1Layer(b []byte) (layer obu.ExtensionHeader, named, goesOn bool) {
	for unit, begins := range av1Units(b) {
		if !begins {
			goesOn = true
		} else if head, err := obu.ParseOBUHeader(unit); err == nil && head.ExtensionHeader != nil {
			return *head.ExtensionHeader, true, false
		}
	}
	return layer, false, goesOn
}

// av1Size reads the largest resolution out of a sequence header (AV1 specification, section 5.5.1).
func av1Size(b []byte) (width, height uint16, ok bool) {
	r := bitReader{b: b, plain: true}
	r.bits(4)           // seq_profile, still_picture
	if r.bits(1) == 1 { // reduced_still_picture_header
		r.bits(5) // seq_level_idx
	} else {
		r.operatingPoints()
	}
	widthBits, heightBits := int(r.bits(4))+1, int(r.bits(4))+1
	w, h := r.bits(widthBits)+1, r.bits(heightBits)+1
	if r.bad || w > 0xffff || h > 0xffff {
		return 0, 0, false
	}
	return uint16(w), uint16(h), true
}

// operatingPoints reads timing_info to the last operating point, and returns the level of the first.
func (r *bitReader) operatingPoints() (level uint32) {
	decoderModel, delayBits := false, 0
	if r.bits(1) == 1 { // timing_info_present_flag
		r.bits(32)          // num_units_in_display_tick
		r.bits(32)          // time_scale
		if r.bits(1) == 1 { // equal_picture_interval
			r.ue() // num_ticks_per_picture_minus_1, a uvlc
		}
		if decoderModel = r.bits(1) == 1; decoderModel {
			delayBits = int(r.bits(5)) + 1
			r.bits(32) // num_units_in_decoding_tick
			r.bits(10) // lengths of buffer_removal_time and frame_presentation_time
		}
	}
	initialDelay := r.bits(1) == 1
	for i := range r.bits(5) + 1 { // operating_points_cnt_minus_1
		r.bits(12) // operating_point_idc
		index := r.bits(5)
		if i == 0 {
			level = index
		}
		if index > 7 { // seq_level_idx
			r.bits(1) // seq_tier
		}
		if decoderModel && r.bits(1) == 1 { // decoder_model_present_for_this_op
			r.bits(delayBits) // decoder_buffer_delay
			r.bits(delayBits) // encoder_buffer_delay
			r.bits(1)         // low_delay_mode_flag
		}
		if initialDelay && r.bits(1) == 1 {
			r.bits(4) // initial_display_delay_minus_1
		}
	}
	return level
}
