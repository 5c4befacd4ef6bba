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
	"strings"
	"sync"
	"testing"
	"time"

	"dialtone/diag/lab/labtest"
)

// interopPatience bounds one call with a counterpart, and the installation of one.
const interopPatience = 90 * time.Second

// stack is what others built: a program under testdata/interop that plays the other end of a call.
type stack struct {
	name   string // as documented
	dir    string // under testdata/interop; its program is peer.py or peer.cjs
	module string // of Debian's Python; empty: it runs in Node.js, from the npm registry
	ways   []string
	quirk  string // what is peculiar to it, as documented
}

// python is Debian's interpreter: another one does not see the modules of Debian's packages.
const python = "/usr/bin/python3"

// interopDir is where the counterparts are.
func interopDir(t *testing.T) string {
	t.Helper()
	dir, err := filepath.Abs("../../testdata/interop")
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

// command is how the counterpart is run. Where something that it needs is missing, the test is skipped, or fails with CI=true.
func (s stack) command(t *testing.T) (argv, environ []string) {
	t.Helper()
	dir := filepath.Join(interopDir(t), s.dir)
	if s.module == "" {
		node := labtest.NeedProgram(t, "node")
		return []string{node, filepath.Join(dir, "peer.cjs")}, []string{"NODE_PATH=" + nodeModules(t, dir)}
	}
	labtest.NeedProgram(t, python)
	needs(t, exec.CommandContext(t.Context(), python, "-c", "import "+s.module), "the Python module "+s.module)
	return []string{python, "-B", filepath.Join(dir, "peer.py")}, nil
}

// needs runs a command that proves that something is there.
func needs(t *testing.T, c *exec.Cmd, what string) {
	t.Helper()
	out, err := c.CombinedOutput()
	if err == nil {
		return
	}
	out = bytes.TrimSpace(out[max(0, len(out)-500):])
	if os.Getenv("CI") == "true" {
		t.Fatalf("%s is required with CI=true: %v: %s", what, err, out)
	}
	t.Skipf("%s is not there: %v: %s", what, err, out)
}

// installing lets one test install at a time.
var installing sync.Mutex

// nodeModules installs what a package-lock.json names, once for all runs, and returns the directory of the modules.
func nodeModules(t *testing.T, dir string) string {
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
	if err := os.MkdirAll(place, 0o750); err != nil {
		t.Fatal(err)
	}
	for name, raw := range files {
		if err := os.WriteFile(filepath.Join(place, name), raw, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), interopPatience)
	defer cancel()
	install := exec.CommandContext(ctx, npm, "ci", "--no-audit", "--no-fund")
	install.Dir = place
	needs(t, install, "what "+filepath.Base(dir)+" consists of, from the npm registry,")
	if err := os.WriteFile(done, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	return modules
}

// seen is what a counterpart has seen of a call.
type seen struct {
	Version  string   `json:"version"`
	Audio    int      `json:"audio"` // packets or frames that came in
	Video    int      `json:"video"`
	Echoed   bool     `json:"echoed"` // its message came back
	Channels []string `json:"channels"`
	Ended    string   `json:"ended"`
}

// counterpart is a program of others' making that runs.
type counterpart struct {
	t      *testing.T
	cmd    *exec.Cmd
	lines  chan string // of stdout, closed at its end
	stderr bytes.Buffer
}

// startCounterpart runs the program of a stack; its end is the test's at the latest.
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
			t.Log(s.name, line) // what nobody wanted
		}
		_ = c.cmd.Wait()
		cancel()
		if t.Failed() || c.cmd.ProcessState.ExitCode() > 0 {
			t.Logf("%s: %s", s.name, c.stderr.String())
		}
	})
	return c
}

// errCounterpart is that a counterpart has failed, not dialtone.
var errCounterpart = errors.New("the counterpart ended without telling")

// line waits for a line that begins with a word and returns the rest of it.
func (c *counterpart) line(word string) (string, error) {
	for line := range c.lines {
		if rest, ok := strings.CutPrefix(line, word+" "); ok {
			return rest, nil
		}
	}
	return "", fmt.Errorf("%w %q", errCounterpart, word)
}

// saw waits for the counterpart's report.
func (c *counterpart) saw() (seen, error) {
	var s seen
	line, err := c.line("saw")
	if err == nil {
		err = json.Unmarshal([]byte(line), &s)
	}
	return s, err
}

// chromiumSaw lets a page in Chromium place a call, and returns what the page has seen. The page cannot be called: it can only offer.
func chromiumSaw(t *testing.T, way, endpoint string) (seen, error) {
	t.Helper()
	site := httptest.NewServer(http.FileServer(http.Dir(filepath.Join(interopDir(t), "chromium"))))
	defer site.Close()
	b := openTab(t, openBrowser(t), "page", site.URL+"/?"+url.Values{"signaling": {way}, "url": {endpoint}}.Encode())
	b.await(`window.saw`)
	var s seen
	b.ask(`window.saw`, &s)
	return s, nil
}
