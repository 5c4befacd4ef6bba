package media

import (
	"time"
)

// skewAge is how long ago a packet of each stream may be.
const skewAge = 5 * time.Second

// Skew is how much later video arrives after its capture than audio, in seconds: negative where audio is later. It is
// that of the first stream of each kind, whose sender ties both to one clock by the same canonical name (RFC 3550
// §6.5.1); nil where it does not.
func (r *Recorder) Skew() *float64 {
	now := r.now()
	r.mu.RLock()
	defer r.mu.RUnlock()
	transit, names := map[string]float64{}, map[string]string{}
	for _, s := range r.in.order {
		r.in.update(s.ssrc, func(s *inbound) {
			if _, taken := transit[s.codec.Kind]; !taken && !s.ended && s.mapping.Arrived && now.Sub(s.presence.Last) < skewAge {
				transit[s.codec.Kind], names[s.codec.Kind] = s.mapping.Transit, s.name
			}
		})
	}
	audio, ok := transit[KindAudio]
	video, ok2 := transit[KindVideo]
	if !ok || !ok2 || names[KindAudio] != names[KindVideo] || names[KindAudio] == "" {
		return nil
	}
	return new(video - audio)
}
