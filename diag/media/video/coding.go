package video

import (
	"bytes"
	"fmt"
	"strconv"

	"github.com/pion/rtp/codecs"
	"github.com/pion/rtp/codecs/av1/obu"
	"github.com/pion/rtp/codecs/vp9"
)

// Headers are what the headers of a stream's packets say about how its video is coded.
type Headers struct {
	Profile, Level string
	ProfileLevelID string // of H264

	Slices    bool // of H264: there were enough slices to see whether some are of B-frames
	BFrames   bool // a frame had B slices
	Ordered   bool // the order of frames is known
	Reordered bool // a frame came after one that is shown later
}

// Coding reads how the video of a stream is coded. The zero value is ready.
type Coding struct {
	Headers
	order order
	read  int    // slices
	set   []byte // the latest sequence parameter set of H264
}

// Add reads a payload of a codec. It follows the payload before, or some were lost.
func (c *Coding) Add(codec string, b []byte, follows bool) {
	switch codec {
	case "H264":
		if !follows {
			c.order.synced = false
		}
		if len(b) > 0 {
			eachNAL(b, c.unit)
		}
	case "VP8":
		var d codecs.VP8Packet
		if frame, err := d.Unmarshal(b); err == nil && d.S == 1 && d.PID == 0 && len(frame) > 0 && frame[0]&1 == 0 {
			c.Profile = strconv.Itoa(int(frame[0] >> 1 & 7)) // version (RFC 6386, section 9.1)
		}
	case "VP9":
		var d codecs.VP9Packet
		var h vp9.Header
		if frame, err := d.Unmarshal(b); err == nil && d.B && d.SID == 0 && !d.P && h.Unmarshal(frame) == nil {
			c.Profile = strconv.Itoa(int(h.Profile))
		}
	case "AV1":
		if unit, head := av1First(b); head != nil && head.Type == obu.OBUSequenceHeader && !head.HasSizeField {
			c.av1(unit[head.Size():])
		}
	case "H265":
		c.hevc(b)
	}
}

// av1 reads the profile and the level of the first operating point (AV1 specification, section 5.5.1 and annex A.3).
func (c *Coding) av1(b []byte) {
	const noLevel = 31
	r := bitReader{b: b, plain: true}
	profile := r.bits(3)
	r.bits(1) // still_picture
	level := uint32(0)
	if r.bits(1) == 1 { // reduced_still_picture_header
		level = r.bits(5)
	} else {
		level = r.operatingPoints()
	}
	if r.bad {
		return
	}
	c.Profile, c.Level = strconv.Itoa(int(profile)), ""
	if level < noLevel {
		c.Level = fmt.Sprintf("%d.%d", 2+level>>2, level&3)
	}
}

// hevc reads general_profile_idc and general_level_idc of a sequence parameter set (ITU-T H.265, section 7.3.3).
func (c *Coding) hevc(b []byte) {
	if len(b) < 3 || b[0]>>1&0x3f != hevcSPS {
		return
	}
	r := bitReader{b: b[2:]}
	r.bits(8) // sps_video_parameter_set_id, sps_max_sub_layers_minus1, sps_temporal_id_nesting_flag
	r.bits(3) // general_profile_space, general_tier_flag
	profile := r.bits(5)
	r.bits(80) // general_profile_compatibility_flags, constraint flags
	if level := r.bits(8); !r.bad {
		const unit = 30
		c.Profile, c.Level = strconv.Itoa(int(profile)), fmt.Sprintf("%d.%d", level/unit, level%unit*10/unit)
	}
}

// order follows the picture order count of H264 (ITU-T H.264, section 8.2.1). What is lost makes it begin again.
type order struct {
	set      *sps
	several  bool  // parameter sets of several numbers are in use: which one a slice uses is not followed
	synced   bool  // a reference picture was seen since the last loss
	most     int64 // highest since the last IDR picture
	msb, lsb int64 // of the last reference picture
}

// unit reads a NAL unit of H264.
func (c *Coding) unit(header byte, unit []byte) {
	if len(unit) < 2 {
		return
	}
	switch kind := header & 0x1f; kind {
	case nalSPS:
		if bytes.Equal(unit, c.set) {
			return
		}
		c.set = append(c.set[:0], unit...)
		set, ok := readSPS(unit[1:])
		if !ok {
			return
		}
		c.Profile, c.Level = set.profileLevel.Profile(), set.profileLevel.Level()
		c.ProfileLevelID = set.profileLevel.String()
		c.order.use(set)
	case nalSlice, nalIDR:
		c.slice(kind == nalIDR, header>>5&3 != 0, unit[1:])
	}
}

// use takes a sequence parameter set.
func (o *order) use(set sps) {
	if o.set != nil && o.set.id != set.id {
		o.several = true
	}
	if o.set == nil || *o.set != set {
		o.set, o.synced = &set, false
	}
}

// enough is how many slices show that there are no B-frames: more than encoders put between two other frames.
const enough = 32

// slice reads the header of a slice (ITU-T H.264, section 7.3.3).
func (c *Coding) slice(idr, reference bool, b []byte) {
	const typeB, types = 1, 5
	r := bitReader{b: b}
	first, kind := r.ue(), r.ue()%types
	r.ue() // pic_parameter_set_id
	if r.bad {
		return
	}
	if c.read++; c.read >= enough {
		c.Slices = true
	}
	c.BFrames = c.BFrames || kind == typeB
	o := &c.order
	if first != 0 || o.set == nil || o.several {
		return
	}
	switch o.set.orderType {
	case 2: // pictures come in the order in which they are shown
		c.Ordered = c.Slices
	case 0:
		if lsb, ok := o.set.lsb(&r, idr); ok {
			c.Ordered = c.Ordered || c.Slices
			c.Reordered = o.add(idr, reference, lsb) || c.Reordered
		}
	}
}

// lsb reads on to pic_order_cnt_lsb.
func (s *sps) lsb(r *bitReader, idr bool) (lsb int64, ok bool) {
	if s.planes {
		r.bits(2) // colour_plane_id
	}
	r.bits(s.frameNum)
	if !s.framesOnly && r.bits(1) == 1 { // field_pic_flag
		r.bits(1) // bottom_field_flag
	}
	if idr {
		r.ue() // idr_pic_id
	}
	lsb = int64(r.bits(s.orderBits))
	return lsb, !r.bad
}

// add notes a picture, and reports whether one that came before it is shown later.
func (o *order) add(idr, reference bool, lsb int64) (earlier bool) {
	if idr || !o.synced {
		o.synced = reference
		o.most, o.msb, o.lsb = lsb, 0, lsb
		return false
	}
	size := int64(1) << o.set.orderBits
	msb := o.msb
	switch {
	case lsb < o.lsb && o.lsb-lsb >= size/2:
		msb += size
	case lsb > o.lsb && lsb-o.lsb > size/2:
		msb -= size
	}
	if reference {
		o.msb, o.lsb = msb, lsb
	}
	earlier = msb+lsb < o.most
	o.most = max(o.most, msb+lsb)
	return earlier
}
