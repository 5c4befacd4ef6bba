package picture

import "time"

const (
	// refresh is how long a picture is good for.
	refresh = 10 * time.Second
	// suspect is the time between requests while a picture hardly changes: three pictures within three seconds.
	suspect = time.Second
	// suspectTimes is how often that happens before the next refresh, and how often requests that are not answered are
	// repeated.
	suspectTimes = 3
	// stillBytes is the most that a frame has of a picture that hardly changes, in bytes per pixel: one that moves needs
	// several times as much.
	stillBytes = 0.003
)

// Asker decides when a sender is asked for a key frame, so that its picture can be looked at: soon where none came by
// itself, quickly in succession where the frames are so small that the picture may be black or frozen, and else rarely,
// because a key frame costs the sender some quality. The zero value is ready.
type Asker struct {
	asked  time.Time // last
	times  int       // in succession
	seen   time.Time // the last picture
	frames uint32
	bytes  uint64
	moves  bool // since the last picture, each time that Due was called
	looked bool // Due was called since the last picture
}

// Seen notes a picture, and reports whether it moved all the time since the one before, by the size of the frames.
func (a *Asker) Seen(at time.Time) (moved bool) {
	moved = a.looked && a.moves && !a.seen.IsZero()
	a.seen, a.looked, a.moves = at, false, true
	return moved
}

// Due reports whether to ask now. It is called every 250 ms with what the stream has had by then: complete
// frames, bytes of payload, and the size of its picture, 0 while that is unknown.
func (a *Asker) Due(now time.Time, frames uint32, bytes uint64, pixels int) bool {
	newFrames, newBytes := frames-a.frames, bytes-a.bytes
	a.frames, a.bytes = frames, bytes
	small := pixels > 0 && float64(newBytes) < stillBytes*float64(pixels)*float64(newFrames)
	a.looked, a.moves = true, a.moves && newFrames > 0 && pixels > 0 && !small
	if newFrames == 0 {
		return false // nothing is sent: a request changes nothing
	}
	if a.asked.IsZero() && a.seen.IsZero() {
		a.asked = now // the first picture is given the time to come by itself
		return false
	}
	since := now.Sub(later(a.asked, a.seen))
	if since >= refresh || !small && !a.seen.IsZero() {
		a.times = 0
	}
	ask := since >= refresh || (a.seen.IsZero() || small) && a.times < suspectTimes
	if !ask || since < suspect {
		return false
	}
	a.asked = now
	a.times++
	return true
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
