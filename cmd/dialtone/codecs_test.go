//go:build unix

package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"dialtone/diag"
	"dialtone/diag/call"
	"dialtone/diag/lab/labtest"
	"dialtone/diag/media"
)

// codecPairs are the codecs of the calls that TestCodecs places: each one at least once.
var codecPairs = []struct{ audio, video string }{
	{"opus", "H264"}, {"PCMU", "VP8"}, {"PCMA", "VP9"}, {"G722", "AV1"},
}

// unspoken are the codecs that a stack cannot send or receive, by its directory; with "→" it cannot send them only.
var unspoken = map[string][]string{
	"aiortc":    {"G722", "VP9", "AV1"},
	"gstreamer": {"→G722", "→AV1"},
}

// codecCall is one call for the table of codecs.
type codecCall struct {
	stack stack
	way   string // whip: the stack sends, whep: it receives
	audio string
	video string
}

func (c codecCall) name() string { return c.stack.dir + " " + c.way + " " + c.audio + " " + c.video }

// page is the browser of the call: a Firefox that has not downloaded OpenH264 has H264 only with other settings.
func (c codecCall) page() *engine {
	if c.stack.dir == "firefox" && c.video == "H264" {
		return &inFirefoxH264
	}
	return c.stack.page
}

// speaks reports whether the stack has the codec in the direction of the call.
func (c codecCall) speaks(codec string) bool {
	list := unspoken[c.stack.dir]
	return !slices.Contains(list, codec) && (c.way == "whep" || !slices.Contains(list, "→"+codec))
}

// codecCalls are all that there are: both directions with each counterpart that does not only repeat a clip.
func codecCalls() []codecCall {
	var all []codecCall
	for _, s := range stacks {
		if s.dir == "werift" || s.dir == "node-datachannel" {
			continue
		}
		for _, way := range []string{"whip", "whep"} {
			for _, p := range codecPairs {
				c := codecCall{s, way, p.audio, p.video}
				switch {
				case !c.speaks(p.audio) && !c.speaks(p.video):
					continue
				case !c.speaks(p.audio):
					c.audio = "opus"
				case !c.speaks(p.video):
					c.video = "VP8"
				}
				all = append(all, c)
			}
		}
	}
	return all
}

// place makes the call, in which dialtone takes no other codecs, and returns for each codec whether it was seen at both
// ends. The error is errCounterpart.
func (c codecCall) place(t *testing.T) (map[string]bool, error) {
	t.Helper()
	only := []string{"--audio-codec", c.audio, "--video-codec", c.video}
	if c.stack.dir == "janus" { // what it sends on, it has received
		publisher, subscriber := janusCall(t, janus(t), only...)
		played := c.check(t, subscriber, diag.Inbound, nil)
		if c.way == "whip" {
			return played, nil
		}
		sent := c.check(t, publisher, diag.Outbound, nil)
		for codec := range sent {
			sent[codec] = sent[codec] && played[codec]
		}
		return sent, nil
	}
	recording := filepath.Join(t.TempDir(), "call.jsonl")
	ours := startTool(t, append([]string{"answer", "--" + c.way, "127.0.0.1:0", "--once", "--record", recording}, only...)...)
	endpoint := strings.TrimPrefix(ours.await("listening on "), "listening on ")
	var theirs seen
	var err error
	if c.stack.page != nil {
		theirs, err = browserSaw(t, c.page(), c.way, endpoint)
	} else {
		theirs, err = startCounterpart(t, c.stack, "offer", endpoint, "--signaling", c.way, "--audio", c.audio, "--video", c.video).saw()
	}
	if err != nil {
		return nil, err
	}
	ours.exits()
	if c.way == "whip" {
		return c.check(t, folded(t, recording), diag.Inbound, nil), nil
	}
	return c.check(t, folded(t, recording), diag.Outbound, &theirs), nil
}

// check looks for each codec in a direction of dialtone's call, and at what the counterpart has received of it, if it says so.
func (c codecCall) check(t *testing.T, placed *call.Call, direction diag.Direction, theirs *seen) map[string]bool {
	t.Helper()
	got := map[string]bool{}
	for kind, codec := range map[string]string{"audio": c.audio, "video": c.video} {
		s := placed.StreamOf(direction, kind)
		got[codec] = s.Flows && s.Packets > 20 && media.CodecOf(s.MimeType) == media.CodecOf(codec)
		if theirs != nil {
			got[codec] = got[codec] && map[string]int{"audio": theirs.Audio, "video": theirs.Video}[kind] > 10
		}
		if kind == "video" && got[codec] && direction == diag.Inbound { // the recorder understands it
			keys := uint32(0)
			for _, in := range s.Inbound {
				keys += diag.OrZero(in.KeyFramesReceived)
			}
			if keys == 0 || s.Width == nil || diag.OrZero(s.Frames) < 10 {
				t.Errorf("%s: %d key frames of %d, width %v", codec, keys, diag.OrZero(s.Frames), s.Width)
			}
		}
		t.Logf("%s %s: %v, %d packets of %s; the counterpart: %+v", direction, codec, got[codec], s.Packets, s.MimeType, theirs)
	}
	return got
}

// TestCodecs places a call for each codec, direction and counterpart. With -update it writes the table in
// docs/explanation/evidence.md, else it compares. Without NIGHTLY a few of the calls have to do: see TestBrowserCodecs.
func TestCodecs(t *testing.T) {
	besides(t)
	calls := codecCalls()
	if !labtest.Nightly() && !*update {
		calls = slices.DeleteFunc(calls, func(c codecCall) bool { return c.stack.dir != "gstreamer" || c.video != "H264" })
	}
	var mu sync.Mutex
	seen := map[string]map[string]bool{} // codec → stack and way → whether it was seen
	placed := 0
	seats := make(chan struct{}, encountersAtOnce)
	var group sync.WaitGroup
	for _, c := range calls {
		seats <- struct{}{}
		group.Go(func() {
			defer func() { <-seats }()
			t.Run(c.name(), func(t *testing.T) {
				got, err := c.place(t)
				if err != nil { // a fault of theirs: once more
					t.Log(err)
					if got, err = c.place(t); err != nil {
						t.Fatal(err)
					}
				}
				mu.Lock()
				defer mu.Unlock()
				placed++
				for codec, ok := range got {
					if !ok {
						t.Errorf("no %s was seen", codec)
					}
					if seen[codec] == nil {
						seen[codec] = map[string]bool{}
					}
					seen[codec][c.stack.dir+c.way] = ok
				}
			})
		})
	}
	group.Wait()
	if !t.Failed() && placed == len(codecCalls()) {
		compareTable(t, matrixFile, codecBegin, codecEnd, codecTable(seen))
	}
}

// TestBrowserCodecs is what ordinary CI has of the grid for browsers: each codec of each browser in both directions. One
// page after another has a call that it publishes and one that it plays, in which dialtone takes no other codecs, until
// both ends have audio and a picture.
func TestBrowserCodecs(t *testing.T) {
	labtest.NeedTime(t)
	t.Parallel()
	for _, s := range stacks {
		if s.page == nil {
			continue
		}
		t.Run(s.name, func(t *testing.T) {
			besides(t)
			site := httptest.NewServer(http.FileServer(http.Dir(filepath.Join(interopDir, "page"))))
			defer site.Close()
			var b *tab
			var in *engine
			for _, p := range codecPairs {
				c := codecCall{stack: s, audio: p.audio, video: p.video}
				if in != c.page() {
					in = c.page()
					b = openTab(t, *in, "page", site.URL)
					b.await(`window.begin`)
				}
				flows := b.briefCalls(c)
				if !flows { // a starved encoder may not begin: once more
					flows = b.briefCalls(c)
				}
				if !flows {
					t.Fatalf("no %s or no %s from %s", p.audio, p.video, s.name)
				}
			}
		})
	}
}

// briefCalls lets the page publish and play, and looks for the codecs of the calls at both ends of both. It is false if
// nothing was heard or seen of the page.
func (b *tab) briefCalls(c codecCall) bool {
	b.t.Helper()
	tools, recordings, calls := map[string]*tool{}, map[string]string{}, [][2]string{}
	for _, way := range []string{"whip", "whep"} {
		recordings[way] = filepath.Join(b.t.TempDir(), "call.jsonl")
		ours := startTool(b.t, "answer", "--"+way, "127.0.0.1:0", "--once", "--record", recordings[way], "--audio-codec", c.audio, "--video-codec", c.video)
		tools[way], calls = ours, append(calls, [2]string{way, strings.TrimPrefix(ours.await("listening on "), "listening on ")})
	}
	arguments, err := json.Marshal(calls)
	b.must(err)
	b.ask(`begin(`+string(arguments)+`).then(() => true)`, new(bool))
	flows := true
	for _, event := range []string{"media.first_packet inbound audio", "media.first_frame  inbound video"} {
		_, came := tools["whip"].says(event, 1)
		flows = flows && came
	}
	var theirs []struct{ Codecs []string }
	b.ask(`finish()`, &theirs)
	if !flows {
		b.t.Log(tools["whip"].said())
		return false
	}
	for way, direction := range map[string]diag.Direction{"whip": diag.Inbound, "whep": diag.Outbound} {
		tools[way].exits()
		placed := folded(b.t, recordings[way])
		for kind, codec := range map[string]string{"audio": c.audio, "video": c.video} {
			if s := placed.StreamOf(direction, kind); s.Packets == 0 || media.CodecOf(s.MimeType) != media.CodecOf(codec) {
				b.t.Errorf("%s %s: %d packets of %q", direction, codec, s.Packets, s.MimeType)
			}
			if !slices.ContainsFunc(theirs[1].Codecs, func(got string) bool { return media.CodecOf(got) == media.CodecOf(codec) }) {
				b.t.Errorf("the page has received %v, not %s", theirs[1].Codecs, codec)
			}
		}
		frame := func(t call.TrackRow) bool {
			return t.Direction == diag.Inbound && t.FirstFrame != nil && t.FirstFrame.Width > 0
		}
		if direction == diag.Inbound && !slices.ContainsFunc(placed.Tracks, frame) {
			b.t.Errorf("no picture with a width: %+v", placed.Tracks)
		}
	}
	return true
}

const (
	codecBegin = "<!-- The table is written by: go test ./cmd/dialtone -run TestCodecs -update -->\n"
	codecEnd   = "<!-- The end of the table of codecs. -->\n"
)

// codecTable has a row for each codec, and two columns for each counterpart.
func codecTable(seen map[string]map[string]bool) string {
	var stacksOf []stack
	for _, c := range codecCalls() {
		if !slices.ContainsFunc(stacksOf, func(s stack) bool { return s.dir == c.stack.dir }) {
			stacksOf = append(stacksOf, c.stack)
		}
	}
	var b strings.Builder
	b.WriteString("\n| codec |")
	for _, s := range stacksOf {
		fmt.Fprintf(&b, " to %s | from %s |", s.name, s.name)
	}
	b.WriteString("\n|---|" + strings.Repeat("---|", 2*len(stacksOf)) + "\n")
	for _, c := range media.Codecs {
		if c.Clip == "" {
			continue
		}
		fmt.Fprintf(&b, "| %s |", c.Name)
		for _, s := range stacksOf {
			for _, way := range []string{"whep", "whip"} {
				fmt.Fprintf(&b, " %s |", map[bool]string{true: "yes", false: "–"}[seen[c.Name][s.dir+way]])
			}
		}
		b.WriteString("\n")
	}
	return b.String() + "\n"
}

// compareTable compares a table of the evidence with what was seen, or writes it.
func compareTable(t *testing.T, path, begin, end, table string) {
	t.Helper()
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	head, rest, begun := strings.Cut(string(raw), begin)
	documented, tail, ended := strings.Cut(rest, end)
	switch {
	case !begun || !ended:
		t.Fatalf("%s has no place for the table", path)
	case *update:
		if err := os.WriteFile(path, []byte(head+begin+table+end+tail), 0o600); err != nil {
			t.Fatal(err)
		}
	case documented != table:
		t.Errorf("%s has another table than\n%s\nWrite it anew with -update if that is right.", path, table)
	}
}

// TestCodecDocs compares the table of codecs in docs/reference/media.md with that of the program, or writes it.
func TestCodecDocs(t *testing.T) {
	const begin = "<!-- The table is written by: go test ./cmd/dialtone -run TestCodecDocs -update -->\n"
	var b strings.Builder
	b.WriteString("\n| codec | kind | clock rate | parameters in an offer | sent |\n|---|---|---|---|---|\n")
	for _, c := range media.Codecs {
		sent := "`" + c.Clip + "`"
		if c.Clip == "" {
			sent = "no: it is received and echoed"
		}
		fmt.Fprintf(&b, "| %s | %s | %d | %s | %s |\n", c.Name, c.Kind, c.ClockRate, strings.ReplaceAll(c.Params, ";", "; "), sent)
	}
	compareTable(t, "../../docs/reference/media.md", begin, codecEnd, b.String()+"\n")
}
