package draw

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestQR draws a code of three modules: its pattern, the margin around it, the last line that is half a line.
func TestQR(t *testing.T) {
	pattern := []string{"#.#", ".##", "..#"}
	got := QR(3, func(x, y int) bool {
		if x < 0 || y < 0 || x > 2 || y > 2 {
			t.Fatalf("asked for %d, %d", x, y)
		}
		return pattern[y][x] == '#'
	})
	want := strings.Join([]string{
		"███████████",
		"███████████",
		"████▄▀ ████",
		"██████▄████",
		"███████████",
		"▀▀▀▀▀▀▀▀▀▀▀",
		"",
	}, "\n")
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the drawing differs (-want +got):\n%s", diff)
	}
}

// TestQRReadsBack turns a drawing back into modules.
func TestQRReadsBack(t *testing.T) {
	const size = 21
	black := func(x, y int) bool { return (x*7+y*13+x*y)%3 == 0 }
	lines := strings.Split(QR(size, black), "\n")
	for y := range size {
		for x := range size {
			line := []rune(lines[(y+quietZone)/2])
			cell := line[x+quietZone]
			light := cell == '█' || cell == '▀' && (y+quietZone)%2 == 0 || cell == '▄' && (y+quietZone)%2 == 1
			if light == black(x, y) {
				t.Fatalf("%d, %d is drawn as %c", x, y, cell)
			}
		}
	}
}
