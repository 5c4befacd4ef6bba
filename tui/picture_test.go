package tui

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	tea "github.com/charmbracelet/bubbletea"
	"github.com/muesli/termenv"

	"dialtone/tui/picture"
)

// TestPictures compares the pictures of docs/reference/screens.md with what the screen looks like now. With -update it draws them anew:
//
//	go test ./tui ./cmd/dialtone -run TestPictures -update
func TestPictures(t *testing.T) {
	const width, height = 120, 36
	tests := []struct {
		file, call string
		until      time.Duration // what came later has not happened yet; 0: the whole call
		keys       []string
		alt        string
	}{
		{"call", "good", 17 * time.Second, []string{"Call"}, "A call that works: its path through a NAT, the set-up as bars on a scale of time, media and messages"},
		{"candidates", "relay", 0, []string{"Candidates"}, "The candidates of both parties, the pairs that were tried, and one of them explained"},
		{"media", "good", 30 * time.Second, []string{"Media", "down"}, "The streams in numbers and in charts over time"},
		{"data", "good", 29 * time.Second, []string{"Data"}, "Messages, the distribution of pings, and the data channels"},
		{"log", "good", 12 * time.Second, []string{"Log"}, "Every event of the call"},
		{"page-terminal", "page", 6300 * time.Millisecond, []string{"Media"}, "The terminal in a call with the page: the streams, and both ends of each side by side"},
		{"failed", "ice-failure", 0, []string{"Call"}, "A call that found no path: why, and what to do"},
	}
	for _, tt := range tests {
		t.Run(tt.file, func(t *testing.T) {
			events := readCall(t, tt.call)
			for i, e := range events {
				if tt.until > 0 && e.At > tt.until {
					events = events[:i]
					break
				}
			}
			b := newColored(t, termenv.ANSI256, nil, width, height)
			b.now = b.now.Add(events[len(events)-1].At)
			b.send(tea.WindowSizeMsg{Width: width, Height: height})
			b.send(batchMsg{events})
			for _, k := range tt.keys {
				if i := b.paneCalled(k); i >= 0 {
					b.show(i)
					continue
				}
				b.press(k)
			}
			comparePicture(t, tt.file, picture.SVG(b.View(), tt.alt, width, height))
		})
	}
}

// paneCalled is the index of a pane; −1 for none.
func (b *bench) paneCalled(title string) int {
	for i, p := range b.panes {
		if p.Title() == title {
			return i
		}
	}
	return -1
}

func comparePicture(t *testing.T, name, svg string) {
	t.Helper()
	file := filepath.Join("..", "docs", "images", name+".svg")
	if *update {
		if err := os.WriteFile(file, []byte(svg), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	kept, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if string(kept) != svg {
		t.Errorf("%s shows what the screen looked like once: draw it anew with go test ./tui ./cmd/dialtone -run TestPictures -update, and look at it", file)
	}
}
