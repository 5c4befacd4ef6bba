package media

import (
	"time"

	"dialtone/diag"
)

// keyRequests follows the requests for key frames of a stream, and what comes of them. The zero value is ready.
type keyRequests struct {
	first, last time.Time // key frames were complete
	keys        int       // from first to last
	open        time.Time // the first request that is not answered; zero: none
	answer      *diag.Millis
}

// arrived notes a key frame whose first packet came at from.
func (k *keyRequests) arrived(from, at time.Time) {
	if k.keys++; k.keys == 1 {
		k.first = at
	}
	k.last = at
	if !k.open.IsZero() && from.After(k.open) {
		k.answer, k.open = diag.Ptr(diag.Millis(at.Sub(k.open))), time.Time{}
	}
}

// request notes that one is sent, and says what was known before.
func (k *keyRequests) request(now time.Time) (since, interval *diag.Millis) {
	if k.open.IsZero() {
		k.open = now
	}
	if k.keys > 0 {
		since = diag.Ptr(diag.Millis(now.Sub(k.last)))
	}
	if k.keys > 1 {
		interval = diag.Ptr(diag.Millis(k.last.Sub(k.first)) / diag.Millis(k.keys-1))
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
