package media

import (
	"bytes"
	"embed"
	"errors"
	"fmt"
	"sync"
	"time"
)

//go:generate ./clips/make.sh

//go:embed clips/tone.* clips/picture.*
var clipFiles embed.FS

// ErrClip is returned (wrapped) for a file that is no usable clip.
var ErrClip = errors.New("not a clip")

// Clip is encoded media, made to be repeated. It is read only, and shared by all calls.
type Clip struct {
	Codec  *Codec
	frames []frame

	once    sync.Once
	printed map[uint64][]int
}

type frame struct {
	data   []byte
	length time.Duration // until the next one
	key    bool          // decodable on its own
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

// clips are those that have been read, by codec.
var clips sync.Map

// ReadClip returns the clip of a codec that has one.
func (c *Codec) ReadClip() (*Clip, error) {
	if clip, known := clips.Load(c); known {
		return clip.(*Clip), nil //nolint:errcheck,forcetypeassert // nothing else is stored
	}
	raw, err := clipFiles.ReadFile("clips/" + c.Clip)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrClip, err)
	}
	clip, err := readClip(bytes.NewReader(raw), c)
	if err != nil {
		return nil, err
	}
	kept, _ := clips.LoadOrStore(c, clip)
	return kept.(*Clip), nil //nolint:errcheck,forcetypeassert // nothing else is stored
}
