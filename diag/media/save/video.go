package save

import (
	"encoding/binary"
	"errors"
	"os"

	"github.com/pion/rtp"
	"github.com/pion/webrtc/v4/pkg/media/h264writer"
	"github.com/pion/webrtc/v4/pkg/media/h265writer"
	"github.com/pion/webrtc/v4/pkg/media/ivfwriter"

	"dialtone/diag/media/video"
)

// maxFrame bounds the payloads of one frame, bytes.
const maxFrame = 8 << 20

// videos are the codecs of video that there is a file for.
var videos = map[string]struct {
	extension string
	shows     func(payload []byte) video.Picture
}{
	"VP8": {".ivf", video.VP8}, "VP9": {".ivf", video.VP9}, "AV1": {".ivf", video.AV1}, "H264": {".h264", video.H264},
	"H265": {".h265", video.H265},
}

// frameWriter is one of pion's writers.
type frameWriter interface {
	WriteRTP(p *rtp.Packet) error
	Close() error // and the file
}

// pictures is a file of the frames of which every packet arrived. It begins with the first key frame.
type pictures struct {
	codec  string
	shows  func(payload []byte) video.Picture
	create func() (*file, error)
	f      *file
	writer frameWriter
	frames uint32
	first  uint32 // timestamp

	open   []*rtp.Packet // of the frame that is not complete
	size   int
	broken bool // the frame with this timestamp lacks packets
	ts     uint32
}

// add collects a packet until its frame is complete. If packets are missing, neither the frame before nor one whose
// first packet does not show is.
func (v *pictures) add(p *rtp.Packet, missing bool) error {
	if len(p.Payload) == 0 { // padding has a number of its own
		if missing {
			v.drop()
		}
		return nil
	}
	if missing {
		v.drop()
		v.broken, v.ts = !v.shows(p.Payload).Start, p.Timestamp
	} else if p.Timestamp != v.ts {
		if err := v.complete(); err != nil { // its sender set no marker
			return err
		}
		v.broken, v.ts = false, p.Timestamp
	}
	if v.size += len(p.Payload); v.size > maxFrame {
		v.drop()
	}
	if !v.broken {
		v.open = append(v.open, p)
	}
	if p.Marker {
		return v.complete()
	}
	return nil
}

// drop gives up the frame that is not complete.
func (v *pictures) drop() { v.open, v.size, v.broken = nil, 0, true }

// complete writes the frame, if there is one.
func (v *pictures) complete() error {
	packets := v.open
	v.open, v.size = nil, 0
	if len(packets) == 0 {
		return nil
	}
	if v.writer == nil {
		if opened, err := v.begin(packets); err != nil || !opened {
			return err
		}
	}
	packets[len(packets)-1].Marker = true
	v.frames++
	for _, p := range packets {
		if err := v.writer.WriteRTP(p); err != nil {
			return err
		}
	}
	return nil
}

// begin opens the file, if the frame is a key frame.
func (v *pictures) begin(frame []*rtp.Packet) (opened bool, err error) {
	var seen video.Picture
	for _, p := range frame {
		one := v.shows(p.Payload)
		seen.Key = seen.Key || one.Key
		if one.Width != 0 {
			seen.Width, seen.Height = one.Width, one.Height
		}
	}
	if !seen.Key || v.codec == "H264" && seen.Width == 0 { // the parameter sets of H264 come with a key frame
		return false, nil
	}
	v.first = v.ts
	if v.f, err = v.create(); err != nil {
		return false, err
	}
	switch v.codec {
	case "H264":
		v.writer = h264writer.NewWith(v.f)
	case "H265":
		v.writer = h265writer.NewWith(v.f)
	default:
		ivf, err := ivfwriter.NewWith(v.f, ivfwriter.WithCodec("video/"+v.codec),
			ivfwriter.WithWidthAndHeight(seen.Width, seen.Height),
			ivfwriter.WithFrameRate(1, 90000), ivfwriter.WithDirectPTS()) // units of the timestamps
		if err != nil { // a full disk: ivf is nil
			return false, errors.Join(err, v.f.Close())
		}
		v.writer = ivf
	}
	return true, nil
}

func (v *pictures) close() (*file, uint32, error) {
	err := v.complete()
	if v.writer != nil {
		err = errors.Join(err, v.writer.Close(), v.setLength())
	}
	return v.f, v.frames, err
}

// setLength writes the length into the header of IVF: in units of the time base, as ffmpeg reads it. pion writes the
// number of frames, which is the same only if a frame is a unit.
func (v *pictures) setLength() error {
	if _, ivf := v.writer.(*ivfwriter.IVFWriter); !ivf {
		return nil
	}
	f, err := os.OpenFile(v.f.path, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	const at = 24
	_, err = f.WriteAt(binary.LittleEndian.AppendUint32(nil, v.ts-v.first), at)
	return errors.Join(err, f.Close())
}

// newPart begins the file of a codec; nil if there is none for it.
func newPart(st *stream, codec string) (part, error) {
	if row, ok := videos[codec]; ok {
		create := func() (*file, error) { return st.s.create(st.track, row.extension) }
		return &pictures{codec: codec, shows: row.shows, create: create}, nil
	}
	row, ok := compandeds[codec]
	if codec != "opus" && !ok {
		return nil, nil //nolint:nilnil // there is no file
	}
	extension := ".au"
	if codec == "opus" {
		extension = ".ogg"
	}
	f, err := st.s.create(st.track, extension)
	if err != nil {
		return nil, err
	}
	var p part
	if codec == "opus" {
		p, err = newOpus(f)
	} else {
		p, err = newAU(f, row)
	}
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return p, nil
}
