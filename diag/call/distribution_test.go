package call

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func distribution(values ...time.Duration) *Distribution {
	d := &Distribution{}
	for _, v := range values {
		d.Add(v)
	}
	return d
}

func TestPercentile(t *testing.T) {
	upTo := func(n int) *Distribution {
		d := &Distribution{}
		for _, i := range rand.New(rand.NewPCG(1, 2)).Perm(n) {
			d.Add(time.Duration(i + 1))
		}
		return d
	}
	tests := []struct {
		name string
		d    *Distribution
		p    float64
		want time.Duration
	}{
		{"one value, lowest", distribution(5), 0, 5},
		{"one value, highest", distribution(5), 100, 5},
		{"median of two is the lower", distribution(1, 2), 50, 1},
		{"just above the median of two", distribution(1, 2), 50.1, 2},
		{"median of three", distribution(3, 1, 2), 50, 2},
		{"0 of 100", upTo(100), 0, 1},
		{"1 of 100", upTo(100), 1, 1},
		{"7 of 100, where 7/100*100 is above 7", upTo(100), 7, 7},
		{"29 of 100, where 29/100*100 is below 29", upTo(100), 29, 29},
		{"95 of 100", upTo(100), 95, 95},
		{"99 of 100", upTo(100), 99, 99},
		{"99.9 of 100", upTo(100), 99.9, 100},
		{"99.9 of 1000", upTo(1000), 99.9, 999},
		{"below the scale", upTo(10), -5, 1},
		{"above the scale", upTo(10), 500, 10},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got, ok := tt.d.Percentile(tt.p); !ok || got != tt.want {
				t.Errorf("Percentile(%v) = %d, %v, want %d", tt.p, got, ok, tt.want)
			}
		})
	}
}

func TestDistributionEmpty(t *testing.T) {
	var d Distribution
	if _, ok := d.Percentile(50); ok {
		t.Error("an empty distribution has a median")
	}
	if _, ok := d.Mean(); ok {
		t.Error("an empty distribution has a mean")
	}
	if got := d.Latest(3); len(got) != 0 {
		t.Errorf("an empty distribution has values: %v", got)
	}
}

// TestDistributionWindow adds more than the window holds: the extremes and the mean are of all, percentiles of the latest.
func TestDistributionWindow(t *testing.T) {
	var d Distribution
	n := distributionWindow + 100
	for i := range n {
		d.Add(time.Duration(i))
	}
	if d.Count != uint64(n) || d.Min != 0 || d.Max != time.Duration(n-1) {
		t.Errorf("count %d, min %d, max %d", d.Count, d.Min, d.Max)
	}
	if low, _ := d.Percentile(0); low != 100 {
		t.Errorf("the lowest of the window is %d, want 100", low)
	}
	if mean, _ := d.Mean(); mean != time.Duration(n-1)/2 {
		t.Errorf("mean %d", mean)
	}
	if diff := cmp.Diff([]time.Duration{time.Duration(n - 3), time.Duration(n - 2), time.Duration(n - 1)}, d.Latest(3)); diff != "" {
		t.Error(diff)
	}
	if all := d.Latest(1 << 20); len(all) != distributionWindow || !slices.IsSorted(all) {
		t.Errorf("%d values, want the %d latest in their order", len(all), distributionWindow)
	}
}

// TestPercentileAfterAdd: a value that came after the last look counts.
func TestPercentileAfterAdd(t *testing.T) {
	d := distribution(1, 2, 3)
	if got, _ := d.Percentile(100); got != 3 {
		t.Fatalf("highest %d", got)
	}
	d.Add(9)
	if got, _ := d.Percentile(100); got != 9 {
		t.Errorf("highest %d after 9 came", got)
	}
	if diff := cmp.Diff([]time.Duration{3, 9}, d.Latest(2)); diff != "" {
		t.Errorf("order is lost: %s", diff)
	}
}
