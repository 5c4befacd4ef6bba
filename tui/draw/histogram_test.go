package draw

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestHistogram(t *testing.T) {
	var values []time.Duration
	for i := range 40 {
		values = append(values, time.Duration(12+i)*time.Millisecond)
	}
	values = append(values, 900*time.Millisecond)
	tests := []struct {
		name string
		most int
		want []string
	}{
		{"steps of 1, 2, 5", 8, []string{
			"  10–20 ms  ██████▏                   8    20 %",
			"  20–50 ms  ███████████████████████  30    73 %",
			" 50–100 ms  █▌                        2   4.9 %",
			"100–200 ms                            0   0.0 %",
			"200–500 ms                            0   0.0 %",
			"500 ms–1 s  ▊                         1   2.4 %",
		}},
		{"by tens", 3, []string{
			" 10–100 ms  ███████████████████████  40    98 %",
			"100 ms–1 s  ▋                         1   2.4 %",
		}},
		{"the rest in the last", 1, []string{"10–900 ms  ████████████████████████  41   100 %"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := trimRight(Histogram(plain(), LogBuckets(values, tt.most), 47))
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
	if LogBuckets(nil, 5) != nil || LogBuckets(values, 0) != nil {
		t.Error("buckets of nothing")
	}
}

// Whatever is measured, no value is lost and no row exceeds its width.
func FuzzHistogram(f *testing.F) {
	f.Add(int64(5e6), int64(7e6), int64(3e9), uint8(60), uint8(6))
	f.Add(int64(-1<<63), int64(1<<63-1), int64(0), uint8(3), uint8(1))
	f.Fuzz(func(t *testing.T, a, b, c int64, width, most uint8) {
		list := LogBuckets([]time.Duration{time.Duration(a), time.Duration(b), time.Duration(c)}, int(most))
		total := 0
		for _, b := range list {
			total += b.Count
		}
		if len(list) > int(most) || most > 0 && total != 3 {
			t.Errorf("%d values in %d buckets", total, len(list))
		}
		for _, line := range Histogram(plain(), list, int(width)) {
			if Width(line) > int(width) {
				t.Errorf("%q takes %d of %d columns", line, Width(line), width)
			}
		}
	})
}
