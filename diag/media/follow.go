package media

import (
	"hash/maphash"
	"math"

	"dialtone/diag"
)

// maxStrange is how many frames in succession are compared with the clip in vain before only key frames are.
const maxStrange = 25

// hashSeed makes equal bytes have equal hashes within this process.
var hashSeed = maphash.MakeSeed()

// prints are the hashes of the clip's frames as they arrive: indexes by hash, several where frames are alike.
func (c *Clip) prints() map[uint64][]int {
	c.once.Do(func() {
		c.printed = map[uint64][]int{}
		row, payloader := codec{Codec: c.Codec}, c.Codec.payloader()
		for i, f := range c.frames {
			var h maphash.Hash
			h.SetSeed(hashSeed)
			for _, payload := range payloader.Payload(maxPayload, f.data) {
				_, _ = h.Write(row.body(payload)) // never fails
			}
			c.printed[h.Sum64()] = append(c.printed[h.Sum64()], i)
		}
	})
	return c.printed
}

// follower recognizes the frames of the clip of a codec by their bytes, which only a server that transcodes changes. So
// it counts what became of each of them on the way. The zero value is ready.
type follower struct {
	clip    *Clip
	last    int    // index of the newest frame
	lastTS  uint32 // its timestamp
	strange int    // frames in succession that are not of the clip
	counts  diag.ClipFrames
}

// follow counts a complete frame.
func (f *follower) follow(c *codec, fr *openFrame, whole []byte) {
	if f.strange > maxStrange && !fr.Key || c.Clip == "" || len(whole) == 0 {
		return
	}
	if f.clip == nil || f.clip.Codec != c.Codec {
		clip, err := c.ReadClip()
		if err != nil {
			return
		}
		f.clip = clip
	}
	indexes := f.clip.prints()[maphash.Bytes(hashSeed, whole)]
	if len(indexes) == 0 {
		f.strange++
		return
	}
	f.strange = 0
	f.place(indexes, fr.ts)
}

// place counts a frame of the clip that has one of these indexes, which are more than one where frames are alike.
// Timestamps say how many frames are between two: a player that is asked for a key frame goes on at another index.
func (f *follower) place(indexes []int, ts uint32) {
	defer func() { f.counts.Received++ }()
	if f.counts.Received == 0 {
		f.last, f.lastTS = indexes[0], ts
		return
	}
	if int32(ts-f.lastTS) < 0 { // it was counted as skipped when a newer one came
		f.counts.Late++
		f.counts.Skipped -= min(f.counts.Skipped, 1)
		return
	}
	n := len(f.clip.frames)
	step := f.steps(ts - f.lastTS)
	expected := (f.last + step) % n
	index := indexes[0]
	for _, i := range indexes {
		if i == expected {
			index = i
		}
	}
	switch {
	case index == f.last && expected != f.last:
		f.counts.Repeated++
	case index != expected:
		f.counts.Cuts++
	}
	f.counts.Skipped += uint32(max(step-1, 0)) // #nosec G115 -- not negative
	f.last, f.lastTS = index, ts
}

// steps is how many frames a difference of timestamps is.
func (f *follower) steps(units uint32) int {
	length := f.clip.frames[0].length.Seconds() * float64(f.clip.Codec.ClockRate)
	return int(math.Round(float64(units) / length))
}

// stats are the counts; nil while no frame of the clip was seen.
func (f *follower) stats() *diag.ClipFrames {
	if f.counts.Received == 0 {
		return nil
	}
	return new(f.counts)
}
