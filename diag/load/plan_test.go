package load

import (
	"math"
	"testing"
	"time"

	"dialtone/diag"
)

func stage(t *testing.T, text string) Stage {
	t.Helper()
	s, err := ParseStage(text)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// TestArrivals: the n-th call of a rate r begins after n/r, of a ramp after the time in which its area is n.
func TestArrivals(t *testing.T) {
	for name, test := range map[string]struct {
		plan Plan
		want map[int]time.Duration // of some calls
		n    int
	}{
		"steady":      {Plan{[]Stage{{From: 20, To: 20}}, 5, 1, 1}, map[int]time.Duration{1: 50 * time.Millisecond, 5: 250 * time.Millisecond}, 5},
		"ramp":        {Plan{[]Stage{stage(t, "0..20/s:10s"), {From: 20, To: 20}}, 120, 1, 1}, map[int]time.Duration{25: 5 * time.Second, 100: 10 * time.Second, 120: 11 * time.Second}, 120},
		"ramp down":   {Plan{[]Stage{stage(t, "20/s..10/s:10s")}, 1000, 1, 1}, map[int]time.Duration{150: 10 * time.Second}, 150},
		"stages":      {Plan{[]Stage{stage(t, "1/s:10s"), stage(t, "2/s:5s")}, 1000, 1, 1}, map[int]time.Duration{10: 10 * time.Second, 20: 15 * time.Second}, 20},
		"part 2 of 3": {Plan{[]Stage{{From: 10, To: 10}}, 10, 2, 3}, map[int]time.Duration{2: 200 * time.Millisecond, 8: 800 * time.Millisecond}, 3},
	} {
		got := map[int]time.Duration{}
		for n, at := range test.plan.Arrivals() {
			got[n] = at
		}
		if len(got) != test.n {
			t.Errorf("%s: %d calls, want %d", name, len(got), test.n)
		}
		for n, at := range test.want {
			if math.Abs((got[n] - at).Seconds()) > 1e-6 {
				t.Errorf("%s: call %d at %v, want %v", name, n, got[n], at)
			}
		}
	}
}

// TestPartsAreTheWhole: the parts of a plan have each call once, at the same time.
func TestPartsAreTheWhole(t *testing.T) {
	whole := Plan{[]Stage{stage(t, "0..9/s:3s"), {From: 9, To: 9}}, 77, 1, 1}
	want := map[int]time.Duration{}
	for n, at := range whole.Arrivals() {
		want[n] = at
	}
	for part := range 8 {
		p := whole
		p.Part, p.Parts = part+1, 8
		for n, at := range p.Arrivals() {
			if want[n] != at {
				t.Errorf("part %d: call %d at %v, want %v", part+1, n, at, want[n])
			}
			delete(want, n)
		}
	}
	if len(want) != 0 {
		t.Errorf("%d calls are in no part", len(want))
	}
}

func TestParse(t *testing.T) {
	for text, want := range map[string]Rate{"20/s": 20, "90/min": 1.5, "0.5": 0.5, "3600/h": 1, "0": 0, "-1": 0, "x": 0, "1/d": 0, "NaN": 0, "1e9": 0} {
		if got, err := ParseRate(text); got != want || (err == nil) != (want > 0) {
			t.Errorf("%s: %v, %v", text, got, err)
		}
	}
	for text, want := range map[string]Stage{
		"20/s:1m":        {20, 20, diag.Millis(time.Minute)},
		"0..20/s:2m":     {0, 20, diag.Millis(2 * time.Minute)},
		"20/s..0:10s":    {20, 0, diag.Millis(10 * time.Second)},
		"30/min..1/s:1s": {0.5, 1, diag.Millis(time.Second)},
		"0..0:1m":        {}, "20/s": {}, "20/s:0s": {}, ":1m": {}, "..:1m": {}, "20/s:-1m": {}, "0:1m": {},
	} {
		if got, err := ParseStage(text); got != want || (err == nil) != (want.For > 0) {
			t.Errorf("%s: %v, %v", text, got, err)
		}
	}
	if err := (Plan{[]Stage{{From: 0.001, To: 0.001}}, 1000, 1, 1}).Check(); err == nil {
		t.Error("a test of eleven days is accepted")
	}
}
