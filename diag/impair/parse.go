// Package impair makes the network of a call worse on purpose, in the call's own UDP sockets: packets are lost,
// duplicated, delayed, reordered, held up by a limited rate, and cut off for a while. No privileges are needed, and
// nothing but the call is affected. What it does is counted, so that no verdict blames the network for it.
//
// A [Model] decides what becomes of a packet; it is pure, and the same seed gives the same decisions. [Net] applies two
// models, one for each direction, to the sockets of a network.
package impair

import (
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"dialtone/diag"
)

// Bounds of what can be asked for: more says nothing about a call.
const (
	maxDelay = 10 * time.Second
	maxGap   = time.Minute
	minRate  = 1e3
	maxRate  = 1e10
	minQueue = 1500
	maxQueue = 64e6
)

// defaultGapAt is when a gap begins whose time is not given, after the call connected.
const defaultGapAt = 3 * time.Second

// keys are the parts of a text, with an example of each.
var keys = map[string]struct {
	example string
	set     func(*diag.Impairment, string) error
}{
	"loss":    {"loss=5%", share(func(i *diag.Impairment) *float64 { return &i.Loss })},
	"dup":     {"dup=1%", share(func(i *diag.Impairment) *float64 { return &i.Duplicate })},
	"reorder": {"reorder=1%", share(func(i *diag.Impairment) *float64 { return &i.Reorder })},
	"delay":   {"delay=80ms", length(maxDelay, func(i *diag.Impairment) *diag.Millis { return &i.DelayMs })},
	"jitter":  {"jitter=20ms", length(maxDelay, func(i *diag.Impairment) *diag.Millis { return &i.JitterMs })},
	"rate":    {"rate=1M", setRate},
	"queue":   {"queue=64k", setQueue},
	"gap":     {"gap=3s@5s", setGap},
	"dir":     {"dir=in", setDirection},
	"seed":    {"seed=7", setSeed},
}

// Parse reads an impairment such as loss=5%,delay=80ms,jitter=20ms,dir=in.
func Parse(text string) (diag.Impairment, error) {
	var i diag.Impairment
	seen := map[string]bool{}
	for part := range strings.SplitSeq(text, ",") {
		name, value, _ := strings.Cut(strings.TrimSpace(part), "=")
		key, known := keys[name]
		switch {
		case !known:
			return i, fmt.Errorf("unknown impairment %s: use some of %s", quote(name),
				strings.Join(slices.Sorted(maps.Keys(keys)), ", "))
		case seen[name]:
			return i, fmt.Errorf("%s is given twice: leave one out", name)
		}
		seen[name] = true
		if err := key.set(&i, value); err != nil {
			return i, fmt.Errorf("invalid %s %s: %w, such as %s", name, quote(value), err, key.example)
		}
	}
	switch {
	case i.Queue > 0 && i.Rate == 0:
		return i, errors.New("a queue without a rate never fills: add a rate, such as rate=1M")
	case i.JitterMs > i.DelayMs && seen["delay"]:
		return i, fmt.Errorf("the jitter exceeds the delay: use a delay of at least %v", i.JitterMs.Duration())
	case i.JitterMs > i.DelayMs: // a packet cannot arrive before it was sent
		i.DelayMs = i.JitterMs
	}
	return i, nil
}

func quote(text string) string { return strconv.Quote(diag.Clean(text, 40)) }

// share sets a share of the packets.
func share(field func(*diag.Impairment) *float64) func(*diag.Impairment, string) error {
	return func(i *diag.Impairment, text string) error {
		percent, isPercent := strings.CutSuffix(text, "%")
		v, err := strconv.ParseFloat(percent, 64)
		if !isPercent || err != nil || !(v >= 0 && v <= 100) {
			return errors.New("use 0% to 100%")
		}
		*field(i) = v / 100
		return nil
	}
}

// length sets a length of time.
func length(most time.Duration, field func(*diag.Impairment) *diag.Millis) func(*diag.Impairment, string) error {
	return func(i *diag.Impairment, text string) error {
		d, err := time.ParseDuration(text)
		if err != nil || d < 0 || d > most {
			return fmt.Errorf("use a time of up to %v", most)
		}
		*field(i) = diag.Millis(d)
		return nil
	}
}

func setRate(i *diag.Impairment, text string) error {
	v, err := ParseRate(text)
	if err != nil {
		return errRate
	}
	i.Rate = v
	return nil
}

// ParseRate reads a rate in bit/s, such as 500k or 2M.
func ParseRate(text string) (float64, error) {
	v, err := number(text)
	if err != nil || !(v >= minRate && v <= maxRate) {
		return 0, fmt.Errorf("invalid rate %s: %w", quote(text), errRate)
	}
	return math.Round(v), nil
}

// number reads one with a decimal suffix.
func number(text string) (float64, error) {
	for suffix, factor := range map[string]float64{"k": 1e3, "M": 1e6, "G": 1e9} {
		if cut, found := strings.CutSuffix(text, suffix); found {
			v, err := strconv.ParseFloat(cut, 64)
			return v * factor, err
		}
	}
	return strconv.ParseFloat(text, 64)
}

func setQueue(i *diag.Impairment, text string) error {
	v, err := number(text)
	if err != nil || !(v >= minQueue && v <= maxQueue) {
		return errors.New("use bytes from 1500 to 64M")
	}
	i.Queue = int(math.Round(v))
	return nil
}

// errRate says what a rate is.
var errRate = errors.New("use bits per second from 1k to 10G")

// setGap reads gap=LENGTH@TIME.
func setGap(i *diag.Impairment, text string) error {
	text, at, dated := strings.Cut(text, "@")
	i.GapAtMs = diag.Millis(defaultGapAt)
	err := length(maxGap, func(i *diag.Impairment) *diag.Millis { return &i.GapMs })(i, text)
	if err == nil && dated {
		err = length(24*time.Hour, func(i *diag.Impairment) *diag.Millis { return &i.GapAtMs })(i, at)
	}
	return err
}

func setDirection(i *diag.Impairment, text string) error {
	way, known := map[string]diag.Direction{"in": diag.Inbound, "out": diag.Outbound, "both": ""}[text]
	if !known {
		return errors.New("use in, out or both")
	}
	i.Direction = way
	return nil
}

func setSeed(i *diag.Impairment, text string) (err error) {
	if i.Seed, err = strconv.ParseUint(text, 10, 64); err != nil || i.Seed == 0 {
		return errors.New("use a whole number above 0")
	}
	return nil
}

// Check reports impairments that contradict each other: two for one direction.
func Check(list []diag.Impairment) error {
	taken := map[diag.Direction]bool{}
	for _, i := range list {
		for _, way := range ways(i) {
			if taken[way] {
				return errors.New("two impairments for one direction: write them as one --impair, or add dir=in and dir=out")
			}
			taken[way] = true
		}
	}
	return nil
}

// ways are the directions that an impairment is for.
func ways(i diag.Impairment) []diag.Direction {
	if i.Direction == "" {
		return []diag.Direction{diag.Inbound, diag.Outbound}
	}
	return []diag.Direction{i.Direction}
}
