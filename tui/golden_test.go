package tui

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/charmbracelet/x/ansi"
	"github.com/google/go-cmp/cmp"
	"github.com/muesli/termenv"

	"dialtone/diag"
)

var update = flag.Bool("update", false, "write the golden frames anew")

var scenarios = []struct {
	name   string
	events func() []diag.Event
}{
	{"waiting", scenarioWaiting},
	{"good", scenarioGood},
	{"hung-up", scenarioHungUp},
	{"ice-failed", scenarioFailed},
	{"hostile", scenarioHostile},
	{"relay", scenarioRelay},
	{"one-way", scenarioOneWay},
	{"long", scenarioLongCall},
	{"muted", scenarioMuted},
}

var sizes = []struct{ width, height int }{{80, 24}, {120, 36}, {200, 60}}

// TestGolden compares every pane of every scenario at three sizes with the frames in testdata. Run it with -update after a
// change that is meant, and look at what changed.
func TestGolden(t *testing.T) {
	for _, sc := range scenarios {
		for i, title := range []string{"call", "candidates", "media", "data", "network", "sdp", "log"} {
			t.Run(sc.name+"/"+title, func(t *testing.T) {
				var frames strings.Builder
				for _, size := range sizes {
					b := newBench(t, sc.events(), size.width, size.height)
					b.press(fmt.Sprint(i + 1))
					fmt.Fprintf(&frames, "-- %dx%d --\n%s\n", size.width, size.height, trimmed(b.View()))
				}
				compareGolden(t, sc.name+"-"+title+".txt", frames.String())
			})
		}
	}
}

func TestGoldenHelp(t *testing.T) {
	b := newBench(t, scenarioGood(), 80, 24)
	b.press("7", "?")
	compareGolden(t, "help.txt", trimmed(b.View())+"\n")
}

func trimmed(frame string) string {
	lines := strings.Split(frame, "\n")
	for i := range lines {
		lines[i] = strings.TrimRight(lines[i], " ")
	}
	return strings.Join(lines, "\n")
}

func compareGolden(t *testing.T, name, got string) {
	t.Helper()
	file := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", file, diff)
	}
}

// Colors carry nothing that is not there without them, and change no width.
func TestColorsAreDecoration(t *testing.T) {
	for _, sc := range scenarios {
		for pane := 1; pane <= 7; pane++ {
			plain, colored := newBench(t, sc.events(), 120, 36), newColored(t, termenv.TrueColor, sc.events(), 120, 36)
			plain.press(fmt.Sprint(pane))
			colored.press(fmt.Sprint(pane))
			if !strings.Contains(colored.View(), "\x1b[") {
				t.Errorf("%s, pane %d: no color at all", sc.name, pane)
			}
			if diff := cmp.Diff(plain.View(), ansi.Strip(colored.View())); diff != "" {
				t.Errorf("%s, pane %d (-plain +colored):\n%s", sc.name, pane, diff)
			}
		}
	}
}
