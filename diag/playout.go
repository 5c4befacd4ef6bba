package diag

import "time"

// jitterBuffer is how long a receiver holds packets, at least, before it plays them. Real ones adapt in ways of their
// own.
const jitterBuffer = 40 * time.Millisecond

// PlayoutDelay is how long the jitter buffer that is assumed of every receiver holds the fastest packet: 40 ms and
// twice the jitter, in seconds (RFC 3550).
func PlayoutDelay(jitter float64) time.Duration { return jitterBuffer + SecondsOf(2*jitter) }
