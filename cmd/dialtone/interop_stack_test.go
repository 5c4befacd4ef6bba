//go:build unix

package main

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"dialtone/diag/lab/labtest"
)

// interopPatience bounds one call with a counterpart, and the installation of one.
const interopPatience = 90 * time.Second

// stack is another implementation of WebRTC: a program under testdata/interop that is the peer of a call.
type stack struct {
	name   string  // as documented
	dir    string  // under testdata/interop; its program is peer.py or peer.cjs
	page   *engine // instead of a program: a browser, which can only offer, except in a room
	debian string  // the Debian package, in Python; empty: it runs in Node.js, from the npm registry
	ways   []string
	quirk  string // its peculiarities, as documented
}

// interopDir has the counterparts.
const interopDir = "../../testdata/interop"

// command is how the counterpart is run. If the machine lacks something that the counterpart imports or uses, which the
// program checks itself, the test is skipped, or fails with CI=true.
func (s stack) command(t testing.TB) (argv, environ []string) {
	t.Helper()
	dir := filepath.Join(interopDir, s.dir)
	if s.debian != "" {
		program := []string{"-B", filepath.Join(dir, "peer.py")}
		python := labtest.NeedPython(t, append(slices.Clone(program), "check")...)
		return append([]string{python}, program...), nil
	}
	argv = []string{labtest.NeedProgram(t, "node"), filepath.Join(dir, "peer.cjs")}
	environ = []string{"NODE_PATH=" + nodeModules(t, dir)}
	check := exec.CommandContext(t.Context(), argv[0], argv[1], "check")
	check.Env = append(os.Environ(), environ...)
	labtest.NeedSuccess(t, s.name, check)
	return argv, environ
}

// installing lets one test install at a time.
var installing sync.Mutex

// nodeModules installs the packages of a package-lock.json, once for all runs, and returns the directory of the modules.
func nodeModules(t testing.TB, dir string) string {
	t.Helper()
	installing.Lock()
	defer installing.Unlock()
	npm := labtest.NeedProgram(t, "npm")
	files := map[string][]byte{}
	for _, name := range []string{"package.json", "package-lock.json"} {
		raw, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		files[name] = raw
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(files["package-lock.json"])
	place := filepath.Join(cache, "dialtone-interop", filepath.Base(dir)+"-"+hex.EncodeToString(sum[:6]))
	modules, done := filepath.Join(place, "node_modules"), filepath.Join(place, "installed")
	if _, err := os.Stat(done); err == nil {
		return modules
	}
	if err := os.MkdirAll(filepath.Dir(place), 0o750); err != nil {
		t.Fatal(err)
	}
	half, err := os.MkdirTemp(filepath.Dir(place), "half-") // another process may install them at this very time
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = os.RemoveAll(half) }()
	ctx, cancel := context.WithTimeout(t.Context(), interopPatience)
	defer cancel()
	install := exec.CommandContext(ctx, npm, "ci", "--no-audit", "--no-fund")
	install.Dir = half
	for name, raw := range files {
		if err := os.WriteFile(filepath.Join(half, name), raw, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	labtest.NeedSuccess(t, "the npm packages of "+filepath.Base(dir), install)
	if err := os.WriteFile(filepath.Join(half, "installed"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	failed := os.Rename(half, place)
	if _, err := os.Stat(done); err != nil {
		t.Fatal(errors.Join(failed, err))
	}
	return modules
}

// seen is the report of a counterpart about a call.
type seen struct {
	Version  string   `json:"version"`
	Audio    int      `json:"audio"` // packets or frames that came in
	Video    int      `json:"video"`
	Echoed   bool     `json:"echoed"` // its message came back
	Channels []string `json:"channels"`
	Ended    string   `json:"ended"`
}

// counterpart is a running program of a stack.
type counterpart struct {
	t      *testing.T
	cmd    *exec.Cmd
	lines  chan string // of stdout, closed at its end
	stderr bytes.Buffer
}

// startCounterpart runs the program of a stack until the end of the test at the latest.
func startCounterpart(t *testing.T, s stack, args ...string) *counterpart {
	t.Helper()
	argv, environ := s.command(t)
	ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), interopPatience)
	c := &counterpart{t: t, cmd: exec.CommandContext(ctx, argv[0], append(argv[1:], args...)...), lines: make(chan string, 100)}
	c.cmd.Env, c.cmd.Stderr = append(os.Environ(), environ...), &c.stderr
	stdout, err := c.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		defer close(c.lines)
		for s := bufio.NewScanner(stdout); s.Scan(); {
			c.lines <- s.Text()
		}
	}()
	t.Cleanup(func() {
		_ = c.cmd.Process.Kill() // it has ended already unless the test failed
		for line := range c.lines {
			t.Log(s.name, line) // not awaited
		}
		_ = c.cmd.Wait()
		cancel()
		if t.Failed() || c.cmd.ProcessState.ExitCode() > 0 {
			t.Logf("%s: %s", s.name, c.stderr.String())
		}
	})
	return c
}

// errCounterpart reports that a counterpart has failed, not dialtone.
var errCounterpart = errors.New("the counterpart ended without printing")

// line waits for a line that begins with a word and returns the rest of it.
func (c *counterpart) line(word string) (string, error) {
	for line := range c.lines {
		if rest, ok := strings.CutPrefix(line, word+" "); ok {
			return rest, nil
		}
	}
	return "", fmt.Errorf("%w %q", errCounterpart, word)
}

// saw waits for the report of the counterpart.
func (c *counterpart) saw() (seen, error) {
	var s seen
	line, err := c.line("saw")
	if err == nil {
		err = json.Unmarshal([]byte(line), &s)
	}
	return s, err
}

// browserSaw lets a page in a browser place a call, and returns what the page has seen.
func browserSaw(t *testing.T, in *engine, way, endpoint string) (seen, error) {
	t.Helper()
	site := httptest.NewServer(http.FileServer(http.Dir(filepath.Join(interopDir, "page"))))
	defer site.Close()
	b := openTab(t, *in, "page", site.URL+"/?"+url.Values{"signaling": {way}, "url": {endpoint}}.Encode())
	b.await(`window.saw`)
	var s seen
	b.ask(`window.saw`, &s)
	return s, nil
}

// watchChannels lets a test ask which channels the page's connections were given.
const watchChannels = `window.given = []; RTCPeerConnection = class extends RTCPeerConnection {
	constructor(...a) { super(...a); this.addEventListener("datachannel", (e) => given.push(e.channel.label)); }
}`

// pageSaw is what the call page has seen of its call in a room, once media has come both ways.
func (b *tab) pageSaw() (s seen) {
	b.t.Helper()
	b.state("connected")
	b.flows()
	b.await(`(async () => [...(await connections.at(-1).getStats()).values()].every((r) => r.type !== "inbound-rtp" || r.packetsReceived > 20))()`)
	b.ask(`(async () => {
		const version = (await navigator.userAgentData?.getHighEntropyValues(["uaFullVersion"]))?.uaFullVersion;
		const saw = { version: version ?? /Firefox\/([\d.]+)/.exec(navigator.userAgent)[1], audio: 0, video: 0, channels: given };
		for (const r of (await connections.at(-1).getStats()).values()) {
			if (r.type === "inbound-rtp") saw[r.kind] = r.packetsReceived;
		}
		return saw;
	})()`, &s)
	return s
}

// TestHalfInstalledCounterpart: a module of Python that is there does not mean that a call is possible.
func TestHalfInstalledCounterpart(t *testing.T) {
	labtest.NeedPython(t, "-c", "pass")
	gstreamer := stacks[slices.IndexFunc(stacks, func(s stack) bool { return s.dir == "gstreamer" })]
	modules := t.TempDir() // gi is there, Gst is not
	fake := "def require_version(name, version):\n    raise ValueError('Namespace %s not available' % name)\n"
	if err := os.WriteFile(filepath.Join(modules, "gi.py"), []byte(fake), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PYTHONPATH", modules)
	for ci, want := range map[string]string{"": "skipped", "true": "failed"} {
		t.Setenv("CI", ci)
		r := &endRecorder{TB: t}
		gstreamer.command(r)
		if r.ended != want || !strings.Contains(r.why, "Namespace Gst not available") {
			t.Errorf("CI=%q: %q: %s", ci, r.ended, r.why)
		}
	}
}

// endRecorder records how a test would have ended.
type endRecorder struct {
	testing.TB
	ended, why string
}

func (r *endRecorder) Helper() {}

func (r *endRecorder) Skipf(format string, args ...any) {
	r.ended, r.why = "skipped", fmt.Sprintf(format, args...)
}

func (r *endRecorder) Fatalf(format string, args ...any) {
	r.ended, r.why = "failed", fmt.Sprintf(format, args...)
}
