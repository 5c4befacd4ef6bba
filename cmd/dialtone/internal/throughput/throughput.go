// Package throughput has the settings of dialtone speed, and makes a plan of them.
package throughput

import (
	"errors"
	"fmt"
	"time"

	"dialtone/cmd/dialtone/internal/files"
	"dialtone/cmd/dialtone/internal/settings"
	"dialtone/diag"
	"dialtone/diag/impair"
	"dialtone/diag/speed"
	"dialtone/diag/speed/transfer"
)

// Types of settings whose texts have a form of their own.
type (
	bitrate     float64 // bit/s
	messageSize int     // bytes
	retransmits int     // of a message; -1: without limit
)

// AddDecoders adds those of these types.
func AddDecoders(d settings.Decoders) {
	settings.Add(d, func(text string) (bitrate, error) {
		v, err := impair.ParseRate(text)
		return bitrate(v), err
	})
	settings.Add(d, settings.Number[messageSize](transfer.MinSize, transfer.MaxSize, false))
	settings.Add(d, settings.Number[retransmits](0, 65535, true))
}

// Flags say what is measured.
type Flags struct {
	Way            []string      `oneof:"up,down,both" default:"up,down,both" placeholder:"WAY" help:"The directions to test, one after another: up (to the peer), down, both (at once). Repeatable. Default: ${default}."`
	For            time.Duration `default:"6s" placeholder:"DURATION" help:"How long each test lasts, 1s to 2m; its first third, at most 3s, is warm-up. Default: ${default}."`
	Size           messageSize   `default:"16384" placeholder:"BYTES" help:"Bytes of a message, 16 to 65536. Default: ${default}; at most 1000 with --rate."`
	Unordered      bool          `help:"Do not keep messages in order."`
	MaxRetransmits retransmits   `default:"none" placeholder:"N" help:"Send a lost message again at most N times; none: without limit. Default: ${default}."`
	Rate           []bitrate     `placeholder:"RATE" help:"Send at this rate instead, such as 500k or 2M bit/s, unordered and without retransmission: measures loss and jitter. Repeatable."`
	Search         bool          `help:"First search for the rate at which loss or queueing begins, up and down, up to 40s each."`
	MaxBytes       files.Size    `default:"1GB" placeholder:"SIZE" help:"End a test when its share of this is spent. Default: ${default}."`
}

// Plan is what is measured. The error joins all mistakes.
func (f Flags) Plan() (diag.SpeedPlan, error) {
	r := speed.Request{
		For: f.For, Size: int(f.Size), Unordered: f.Unordered,
		Search: f.Search, MaxBytes: uint64(f.MaxBytes), // #nosec G115 -- sizes are positive
	}
	if f.MaxRetransmits >= 0 {
		r.MaxRetransmits = new(uint16(f.MaxRetransmits)) // #nosec G115 -- at most 65535
	}
	for _, way := range f.Way {
		r.Ways = append(r.Ways, diag.SpeedWay(way))
	}
	for _, rate := range f.Rate {
		r.Rates = append(r.Rates, float64(rate))
	}
	var errs []error
	if f.For < time.Second || f.For > transfer.MaxTestTime {
		errs = append(errs, fmt.Errorf("--for must be from 1s to %v", transfer.MaxTestTime))
	}
	plan := speed.PlanOf(r)
	if len(plan.Tests) > transfer.MaxTests || plan.MaxMs.Duration() > transfer.MaxTime || r.MaxBytes > transfer.MaxBytes {
		errs = append(errs, fmt.Errorf("that is too much for one call: at most %d tests, %v and %d GB", transfer.MaxTests,
			transfer.MaxTime, int(transfer.MaxBytes/1e9)))
	}
	return plan, errors.Join(errs...)
}
