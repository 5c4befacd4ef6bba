//go:build unix

package main

import (
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"dialtone/diag"
	"dialtone/diag/call"
	"dialtone/diag/lab/labtest"
)

// allWays are the signalings that a counterpart may speak, as its programs name them.
var (
	allWays    = []string{"offer", "whip", "whep"}
	roomAndAll = append([]string{"room"}, allWays...)
)

// stacks are those that dialtone is tested with.
var stacks = []stack{
	{
		name: "aiortc", dir: "aiortc", debian: "python3-aiortc", ways: roomAndAll,
		quirk: "ignores the loopback interface; the test replaces its list of addresses",
	},
	{
		name: "GStreamer webrtcbin", dir: "gstreamer", debian: "gstreamer1.0-plugins-bad", ways: allWays,
		quirk: "writes `OPUS` instead of `opus`; offers TCP candidates too; a pipeline that stops does not notify the peer, so that " +
			"without a `reject` on the control channel or a DELETE the path falls silent (exit 5)",
	},
	{
		name: "werift", dir: "werift", ways: allWays,
		quirk: "writes `OPUS` too; `close()` does not notify the peer, with the same result; has no encoder: the test sends packets of a clip",
	},
	{
		name: "node-datachannel (libdatachannel)", dir: "node-datachannel", ways: allWays,
		quirk: "has no encoder: the test sends packets of a clip; under load, it sometimes ignores candidates in a description",
	},
	{
		name: "Chromium", dir: "chromium", debian: "chromium", page: &inChromium, ways: roomAndAll,
		quirk: "hides its addresses behind mDNS names by default; a page cannot listen, so it only offers, except in a room",
	},
	{
		name: "Firefox", dir: "firefox", debian: "firefox-esr", page: &inFirefox, ways: roomAndAll,
		quirk: "hides its addresses behind mDNS names, and answers for them only from its first check; has H264 only after a download " +
			"(OpenH264), or with other settings; only offers, except in a room",
	},
	{
		name: "Janus", dir: "janus", debian: "janus", ways: []string{"whip", "echo", "play"},
		quirk: "has an API of its own (`--preset janus`, `janus-subscribe`): the echo test, and a room whose offers it makes; WHIP by a server " +
			"before it that makes a publisher of each POST, as simple-whip-server does; does not report what it received: what it sends on shows it",
	},
}

// encounter is one call between dialtone and a stack.
type encounter struct {
	stack   stack
	way     string // room, offer, whip or whep; echo and play: those of Janus
	offered bool   // the stack offered
}

// name is that of the subtest.
func (e encounter) name() string {
	return e.stack.dir + " " + e.way + " " + map[bool]string{true: "offers", false: "answers"}[e.offered]
}

// encounters are all that there are.
func encounters() []encounter {
	var all []encounter
	for _, s := range stacks {
		for _, way := range s.ways {
			if s.dir == "janus" { // it is a server
				all = append(all, encounter{s, way, way == "play"})
				continue
			}
			all = append(all, encounter{s, way, true})
			if s.page == nil || way == "room" {
				all = append(all, encounter{s, way, false})
			}
		}
	}
	return all
}

// data reports whether the call has data channels.
func (e encounter) data() bool { return e.way == "offer" || e.way == "room" }

// flows tells which way media goes, seen from dialtone.
func (e encounter) flows() (in, out bool) {
	if e.way == "echo" || e.way == "play" {
		return true, e.way == "echo"
	}
	return e.data() || (e.way == "whip") == e.offered, e.data() || (e.way == "whep") == e.offered
}

// place makes the call and returns what both sides say of it. The error is errCounterpart.
func (e encounter) place(t *testing.T) (*call.Call, seen, error) {
	t.Helper()
	if e.stack.dir == "janus" {
		c, s := e.placeJanus(t)
		return c, s, nil
	}
	recording := filepath.Join(t.TempDir(), "call.jsonl")
	var ours *tool
	var theirs seen
	var err error
	switch {
	case e.way == "room":
		ours, theirs, err = e.meet(t, recording)
	case e.offered:
		ours, theirs, err = e.called(t, recording)
	default:
		c := startCounterpart(t, e.stack, "answer", "--signaling", e.way)
		var endpoint string
		if endpoint, err = c.line("listening"); err != nil {
			return nil, seen{}, err
		}
		ours = startTool(t, "call", "--"+e.way, strings.TrimPrefix(endpoint, "on "), "--for", "4s", "--record", recording)
		theirs, err = c.saw()
	}
	if err != nil {
		return nil, seen{}, err
	}
	if code := ours.exits(); code != int(diag.ExitPass) {
		t.Errorf("dialtone exits with %d:\n%s\n%s", code, strings.Join(ours.stdout, "\n"), ours.stderr.String())
	}
	return folded(t, recording), theirs, nil
}

// called lets the counterpart post an offer to dialtone answer.
func (e encounter) called(t *testing.T, recording string) (*tool, seen, error) {
	t.Helper()
	flag := map[string]string{"offer": "--listen", "whip": "--whip", "whep": "--whep"}[e.way]
	ours := startTool(t, "answer", flag, "127.0.0.1:0", "--once", "--record", recording)
	endpoint := strings.TrimPrefix(ours.await("listening on "), "listening on ")
	if e.stack.page != nil {
		theirs, err := browserSaw(t, e.stack.page, e.way, endpoint)
		return ours, theirs, err
	}
	theirs, err := startCounterpart(t, e.stack, "offer", endpoint, "--signaling", e.way).saw()
	return ours, theirs, err
}

// meet makes the call through dialtone serve: who dials first offers.
func (e encounter) meet(t *testing.T, recording string) (*tool, seen, error) {
	t.Helper()
	page := startServe(t)
	if e.stack.page != nil {
		ours, theirs := e.meetPage(t, page, recording)
		return ours, theirs, nil
	}
	if e.offered {
		c := startCounterpart(t, e.stack, "offer", page, "--signaling", e.way)
		if _, err := c.line("waiting"); err != nil {
			return nil, seen{}, err
		}
		ours := startTool(t, "answer", "w1", "--once", "--server", page, "--record", recording)
		theirs, err := c.saw()
		return ours, theirs, err
	}
	ours := startTool(t, "call", "w1", "--server", page, "--for", "4s", "--record", recording)
	ours.await("waiting")
	theirs, err := startCounterpart(t, e.stack, "answer", page, "--signaling", e.way).saw()
	return ours, theirs, err
}

// meetPage makes the call with the call page, which offers if it dials first.
func (e encounter) meetPage(t *testing.T, page, recording string) (*tool, seen) {
	t.Helper()
	b := openTab(t, *e.stack.page, "page", page+"?code=w1", watchChannels)
	if e.offered {
		b.click("call")
		b.state("waiting")
		ours := startTool(t, "answer", "w1", "--once", "--server", page, "--record", recording)
		b.say("good evening")
		b.heard("good evening") // answer sends messages back
		s := b.pageSaw()
		s.Echoed = true
		ours.await("media.first_frame  inbound")
		b.click("hang-up")
		return ours, s
	}
	ours := startTool(t, "call", "w1", "--server", page, "--plain", "--record", recording)
	ours.await("waiting")
	b.click("call")
	s := b.pageSaw()
	ours.await("channel.ping")
	ours.await("media.first_frame  inbound")
	b.click("hang-up")
	return ours, s
}

// judge compares what both sides saw with what was to be seen, and makes a line of the matrix of it.
func (e encounter) judge(t *testing.T, c *call.Call, s seen) matrixRow {
	t.Helper()
	if c.Selected == nil || c.DTLS.Role == "" || c.DTLS.Version == "" {
		t.Errorf("path %+v, DTLS %+v", c.Selected, c.DTLS)
	}
	row := matrixRow{stack: e.stack.name, version: s.Version, way: e.way, offers: "dialtone", dtls: c.DTLS.Version + ", " + c.DTLS.Role, data: "–"}
	if e.offered {
		row.offers = "peer"
	}
	row.audio, row.video = e.media(t, c, "audio", s.Audio), e.media(t, c, "video", s.Video)
	if e.data() {
		row.data = e.channels(t, c, s)
	}
	if c.Ended != nil {
		row.ended = string(c.Ended.Reason)
	}
	return row
}

// media compares the packets that dialtone sent and received with those of the counterpart.
func (e encounter) media(t *testing.T, c *call.Call, kind string, theirs int) string {
	t.Helper()
	in, out := e.flows()
	var received, sent uint64
	if last := c.Latest(); last != nil {
		for _, r := range last.Inbound {
			if r.Kind == kind {
				received += diag.OrZero(r.PacketsReceived)
			}
		}
		for _, r := range last.Outbound {
			if r.Kind == kind {
				sent += diag.OrZero(r.PacketsSent)
			}
		}
	}
	if in != (received > 10) {
		t.Errorf("%s: dialtone received %d packets", kind, received)
	}
	if out != (sent > 20) || out != (theirs > 10) {
		t.Errorf("%s: dialtone sent %d packets, the counterpart took %d", kind, sent, theirs)
	}
	return map[[2]bool]string{{true, true}: "both ways", {true, false}: "to dialtone", {false, true}: "from dialtone"}[[2]bool{received > 10, theirs > 10}]
}

// channels looks for messages both ways: theirs come back from dialtone answer, and they answer the pings of dialtone call.
func (e encounter) channels(t *testing.T, c *call.Call, s seen) string {
	t.Helper()
	if e.offered {
		if !s.Echoed {
			t.Error("the counterpart's message did not come back")
		}
		return "peer's message echoed"
	}
	for _, label := range []string{diag.LabelControlLegacy, diag.LabelControl, diag.LabelChat, diag.LabelPing} {
		if !slices.Contains(s.Channels, label) {
			t.Errorf("the counterpart has seen no channel %s: %v", label, s.Channels)
		}
	}
	if c.Pings.Count == 0 {
		t.Error("no ping was answered")
	}
	return "pings answered"
}

// encountersAtOnce is how many calls TestInterop places at a time.
const encountersAtOnce = 3

// TestInterop places calls with what others built, both sides offering, over each signaling that they can. With -update it
// writes docs/explanation/evidence.md, else it compares.
func TestInterop(t *testing.T) {
	if !*update {
		labtest.NeedTime(t)
	}
	t.Parallel()
	var mu sync.Mutex
	var rows []matrixRow
	seats := make(chan struct{}, encountersAtOnce)
	var group sync.WaitGroup
	for i, e := range encounters() {
		if i%5 != 3 && i != 0 && !labtest.Nightly() && !*update { // what is left has each stack, each way and both roles
			continue
		}
		seats <- struct{}{}
		group.Go(func() {
			defer func() { <-seats }()
			t.Run(e.name(), func(t *testing.T) {
				call, theirs, err := e.place(t)
				if err != nil { // a fault of theirs: once more
					t.Log(err)
					if call, theirs, err = e.place(t); err != nil {
						t.Fatal(err)
					}
				}
				row := e.judge(t, call, theirs)
				t.Logf("%+v; the counterpart: %+v", row, theirs)
				mu.Lock()
				defer mu.Unlock()
				rows = append(rows, row)
			})
		})
	}
	group.Wait()
	if !t.Failed() {
		checkMatrix(t, rows)
	}
}
