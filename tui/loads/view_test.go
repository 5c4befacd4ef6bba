package loads

import (
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"dialtone/tui/draw"
	"dialtone/tui/live"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var update = flag.Bool("update", false, "write the golden frames anew")

// example is a test whose server degrades: setups take longer, and at last calls fail.
func example(seconds int) *History {
	h := &History{name: "whip https://media.example.org/whip/{n}"}
	s := State{Due: 500}
	for i := range seconds {
		late := time.Duration(10+i*i/10) * time.Millisecond
		s.At = time.Duration(i+1) * time.Second
		s.Second = Second{Started: 5, InProgress: min(5*i, 60), Setup: []Count{{late, 4}, {3 * late, 1}}}
		s.Started += 5
		s.P50, s.P95, s.CPU = new(late), new(3*late), new(0.31)
		s.Passed = max(0, s.Started-60)
		if i > seconds/2 {
			s.Second.Failed, s.Second.Ended = 1, 5
			s.Failed++
			s.Causes = []Cause{{"The server \x1b[31mrejected the offer with 503.", s.Failed}, {"No media arrived.", 1}}
		}
		h.Take(s)
	}
	return h
}

func TestGolden(t *testing.T) {
	th := draw.NewTheme(draw.NewTerminal(io.Discard))
	var frames strings.Builder
	short := example(4)
	short.now.Second.Short, short.now.Unjudged, short.now.Late = true, 3, 1
	again := example(12)
	again.now.Unjudged = 3 // in an earlier second this machine was the limit
	for _, one := range []struct {
		h             *History
		width, height int
	}{
		{&History{name: "loopback"}, 80, 24},
		{short, 80, 24},
		{example(40), 80, 24},
		{again, 120, 36},
		{example(200), 120, 36},
		{example(6), 200, 60},
		{example(900), 200, 60},
		{example(40), 30, 9},
	} {
		frame := live.Frame(one.h, th, one.width, one.height, one.h == short)
		lines := strings.Split(frame, "\n")
		if len(lines) > one.height {
			t.Errorf("%d lines at %d×%d", len(lines), one.width, one.height)
		}
		for _, l := range lines {
			if draw.Width(l) > one.width {
				t.Errorf("%d columns at %d×%d: %q", draw.Width(l), one.width, one.height, l)
			}
		}
		if strings.ContainsRune(frame, '\x1b') {
			t.Error("a cause has brought a control character")
		}
		fmt.Fprintf(&frames, "== %d×%d\n%s\n", one.width, one.height, frame)
	}
	fmt.Fprintf(&frames, "== ASCII\n%s\n", live.Frame(example(40), draw.NewTheme(draw.NewTerminal(io.Discard)).UseASCII(), 80, 24, false))
	name := filepath.Join("testdata", "frames.txt")
	if *update {
		if err := os.WriteFile(name, []byte(frames.String()), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(name)
	if diff := cmp.Diff(string(want), frames.String()); err != nil || diff != "" {
		t.Errorf("%v %s", err, diff)
	}
}
