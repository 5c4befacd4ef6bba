package clock

import (
	"testing"
	"time"
)

func TestFreezes(t *testing.T) {
	ms := func(ns ...int) (ds []time.Duration) {
		for _, n := range ns {
			ds = append(ds, time.Duration(n)*time.Millisecond)
		}
		return ds
	}
	repeat := func(d, n int) (ds []time.Duration) {
		for range n {
			ds = append(ds, ms(d)...)
		}
		return ds
	}
	tests := []struct {
		name  string
		gaps  []time.Duration
		count uint32
		total time.Duration
	}{
		{"nothing", nil, 0, 0},
		{"one gap has no average before it", ms(5000), 0, 0},
		{"regular", repeat(40, 100), 0, 0},
		{"less than avg + 150 ms", append(repeat(40, 30), ms(189, 40)...), 0, 0},
		{"avg + 150 ms", append(repeat(40, 30), ms(190, 40)...), 1, 190 * time.Millisecond},
		{"slow: less than 3·avg", append(repeat(100, 30), ms(299, 100)...), 0, 0},
		{"slow: 3·avg", append(repeat(100, 30), ms(300, 100)...), 1, 300 * time.Millisecond},
		{"a screen at 1 fps", repeat(1000, 60), 0, 0},
		{"a screen at about 1 fps", append(repeat(1000, 20), ms(1400, 600, 2000, 1000)...), 0, 0},
		{"two freezes", append(append(repeat(40, 30), ms(1000)...), append(repeat(40, 30), ms(500)...)...), 2, 1500 * time.Millisecond},
		{"the average forgets after 30", append(append(repeat(1000, 30), repeat(40, 30)...), ms(190)...), 1, 190 * time.Millisecond},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var z Freezes
			at := time.Unix(1e9, 0)
			z.Shown(at)
			for _, gap := range tt.gaps {
				at = at.Add(gap)
				z.Shown(at)
			}
			if z.Count != tt.count || z.Total != tt.total {
				t.Errorf("%d freezes of %v in total; want %d of %v", z.Count, z.Total, tt.count, tt.total)
			}
		})
	}
}

func TestPauseIsNoFreeze(t *testing.T) {
	var z Freezes
	at := time.Unix(1e9, 0)
	next := func(gap time.Duration) {
		at = at.Add(gap)
		z.Shown(at)
	}
	for range 30 {
		next(40 * time.Millisecond)
	}
	z.Pause(true)
	next(50 * time.Millisecond) // had left before
	next(10 * time.Second)
	z.Pause(false)
	next(10 * time.Second)
	next(40 * time.Millisecond)
	if z.Count != 0 {
		t.Errorf("%d freezes", z.Count)
	}
	next(time.Second)
	if z.Count != 1 {
		t.Errorf("%d freezes after one", z.Count)
	}
}
