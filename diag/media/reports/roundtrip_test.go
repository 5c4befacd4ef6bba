package reports

import (
	"math"
	"testing"
	"time"
)

func TestRoundTrips(t *testing.T) {
	const ntp = 0xe5_00_00_01_80_00_12_34
	const id = 0x00_01_80_00
	tests := []struct {
		name   string
		id     uint32
		delay  uint32
		after  time.Duration
		want   time.Duration
		counts uint64
	}{
		{"no delay", id, 0, 30 * time.Millisecond, 30 * time.Millisecond, 1},
		{"a delay of half a second", id, 1 << 15, 530 * time.Millisecond, 30 * time.Millisecond, 1},
		{"nothing at all", id, 0, 0, 0, 1},
		{"60 s", id, 0, time.Minute, time.Minute, 1},
		{"more than 60 s", id, 0, time.Minute + 1, 0, 0},
		{"more delay than time", id, 1 << 15, 400 * time.Millisecond, 0, 0},
		{"a negative delay", id, math.MaxUint32 - 100, time.Second, 0, 0},
		{"the peer has seen no report", 0, 0, time.Second, 0, 0},
		{"a report that we never sent", id + 1, 0, time.Second, 0, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var r RoundTrips
			at := time.Unix(1e9, 0)
			r.Report(ntp, at)
			r.Answer(tt.id, tt.delay, at.Add(tt.after))
			if r.Last != tt.want || r.Total != tt.want || r.Count != tt.counts {
				t.Errorf("last %v, total %v, %d measurements; want %v, %d", r.Last, r.Total, r.Count, tt.want, tt.counts)
			}
		})
	}
}

func TestRoundTripsRemembersTheLastReportsOnly(t *testing.T) {
	var r RoundTrips
	at := time.Unix(1e9, 0)
	for i := range uint64(reportsKept + 1) {
		r.Report((i+1)<<16, at.Add(time.Duration(i)*time.Second))
	}
	r.Answer(1, 0, at.Add(9*time.Second))
	if r.Count != 0 {
		t.Error("the oldest report is still known")
	}
	r.Answer(2, 0, at.Add(2*time.Second))
	if r.Last != time.Second {
		t.Errorf("round trip %v", r.Last)
	}
}

func TestRoundTripsGrowOld(t *testing.T) {
	var r RoundTrips
	at := time.Unix(1e9, 0)
	r.Report(1<<16, at)
	r.Answer(1, 0, at.Add(time.Second))
	if got := r.Seconds(at.Add(time.Second + roundTripAge)); got == nil || *got != 1 {
		t.Errorf("round trip %v", got)
	}
	if got := r.Seconds(at.Add(2*time.Second + roundTripAge)); got != nil {
		t.Errorf("round trip %v of long ago", *got)
	}
}
