package call

import (
	"math"
	"slices"
	"time"

	"dialtone/diag"
	"dialtone/diag/quality"
)

// Quality is how speech fares over a stream of audio, by the E-model, and all that the value depends on.
type Quality struct {
	MOS         float64       `json:"mos"`   // 1–4.5, of conversation
	R           float64       `json:"r"`     // on the scale of the model
	Model       quality.Model `json:"model"` // G.107, G.107.1 or G.107.2
	Ie          float64       `json:"ie"`
	Bpl         float64       `json:"bpl"`
	Source      string        `json:"source"`                // of Ie and Bpl
	Provisional bool          `json:"provisional,omitempty"` // ITU-T has published no Ie and Bpl for the codec
	Loss        float64       `json:"loss"`                  // 0–1, of packets that were not repaired, taken as independent
	// Ta: the one-way delay, and a jitter buffer of 40 ms plus twice the jitter, which is assumed
	Delay diag.Millis `json:"delay_ms"`
	// the one-way delay was measured; otherwise it is assumed to be half of the round-trip time
	OneWayMeasured bool `json:"one_way_measured,omitempty"`
}

// transport is what the network does to a stream; nil for what is unknown. Times are in seconds.
type transport struct {
	loss, jitter, roundTrip, oneWay *float64
}

// rate rates a stream; nil where a value is missing that the model needs.
func rate(mimeType string, t transport) *Quality {
	c, known := quality.Of(mimeType)
	oneWay := t.oneWay
	if oneWay == nil && t.roundTrip != nil {
		oneWay = new(*t.roundTrip / 2)
	}
	if !known || t.loss == nil || oneWay == nil {
		return nil
	}
	delay := diag.SecondsOf(*oneWay) + diag.PlayoutDelay(diag.OrZero(t.jitter))
	r := c.Rate(quality.Path{Delay: float64(delay) / float64(time.Millisecond), Loss: *t.loss})
	round := func(v float64) float64 { return math.Round(v*1000) / 1000 }
	return &Quality{
		MOS: round(r.MOS), R: round(r.R), Model: c.Model, Ie: c.Ie, Bpl: c.Bpl, Source: c.Source, Provisional: c.Provisional,
		Loss: *t.loss, Delay: diag.Millis(delay), OneWayMeasured: t.oneWay != nil,
	}
}

// rateStream rates the audio of a whole call. Where nothing is said, or what is said cannot be decoded, there is
// nothing to rate.
func (s *Stream) rateStream(c *Call) {
	loss := s.UnrepairedLoss
	if loss == nil {
		loss = s.Loss
	}
	seconds := func(m *diag.Millis) *float64 {
		if m == nil {
			return nil
		}
		return new(m.Duration().Seconds())
	}
	trip := seconds(s.RoundTrip)
	if path, known := c.RoundTripTime(); trip == nil && known {
		trip = new(path.Seconds())
	}
	if !s.Silent && !slices.ContainsFunc(s.Inbound, func(in diag.InboundRTP) bool { return in.Undecodable() }) {
		s.Quality = rate(s.MimeType, transport{loss, seconds(s.Jitter), trip, s.oneWay()})
	}
	if s.Quality != nil {
		s.MOS = &s.Quality.MOS
	}
}

// oneWay is the mean one-way delay of the first stream that arrives, in seconds; nil where it was not measured.
func (s *Stream) oneWay() *float64 {
	for _, in := range s.Inbound {
		if d := in.OneWayDelay; d != nil {
			return &d.Mean
		}
	}
	return nil
}

// QualityIn rates what was received since the sample before; nil where nothing is said or too little is known.
func QualityIn(sample *diag.Sample, in *diag.InboundRTP) *Quality {
	if s := in.Sound; in.Undecodable() || s != nil && max(s.SilentFor, s.NoiseFor) >= QuietAfter {
		return nil
	}
	t := transport{loss: in.FractionLost, jitter: in.Jitter, roundTrip: tripOf(sample, in.RoundTripTime)}
	if d := in.OneWayDelay; d != nil {
		t.oneWay = d.Delay
	}
	return rate(in.MimeType, t)
}

// QualityOut rates what was sent, by the latest report of the receiver.
func QualityOut(sample *diag.Sample, out *diag.OutboundRTP) *Quality {
	r := out.Remote
	if r == nil {
		return nil
	}
	trip := tripOf(sample, r.RoundTripTime)
	return rate(out.MimeType, transport{loss: r.FractionLost, jitter: r.Jitter, roundTrip: trip})
}

func tripOf(sample *diag.Sample, own *float64) *float64 {
	if own == nil && sample.Pair != nil {
		return sample.Pair.CurrentRoundTripTime
	}
	return own
}
