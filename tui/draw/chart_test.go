package draw

import (
	"math"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// every makes a point a second from the values.
func every(values ...float64) []Point {
	var out []Point
	for i, v := range values {
		out = append(out, Point{At: time.Duration(i) * time.Second, Value: v})
	}
	return out
}

func TestChart(t *testing.T) {
	gap := math.NaN()
	tests := []struct {
		name  string
		chart Chart
		ascii bool
		want  []string
	}{
		{"a ramp", Chart{Points: every(0, 10, 20, 30, 40), To: 4 * time.Second, Gap: 3 * time.Second}, false, []string{
			"    40┤                        ⢀⣀⡠⠤⠔⠒⠊⠉",
			"    20┤               ⣀⣀⠤⠤⠔⠒⠒⠊⠉⠁",
			"      │       ⣀⣀⠤⠤⠒⠒⠉⠉",
			"     0┤⣀⠤⠤⠒⠒⠉⠉",
			"      00:00         00:02",
		}},
		{"a gap", Chart{Points: every(5, 5, gap, gap, 5, 5), To: 5 * time.Second, Gap: 3 * time.Second}, false, []string{
			"     5┤⠉⠉⠉⠉⠉⠉⠉                  ⠉⠉⠉⠉⠉⠉⠉",
			"      │",
			"      │",
			"     0┤",
			"      00:00",
		}},
		{"nothing is not zero", Chart{Points: every(gap, gap), To: time.Second, Gap: time.Second}, false, []string{
			"     1┤",
			"      │",
			"      │",
			"     0┤",
			"      00:00",
		}},
		{"zero is a line", Chart{Points: every(0, 0), To: time.Second, Gap: time.Second}, false, []string{
			"     1┤",
			"      │",
			"      │",
			"     0┤⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀",
			"      00:00",
		}},
		{"points far apart", Chart{Points: []Point{{0, 1}, {time.Minute, 1}}, To: time.Minute, Gap: time.Second}, false, []string{
			"     1┤⠁                              ⠈",
			"   0.5┤",
			"      │",
			"     0┤",
			"      00:00         00:30",
		}},
		{"without Unicode", Chart{Points: every(0, 1, 2, 3, 0), To: 4 * time.Second, Gap: time.Second}, true, []string{
			"     4+",
			"     2+               ....|'''''..",
			"      |       ....''''           '|.",
			"     0+...''''                      '|.",
			"      00:00         00:02",
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			th := plain()
			if tt.ascii {
				th.Glyphs = ASCII
			}
			if diff := cmp.Diff(tt.want, trimRight(tt.chart.Lines(th, 40, 5))); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// The labels of the axis are two to four, round, and reach over the greatest value.
func TestChartScale(t *testing.T) {
	for highest, want := range map[float64][]string{
		0: {"0", "1"}, 0.3: {"0", "0.1", "0.2", "0.3"}, 1: {"0", "0.5", "1"}, 33: {"0", "20", "40"}, 100: {"0", "50", "100"},
		211.5: {"0", "100", "200", "300"}, 4.1e9: {"0", "2e+09", "4e+09", "6e+09"},
	} {
		c := Chart{Points: every(highest), To: time.Second}
		if diff := cmp.Diff(want, axisLabels(c.scale(10))); diff != "" {
			t.Errorf("%v (-want +got):\n%s", highest, diff)
		}
	}
}

// Whatever the points are, a chart stays within its space.
func FuzzChart(f *testing.F) {
	f.Add(1.0, 2.0, 3.0, int64(0), int64(4e9), int64(2e9), uint8(80), uint8(9))
	f.Add(math.Inf(1), math.NaN(), -1e300, int64(-1<<63), int64(1<<62), int64(-5), uint8(33), uint8(4))
	f.Add(1e308, 5e-324, 1e9, int64(1<<62), int64(1<<62+1), int64(1<<62), uint8(200), uint8(60))
	f.Fuzz(func(t *testing.T, a, b, c float64, from, to, gap int64, width, height uint8) {
		chart := Chart{
			From: time.Duration(from), To: time.Duration(to), Gap: time.Duration(gap),
			Points: []Point{{time.Duration(from), a}, {time.Duration(from/2 + to/2), b}, {time.Duration(to), c}},
		}
		lines := chart.Lines(plain(), int(width), int(height))
		if len(lines) != 0 && len(lines) != int(height) {
			t.Errorf("%d lines in %d rows", len(lines), height)
		}
		for _, line := range lines {
			if Width(line) > int(width) {
				t.Errorf("%q takes %d of %d columns", line, Width(line), width)
			}
		}
	})
}
