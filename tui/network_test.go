package tui

import (
	"fmt"
	"strings"
	"testing"

	"github.com/charmbracelet/x/ansi"
	"github.com/google/go-cmp/cmp"
	"github.com/muesli/termenv"

	"dialtone/diag"
	"dialtone/diag/lab/labtest"
	"dialtone/tui/pane"
	"dialtone/tui/picture"
)

func natBench(t *testing.T, profile termenv.Profile, events []diag.Event, width, height int) *bench {
	t.Helper()
	b := newColored(t, profile, events, width, height, pane.NewNetwork, pane.NewLog)
	b.options.Title = "nat"
	return b
}

// TestGoldenNetwork compares diagnoses by themselves with the frames in testdata, and looks at each without Unicode and in color.
func TestGoldenNetwork(t *testing.T) {
	for _, sc := range natScenarios {
		t.Run(sc.name, func(t *testing.T) {
			var frames strings.Builder
			for _, size := range sizes {
				what := fmt.Sprintf("%s at %dx%d", sc.name, size.width, size.height)
				b := natBench(t, termenv.Ascii, sc.events(), size.width, size.height)
				b.press(sc.keys...)
				fmt.Fprintf(&frames, "-- %dx%d --\n%s\n", size.width, size.height, trimmed(b.View()))
				colored := natBench(t, termenv.TrueColor, sc.events(), size.width, size.height)
				colored.press(sc.keys...)
				if diff := cmp.Diff(b.View(), ansi.Strip(colored.View())); diff != "" {
					t.Errorf("%s (-plain +colored):\n%s", what, diff)
				}
				b.scene.Theme.UseASCII()
				frame := b.View()
				checkFrame(t, what, frame, size.width, size.height)
				for i := range len(frame) {
					if frame[i] > 0x7e {
						t.Fatalf("%s: byte %#x without Unicode", what, frame[i])
					}
				}
			}
			compareGolden(t, "network-"+sc.name+".txt", frames.String())
		})
	}
}

// TestGoldenDiagnosed compares what a diagnosis changes in a call.
func TestGoldenDiagnosed(t *testing.T) {
	for name, tt := range map[string]struct {
		events []diag.Event
		pane   string
	}{
		"diagnosed-network": {callDiagnosed(), "5"},
		"failing-call":      {callFailing(), "1"},
		"explained-call":    {callExplained(), "1"},
	} {
		var frames strings.Builder
		for _, size := range sizes {
			b := newBench(t, tt.events, size.width, size.height)
			b.press(tt.pane)
			fmt.Fprintf(&frames, "-- %dx%d --\n%s\n", size.width, size.height, trimmed(b.View()))
		}
		compareGolden(t, name+".txt", frames.String())
	}
}

// Every pane stays within every screen, however small, whatever was selected and unfolded.
func TestNetworkAtAnySize(t *testing.T) {
	for _, sc := range natScenarios {
		for width := 20; width <= 220; width += 40 {
			for height := 5; height <= 60; height += 18 {
				if (width/40+height)%labtest.Sample(1, 3) != 0 {
					continue
				}
				b := natBench(t, termenv.Ascii, sc.events(), width, height)
				for range 20 {
					b.press("down", "enter")
				}
				checkFrame(t, fmt.Sprintf("%s at %dx%d", sc.name, width, height), b.View(), width, height)
			}
		}
	}
}

// TestDiagnosisKey: the key is offered where somebody can be asked, and not while somebody is.
func TestDiagnosisKey(t *testing.T) {
	tests := map[string]struct {
		events []diag.Event
		want   []string
	}{
		"no diagnosis yet": {scenarioGood(), []string{"diagnose"}},
		"again":            {callDiagnosed(), []string{"diagnose"}},
		"under way":        {callFailing(), nil},
		"ended":            {scenarioHungUp(), nil},
	}
	for name, tt := range tests {
		b := newBench(t, tt.events, 120, 36)
		b.press("5", "d")
		if diff := cmp.Diff(tt.want, b.asked.wishes); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
		if offered := strings.Contains(b.footerKeys(), "d diagnose"); offered != (tt.want != nil) {
			t.Errorf("%s: the footer is %q", name, b.footerKeys())
		}
	}
}

// TestCopyResult: y copies the line for the other side, and a row that was chosen.
func TestCopyResult(t *testing.T) {
	b := natBench(t, termenv.Ascii, natDirect(), 120, 36)
	var copied []string
	b.options.Copy = func(text string) error {
		copied = append(copied, text)
		return nil
	}
	b.press("y", "down", "y")
	if len(copied) != 2 || copied[0] != "nat1,map=ei,filter=apd,udp,turn,ip=203.0.113.7,lan=192.168.1.0/24" || !strings.HasPrefix(copied[1], natURLs[1]) {
		t.Errorf("%q", copied)
	}
}

// TestPicturesNetwork is the picture of a diagnosis, as TestPictures has those of calls.
func TestPicturesNetwork(t *testing.T) {
	const width, height = 120, 36
	b := natBench(t, termenv.ANSI256, natSymmetric(), width, height)
	b.press("down", "down", "down", "down", "down")
	comparePicture(t, "network", picture.SVG(b.View(), "A diagnosis: the verdict, the servers, what the NAT does and how sure that is, and one behavior explained", width, height))
}
