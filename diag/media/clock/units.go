// Package clock measures the time of RTP streams: jitter, pauses, the rate and jumps of timestamps, what a jitter
// buffer would conceal, and how timestamps relate to the sender's clock.
package clock

import "time"

// Units is a length of time in Units of an RTP clock, without overflow for any duration and any clock rate.
func Units(d time.Duration, rate uint32) int64 {
	whole, rest := int64(d/time.Second), int64(d%time.Second)
	return whole*int64(rate) + rest*int64(rate)/int64(time.Second)
}
