package save

import (
	"bytes"
	"encoding/binary"
	"errors"
	"time"

	"github.com/pion/rtp"
	"github.com/pion/webrtc/v4/pkg/media/oggwriter"

	"dialtone/diag/media/audio"
)

// maxFill is how long a gap of audio may be that the file keeps. A longer one is left out: the timestamp jumped, or the
// stream rested.
const maxFill = 10 * time.Second

// opusRate is that of the timestamps of Opus (RFC 7587 §4.1), Hz.
const opusRate = 48000

// opus is an Ogg file.
type opus struct {
	f      *file
	track  *oggwriter.Track
	writer *oggwriter.Writer
	due    uint32 // timestamp of the next packet, if nothing is missing
	before []byte // the packet before
	frames uint32
}

func newOpus(f *file) (part, error) {
	w, err := oggwriter.NewWriter(f, oggwriter.WithSeekableOutput(f.File), oggwriter.WithVendor("dialtone"))
	if err != nil {
		return nil, err
	}
	track, err := w.NewTrack(0)
	return &opus{f: f, writer: w, track: track}, err
}

func (o *opus) add(p *rtp.Packet, _ bool) error {
	length := audio.OpusLength(p.Payload)
	if length <= 0 {
		return nil // padding, or not Opus
	}
	if err := o.conceal(p.Timestamp); err != nil {
		return err
	}
	o.due, o.before = p.Timestamp+units(length), p.Payload
	o.frames++
	return o.write(p.Payload)
}

// conceal fills a gap with packets without content, for which a decoder conceals what is missing (RFC 7845 §4.1).
func (o *opus) conceal(until uint32) error {
	if len(o.before) == 0 {
		return nil
	}
	empty := []byte{o.before[0] &^ 3} // one frame of the same kind, of no bytes
	length := units(audio.OpusLength(empty))
	gap := int32(until - o.due)
	if length == 0 || gap < 0 || gap > int32(units(maxFill)) {
		return nil
	}
	for range uint32(gap) / length {
		if err := o.write(empty); err != nil {
			return err
		}
	}
	return nil
}

func (o *opus) write(payload []byte) error { return o.track.WriteRTP(&rtp.Packet{Payload: payload}) }

func (o *opus) close() (*file, uint32, error) { return o.f, o.frames, o.writer.Close() }

// units are those of the timestamps of Opus.
func units(d time.Duration) uint32 { return uint32(d * opusRate / time.Second) } // #nosec G115 -- bounded by maxFill

// companded is a codec of one byte for each unit of its timestamps.
type companded struct {
	encoding, rate uint32 // as the header of an AU file names them
	silence        byte
}

var compandeds = map[string]companded{
	"PCMU": {1, 8000, 0xff}, "PCMA": {27, 8000, 0xd5}, "G722": {24, 16000, 0xfa},
}

// au is an AU file (of Sun and NeXT): a header of six words, and what the payloads hold.
type au struct {
	f *file
	companded
	due     uint32
	started bool
	frames  uint32
}

const auHeader = 24

func newAU(f *file, c companded) (part, error) {
	head := []byte(".snd")
	for _, word := range []uint32{auHeader, 0xffffffff, c.encoding, c.rate, 1} { // the length is not known yet
		head = binary.BigEndian.AppendUint32(head, word)
	}
	_, err := f.Write(head)
	return &au{f: f, companded: c}, err
}

func (a *au) add(p *rtp.Packet, _ bool) error {
	if len(p.Payload) == 0 {
		return nil
	}
	out := p.Payload
	if gap := int32(p.Timestamp - a.due); a.started && gap > 0 && gap <= int32(8000*maxFill/time.Second) {
		out = append(bytes.Repeat([]byte{a.silence}, int(gap)), out...)
	}
	a.started, a.due = true, p.Timestamp+uint32(len(p.Payload)) // #nosec G115 -- of a packet
	a.frames++
	_, err := a.f.Write(out)
	return err
}

// close completes the header.
func (a *au) close() (*file, uint32, error) {
	size := binary.BigEndian.AppendUint32(nil, uint32(a.f.size-auHeader)) // #nosec G115 -- MaxSize at most
	_, err := a.f.WriteAt(size, 8)
	return a.f, a.frames, errors.Join(err, a.f.Close())
}
