//go:build unix

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"dialtone/diag/lab/labtest"
)

const (
	// browserPatience bounds everything that a test does with one browser, and answerPatience one answer of it.
	browserPatience = 5 * time.Minute
	answerPatience  = 2 * time.Minute
)

// pages bounds how many tests with a page run at the same time.
var pages = make(chan struct{}, 3)

// besides lets a test with a page run at the same time as others. Tests that measure time do without.
func besides(t *testing.T) {
	t.Helper()
	t.Parallel()
	pages <- struct{}{}
	t.Cleanup(func() { <-pages })
}

// engine is a browser.
type engine struct {
	name string
	open func(t *testing.T, b *tab, scripts []string) driver // a page in a profile of its own
}

// engines are the browsers that the tests know.
var (
	inChromium    = engine{"Chromium", openChromium}
	inFirefox     = engine{"Firefox", openFirefox}
	inFirefoxH264 = engine{"Firefox with H264", openFirefoxH264}
	engines       = []engine{inChromium, inFirefox}
)

// driver drives a page.
type driver interface {
	navigate(address string) error
	evaluate(expression string) (json.RawMessage, error) // a promise is awaited
	click(id string) error                               // an element, when it can be clicked
	enter(id, text string) error                         // types a text and the enter key
}

// tab is a page in a browser.
type tab struct {
	t    *testing.T
	name string
	page driver

	mu         sync.Mutex
	complaints []string
	expected   string // what the console may say of failed requests
}

// expect lets the console say what it says of a request that is meant to fail.
func (b *tab) expect(text string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.expected = text
}

// complain keeps what the page must not do.
func (b *tab) complain(complaint string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.expected == "" || !strings.Contains(complaint, b.expected) {
		b.complaints = append(b.complaints, complaint)
	}
}

// watchConnections lets a test ask the page's connections for their statistics and credentials.
const watchConnections = `window.connections = []; RTCPeerConnection = class extends RTCPeerConnection {
	constructor(...a) { super(...a); connections.push(this); }
}; window.ufrag = () => connections.at(-1).localDescription.sdp.match(/ice-ufrag:(.*)/)[1]`

// smallPictures keeps cameras and test pictures small and slow: browsers encode and decode them on the processor, which is most of what
// their tests cost. The nightly tests have them as users do.
const smallPictures = `{
	const devices = navigator.mediaDevices, capture = HTMLCanvasElement.prototype.captureStream;
	const ask = devices?.getUserMedia.bind(devices);
	if (devices) devices.getUserMedia = (wish) => ask(wish.video ? { ...wish, video: { width: 320, height: 180, frameRate: 10 } } : wish);
	HTMLCanvasElement.prototype.captureStream = function () { return capture.call(this, 10); };
}`

// openTab opens an address. Whatever the console complains of fails the test at its end.
func openTab(t *testing.T, in engine, name, address string, scripts ...string) *tab {
	t.Helper()
	b := &tab{t: t, name: name}
	t.Cleanup(func() {
		b.mu.Lock()
		defer b.mu.Unlock()
		for _, c := range b.complaints {
			t.Errorf("%s: %s", name, c)
		}
	})
	if !labtest.Nightly() {
		scripts = append([]string{smallPictures}, scripts...) // a test may replace the devices
	}
	b.page = in.open(t, b, append([]string{watchConnections}, scripts...))
	b.visit(address)
	return b
}

// visit leaves the page for another.
func (b *tab) visit(address string) {
	b.t.Helper()
	b.must(b.page.navigate(address))
}

func (b *tab) must(err error) {
	b.t.Helper()
	if err != nil {
		b.t.Fatalf("%s: %v", b.name, err)
	}
}

// ask evaluates an expression, which may be a promise, into result.
func (b *tab) ask(expression string, result any) {
	b.t.Helper()
	raw, err := b.page.evaluate(expression)
	b.must(err)
	b.must(json.Unmarshal(raw, result))
}

// text is what an element shows.
func (b *tab) text(id string) string {
	b.t.Helper()
	var s string
	b.ask(`document.getElementById("`+id+`").innerText`, &s)
	return s
}

// await waits until an expression is true.
func (b *tab) await(expression string) {
	b.t.Helper()
	var met bool
	b.ask(`new Promise((done) => {
		const end = Date.now() + 90000;
		const look = async () => {
			const met = Boolean(await (`+expression+`));
			if (met || Date.now() > end) done(met); else setTimeout(look, 30);
		};
		look();
	})`, &met)
	if !met {
		var shown string
		b.ask(`document.body.innerText`, &shown)
		b.t.Fatalf("%s: not so within 90 s: %s\nshown:\n%s", b.name, expression, shown)
	}
}

// state waits for a state of the call.
func (b *tab) state(want string) {
	b.t.Helper()
	b.await(`document.getElementById("state").dataset.state === "` + want + `"`)
}

// outcome waits for the end of the call with a reason.
func (b *tab) outcome(reason string) {
	b.t.Helper()
	b.await(`document.getElementById("outcome").dataset.reason === "` + reason + `" && !document.getElementById("over").hidden`)
}

func (b *tab) click(id string) {
	b.t.Helper()
	b.must(b.page.click(id))
}

// say types a line of chat.
func (b *tab) say(text string) {
	b.t.Helper()
	b.await(`!document.getElementById("text").disabled`)
	b.must(b.page.enter("text", text))
}

// heard waits for a line of the other side.
func (b *tab) heard(text string) {
	b.t.Helper()
	quoted, err := json.Marshal(text)
	b.must(err)
	b.await(`[...document.querySelectorAll("#log .theirs span")].some((e) => e.textContent === ` + string(quoted) + `)`)
}

// flows waits until audio and video are sent and received: packets both ways, pictures that are decoded.
func (b *tab) flows() {
	b.t.Helper()
	b.await(`(async () => {
		const rows = [...(await connections.at(-1).getStats()).values()];
		const has = (type, kind, name) => rows.some((r) => r.type === type && r.kind === kind && r[name] > 5);
		return has("inbound-rtp", "audio", "packetsReceived") && has("inbound-rtp", "video", "framesDecoded")
			&& has("outbound-rtp", "audio", "packetsSent") && has("outbound-rtp", "video", "framesEncoded")
			&& document.getElementById("remote").videoWidth > 0;
	})()`)
}

// startServe runs dialtone serve and returns the address of its page.
func startServe(t *testing.T, args ...string) string {
	t.Helper()
	s := startTool(t, append([]string{"serve", "--listen", "127.0.0.1:0"}, args...)...)
	line := s.await("listening on ")
	return strings.TrimPrefix(line, "listening on ")
}

// tool is a dialtone without a terminal.
type tool struct {
	t      *testing.T
	cmd    *exec.Cmd
	ended  chan struct{}
	stderr bytes.Buffer // readable after ended

	mu      sync.Mutex
	stdout  []string
	changed chan struct{} // closed and replaced at each line
}

// startTool runs the real binary. Where the test has ended it is told to end too.
func startTool(t *testing.T, args ...string) *tool {
	t.Helper()
	program, err := exec.LookPath("dialtone") // TestMain has put it there
	if err != nil {
		t.Fatal(err)
	}
	return startProgram(t, program, args...)
}

func startProgram(t *testing.T, program string, args ...string) *tool {
	t.Helper()
	s := &tool{t: t, cmd: exec.CommandContext(context.WithoutCancel(t.Context()), program, args...), ended: make(chan struct{}), changed: make(chan struct{})}
	s.cmd.Dir, s.cmd.Stderr, s.cmd.Stdout = t.TempDir(), &s.stderr, s
	if err := s.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		defer close(s.ended)
		_ = s.cmd.Wait() // the exit code is in ProcessState
	}()
	t.Cleanup(func() { s.end() })
	return s
}

// Write takes the program's stdout.
func (s *tool) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.stdout = append(s.stdout, strings.Split(strings.TrimSuffix(string(p), "\n"), "\n")...)
	close(s.changed)
	s.changed = make(chan struct{})
	return len(p), nil
}

// await waits for a line of stdout that has a text in it.
func (s *tool) await(text string) string {
	s.t.Helper()
	return s.awaitTimes(text, 1)
}

// awaitTimes waits for a number of such lines and returns the last.
func (s *tool) awaitTimes(text string, times int) string {
	s.t.Helper()
	line, ok := s.says(text, times)
	if !ok {
		s.t.Fatalf("%v says no %q:\n%s", s.cmd.Args, text, s.said())
	}
	return line
}

// says waits, but not for ever, for a number of such lines, and returns the last.
func (s *tool) says(text string, times int) (string, bool) {
	late := time.After(patience)
	for {
		s.mu.Lock()
		lines, changed := s.stdout, s.changed
		s.mu.Unlock()
		found := 0
		for _, line := range lines {
			if !strings.Contains(line, text) {
				continue
			}
			if found++; found == times {
				return line, true
			}
		}
		select {
		case <-changed:
		case <-late:
			return "", false
		}
	}
}

// said is all that the program has written.
func (s *tool) said() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return strings.Join(s.stdout, "\n")
}

// exits waits for the program's own end and gives its exit code.
func (s *tool) exits() int {
	s.t.Helper()
	select {
	case <-s.ended:
	case <-time.After(patience):
		s.t.Errorf("%v does not end", s.cmd.Args)
		return s.end()
	}
	return s.cmd.ProcessState.ExitCode()
}

// end ends the program.
func (s *tool) end() int {
	_ = s.cmd.Process.Signal(syscall.SIGTERM) // it may have ended
	select {
	case <-s.ended:
	case <-time.After(patience):
		_ = s.cmd.Process.Kill()
		<-s.ended
	}
	return s.cmd.ProcessState.ExitCode()
}

// counter counts from several goroutines.
type counter struct {
	mu sync.Mutex
	n  int
}

// add gives the new count.
func (c *counter) add(n int) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.n += n
	return c.n
}

func (c *counter) get() int { return c.add(0) }

// readInto copies what is read of a body.
func readInto(body io.ReadCloser, into io.Writer) io.ReadCloser {
	return struct {
		io.Reader
		io.Closer
	}{io.TeeReader(body, into), body}
}
