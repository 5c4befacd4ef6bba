package media

import (
	"time"

	"dialtone/diag/media/clock"
	"dialtone/diag/media/sequence"
	"dialtone/diag/media/video"
)

// openFrames is how many frames of a stream are kept while they are incomplete: more than a second of video, within
// which a retransmission comes or does not.
const openFrames = 32

// frames puts the packets of video together to frames, by timestamp and marker bit (RFC 3550, section 5.1), without
// looking at more than their headers. The zero value is ready.
type frames struct {
	open          [openFrames]openFrame // a ring, the newest last
	used, newest  int
	complete      uint32 // frames of which every packet arrived
	given         uint32 // of these, to each
	keys          uint32 // of these, key frames
	width, height uint16 // of the last complete key frame that has them
	freezes       clock.Freezes
	shownTS       uint32 // of the newest complete frame
	starts        bool   // payloads mark the first packet of a frame, as those of VP8 do
	requests      keyRequests
}

type openFrame struct {
	ts       uint32
	from     time.Time // of its first packet
	min, max int64     // extended sequence numbers seen
	count    int64     // packets, each once
	end      bool      // max is the last packet
	done     bool
	given    bool // to each
	video.Picture
}

// add counts a packet that is no duplicate. It returns a frame that this packet completed, or nil. When it completed
// several, one of them is returned and all are counted.
func (f *frames) add(ext int64, h header, p video.Picture, seq *sequence.Sequence, late bool, at time.Time) *openFrame {
	var first *openFrame
	fr := f.find(h.timestamp)
	if fr == nil {
		first = f.endPrevious(ext, seq, at)
		fr = f.begin(h.timestamp, ext, at)
	}
	fr.min, fr.max = min(fr.min, ext), max(fr.max, ext)
	fr.count++
	fr.Start = fr.Start || p.Start
	fr.end = fr.end || h.marker
	if p.Key && !fr.Key && fr.done { // the first packets of the stream came in the wrong order
		f.keyArrived(fr, at)
	}
	fr.Key = fr.Key || p.Key
	if p.Width != 0 {
		fr.Width, fr.Height = p.Width, p.Height
	}
	if !late {
		if done := f.check(fr, seq, at); first == nil {
			return done
		}
		return first
	}
	for i := range f.used { // a late packet may also show where its neighbors begin and end
		if done := f.check(f.recent(i), seq, at); first == nil {
			first = done
		}
	}
	return first
}

// between counts a packet without video among those of a frame: FEC or padding.
func (f *frames) between(ext int64, ts uint32) {
	if fr := f.find(ts); fr != nil && ext > fr.min {
		fr.max, fr.count = max(fr.max, ext), fr.count+1
	}
}

// recent returns the frame that began i frames before the newest.
func (f *frames) recent(i int) *openFrame { return &f.open[(f.newest+openFrames-i)%openFrames] }

func (f *frames) find(ts uint32) *openFrame {
	if at := f.place(ts); at >= 0 {
		return &f.open[at]
	}
	return nil
}

func (f *frames) begin(ts uint32, ext int64, at time.Time) *openFrame {
	f.newest = (f.newest + 1) % openFrames
	f.used = min(f.used+1, openFrames)
	f.open[f.newest] = openFrame{ts: ts, from: at, min: ext, max: ext}
	return &f.open[f.newest]
}

// endPrevious ends the newest frame where its sender set no marker and the next frame follows it.
func (f *frames) endPrevious(ext int64, seq *sequence.Sequence, at time.Time) *openFrame {
	if f.used == 0 || f.open[f.newest].max+1 != ext {
		return nil
	}
	fr := &f.open[f.newest]
	fr.end = true
	return f.check(fr, seq, at)
}

// check counts a frame that became complete and returns it, else nil. If payloads do not mark it, a frame begins after
// a packet of another frame, or with the stream.
func (f *frames) check(fr *openFrame, seq *sequence.Sequence, at time.Time) *openFrame {
	if fr.done || !fr.end || fr.max-fr.min+1 != fr.count {
		return nil
	}
	if !fr.Start && (f.starts || !seq.Has(fr.min-1) && fr.min != seq.Base()) {
		return nil
	}
	fr.done = true
	f.complete++
	if fr.Key {
		f.keyArrived(fr, at)
	}
	if fr.Width != 0 {
		f.width, f.height = fr.Width, fr.Height
	}
	if f.complete == 1 || int32(fr.ts-f.shownTS) > 0 { // a player shows no frame after a newer one
		f.shownTS = fr.ts
		f.freezes.Shown(at)
	}
	return fr
}

// keyArrived counts a key frame that is complete.
func (f *frames) keyArrived(fr *openFrame, at time.Time) {
	f.keys++
	f.requests.arrived(fr.from, at)
}

// each calls look once for each frame that has become complete, with its place in the ring.
func (f *frames) each(look func(place int, fr *openFrame)) {
	if f.given != f.complete {
		f.given = f.complete
		for i := f.used - 1; i >= 0; i-- { // the oldest first
			at := (f.newest + openFrames - i) % openFrames
			if fr := &f.open[at]; fr.done && !fr.given {
				fr.given = true
				look(at, fr)
			}
		}
	}
}

// restart forgets what is incomplete: the source began anew.
func (f *frames) restart() {
	f.used = 0
	f.freezes.Restart()
}

// place is the place in the ring of the frame of a timestamp; −1 if it is not there.
func (f *frames) place(ts uint32) int {
	for i := range f.used {
		if at := (f.newest + openFrames - i) % openFrames; f.open[at].ts == ts {
			return at
		}
	}
	return -1
}
