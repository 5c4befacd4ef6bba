// Package quality rates speech by the E-model of ITU-T: from delay, packet loss and codec to R and MOS, on the scale of
// the codec's band. It is pure, and it knows nothing of calls.
//
// What the models rate is a transmission that carries speech; they do not hear it. The default values of G.107 stand
// for everything else: rooms, telephones, echo.
package quality

import (
	"math"
	"strings"
)

// Model is a version of the E-model. Values of different models are of different scales.
type Model string

// Models, by the band of the codec.
const (
	Narrowband Model = "G.107"   // 300–3,400 Hz, R of at most 93.2
	Wideband   Model = "G.107.1" // 50–7,000 Hz, R of at most 129
	Fullband   Model = "G.107.2" // 20–20,000 Hz, R of at most 148
)

// scale is what the models differ in.
type scale struct {
	best  float64 // R of a transmission without impairment
	span  float64 // what R is divided by for the MOS, whose formula is of 0–100
	delay float64 // factor of the delay impairment
	full  float64 // the impairment at 100 % loss
	burst bool    // the model has a burst ratio
}

var scales = map[Model]scale{
	Narrowband: {best: 93.2, span: 1, delay: 1, full: 95, burst: true},
	Wideband:   {best: 129, span: 1.29, delay: 1, full: 95, burst: true},
	Fullband:   {best: 148, span: 1.48, delay: 1.48, full: 132},
}

// Codec is how a codec impairs speech (G.113): its equipment impairment factor and its robustness against loss.
type Codec struct {
	Model       Model
	Ie          float64 // at no loss, on the scale of the model
	Bpl         float64 // per cent
	Source      string
	Provisional bool // ITU-T has published no value
}

// codecs are those with values, by the name of their encoding in lower case.
var codecs = map[string]Codec{
	"pcmu": {Narrowband, 0, 25.1, "G.113 Appendix I, with loss concealment", false},
	"pcma": {Narrowband, 0, 25.1, "G.113 Appendix I, with loss concealment", false},
	"g722": {Wideband, 13, 4.3, "Ie of G.113 Appendix IV at 64 kbit/s, Bpl assumed", true},
	"opus": {Fullband, 10.2, 4.3, "in common use; ITU-T has published none for Opus", true},
}

// Of finds the values of a codec by its MIME type, "audio/opus"; false for one that has none.
func Of(mimeType string) (Codec, bool) {
	_, name, _ := strings.Cut(strings.ToLower(mimeType), "/")
	c, known := codecs[name]
	return c, known
}

// Path is what impairs a transmission beside its codec.
type Path struct {
	Delay float64 // Ta, ms, one way from mouth to ear
	Loss  float64 // share of the packets that are missing when they are played, 0–1
	Burst float64 // burst ratio: 1 if losses are independent; 0 stands for 1
}

// Rating is what a model gives.
type Rating struct {
	R   float64
	MOS float64 // mean opinion score of conversation, 1–4.5
}

// Rate rates a transmission.
func (c Codec) Rate(p Path) Rating {
	s := scales[c.Model]
	r := s.best - s.delay*delayImpairment(p.Delay) - c.lossImpairment(s, p)
	return Rating{R: r, MOS: mos(r / s.span)}
}

// delayImpairment is Idd of G.107 §7.4, on its scale, for a delay in ms.
func delayImpairment(ms float64) float64 {
	if ms <= 100 {
		return 0
	}
	x := math.Log2(ms / 100)
	root := func(v float64) float64 { return math.Pow(1+math.Pow(v, 6), 1.0/6) }
	return 25 * (root(x) - 3*root(x/3) + 2)
}

// lossImpairment is the effective equipment impairment factor Ie,eff (G.107 §7.5).
func (c Codec) lossImpairment(s scale, p Path) float64 {
	percent := 100 * min(max(p.Loss, 0), 1)
	if percent == 0 {
		return c.Ie
	}
	spread := percent
	if s.burst && p.Burst > 0 {
		spread = percent / p.Burst
	}
	return c.Ie + (s.full-c.Ie)*percent/(spread+c.Bpl)
}

// mos is the mean opinion score of an R on the scale of 0–100 (G.107 Annex B), whose cubic dips to 0.99 near R 3.
func mos(r float64) float64 {
	switch {
	case r <= 0:
		return 1
	case r >= 100:
		return 4.5
	}
	return 1 + 0.035*r + r*(r-60)*(100-r)*7e-6
}
