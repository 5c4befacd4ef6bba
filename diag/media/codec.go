package media

import (
	"bytes"
	"slices"
	"strings"

	"dialtone/diag/media/video"

	"github.com/pion/rtp"
	"github.com/pion/rtp/codecs"
)

// Kinds of media, as W3C webrtc-stats names them.
const (
	KindAudio = "audio"
	KindVideo = "video"
)

// Codec is a row of the table of codecs, of which offers, flags, the recorder and the documentation are made. It is
// read-only.
type Codec struct {
	Name        string // of its encoding, as SDP writes it: "VP8"
	Kind        string // audio or video
	ClockRate   uint32 // of RTP timestamps, Hz
	Channels    uint16 // as SDP has it: 2 for Opus (RFC 7587 §7), 0 for one channel and for video
	PayloadType uint8  // in an offer
	Params      string // of a=fmtp in an offer
	// Accepted are further parameters of a=fmtp that an offer may name: other formats of the codec to SDP, one to the
	// recorder, and no hindrance to sending the clip.
	Accepted []string
	Clip     string // the file with the clip; empty: there is none, and the codec can only be received and echoed

	payloader func() rtp.Payloader               // nil without a clip
	silence   []byte                             // a frame of audio that holds none; of one byte: it is repeated
	parse     func(payload []byte) video.Picture // what a packet shows; nil if payloads are not understood
	starts    bool                               // payloads mark the first packet of each frame
}

// Codecs is the table: what is offered, in this order, which answers leave to the offerer's choice. VP8 and H264 are
// first, which every browser has (RFC 7742): VP8 because its pictures are looked into, then H264 because many servers
// take nothing else.
var Codecs = []*Codec{
	{
		Name: "opus", Kind: KindAudio, ClockRate: 48000, Channels: 2, PayloadType: 111,
		Params: "minptime=10;useinbandfec=1", Clip: "tone.ogg", payloader: opusPayloader,
		silence: opusSilence,
	},
	{
		Name: "G722", Kind: KindAudio, ClockRate: 8000, PayloadType: 9, // the clock is half the sampling rate (RFC 3551)
		Clip: "tone.g722", payloader: g722Payloader, silence: []byte{0xfa},
	},
	{
		Name: "PCMU", Kind: KindAudio, ClockRate: 8000, PayloadType: 0,
		Clip: "tone.ul", payloader: g711Payloader, silence: []byte{0xff},
	},
	{
		Name: "PCMA", Kind: KindAudio, ClockRate: 8000, PayloadType: 8,
		Clip: "tone.al", payloader: g711Payloader, silence: []byte{0xd5},
	},
	{
		Name: "VP8", Kind: KindVideo, ClockRate: 90000, PayloadType: 96,
		Clip: "picture.vp8.ivf", payloader: vp8Payloader, parse: video.VP8, starts: true,
	},
	{
		Name: "H264", Kind: KindVideo, ClockRate: 90000, PayloadType: 102,
		Params: h264Params("1", "42e01f"), Clip: "picture.h264", payloader: h264Payloader, parse: video.H264,
		// Decoders of these profiles take constrained baseline, too; the clip's slices fit in a packet, as mode 0 wants it.
		Accepted: []string{
			h264Params("0", "42e01f"), h264Params("1", "42001f"), h264Params("0", "42001f"), h264Params("1", "4d001f"),
			h264Params("0", "4d001f"), h264Params("1", "64001f"), h264Params("0", "64001f"), h264Params("1", "640c1f"),
			h264Params("0", "640c1f"),
		},
	},
	{
		Name: "VP9", Kind: KindVideo, ClockRate: 90000, PayloadType: 98, Params: "profile-id=0",
		Clip: "picture.vp9.ivf", payloader: vp9Payloader, parse: video.VP9, starts: true,
	},
	{
		Name: "AV1", Kind: KindVideo, ClockRate: 90000, PayloadType: 45,
		Params: "level-idx=5;profile=0;tier=0", Clip: "picture.av1.ivf", payloader: av1Payloader, parse: video.AV1,
	},
	{Name: "H265", Kind: KindVideo, ClockRate: 90000, PayloadType: 49, parse: video.H265},
}

func h264Params(mode, profile string) string {
	return "level-asymmetry-allowed=1;packetization-mode=" + mode + ";profile-level-id=" + profile
}

func opusPayloader() rtp.Payloader { return &codecs.OpusPayloader{} }
func g722Payloader() rtp.Payloader { return &codecs.G722Payloader{} }
func g711Payloader() rtp.Payloader { return &codecs.G711Payloader{} }
func h264Payloader() rtp.Payloader { return &codecs.H264Payloader{DisableStapA: true} } // mode 0 has no STAP-A
func vp8Payloader() rtp.Payloader  { return &codecs.VP8Payloader{EnablePictureID: true} }
func vp9Payloader() rtp.Payloader  { return &codecs.VP9Payloader{} }
func av1Payloader() rtp.Payloader  { return &codecs.AV1Payloader{} }

// MimeType is the codec's name with its kind: "video/VP8".
func (c *Codec) MimeType() string { return c.Kind + "/" + c.Name }

// mute is a frame of silence instead of one of a length in bytes.
func (c *Codec) mute(length int) []byte {
	if len(c.silence) == 1 {
		return bytes.Repeat(c.silence, length)
	}
	return c.silence
}

// CodecOf finds the row of a name ("VP8") or a MIME type ("video/VP8"), in any case; nil for one that is not known.
func CodecOf(name string) *Codec {
	i := slices.IndexFunc(Codecs, func(c *Codec) bool {
		return strings.EqualFold(name, c.Name) || strings.EqualFold(name, c.MimeType())
	})
	if i < 0 {
		return nil
	}
	return Codecs[i]
}

// Names lists the codecs of a kind of which there is a clip.
func Names(kind string) []string {
	var names []string
	for _, c := range Codecs {
		if c.Kind == kind && c.Clip != "" {
			names = append(names, c.Name)
		}
	}
	return names
}

// opusSilence is one frame of 20 ms of digital silence (RFC 6716: full-band CELT, mono).
var opusSilence = []byte{0xf8, 0xff, 0xfe}

const mimeRTX = "video/rtx"

// codec is what the recorder knows of the codec of a stream.
type codec struct {
	*Codec        // the row; one that understands nothing for other codecs
	mime   string // as announced
	rate   uint32
}

func newCodec(mime string, rate uint32) *codec {
	row := CodecOf(mime)
	if row == nil {
		row = &Codec{}
		switch kind, _, _ := strings.Cut(strings.ToLower(mime), "/"); kind {
		case KindAudio, KindVideo:
			row.Kind = kind
		}
	}
	return &codec{row, mime, rate}
}

// hasKeys reports whether key frames can be distinguished from others.
func (c *codec) hasKeys() bool { return c.parse != nil }

func (c *codec) picture(payload []byte) video.Picture {
	if c.parse == nil {
		return video.Picture{}
	}
	return c.parse(payload)
}
