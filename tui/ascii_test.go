package tui

import (
	"fmt"
	"testing"

	"github.com/muesli/termenv"
)

// Without Unicode no frame holds anything but ASCII, whatever the peer writes, and every line is as wide as before.
func TestASCII(t *testing.T) {
	for _, sc := range scenarios {
		for _, size := range sizes {
			b := newColored(t, termenv.ANSI256, sc.events(), size.width, size.height)
			b.scene.Theme.UseASCII()
			for i := range b.panes {
				b.press(fmt.Sprint(i + 1))
				what := fmt.Sprintf("%s, pane %d at %dx%d", sc.name, i+1, size.width, size.height)
				frame := b.View()
				checkFrame(t, what, frame, size.width, size.height)
				for j := range len(frame) {
					if frame[j] > 0x7e {
						t.Fatalf("%s: byte %#x in %q", what, frame[j], frame[max(j-40, 0):min(j+10, len(frame))])
					}
				}
			}
			b.press("?")
			checkFrame(t, "help", b.View(), size.width, size.height)
		}
	}
}
