package reports

import (
	"testing"
	"time"
)

// TestSent: reports since the last packet say whether the sender goes on.
func TestSent(t *testing.T) {
	type step struct {
		at      int // seconds
		packets int // of a report; −1: a packet arrives
	}
	for name, tt := range map[string]struct {
		steps   []step
		packets uint32
		over    int // seconds
	}{
		"nothing":                 {nil, 0, 0},
		"one report":              {[]step{{1, -1}, {2, 500}}, 0, 0},
		"it sends nothing":        {[]step{{1, -1}, {2, 500}, {3, 500}, {5, 500}}, 0, 3},
		"it sends":                {[]step{{1, -1}, {2, 500}, {3, 540}, {5, 600}}, 100, 3},
		"before any packet":       {[]step{{2, 0}, {3, 0}}, 0, 1},
		"a packet arrives":        {[]step{{1, 500}, {3, 600}, {4, -1}}, 0, 0},
		"and nothing after it":    {[]step{{1, 500}, {3, 600}, {4, -1}, {5, 700}, {6, 700}}, 0, 1},
		"the count passes 32 bit": {[]step{{1, 1<<32 - 10}, {2, 1<<32 + 20}}, 30, 1},
	} {
		t.Run(name, func(t *testing.T) {
			var s Sent
			for _, step := range tt.steps {
				if step.packets < 0 {
					s.Arrived()
				} else {
					s.Report(time.Unix(int64(step.at), 0), uint32(step.packets)) // #nosec G115 -- it wraps by intent
				}
			}
			if packets, over := s.Since(); packets != tt.packets || over != time.Duration(tt.over)*time.Second {
				t.Errorf("%d packets over %v, want %d over %d s", packets, over, tt.packets, tt.over)
			}
		})
	}
}
