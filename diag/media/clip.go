package media

import (
	"bytes"
	_ "embed" // the clips
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/pion/webrtc/v4/pkg/media/ivfreader"
	"github.com/pion/webrtc/v4/pkg/media/oggreader"
)

//go:generate ./clips/make.sh

//go:embed clips/tone.ogg
var toneFile []byte

//go:embed clips/picture.ivf
var pictureFile []byte

// Kinds of media, as W3C webrtc-stats names them.
const (
	KindAudio = "audio"
	KindVideo = "video"
)

// Names of the codecs whose payloads are understood, as SDP writes them.
const (
	MimeOpus = "audio/opus"
	MimeVP8  = "video/VP8"
	MimeH264 = "video/H264"
)

const toneFrame = 20 * time.Millisecond

// ErrClip is returned (wrapped) for a file that is no usable clip.
var ErrClip = errors.New("not a clip")

// Clip is encoded media in frames of equal length, made to be repeated. It is read-only and shared by all calls.
type Clip struct {
	Kind          string        // audio or video
	MimeType      string        // of the codec, as in SDP
	ClockRate     uint32        // of RTP timestamps, Hz
	Channels      uint16        // as SDP has it: 2 for Opus (RFC 7587, section 7), 0 for video
	FrameDuration time.Duration // of every frame
	frames        []frame
}

type frame struct {
	data []byte
	key  bool // decodable on its own
}

// nextKey returns the index of the first key frame at or after i, cyclically. The first frame of a clip is always one.
func (c *Clip) nextKey(i int) int {
	for ; i < len(c.frames); i++ {
		if c.frames[i].key {
			return i
		}
	}
	return 0
}

// Tone returns ten seconds of 440 Hz in Opus.
func Tone() (*Clip, error) { return readTone() }

// Picture returns ten seconds of a moving test picture in VP8, 320×240, 25 frames a second.
func Picture() (*Clip, error) { return readPicture() }

var (
	readTone    = sync.OnceValues(func() (*Clip, error) { return readOgg(bytes.NewReader(toneFile)) })
	readPicture = sync.OnceValues(func() (*Clip, error) { return readIVF(bytes.NewReader(pictureFile)) })
)

// readOgg reads Opus of which each Ogg page holds one packet of 20 ms.
func readOgg(r io.Reader) (*Clip, error) {
	ogg, _, err := oggreader.NewWith(r)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrClip, err)
	}
	c := &Clip{Kind: KindAudio, MimeType: MimeOpus, ClockRate: 48000, Channels: 2, FrameDuration: toneFrame}
	for {
		page, head, err := ogg.ParseNextPage()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, fmt.Errorf("%w: %w", ErrClip, err)
		}
		if _, ok := head.HeaderType(page); !ok {
			c.frames = append(c.frames, frame{data: page, key: true})
		}
	}
	if len(c.frames) == 0 {
		return nil, fmt.Errorf("%w: no Opus packet in it", ErrClip)
	}
	return c, nil
}

// readIVF reads VP8 that begins with a key frame.
func readIVF(r io.Reader) (*Clip, error) {
	ivf, head, err := ivfreader.NewWith(r)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrClip, err)
	}
	if head.FourCC != "VP80" {
		return nil, fmt.Errorf("%w: codec %q instead of VP80", ErrClip, head.FourCC)
	}
	c := &Clip{
		Kind: KindVideo, MimeType: MimeVP8, ClockRate: 90000,
		FrameDuration: time.Second * time.Duration(head.TimebaseNumerator) / time.Duration(head.TimebaseDenominator),
	}
	for {
		data, _, err := ivf.ParseNextFrame()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, fmt.Errorf("%w: %w", ErrClip, err)
		}
		c.frames = append(c.frames, frame{data: data, key: len(data) > 0 && data[0]&1 == 0}) // RFC 6386, section 9.1
	}
	if len(c.frames) == 0 || !c.frames[0].key {
		return nil, fmt.Errorf("%w: it does not begin with a key frame", ErrClip)
	}
	return c, nil
}
