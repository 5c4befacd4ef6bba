package audio

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/pion/opus"
	"github.com/zaf/g711"
)

// maxLength is the longest that a packet may be (RFC 6716, section 3.2.5).
const maxLength = 120 * time.Millisecond

// errPacket is returned (wrapped) for what is no packet of the codec.
var errPacket = errors.New("not a packet of the codec")

// decoder turns the packets of a stream into sound, one after the other. What it returns is valid until the next.
type decoder interface {
	decode(payload []byte) ([]float32, error)
}

// format is what is known of a codec.
type format struct {
	rate   int                                // of the sound, Hz; 0: it cannot be decoded
	length func(payload []byte) time.Duration // of a packet
	full   float32                            // the largest value
	make   func() decoder
}

// formats are the codecs of which anything is known, by the name of their encoding in lower case.
var formats = map[string]format{
	"opus": {48000, OpusLength, 1, newOpus},
	"pcmu": {8000, eightBits, 32124.0 / 32768, func() decoder { return &companded{expand: g711.DecodeUlawFrame} }},
	"pcma": {8000, eightBits, 32256.0 / 32768, func() decoder { return &companded{expand: g711.DecodeAlawFrame} }},
	"g722": {0, eightBits, 1, nil},
}

// formatOf finds a codec by the name of its encoding.
func formatOf(name string) format { return formats[strings.ToLower(name)] }

// eightBits is the length of a packet with 8,000 bytes a second.
func eightBits(payload []byte) time.Duration { return time.Duration(len(payload)) * time.Second / 8000 }

// opusDecoder decodes to one channel at 48 kHz.
type opusDecoder struct {
	opus  opus.Decoder
	sound []float32
}

func newOpus() decoder {
	return &opusDecoder{opus: opus.NewDecoder(), sound: make([]float32, maxLength*48000/time.Second)}
}

// decode begins anew after a packet on which the library fails, in whatever way: its bytes are foreign.
func (d *opusDecoder) decode(payload []byte) (sound []float32, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("%w: %v", errPacket, r)
		}
		if err != nil {
			d.opus = opus.NewDecoder()
		}
	}()
	n, err := d.opus.DecodeToFloat32(payload, d.sound)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errPacket, err)
	}
	return d.sound[:min(n, len(d.sound))], nil
}

// companded decodes G.711.
type companded struct {
	expand func(uint8) int16
	sound  []float32
}

func (d *companded) decode(payload []byte) ([]float32, error) {
	if len(payload) == 0 || eightBits(payload) > maxLength {
		return nil, errPacket
	}
	d.sound = d.sound[:0]
	for _, b := range payload {
		d.sound = append(d.sound, float32(d.expand(b))/32768)
	}
	return d.sound, nil
}

// Length is how long the sound in a packet of a codec is; 0 if that is not known.
func Length(codec string, payload []byte) time.Duration {
	if f := formatOf(codec); f.length != nil {
		return f.length(payload)
	}
	return 0
}
