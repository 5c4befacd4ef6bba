package call

import (
	"math"
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
	// Ta: half of the round-trip time, which is assumed, and a jitter buffer of 40 ms plus twice the jitter
	Delay diag.Millis `json:"delay_ms"`
}

// rate rates a stream; nil where a value is missing that the model needs.
func rate(mimeType string, loss *float64, jitter, roundTrip *float64) *Quality {
	c, known := quality.Of(mimeType)
	if !known || loss == nil || roundTrip == nil {
		return nil
	}
	delay := diag.SecondsOf(*roundTrip/2) + diag.PlayoutDelay(diag.OrZero(jitter))
	r := c.Rate(quality.Path{Delay: float64(delay) / float64(time.Millisecond), Loss: *loss})
	round := func(v float64) float64 { return math.Round(v*1000) / 1000 }
	return &Quality{
		MOS: round(r.MOS), R: round(r.R), Model: c.Model, Ie: c.Ie, Bpl: c.Bpl, Source: c.Source, Provisional: c.Provisional,
		Loss: *loss, Delay: diag.Millis(delay),
	}
}

// rateStream rates the audio of a whole call. Where nothing is said, there is nothing to rate.
func (s *Stream) rateStream(c *Call) {
	loss := s.UnrepairedLoss
	if loss == nil {
		loss = s.Loss
	}
	seconds := func(m *diag.Millis) *float64 {
		if m == nil {
			return nil
		}
		return diag.Ptr(m.Duration().Seconds())
	}
	trip := seconds(s.RoundTrip)
	if path, known := c.RoundTripTime(); trip == nil && known {
		trip = diag.Ptr(path.Seconds())
	}
	if !s.Silent {
		s.Quality = rate(s.MimeType, loss, seconds(s.Jitter), trip)
	}
	if s.Quality != nil {
		s.MOS = &s.Quality.MOS
	}
}

// QualityIn rates what was received since the sample before; nil where nothing is said or too little is known.
func QualityIn(sample *diag.Sample, in *diag.InboundRTP) *Quality {
	if s := in.Sound; s != nil && max(s.SilentFor, s.NoiseFor) >= QuietAfter {
		return nil
	}
	return rate(in.MimeType, in.FractionLost, in.Jitter, tripOf(sample, in.RoundTripTime))
}

// QualityOut rates what was sent, by the latest report of the receiver.
func QualityOut(sample *diag.Sample, out *diag.OutboundRTP) *Quality {
	if out.Remote == nil {
		return nil
	}
	return rate(out.MimeType, out.Remote.FractionLost, out.Remote.Jitter, tripOf(sample, out.Remote.RoundTripTime))
}

func tripOf(sample *diag.Sample, own *float64) *float64 {
	if own == nil && sample.Pair != nil {
		return sample.Pair.CurrentRoundTripTime
	}
	return own
}
