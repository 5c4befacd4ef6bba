package speed

import "dialtone/diag"

// Allocations is how many relays a TURN server allocated to sixteen clients, which release each and ask again.
type Allocations struct {
	URL       string       `json:"url"`
	Made      int          `json:"made"`
	Failed    int          `json:"failed"`
	PerSecond *float64     `json:"per_second"` // null: none was made
	P50       *diag.Millis `json:"p50_ms"`     // of an allocation: both requests, without the connection
	P95       *diag.Millis `json:"p95_ms"`
	P99       *diag.Millis `json:"p99_ms"`
	Duration  diag.Millis  `json:"duration_ms"`
	// this machine was used up: the server may allocate more
	LowerBound bool                `json:"lower_bound"`
	Failures   []AllocationFailure `json:"failures,omitempty"` // the most frequent first
}

// AllocationFailure is why allocations failed.
type AllocationFailure struct {
	Server diag.Server `json:"server"` // as the first of them found it
	Count  int         `json:"count"`
}
