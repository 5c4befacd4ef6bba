//go:build !race

package labtest

// Race is true with the race detector, which multiplies memory and time.
const Race = false
