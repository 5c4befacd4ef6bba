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
	found     int             // intervals, all
	sent      int             // requests
	latest    time.Time       // the latest request
	out       time.Time       // a packet with a request was sent, for whatever reason
	open      time.Time       // the first request that is not answered; zero: none
	answer    *diag.Millis
}

// maxIntervals is how many times between key frames are kept.
const maxIntervals = 15

// arrived notes a key frame whose first packet came at from. One that comes later than any answer came by itself, too.
func (k *keyRequests) arrived(from, at time.Time) {
	before := k.last
	k.last = at
	requested := !k.out.IsZero() && from.After(k.out) && at.Sub(k.out) <= diag.KeyFrameAnswer
	if !k.open.IsZero() && from.After(k.open) {
		took := at.Sub(k.open)
		requested = requested && took <= diag.KeyFrameAnswer // else none of the repeated requests was answered
		k.answer, k.open = new(diag.Millis(took)), time.Time{}
	}
	switch {
	case requested:
		k.out = time.Time{}
	case !before.IsZero():
		k.found++
		k.intervals = append(k.intervals[max(0, len(k.intervals)-maxIntervals+1):], at.Sub(before))
	}
}

// interval is the usual time between key frames that were not requested; nil while there were not two. It is the lower
// median: a key frame that was lost makes two intervals one.
func (k *keyRequests) interval() *diag.Millis {
	n := len(k.intervals)
	if n == 0 {
		return nil
	}
	return new(diag.Millis(slices.Sorted(slices.Values(k.intervals))[(n-1)/2]))
}

// request notes that one is sent, and says what was known before.
func (k *keyRequests) request(now time.Time) (since, interval *diag.Millis) {
	if k.open.IsZero() {
		k.open = now
	}
	k.sent++
	k.latest, k.out = now, now
	if !k.last.IsZero() {
		since = new(diag.Millis(now.Sub(k.last)))
	}
	return since, k.interval()
}

const (
	// testAfter is how long after a key frame it is tested whether the sender answers requests for one, and testEvery and
	// tests are how often: requests get lost.
	testAfter = 1500 * time.Millisecond
	testEvery = 800 * time.Millisecond
	tests     = 3
)

// untested reports whether it is due to test whether the sender answers requests.
func (k *keyRequests) untested(now time.Time) bool {
	return !k.last.IsZero() && now.Sub(k.last) >= testAfter && now.Sub(k.latest) >= testEvery &&
		(k.sent == 0 || k.sent < tests && !k.open.IsZero())
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
	return r.requestKeyFrames(func(*inbound) bool { return true })
}

// TestKeyFrames does the same, of those streams of which it is not known whether their sender answers requests.
func (r *Recorder) TestKeyFrames() []diag.KeyFrameRequested {
	now := r.now()
	return r.requestKeyFrames(func(s *inbound) bool { return s.frames.requests.untested(now) })
}

func (r *Recorder) requestKeyFrames(of func(*inbound) bool) []diag.KeyFrameRequested {
	now := r.now()
	r.mu.RLock()
	defer r.mu.RUnlock()
	var out []diag.KeyFrameRequested
	for _, s := range r.in.order {
		r.in.update(s.ssrc, func(s *inbound) {
			if s.codec.Kind != KindVideo || !s.codec.hasKeys() || s.ended || s.packets == 0 || !of(s) {
				return
			}
			d := diag.KeyFrameRequested{SSRC: s.ssrc}
			d.SinceMs, d.IntervalMs = s.frames.requests.request(now)
			out = append(out, d)
		})
	}
	return out
}
