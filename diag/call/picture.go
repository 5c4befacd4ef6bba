package call

import (
	"slices"
	"time"

	"dialtone/diag"
)

const (
	// maxPictures bounds the streams whose pictures are kept.
	maxPictures = 8
	// alike is the most that two pictures differ that look the same: the noise of coding.
	alike = 0.012
	// A picture is black if hardly a pixel is not, and none stands out.
	blackDark     = 0.98
	blackContrast = 0.04
	// blackFor and blackTimes are how long and how often a picture must have been black to be one that stays so.
	blackFor   = 800 * time.Millisecond
	blackTimes = 2
	// stillFor and stillTimes are how long and how often a picture must have looked the same.
	stillFor   = 1800 * time.Millisecond
	stillTimes = 3
)

// PictureRow is the latest picture of a stream that was looked at.
type PictureRow struct {
	diag.Picture
	At    time.Duration
	Drawn time.Duration // when the thumbnail was: a picture may come without one
	Alike Run           // of pictures that look the same
	Black Run           // of black pictures
	Clip  uint32        // how many frames of dialtone's clip had come
}

// Run is how many pictures in succession, up to the latest, have something in common. Zero: the latest has it not.
type Run struct {
	Times int
	Since time.Duration // when the first of them came
}

// add extends a run by a picture.
func (r *Run) add(has bool, at time.Duration) {
	switch {
	case !has:
		*r = Run{}
	case r.Times == 0:
		*r = Run{1, at}
	default:
		r.Times++
	}
}

// putPicture notes what a stream shows.
func (c *Call) putPicture(d diag.Picture, at time.Duration) {
	i := slices.IndexFunc(c.Pictures, func(r PictureRow) bool { return r.SSRC == d.SSRC })
	if i < 0 {
		if len(c.Pictures) >= maxPictures {
			return
		}
		i = len(c.Pictures)
		c.Pictures = append(c.Pictures, PictureRow{})
	}
	row := &c.Pictures[i]
	if len(d.Thumbnail.RGB) > 0 {
		row.Drawn = at
	} else {
		d.Thumbnail = row.Thumbnail
	}
	row.Picture, row.At = d, at
	clip := c.clipFrames(d.SSRC)
	if d.Difference == nil || *d.Difference > alike || d.Moved || clip > row.Clip+1 {
		row.Alike = Run{}
	}
	row.Clip = clip
	row.Alike.add(true, at)
	row.Black.add(d.Dark >= blackDark && d.Contrast <= blackContrast, at)
}

// clipFrames counts the frames of dialtone's clip by the latest sample, one that is repeated once. The clip moves, and
// has few key frames: a sender that is asked for one may go on at the same again.
func (c *Call) clipFrames(ssrc uint32) uint32 {
	if sample := c.Latest(); sample != nil {
		for _, in := range sample.Inbound {
			if clip := in.ClipFrames; in.SSRC == ssrc && clip != nil {
				return clip.Received - min(clip.Repeated, clip.Received)
			}
		}
	}
	return 0
}

// Shown is the latest picture of an inbound stream of the latest sample; nil if none was looked at, or another stream
// goes on in its place.
func (c *Call) Shown(in diag.InboundRTP) *PictureRow {
	if sample := c.Latest(); sample != nil && continued(sample.Inbound, in) {
		return nil
	}
	return c.PictureOf(in.SSRC)
}

// PictureOf is the latest picture of a stream; nil if none was looked at.
func (c *Call) PictureOf(ssrc uint32) *PictureRow {
	for i := range c.Pictures {
		if c.Pictures[i].SSRC == ssrc {
			return &c.Pictures[i]
		}
	}
	return nil
}

// StaysBlack reports whether the stream has been black for a while.
func (r *PictureRow) StaysBlack() bool {
	return r.Black.Times >= blackTimes && r.At-r.Black.Since >= blackFor
}

// StaysStill reports whether the stream has shown the same for a while.
func (r *PictureRow) StaysStill() bool {
	return r.Alike.Times >= stillTimes && r.At-r.Alike.Since >= stillFor
}
