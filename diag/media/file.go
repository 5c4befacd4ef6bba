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

// MaxFile bounds the files that are read, in bytes.
const MaxFile = 256 << 20

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
	b := bufio.NewReader(io.LimitReader(r, MaxFile))
	head, err := b.Peek(12)
	if err != nil {
		return nil, fmt.Errorf("%w: the file has %d bytes", ErrClip, len(head))
	}
	switch {
	case bytes.HasPrefix(head, []byte("DKIF")):
		i := strings.Index("VP80 VP90 AV01", string(head[8:12]))
		if i < 0 {
			return nil, fmt.Errorf("%w: its codec is %q, not VP80, VP90 or AV01", ErrClip, head[8:12])
		}
		return readClip(b, CodecOf([]string{"VP8", "VP9", "AV1"}[i/5]))
	case bytes.HasPrefix(head, []byte("OggS")):
		return readClip(b, CodecOf("opus"))
	case bytes.HasPrefix(head, []byte{0, 0, 0, 1}), bytes.HasPrefix(head, []byte{0, 0, 1}):
		return readClip(b, CodecOf("H264"))
	}
	return nil, fmt.Errorf("%w: it is neither IVF, nor Ogg with Opus, nor H264 in Annex B", ErrClip)
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
func (c *Clip) add(data []byte, length time.Duration) {
	f := frame{data: data, length: length, key: c.Codec.Kind == KindAudio}
	if c.Codec.parse != nil {
		for _, payload := range c.Codec.payloader().Payload(maxPayload, data) {
			f.key = f.key || c.Codec.parse(payload).key
		}
	}
	c.frames = append(c.frames, f)
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
		c.add(data, rawFrame)
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
		c.add(data, length)
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
				if length := audio.OpusLength(rest); length > 0 {
					c.add(rest, length)
				}
				rest = nil
			}
		}
	}
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

// readAnnexB reads access units: each begins with the first slice of a picture, or with what precedes it (ITU-T H.264
// §7.4.1.2.3).
func (c *Clip) readAnnexB(r io.Reader) error {
	h264, err := h264reader.NewReader(r)
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
		slice := nal.UnitType >= 1 && nal.UnitType <= nalIDR
		first := slice && len(nal.Data) > 1 && nal.Data[1]&0x80 != 0 // first_mb_in_slice is 0
		if slices && (first || !slice) {
			c.add(unit, annexFrame)
			unit, slices = nil, false
		}
		slices = slices || slice
		unit = append(append(unit, 0, 0, 0, 1), nal.Data...)
	}
	if slices {
		c.add(unit, annexFrame)
	}
	return nil
}
