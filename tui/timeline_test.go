package tui

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"dialtone/diag"
	"dialtone/diag/call"
	"dialtone/tui/pane"
)

// pings are n events, one a second.
func pings(n int) []diag.Event {
	var s script
	for i := 1; i <= n; i++ {
		s.at(float64(i) * 1000).add(diag.Ping{RTTMs: diag.Millis(i)})
	}
	return s.events
}

// news is how many events panes are told of by what seek or add returns; negative for a reset with so many.
func news(t *testing.T, told any) int {
	t.Helper()
	switch told := told.(type) {
	case nil:
		return 0
	case pane.Events:
		return len(told)
	case pane.Reset:
		return -len(told.Events) - 1
	}
	t.Fatalf("panes are told %T", told)
	return 0
}

func TestTimelineSeek(t *testing.T) {
	tests := []struct {
		name string
		to   []int
		told []int
		at   int
	}{
		{"nowhere", []int{10}, []int{0}, 10},
		{"back", []int{4}, []int{-5}, 4},
		{"back and on", []int{4, 7}, []int{-5, 3}, 7},
		{"back and to the end", []int{4, 10}, []int{-5, 6}, 10},
		{"to the beginning", []int{0}, []int{-1}, 0},
		{"before the beginning", []int{-3}, []int{-1}, 0},
		{"beyond the end", []int{3, 99}, []int{-4, 7}, 10},
		{"step by step", []int{9, 8, 9, 10, 9}, []int{-10, -9, 1, 1, -10}, 9},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			line := newTimeline(0)
			line.add(pings(10), true)
			var told []int
			for _, to := range tt.to {
				told = append(told, news(t, line.seek(to)))
			}
			if diff := cmp.Diff(tt.told, told); diff != "" || line.at != tt.at {
				t.Errorf("at %d, want %d; told %s", line.at, tt.at, diff)
			}
			checkTimeline(t, line, pings(10))
		})
	}
}

// checkTimeline compares its folds with those made from nothing.
func checkTimeline(t *testing.T, line *timeline, all []diag.Event) {
	t.Helper()
	for name, c := range map[string]struct {
		got  *call.Call
		want []diag.Event
	}{"end": {line.head, all}, "position": {line.call, all[:line.lost+line.at]}, "forgotten": {line.base, all[:line.lost]}} {
		if diff := cmp.Diff(call.Fold(c.want), c.got, exported); diff != "" {
			t.Errorf("the fold of the %s: %s", name, diff)
		}
	}
	if line.at == len(line.events) && line.behind() != 0 || line.lost+len(line.events) != len(all) {
		t.Errorf("%d events are kept, %d forgotten, of %d", len(line.events), line.lost, len(all))
	}
}

// While the past is shown, the present goes on beside it.
func TestTimelineGoesOn(t *testing.T) {
	all := scenarioHungUp()
	for _, pause := range []int{0, 1, 20, len(all) / 2} {
		line := newTimeline(0)
		line.add(all[:pause], true)
		line.add(all[pause:], false)
		if line.at != pause || line.behind() != len(all)-pause {
			t.Errorf("paused at %d of %d, %d behind", line.at, pause, line.behind())
		}
		checkTimeline(t, line, all)
		line.seek(len(all))
		checkTimeline(t, line, all)
		if line.call != line.head {
			t.Error("at the end there are two folds")
		}
	}
}

// A call that never ends keeps a bounded number of events; what is shown stays the fold of all up to the position.
func TestTimelineForgets(t *testing.T) {
	all := pings(5000)
	for _, follow := range []bool{true, false} {
		line := newTimeline(100)
		told := 0
		for i := 0; i < len(all); i += 7 {
			reset := line.add(all[i:min(i+7, len(all))], follow || i == 0)
			if reset != nil {
				told++
				if reset.Lost != line.lost || len(reset.Events) != 0 || line.at != 0 {
					t.Fatalf("told %+v at %d, %d lost", reset, line.at, line.lost)
				}
			}
			if len(line.events) > 100 {
				t.Fatalf("%d events are kept", len(line.events))
			}
		}
		checkTimeline(t, line, all)
		if (told > 0) == follow {
			t.Errorf("following %v: panes were told %d times that their events are gone", follow, told)
		}
		line.seek(line.indexAt(4990 * time.Second))
		checkTimeline(t, line, all)
		if line.start() != all[line.lost-1].At {
			t.Errorf("it begins at %v", line.start())
		}
	}
}

func TestTimelineIndexAt(t *testing.T) {
	line := newTimeline(0)
	events := pings(3)
	events = append(events, diag.Event{Seq: 4, At: time.Second, Data: diag.Ping{}}) // a file that somebody has changed
	line.add(events, true)
	for at, want := range map[time.Duration]int{0: 0, 999 * time.Millisecond: 0, time.Second: 1, 2500 * time.Millisecond: 2, 3 * time.Second: 4, time.Hour: 4} {
		if got := line.indexAt(at); got != want {
			t.Errorf("at %v: %d events, want %d", at, got, want)
		}
	}
	if line.end() != 3*time.Second {
		t.Errorf("it ends at %v", line.end())
	}
}

// BenchmarkSeek goes back to the middle of 100,000 events.
func BenchmarkSeek(b *testing.B) {
	line := newTimeline(0)
	var s script
	s.events = scenarioGood()
	for i := 0; len(s.events) < 100_000; i++ {
		s.at(61_000+float64(i)*100).add(sample(i+1, 0.5), diag.Ping{RTTMs: diag.Millis(12e6)}, said(diag.Outbound, "line"))
	}
	line.add(s.events, true)
	for b.Loop() {
		line.seek(len(line.events))
		line.seek(50_000)
	}
	b.ReportMetric(50_000*float64(b.N)/b.Elapsed().Seconds()/1e6, "Mevents/s")
}
