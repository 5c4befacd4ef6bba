package load

import (
	"encoding/base64"
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"dialtone/diag"
)

// Histogram counts values with three significant digits, in the format of HdrHistogram. The zero value is empty.
type Histogram struct {
	h *hdrhistogram.Histogram
}

// Bounds of a histogram: values from 1 to an hour in microseconds, or to 3,600 in parts per million.
const (
	highest = 3_600_000_000
	digits  = 3
	// maxEncoded bounds the text of a histogram that is read.
	maxEncoded = 1 << 20
)

// record counts a value; what is beyond the bounds counts as the bound.
func (h *Histogram) record(v int64) {
	if h.h == nil {
		h.h = hdrhistogram.New(1, highest, digits)
	}
	_ = h.h.RecordValue(min(max(v, 0), highest)) // it is within the bounds
}

// merge adds another histogram.
func (h *Histogram) merge(from Histogram) {
	if from.h == nil {
		return
	}
	if h.h == nil {
		h.h = hdrhistogram.New(1, highest, digits)
	}
	h.h.Merge(from.h)
}

// count is how many values there are.
func (h Histogram) count() int64 {
	if h.h == nil {
		return 0
	}
	return h.h.TotalCount()
}

// MarshalText writes the V2 compressed encoding in base64, which other tools for HdrHistogram read.
func (h Histogram) MarshalText() ([]byte, error) {
	if h.h == nil {
		return nil, nil
	}
	return h.h.Encode(hdrhistogram.V2CompressedEncodingCookieBase)
}

var errHistogram = errors.New("not a histogram of dialtone load")

// UnmarshalText reads what MarshalText wrote, and refuses histograms of other bounds.
func (h *Histogram) UnmarshalText(text []byte) error {
	if len(text) == 0 {
		h.h = nil
		return nil
	}
	if len(text) > maxEncoded {
		return fmt.Errorf("%w: longer than %d bytes", errHistogram, maxEncoded)
	}
	if _, err := base64.StdEncoding.DecodeString(string(text)); err != nil {
		return fmt.Errorf("%w: %w", errHistogram, err)
	}
	read, err := hdrhistogram.Decode(text)
	if err != nil {
		return fmt.Errorf("%w: %w", errHistogram, err)
	}
	if read.SignificantFigures() != digits || read.HighestTrackableValue() != highest {
		return fmt.Errorf("%w: other bounds", errHistogram)
	}
	h.h = read
	return nil
}

// Times is a distribution of durations. Nothing in it is averaged.
type Times struct {
	N         int64       `json:"n"`
	Min       diag.Millis `json:"min_ms"`
	P50       diag.Millis `json:"p50_ms"`
	P95       diag.Millis `json:"p95_ms"`
	P99       diag.Millis `json:"p99_ms"`
	Max       diag.Millis `json:"max_ms"`
	Histogram Histogram   `json:"hdr_us"` // HdrHistogram V2, compressed, in base64; of microseconds
}

// add counts a duration.
func (t *Times) add(d time.Duration) {
	t.Histogram.record(d.Microseconds())
}

// settle computes the percentiles from the histogram. It returns nil if that is empty.
func (t *Times) settle() *Times {
	if t == nil || t.Histogram.count() == 0 {
		return nil
	}
	h := t.Histogram.h
	at := func(p float64) diag.Millis {
		return diag.Millis(time.Duration(h.ValueAtPercentile(p)) * time.Microsecond)
	}
	t.N, t.P50, t.P95, t.P99 = h.TotalCount(), at(50), at(95), at(99)
	t.Min, t.Max = at(0), at(100)
	return t
}

// Values is a distribution of shares (0–1) or counts.
type Values struct {
	N         int64     `json:"n"`
	Min       float64   `json:"min"`
	P50       float64   `json:"p50"`
	P95       float64   `json:"p95"`
	P99       float64   `json:"p99"`
	Max       float64   `json:"max"`
	Histogram Histogram `json:"hdr_ppm"` // HdrHistogram V2, compressed, in base64; of millionths
}

const million = 1e6

// add counts a value.
func (v *Values) add(x float64) {
	if !math.IsNaN(x) {
		v.Histogram.record(int64(math.Round(min(max(x, 0), highest/million) * million)))
	}
}

// settle computes the percentiles from the histogram. It returns nil if that is empty.
func (v *Values) settle() *Values {
	if v == nil || v.Histogram.count() == 0 {
		return nil
	}
	h := v.Histogram.h
	at := func(p float64) float64 { return float64(h.ValueAtPercentile(p)) / million }
	v.N, v.P50, v.P95, v.P99 = h.TotalCount(), at(50), at(95), at(99)
	v.Min, v.Max = float64(h.Min())/million, float64(h.Max())/million
	return v
}
