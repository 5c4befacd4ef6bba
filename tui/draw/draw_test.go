package draw

import (
	"io"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/charmbracelet/x/ansi"
	"github.com/google/go-cmp/cmp"
	"github.com/muesli/termenv"
)

// plain is the theme without colors.
func plain() *Theme { return theme(termenv.Ascii) }

func theme(profile termenv.Profile) *Theme {
	r := NewTerminal(io.Discard)
	r.SetColorProfile(profile)
	r.Background = Dark
	return NewTheme(r)
}

func TestSafe(t *testing.T) {
	tests := []struct{ name, in, want string }{
		{"plain", "hello", "hello"},
		{"line break", "a\r\nb", "a  b"},
		{"escape", "\x1b[31mred", "�[31mred"},
		{"C1", "a\u009bb", "a�b"},
		{"broken UTF-8", "a\xffb", "a�b"},
		{"override", "a\u202eb", "a�b"},
		{"family", "👨\u200d👩\u200d👧!", "👨!"},
		{"skin", "👍🏽!", "👍!"},
		{"heart", "❤\ufe0f", "❤"},
		{"flag", "🇩🇪", "DE"},
		{"accents", "e\u0301x", "e\u0301x"},
		{"stacked accents", "e\u0301\u0302\u0303\u0304x", "e\u0301\u0302x"},
		{"accent without a letter", "\u0301x", "x"},
		{"joiner at the end", "a\u200d", "a"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := Safe(tt.in); got != tt.want {
				t.Errorf("Safe(%q) = %q, want %q", tt.in, got, tt.want)
			}
		})
	}
}

func TestWidthAgreesWithTheTerminalLibrary(t *testing.T) {
	for r := rune(0x20); r < 0x3000; r++ {
		if s := "a" + string(r) + "b"; Width(s) != ansi.StringWidth(s) {
			t.Errorf("%U is %d columns wide, not %d", r, ansi.StringWidth(s)-2, Width(s)-2)
		}
	}
	for _, s := range []string{"\x1b[1;38;5;75mred\x1b[0m", "\x1b]0;title\x07x", "\x1b[2Kx", "\x1b", "日本", "e\u0301"} {
		if Width(s) != ansi.StringWidth(s) {
			t.Errorf("%q is %d columns wide, not %d", s, ansi.StringWidth(s), Width(s))
		}
	}
}

func TestNumber(t *testing.T) {
	for v, want := range map[float64]string{
		0: "   0.00", 0.004: "   0.00", 0.126: "   0.13", 9.994: "   9.99", 9.996: "  10.0 ", 41.25: "  41.2 ", 99.96: " 100   ",
		1234: "1234   ", 12345: "   …   ", -3: "  -3.00", math.Inf(1): "       ",
	} {
		if got := Number(v, 4); got != want {
			t.Errorf("Number(%v) = %q, want %q", v, got, want)
		}
	}
}

func TestSparkline(t *testing.T) {
	gap := math.NaN()
	tests := []struct {
		name   string
		values []float64
		width  int
		want   string
	}{
		{"steady", []float64{5, 5, 5}, 8, "▄▄▄"},
		{"a dip and a peak", []float64{30, 30, 0, 30, 300}, 8, "▄▄▁▄█"},
		{"the latest that fit", []float64{1, 9, 9}, 2, "▄▄"},
		{"gaps", []float64{3, gap, 3}, 8, "▄ ▄"},
		{"silence", []float64{0, 0}, 8, "▁▁"},
		{"nothing", nil, 8, ""},
		{"no room", []float64{1}, 0, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := Sparkline(Unicode, tt.values, tt.width); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

func TestWrap(t *testing.T) {
	tests := []struct {
		in    string
		width int
		want  []string
	}{
		{"give --ice-pass here", 12, []string{"give", "--ice-pass", "here"}},
		{"a longwordindeed b", 6, []string{"a", "longwo", "rdinde", "ed b"}},
		{"日本語", 4, []string{"日本", "語"}},
		{"日本語", 1, nil},
		{"  ", 5, nil},
		{"x", 0, nil},
	}
	for _, tt := range tests {
		if diff := cmp.Diff(tt.want, Wrap(tt.in, tt.width)); diff != "" {
			t.Errorf("Wrap(%q, %d) (-want +got):\n%s", tt.in, tt.width, diff)
		}
	}
}

func TestLine(t *testing.T) {
	right := NewLine(20).Add(Paint{}, "end")
	tests := []struct {
		name string
		line *Line
		want string
	}{
		{"columns", NewLine(20).Gap(1).Add(Paint{}, "a").To(5).Add(Paint{}, "b"), " a   b"},
		{"cut", NewLine(4).Add(Paint{}, "abcdef").Add(Paint{}, "g"), "abc…"},
		{"right", NewLine(10).Add(Paint{}, "a").Right(right), "a      end"},
		{"no room at the right", NewLine(5).Add(Paint{}, "abc").Right(right), "abc"},
		{"append does not cut", NewLine(5).Add(Paint{}, "abc").Append(right), "abc"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := tt.line.String(); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

func TestTable(t *testing.T) {
	table := Table{
		Indent: 3, Cursor: 1,
		Columns: []Column{
			{Title: "Things here", Strong: 6, Min: 6},
			{Title: "n", Right: true, Min: 4},
			{Title: "note", Min: 6, Flex: true},
			{Title: "more", Keep: 1, Min: 4},
		},
		Rows: [][]Cell{
			{{Text: "one", Mark: "●"}, {Text: "1"}, {Text: "a longer note"}, {Text: "x"}},
			{{Text: "two"}, {Text: "12", Unit: "s"}, {Text: "b"}},
		},
	}
	tests := []struct {
		width int
		want  []string
	}{
		{60, []string{
			" Things here     n  note           more",
			"   ● one         1  a longer note  x",
			" ▸ two        12 s  b",
		}},
		{34, []string{
			" Things here     n  note      more",
			"   ● one         1  a longe…  x",
			" ▸ two        12 s  b",
		}},
		{28, []string{
			" Things here     n  note",
			"   ● one         1  a longe…",
			" ▸ two        12 s  b",
		}},
	}
	for _, tt := range tests {
		if diff := cmp.Diff(tt.want, trimRight(table.Lines(plain(), tt.width))); diff != "" {
			t.Errorf("at %d (-want +got):\n%s", tt.width, diff)
		}
	}
}

func trimRight(lines []string) []string {
	for i := range lines {
		lines[i] = strings.TrimRight(lines[i], " ")
	}
	return lines
}

func TestPath(t *testing.T) {
	p := Path{
		Nodes: []Node{
			{Title: "you", Address: "10.0.0.2:5000", Note: "host, eth0"},
			{Title: "your NAT", Address: "192.0.2.1:6000", Note: "server-reflexive, from stun:stun.example:3478"},
			{Title: "peer", Address: "198.51.100.4:7000", Note: "host"},
		},
		Wire: 1, Label: "udp · 12 ms",
	}
	tests := []struct {
		width int
		want  []string
	}{
		{99, []string{
			"  you                     your NAT                                                peer",
			"  10.0.0.2:5000  ──────▶  192.0.2.1:6000  ════════════ udp · 12 ms ════════════▶  198.51.100.4:7000",
			"  host, eth0              server-reflexive, from stun:stun.example:3478           host",
		}},
		{77, []string{
			"  you              your NAT                                 peer",
			"  10.0.0.2:5000 ─▶ 192.0.2.1:6000 ═════ udp · 12 ms ══════▶ 198.51.100.4:7000",
			"  host, eth0       server-reflexive                         host",
		}},
		{40, []string{
			"  you       10.0.0.2:5000      host",
			"  your NAT  192.0.2.1:6000     server-r…",
			"  │         udp · 12 ms",
			"  peer      198.51.100.4:7000  host",
		}},
	}
	for _, tt := range tests {
		if diff := cmp.Diff(tt.want, trimRight(p.Lines(plain(), tt.width))); diff != "" {
			t.Errorf("at %d (-want +got):\n%s", tt.width, diff)
		}
	}
	p.Trips, p.Nodes[2].Note = []float64{12, 12, math.NaN(), 30}, "server-reflexive, or longer"
	want := []string{
		"  you              your NAT                 ▄▄ █           peer",
		"  10.0.0.2:5000 ─▶ 192.0.2.1:6000 ═════ udp · 12 ms ═════▶ 198.51.100.4:7000",
		"  host, eth0       server-reflexive                        server-reflexive, or longer",
	}
	if diff := cmp.Diff(want, trimRight(p.Lines(plain(), 86))); diff != "" {
		t.Errorf("round trips above the wire, a longer note at the end (-want +got):\n%s", diff)
	}
	if (Path{}).Lines(plain(), 80) != nil {
		t.Error("an empty path is drawn")
	}
}

func ms(v float64) time.Duration { return time.Duration(v * 1e6) }

func TestWaterfall(t *testing.T) {
	w := Waterfall{Now: ms(20_100), Till: ms(20_060), Bars: []Bar{
		{Name: "dial", Start: 0, End: ms(10), Level: Good},
		{Name: "wait", Start: ms(10), End: ms(20_010), Level: Good, Remote: true, Wait: true},
		{Name: "checks", Start: ms(20_010), End: ms(20_040), Level: Good},
		{Name: "refused", Start: ms(20_020), End: ms(20_030), Level: Bad},
		{Name: "never", Start: ms(20_040), Running: true},
	}}
	got := trimRight(w.Lines(plain(), 61, 9))
	want := []string{
		"dial      10.0  ms   █████▉",
		"wait      20.0  s         ░░░╱╱░",
		"checks    30.0  ms ◂           ██████████████████▍",
		"refused   10.0  ms ✗                 ██████▌",
		"never     60.0  ms                               ████████████",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	got = trimRight(w.Lines(plain(), 61, 4))
	if last, want := got[3], "also dial 10.0 ms, checks 30.0 ms"; len(got) != 4 || last != want {
		t.Errorf("in four rows the last is %q, want %q", last, want)
	}
	if got := w.Lines(plain(), 5, 9); len(got) != 5 {
		t.Errorf("%d rows without room for bars, want 5", len(got))
	}
}

// Where there is room, a bar tells when it began and which share of the time without waiting it took.
func TestWaterfallShares(t *testing.T) {
	w := Waterfall{Now: ms(3000), Till: ms(2120), Bars: []Bar{
		{Name: "dial", Start: 0, End: ms(20), Level: Good},
		{Name: "wait", Start: ms(20), End: ms(2020), Level: Good, Remote: true, Wait: true},
		{Name: "checks", Start: ms(2020), End: ms(2119.5), Level: Good},
		{Name: "SCTP", Start: ms(2119.5), End: ms(2120), Level: Good},
		{Name: "never", Start: ms(2100), Running: true},
	}}
	head := strings.TrimRight(w.Head(plain(), "Setup", 2, 112, 9).String(), " ")
	if want := " Setup     start s   duration   share"; head != want {
		t.Errorf("the head is %q, want %q", head, want)
	}
	var got []string
	for _, l := range w.Lines(plain(), 110, 9) {
		got = append(got, strings.TrimRight(string([]rune(l)[:38]), " "))
	}
	want := []string{
		"dial       0.000   20.0  ms    17 %  █", "wait       0.020    2.00 s", "checks     2.020   99.5  ms ◂  83 %", "SCTP       2.119    0.50 ms    <1 %",
		"never      2.100  900    ms",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if head := w.Head(plain(), "Setup", 2, 80, 9).String(); head != " Setup" {
		t.Errorf("without room the head is %q", head)
	}
}

// Whatever the spans are, bars stay within the width.
func FuzzWaterfall(f *testing.F) {
	f.Add(int64(0), int64(5), int64(3), int64(1e12), uint8(80))
	f.Add(int64(-5), int64(1<<62), int64(1<<62), int64(-1), uint8(3))
	f.Fuzz(func(t *testing.T, a, b, c, now int64, width uint8) {
		w := Waterfall{Now: time.Duration(now), Till: time.Duration(c), Bars: []Bar{
			{Name: "one", Start: time.Duration(a), End: time.Duration(b), Wait: true, Remote: true},
			{Name: "two", Start: time.Duration(b), End: time.Duration(c), Notes: []string{"note"}},
			{Name: "three", Start: time.Duration(c), Running: true},
		}}
		for _, line := range w.Lines(plain(), int(width), 10) {
			if Width(line) > int(width) {
				t.Errorf("%q takes %d of %d columns", line, Width(line), width)
			}
		}
	})
}

func TestPaint(t *testing.T) {
	th := theme(termenv.ANSI256)
	if got := th.Accent.On("x\x1b[0my"); !strings.HasPrefix(got, "\x1b[38;5;75m") || strings.Count(got, "\x1b") != 2 {
		t.Errorf("painted text is %q", got)
	}
	if got := th.Accent.On(""); got != "" {
		t.Errorf("nothing is painted as %q", got)
	}
	if got := plain().Bad.On("x"); got != "x" {
		t.Errorf("without colors: %q", got)
	}
}
