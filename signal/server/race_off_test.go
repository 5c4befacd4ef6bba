//go:build !race

package server

// raceEnabled tells that the race detector multiplies memory and time.
const raceEnabled = false
