package tui

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// TestGoldenTimeline compares what looking back looks like, at three sizes.
func TestGoldenTimeline(t *testing.T) {
	all := scenarioHungUp()
	half := len(all) - 40
	tests := []struct {
		name string
		open func(*testing.T, int, int) *bench
	}{
		{"paused-live", func(t *testing.T, width, height int) *bench {
			b := newBench(t, all[:half], width, height)
			b.press(" ")
			b.send(batchMsg{all[half : half+12]})
			b.press("[")
			return b
		}},
		{"replay-mid", func(t *testing.T, width, height int) *bench {
			b := newReplay(t, all, width, height)
			b.Init()
			b.send(keyMsg("+"))
			b.pass(14 * time.Second)
			return b
		}},
		{"replay-end", func(t *testing.T, width, height int) *bench {
			b := newReplay(t, scenarioFailed(), width, height)
			b.press(">")
			return b
		}},
		{"replay-help", func(t *testing.T, width, height int) *bench {
			b := newReplay(t, all, width, height)
			b.press("]", "?")
			return b
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var frames strings.Builder
			for _, size := range sizes {
				b := tt.open(t, size.width, size.height)
				frame := b.View()
				checkFrame(t, tt.name, frame, size.width, size.height)
				fmt.Fprintf(&frames, "-- %dx%d --\n%s\n", size.width, size.height, trimmed(frame))
			}
			compareGolden(t, tt.name+".txt", frames.String())
		})
	}
}
