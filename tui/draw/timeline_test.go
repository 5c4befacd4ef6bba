package draw

import (
	"io"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/muesli/termenv"
)

func plainTheme() *Theme {
	r := NewTerminal(io.Discard)
	r.SetColorProfile(termenv.Ascii)
	return NewTheme(r)
}

func TestTimeline(t *testing.T) {
	const s = time.Second
	marks := []Mark{{At: 0, Label: "dial"}, {At: s / 10, Label: "offer"}, {At: 5 * s, Level: Warn}, {At: 5 * s}, {At: 10 * s, Level: Bad, Label: "ended"}}
	tests := []struct {
		name        string
		line        Timeline
		width       int
		labels, bar string
	}{
		{"in the middle", Timeline{End: 10 * s, At: 3 * s, Marks: marks}, 36, "       dial–offer           ended", " 00:00 │═════█────▲─────────✗ 00:10"},
		{"at the beginning", Timeline{End: 10 * s}, 30, "", " 00:00 █─────────────── 00:10"},
		{"at the end", Timeline{End: 10 * s, At: 10 * s}, 30, "", " 00:00 ═══════════════█ 00:10"},
		{"beyond", Timeline{End: 10 * s, At: time.Hour}, 30, "", " 00:00 ═══════════════█ 00:10"},
		{"nothing happened", Timeline{}, 30, "", " 00:00 ═══════════════█ 00:00"},
		{"marks outside", Timeline{Start: 20 * s, End: 30 * s, At: 20 * s, Marks: marks}, 30, "", " 00:20 █─────────────── 00:30"},
		{"older lost", Timeline{Start: 20 * s, End: 30 * s, At: 20 * s, Lost: true}, 60, "       older events are no longer kept", " 00:20 █───────────────────────────────────────────── 00:30"},
		{"no room", Timeline{End: 10 * s, At: 3 * s, Marks: marks}, 20, "", " 00:03 of 00:10"},
		{"no room at all", Timeline{End: 10 * s, At: 3 * s, Marks: marks}, 1, "", " "},
		{"hours", Timeline{End: 3 * time.Hour, At: 3 * time.Hour / 2}, 30, "", " 00:00 ═══════█────── 3:00:00"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			th := plainTheme()
			if diff := cmp.Diff(tt.bar, tt.line.Bar(th, tt.width)); diff != "" {
				t.Errorf("bar: %s", diff)
			}
			if diff := cmp.Diff(tt.labels, strings.TrimRight(tt.line.Labels(th, tt.width), " ")); diff != "" {
				t.Errorf("labels: %s", diff)
			}
		})
	}
}

// Whoever clicks at a moment gets the position there: column and time are each other's inverse.
func TestTimelineTimeAt(t *testing.T) {
	line := Timeline{Start: 7 * time.Second, End: 90 * time.Second}
	from, columns := line.track(80)
	for col := range 80 {
		at, ok := line.TimeAt(col, 80)
		if want := col >= from && col < from+columns; ok != want {
			t.Fatalf("column %d: %v", col, ok)
		}
		if ok && line.column(at, columns) != col-from {
			t.Errorf("column %d is %v, which is column %d", col, at, from+line.column(at, columns))
		}
	}
	if at, _ := line.TimeAt(from, 80); at != line.Start {
		t.Errorf("the first column is %v", at)
	}
	if at, _ := line.TimeAt(from+columns-1, 80); at != line.End {
		t.Errorf("the last column is %v", at)
	}
	if _, ok := line.TimeAt(3, 10); ok {
		t.Error("where nothing is drawn there is a moment")
	}
}

// Every width from one column up is kept, with any marks.
func TestTimelineAnyWidth(t *testing.T) {
	th := plainTheme()
	line := Timeline{End: time.Hour, At: 20 * time.Minute, Lost: true}
	for i := range 200 {
		line.Marks = append(line.Marks, Mark{At: time.Duration(i) * 17 * time.Second, Level: Level(i % 4), Label: strings.Repeat("日", i%7) + "\x1b[2J"})
	}
	for width := 1; width < 260; width++ {
		for _, text := range []string{line.Bar(th, width), line.Labels(th, width)} {
			if Width(text) > width || strings.Contains(text, "\x1b") {
				t.Fatalf("%d columns of %d: %q", Width(text), width, text)
			}
		}
	}
}
