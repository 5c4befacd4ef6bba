package load

import (
	"errors"
	"fmt"
	"iter"
	"math"
	"strconv"
	"strings"
	"time"

	"dialtone/diag"
)

// Rate is a number of arrivals per second.
type Rate float64

// maxRate bounds the arrivals of a second, and maxCalls those of a test.
const (
	maxRate  = 10_000
	maxCalls = 1_000_000
)

// ParseRate reads "20/s", "90/min" or "20", which is per second.
func ParseRate(text string) (Rate, error) {
	number, unit, _ := strings.Cut(text, "/")
	per, known := map[string]float64{"": 1, "s": 1, "min": 60, "m": 60, "h": 3600}[unit]
	v, err := strconv.ParseFloat(number, 64)
	if v /= per; err != nil || !known || math.IsNaN(v) || v <= 0 || v > maxRate {
		return 0, fmt.Errorf("invalid rate %q: use calls per second or minute, such as 20/s or 90/min, up to %d/s",
			diag.Clean(text, 60), maxRate)
	}
	return Rate(v), nil
}

// String is the rate per second, or per minute if that is easier to read.
func (r Rate) String() string {
	if r < 1 {
		return strconv.FormatFloat(float64(r)*60, 'g', 4, 64) + "/min"
	}
	return strconv.FormatFloat(float64(r), 'g', 4, 64) + "/s"
}

// Stage is a part of a schedule, in which the rate changes steadily from one value to another.
type Stage struct {
	From Rate        `json:"from"` // arrivals per second
	To   Rate        `json:"to"`
	For  diag.Millis `json:"for_ms"` // 0: until all calls have begun
}

// ParseStage reads "RATE:DURATION" or "RATE..RATE:DURATION".
func ParseStage(text string) (Stage, error) {
	rates, length, ok := strings.Cut(text, ":")
	first, last, ramp := strings.Cut(rates, "..")
	if !ramp {
		last = first
	}
	var from Rate
	var err error
	if first != "0" || !ramp {
		from, err = ParseRate(first)
	}
	to := Rate(0)
	var err2 error
	if last != "0" || from == 0 {
		to, err2 = ParseRate(last)
	}
	d, err3 := time.ParseDuration(length)
	if !ok || errors.Join(err, err2, err3) != nil || d <= 0 {
		return Stage{}, fmt.Errorf("invalid stage %q: use RATE:DURATION, such as 20/s:1m, or 0..20/s:2m for a ramp",
			diag.Clean(text, 60))
	}
	return Stage{from, to, diag.Millis(d)}, nil
}

// String is the stage as [ParseStage] reads it.
func (s Stage) String() string {
	text := s.To.String()
	if s.From != s.To {
		text = s.From.String() + ".." + text
	}
	if s.For > 0 {
		text += ":" + s.For.Duration().String()
	}
	return text
}

// arrivals is how many calls have been due a time after the stage began: the integral of its rate.
func (s Stage) arrivals(t float64) float64 {
	if s.From == s.To {
		return float64(s.From) * t
	}
	return float64(s.From)*t + float64(s.To-s.From)*t*t/(2*s.For.Duration().Seconds())
}

// due is when n calls have been due, in seconds since the stage began.
func (s Stage) due(n float64) float64 {
	a := float64(s.To-s.From) / (2 * s.For.Duration().Seconds())
	if s.From == s.To || a == 0 {
		return n / float64(s.From)
	}
	b := float64(s.From)
	return 2 * n / (b + math.Sqrt(max(0, b*b+4*a*n))) // the root that is not negative, without a difference of equals
}

// Plan says when calls begin. Arrivals are independent of how earlier calls fare: an open model.
type Plan struct {
	Stages []Stage `json:"stages"`
	Calls  int     `json:"calls"` // at most
	// a part of a test: every Parts-th arrival, from Part on (1–Parts); 1 and 1: all
	Part  int `json:"part"`
	Parts int `json:"parts"`
}

// farOff is later than every test, in seconds, and still a time.Duration.
const farOff = 1e9

// Arrivals are the calls of this part, numbered from 1 over all parts, each with its scheduled start.
func (p Plan) Arrivals() iter.Seq2[int, time.Duration] {
	return func(yield func(int, time.Duration) bool) {
		n, before, begun := 1, 0.0, 0.0 // the next call, the calls due before this stage, when the stage began
		for _, s := range p.Stages {
			length := s.For.Duration().Seconds()
			total := math.Inf(1)
			if s.For > 0 {
				total = s.arrivals(length)
			}
			for ; n <= p.Calls && float64(n)-before <= total+1e-9; n++ {
				at := begun + s.due(float64(n)-before)
				if (n-1)%p.Parts == p.Part-1 && !yield(n, time.Duration(min(at, farOff)*float64(time.Second))) {
					return
				}
			}
			before, begun = before+total, begun+length
		}
	}
}

// length is when the last call of all parts begins, and how many there are.
func (p Plan) length() (last time.Duration, calls int) {
	for n, at := range (Plan{p.Stages, p.Calls, 1, 1}).Arrivals() {
		last, calls = at, n
	}
	return last, calls
}

// peak is the highest rate.
func (p Plan) peak() (r Rate) {
	for _, s := range p.Stages {
		r = max(r, s.From, s.To)
	}
	return r
}

// maxLength bounds a test.
const maxLength = 24 * time.Hour

// Check reports what is wrong with a plan, or nil.
func (p Plan) Check() error {
	if p.Calls < 1 || p.Calls > maxCalls {
		return fmt.Errorf("the number of calls must be 1 to %d", maxCalls)
	}
	for i, s := range p.Stages {
		lasting := s.For > 0 && s.For.Duration() <= maxLength || s.For == 0 && s.From == s.To && i == len(p.Stages)-1
		if !lasting || s.From < 0 || s.To < 0 || s.From+s.To == 0 || max(s.From, s.To) > maxRate {
			return fmt.Errorf("stage %d: the rate must be up to %d/s, the duration up to %v", i+1, maxRate, maxLength)
		}
	}
	if last, _ := p.length(); last > maxLength {
		return fmt.Errorf("the last call would begin after %v, more than %v: use a higher rate or fewer calls",
			last.Round(time.Minute), maxLength)
	}
	return nil
}

// setupTime is how long a call may take to be set up in the estimate of how many are in progress.
const setupTime = 5 * time.Second

// AtOnce is how many calls of this part may be in progress, each of which is connected for the time hold.
func (p Plan) AtOnce(hold time.Duration) int {
	n := float64(p.peak()) * (hold + setupTime).Seconds()
	return int(math.Ceil(min(n, float64(p.Calls)) / float64(p.Parts)))
}
