package media

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/pion/webrtc/v4/pkg/media/h264reader"
	"github.com/pion/webrtc/v4/pkg/media/ivfreader"
	"github.com/pion/webrtc/v4/pkg/media/oggreader"

	"dialtone/diag/media/audio"
)

// Bounds of the files that are read: about an hour of frames.
const (
	MaxFile   = 32 << 20 // bytes
	maxFrames = 100_000
	maxFrame  = 4 << 20 // bytes of one
)

var errFrame = fmt.Errorf("more than %d frames, or a frame of more than %d bytes", maxFrames, maxFrame)

// longestFrame is how long a frame may last.
const longestFrame = time.Minute

// annexFrame is how long a picture of H264 lasts, which Annex B does not say.
const annexFrame = time.Second / 25

// rawFrame is how long a packet of an audio codec without frames is: 160 bytes of 64 kbit/s.
const (
	rawFrame = 20 * time.Millisecond
	rawBytes = 160
)

// ReadFile reads a clip of a user: IVF with VP8, VP9 or AV1, Ogg with Opus, or H264 in Annex B. What it is shows in its
// first bytes.
func ReadFile(r io.Reader) (*Clip, error) {
	limited := &io.LimitedReader{R: r, N: MaxFile + 1}
	b := bufio.NewReader(limited)
	head, err := b.Peek(12)
	if err != nil {
		return nil, fmt.Errorf("%w: the file has %d bytes", ErrClip, len(head))
	}
	codec := ""
	switch {
	case bytes.HasPrefix(head, []byte("DKIF")):
		i := strings.Index("VP80 VP90 AV01", string(head[8:12]))
		if i < 0 {
			return nil, fmt.Errorf("%w: its codec is %q, not VP80, VP90 or AV01", ErrClip, head[8:12])
		}
		codec = []string{"VP8", "VP9", "AV1"}[i/5]
	case bytes.HasPrefix(head, []byte("OggS")):
		codec = "opus"
	case bytes.HasPrefix(head, []byte{0, 0, 0, 1}), bytes.HasPrefix(head, []byte{0, 0, 1}):
		codec = "H264"
	default:
		return nil, fmt.Errorf("%w: it is neither IVF, nor Ogg with Opus, nor H264 in Annex B", ErrClip)
	}
	clip, err := readClip(b, CodecOf(codec))
	if limited.N <= 0 {
		return nil, fmt.Errorf("%w: the file is larger than %d bytes: cut it", ErrClip, MaxFile)
	}
	return clip, err
}

// readClip reads what a codec's files are made of.
func readClip(r io.Reader, c *Codec) (*Clip, error) {
	clip := &Clip{Codec: c}
	read := clip.readRaw
	switch c.Name {
	case "opus":
		read = clip.readOgg
	case "H264":
		read = clip.readAnnexB
	case "VP8", "VP9", "AV1":
		read = clip.readIVF
	}
	if err := read(r); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrClip, err)
	}
	if len(clip.frames) == 0 || !clip.frames[0].key {
		return nil, fmt.Errorf("%w: it does not begin with a key frame", ErrClip)
	}
	return clip, nil
}

// add appends a frame. What a packet of the codec shows, its frame does, too.
func (c *Clip) add(data []byte, length time.Duration) error {
	if len(c.frames) == maxFrames || len(data) > maxFrame {
		return errFrame
	}
	f := frame{data: data, length: length, key: c.Codec.Kind == KindAudio}
	if c.Codec.parse != nil {
		for _, payload := range c.Codec.payloader().Payload(maxPayload, data) {
			f.key = f.key || c.Codec.parse(payload).Key
		}
	}
	c.frames = append(c.frames, f)
	return nil
}

func (c *Clip) readRaw(r io.Reader) error {
	for {
		data := make([]byte, rawBytes)
		switch _, err := io.ReadFull(r, data); {
		case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
			return nil
		case err != nil:
			return err
		}
		if err := c.add(data, rawFrame); err != nil {
			return err
		}
	}
}

// readIVF reads frames with the time at which each is shown. The last one lasts as long as the one before.
func (c *Clip) readIVF(r io.Reader) error {
	ivf, head, err := ivfreader.NewWith(r)
	if err != nil {
		return err
	}
	unit := time.Second * time.Duration(head.TimebaseNumerator) / time.Duration(head.TimebaseDenominator)
	// pion multiplies times by the inverse of the time base.
	ticks := func(t uint64) uint64 {
		n, d := uint64(head.TimebaseNumerator), uint64(head.TimebaseDenominator)
		return (t*n + d - 1) / d
	}
	length, before := unit, uint64(0)
	for {
		data, h, err := ivf.ParseNextFrame()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		at := ticks(h.Timestamp)
		if n := len(c.frames); n > 0 {
			length = time.Duration(at-before) * unit // #nosec G115 -- checked in the next line
			if at <= before || length <= 0 || length > longestFrame {
				return fmt.Errorf("frame %d is not later than the one before, or much later", n)
			}
			c.frames[n-1].length = length
		}
		before = at
		if err := c.add(data, length); err != nil {
			return err
		}
	}
}

// readOgg reads the packets of each page.
func (c *Clip) readOgg(r io.Reader) error {
	var page bytes.Buffer // as it is in the file
	ogg, _, err := oggreader.NewWith(io.TeeReader(r, &page))
	if err != nil {
		return err
	}
	var rest []byte // of a packet that goes on in the next page
	for {
		page.Reset()
		payload, head, err := ogg.ParseNextPage()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if _, ok := head.HeaderType(payload); ok {
			continue
		}
		for _, size := range lacing(page.Bytes()) {
			rest = append(rest, payload[:size.bytes]...)
			payload = payload[size.bytes:]
			if size.ends {
				if err := c.addOpus(rest); err != nil {
					return err
				}
				rest = nil
			}
		}
	}
}

// addOpus appends a packet that holds audio.
func (c *Clip) addOpus(packet []byte) error {
	if length := audio.OpusLength(packet); length > 0 {
		return c.add(packet, length)
	}
	return nil
}

// piece is the part of a packet that is in one page.
type piece struct {
	bytes int
	ends  bool // it is the last part of the packet
}

// lacing reads the segment table of an Ogg page (RFC 3533 §6): a value below 255 ends a packet.
func lacing(page []byte) []piece {
	const head = 27
	var pieces []piece
	var p piece
	for _, n := range page[head : head+int(page[head-1])] {
		if p.bytes += int(n); n < 255 {
			p.ends = true
			pieces = append(pieces, p)
			p = piece{}
		}
	}
	if p.bytes > 0 {
		pieces = append(pieces, p)
	}
	return pieces
}

// unitReader fails at a NAL unit that is longer than a frame may be: the reader of units would keep all of it.
type unitReader struct {
	r      io.Reader
	length int
	zeros  int
}

// Read implements io.Reader.
func (u *unitReader) Read(p []byte) (int, error) {
	n, err := u.r.Read(p)
	for _, b := range p[:n] {
		if u.length++; b == 1 && u.zeros >= 2 {
			u.length = 0
		}
		if b == 0 {
			u.zeros++
		} else {
			u.zeros = 0
		}
		if u.length > maxFrame {
			return 0, errFrame
		}
	}
	return n, err
}

// readAnnexB reads access units: each begins with the first slice of a picture, or with what precedes it (ITU-T H.264
// §7.4.1.2.3).
func (c *Clip) readAnnexB(r io.Reader) error {
	h264, err := h264reader.NewReader(&unitReader{r: r})
	if err != nil {
		return err
	}
	var unit []byte
	slices := false // the unit has some
	for {
		nal, err := h264.NextNAL()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return err
		}
		slice := nal.UnitType >= 1 && nal.UnitType <= h264reader.NalUnitTypeCodedSliceIdr
		first := slice && len(nal.Data) > 1 && nal.Data[1]&0x80 != 0 // first_mb_in_slice is 0
		if slices && (first || !slice) {
			if err := c.add(unit, annexFrame); err != nil {
				return err
			}
			unit, slices = nil, false
		}
		slices = slices || slice
		if unit = append(append(unit, 0, 0, 0, 1), nal.Data...); len(unit) > maxFrame {
			break
		}
	}
	if slices {
		return c.add(unit, annexFrame)
	}
	return nil
}
