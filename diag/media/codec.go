package media

import "strings"

const mimeRTX = "video/rtx"

// codec is what the recorder must know of the codec of a stream.
type codec struct {
	mime   string
	kind   string // audio, video, or empty
	rate   uint32
	look   func(payload []byte) picture // nil where payloads are not understood
	starts bool                         // it tells the first packet of each frame
	silent func(payload []byte) bool    // proves that a payload is silence; nil where that cannot be told
}

func newCodec(mime string, rate uint32) *codec {
	c := &codec{mime: mime, rate: rate}
	switch kind, _, _ := strings.Cut(strings.ToLower(mime), "/"); kind {
	case KindAudio, KindVideo:
		c.kind = kind
	}
	switch {
	case strings.EqualFold(mime, MimeVP8):
		c.look, c.starts = parseVP8, true
	case strings.EqualFold(mime, MimeH264):
		c.look = parseH264
	case strings.EqualFold(mime, MimeOpus):
		c.silent = silentOpus
	}
	return c
}

// hasKeys tells whether key frames can be told from others.
func (c *codec) hasKeys() bool { return c.look != nil }

func (c *codec) picture(payload []byte) picture {
	if c.look == nil {
		return picture{}
	}
	return c.look(payload)
}
