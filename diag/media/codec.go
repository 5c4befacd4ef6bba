package media

import "strings"

const mimeRTX = "video/rtx"

// codec is what the recorder must know of the codec of a stream.
type codec struct {
	mime   string
	kind   string // audio, video, or empty
	rate   uint32
	parse  func(payload []byte) picture // nil if payloads are not understood
	starts bool                         // payloads mark the first packet of each frame
	silent func(payload []byte) bool    // proves that a payload is silence; nil if that is unknown
}

func newCodec(mime string, rate uint32) *codec {
	c := &codec{mime: mime, rate: rate}
	switch kind, _, _ := strings.Cut(strings.ToLower(mime), "/"); kind {
	case KindAudio, KindVideo:
		c.kind = kind
	}
	switch {
	case strings.EqualFold(mime, MimeVP8):
		c.parse, c.starts = parseVP8, true
	case strings.EqualFold(mime, MimeH264):
		c.parse = parseH264
	case strings.EqualFold(mime, MimeOpus):
		c.silent = silentOpus
	}
	return c
}

// hasKeys reports whether key frames can be distinguished from others.
func (c *codec) hasKeys() bool { return c.parse != nil }

func (c *codec) picture(payload []byte) picture {
	if c.parse == nil {
		return picture{}
	}
	return c.parse(payload)
}
