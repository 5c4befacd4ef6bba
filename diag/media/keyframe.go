package media

import (
	"slices"
	"time"

	"dialtone/diag"
)

// keyRequests follows the requests for key frames of a stream, and what comes of them. The zero value is ready.
type keyRequests struct {
	last      time.Time       // a key frame was complete
	intervals []time.Duration // the latest times between key frames, of those that were not requested
	open      time.Time       // the first request that is not answered; zero: none
	answer    *diag.Millis
}

// maxIntervals is how many times between key frames are kept.
const maxIntervals = 15

// arrived notes a key frame whose first packet came at from.
func (k *keyRequests) arrived(from, at time.Time) {
	before := k.last
	k.last = at
	switch {
	case !k.open.IsZero() && from.After(k.open):
		k.answer, k.open = diag.Ptr(diag.Millis(at.Sub(k.open))), time.Time{}
	case !before.IsZero():
		k.intervals = append(k.intervals[max(0, len(k.intervals)-maxIntervals+1):], at.Sub(before))
	}
}

// request notes that one is sent, and says what was known before.
func (k *keyRequests) request(now time.Time) (since, interval *diag.Millis) {
	if k.open.IsZero() {
		k.open = now
	}
	if !k.last.IsZero() {
		since = diag.Ptr(diag.Millis(now.Sub(k.last)))
	}
	if n := len(k.intervals); n > 0 { // the lower median: a key frame that was lost makes two intervals one
		interval = diag.Ptr(diag.Millis(slices.Sorted(slices.Values(k.intervals))[(n-1)/2]))
	}
	return since, interval
}

// answered takes the time of an answer that was not reported; nil if there is none.
func (k *keyRequests) answered() *diag.Millis {
	a := k.answer
	k.answer = nil
	return a
}

// RequestKeyFrames notes that a key frame is requested of each inbound stream of video whose codec shows them. The
// caller sends the requests after it has reported what is returned.
func (r *Recorder) RequestKeyFrames() []diag.KeyFrameRequested {
	now := r.now()
	r.mu.RLock()
	defer r.mu.RUnlock()
	var out []diag.KeyFrameRequested
	for _, s := range r.in.order {
		r.in.update(s.ssrc, func(s *inbound) {
			if s.codec.Kind != KindVideo || !s.codec.hasKeys() || s.ended || s.packets == 0 {
				return
			}
			d := diag.KeyFrameRequested{SSRC: s.ssrc}
			d.SinceMs, d.IntervalMs = s.frames.requests.request(now)
			out = append(out, d)
		})
	}
	return out
}

const (
	// minPause is the shortest time without packets that is reported, if it is also many times their usual distance.
	minPause   = time.Second
	pauseTimes = 10
)

// resumed says how long a stream paused before the packet of now; nil if it did not.
func (s *inbound) resumed(now time.Time) *diag.MediaResumed {
	gap := now.Sub(s.last)
	if s.last.IsZero() || gap < minPause || gap < pauseTimes*(s.last.Sub(s.began)/time.Duration(s.packets)) {
		return nil
	}
	return &diag.MediaResumed{Kind: s.codec.Kind, SSRC: s.ssrc, AfterMs: diag.Millis(gap)}
}
