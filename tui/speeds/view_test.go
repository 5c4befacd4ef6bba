package speeds

import (
	"flag"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"dialtone/diag"
	"dialtone/tui/draw"
	"dialtone/tui/live"
)

var update = flag.Bool("update", false, "write the golden frames anew")

func ms(n float64) diag.Millis { return diag.Millis(n * 1e6) }

// example is a measurement after so many seconds: two without load, a search, six up, then six down.
func example(seconds int) *Measurement {
	m := New("room w1")
	at := 2 * time.Second
	take := func(d diag.Data) { m.Take([]diag.Event{{At: at, Data: d}}) }
	take(diag.SpeedStart{})
	if seconds == 0 {
		return m
	}
	n := -1
	begin := func(s diag.SpeedTest) {
		n++
		take(diag.SpeedTestStart{Test: n, Spec: s})
	}
	begin(diag.SpeedTest{Way: diag.SpeedIdle, ForMs: ms(2000)})
	for i := range 10 * seconds {
		at += 100 * time.Millisecond
		from := ms(100 * float64((i-20)%60))
		trip := 21.0
		switch i {
		case 20:
			begin(diag.SpeedTest{Way: diag.SpeedUp, Size: 1000, Rate: 5e6, ForMs: ms(1600), WarmUpMs: ms(400), Search: true})
			for k := range 14 {
				take(diag.SpeedInterval{
					Test: n, Direction: diag.Outbound, FromMs: ms(100 * float64(k)), ToMs: ms(100 * float64(k+1)), Bytes: 62_000, Messages: 62,
					Packets: new(uint64(62)), WireBytes: new(uint64(66_000)), DelayMs: new(ms(1)),
				})
			}
			begin(diag.SpeedTest{Way: diag.SpeedUp, Size: 16384, ForMs: ms(6000), WarmUpMs: ms(2000)})
		case 80:
			begin(diag.SpeedTest{Way: diag.SpeedDown, Size: 16384, ForMs: ms(6000), WarmUpMs: ms(2000)})
		}
		if i >= 20 {
			d, rate := diag.Outbound, 18e6
			if i >= 80 {
				d, rate = diag.Inbound, 80e6
			}
			trip += 100 * (1 + math.Sin(float64(i)/8))
			bytes := uint64(rate / 80 * (1 - 0.2*math.Exp(-float64((i-20)%60)/5)))
			take(diag.SpeedInterval{Test: n, Direction: d, FromMs: from, ToMs: from + ms(100), Bytes: bytes})
		}
		take(diag.SpeedRoundTrips{Test: n, ByPing: []diag.Millis{ms(trip + 2)}, BySTUN: []diag.Millis{ms(trip), ms(trip)}, Settled: true})
	}
	return m
}

func TestGolden(t *testing.T) {
	th := draw.NewTheme(draw.NewTerminal(io.Discard))
	var frames strings.Builder
	ended := example(14)
	ended.Take([]diag.Event{{At: 17 * time.Second, Data: diag.SpeedEnd{Reason: diag.SpeedDone}}})
	for _, one := range []struct {
		m             *Measurement
		width, height int
	}{{New("loopback"), 80, 24}, {example(0), 80, 24}, {example(4), 80, 24}, {example(9), 120, 36}, {ended, 200, 60}, {example(9), 30, 9}} {
		frame := live.Frame(one.m, th, one.width, one.height, one.m == ended)
		lines := strings.Split(frame, "\n")
		if len(lines) > one.height {
			t.Errorf("%d lines at %d×%d", len(lines), one.width, one.height)
		}
		for _, l := range lines {
			if draw.Width(l) > one.width {
				t.Errorf("%d columns at %d×%d: %q", draw.Width(l), one.width, one.height, l)
			}
		}
		fmt.Fprintf(&frames, "== %d×%d\n%s\n", one.width, one.height, frame)
	}
	fmt.Fprintf(&frames, "== ASCII\n%s\n", live.Frame(example(9), draw.NewTheme(draw.NewTerminal(io.Discard)).UseASCII(), 80, 24, false))
	name := filepath.Join("testdata", "frames.txt")
	if *update {
		if err := os.MkdirAll("testdata", 0o750); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(frames.String()), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(name)
	if diff := cmp.Diff(string(want), frames.String()); err != nil || diff != "" {
		t.Errorf("%v %s", err, diff)
	}
}
