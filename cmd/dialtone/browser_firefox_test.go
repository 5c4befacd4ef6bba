//go:build unix

package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"dialtone/diag/lab/labtest"
)

// firefoxes are one for all tests, as it is installed, and one with H264, driven by testdata/interop/firefox/driver.cjs.
var firefoxes struct {
	sync.Mutex
	running map[bool]*firefoxDriver // by whether it has H264
}

// firefoxDriver is the program that drives Firefox over WebDriver BiDi.
type firefoxDriver struct {
	version string
	stderr  bytes.Buffer // readable after ended
	ended   chan struct{}

	mu      sync.Mutex
	stdin   io.WriteCloser
	last    int                         // ID of a request or a page
	waiting map[int]chan firefoxMessage // requests
	pages   map[int]*tab
}

// firefoxMessage is a line from the driver.
type firefoxMessage struct {
	ID        int
	Value     json.RawMessage
	Error     string
	Page      int
	Complaint string
	Version   string
}

// startFirefox starts the browser for the first test that needs it; TestMain ends it. Where Firefox or what drives it is missing
// or does not run, the test is skipped, or fails with CI=true.
func startFirefox(t testing.TB, h264 bool) *firefoxDriver {
	t.Helper()
	firefoxes.Lock()
	defer firefoxes.Unlock()
	if d := firefoxes.running[h264]; d != nil {
		return d
	}
	var preload []string
	if h264 {
		preload = append(preload, withoutLookahead(t))
	}
	d := runFirefox(t, preload...)
	if d != nil {
		if firefoxes.running == nil {
			firefoxes.running = map[bool]*firefoxDriver{}
		}
		firefoxes.running[h264] = d
		atEnd(d.end)
	}
	return d
}

// withoutLookahead compiles the library without which a Firefox that has not downloaded OpenH264 sends no H264.
func withoutLookahead(t testing.TB) string {
	t.Helper()
	gcc := labtest.NeedProgram(t, "gcc")
	labtest.NeedProgram(t, "ffmpeg") // its libavcodec
	dir, err := os.MkdirTemp("", "firefox")
	if err != nil {
		t.Fatal(err)
	}
	atEnd(func() { _ = os.RemoveAll(dir) })
	library := filepath.Join(dir, "lookahead.so")
	compile := exec.CommandContext(t.Context(), gcc, "-shared", "-fPIC", "-o", library, filepath.Join(interopDir, "firefox", "lookahead.c"))
	labtest.NeedSuccess(t, "lookahead.c", compile)
	return library
}

// runFirefox starts a browser, with libraries to preload; nil: it does not start.
func runFirefox(t testing.TB, preload ...string) *firefoxDriver {
	t.Helper()
	program, node := labtest.NeedProgram(t, "firefox-esr"), labtest.NeedProgram(t, "node")
	dir := filepath.Join(interopDir, "firefox")
	arguments := append([]string{filepath.Join(dir, "driver.cjs"), program}, preload...)
	cmd := exec.CommandContext(context.Background(), node, arguments...)
	cmd.Env = append(os.Environ(), "NODE_PATH="+nodeModules(t, dir))
	d := &firefoxDriver{ended: make(chan struct{}), waiting: map[int]chan firefoxMessage{}, pages: map[int]*tab{}}
	stdin, errIn := cmd.StdinPipe()
	stdout, errOut := cmd.StdoutPipe()
	cmd.Stderr, d.stdin = &d.stderr, stdin
	if err := errors.Join(errIn, errOut, cmd.Start()); err != nil {
		t.Fatal(err)
	}
	started := make(chan string, 1)
	go func() {
		defer close(d.ended)
		d.read(stdout, started)
		_ = cmd.Wait()
	}()
	select {
	case d.version = <-started:
		return d
	case <-d.ended:
		labtest.Missing(t, "Firefox does not start: %s", d.stderr.String())
	case <-time.After(browserPatience):
		_ = cmd.Process.Kill()
		<-d.ended
		labtest.Missing(t, "Firefox does not start within %s: %s", browserPatience, d.stderr.String())
	}
	return nil
}

// read hands the driver's messages out until it ends.
func (d *firefoxDriver) read(stdout io.Reader, started chan<- string) {
	lines := bufio.NewReader(stdout)
	for {
		line, err := lines.ReadBytes('\n')
		if err != nil {
			return
		}
		var m firefoxMessage
		if json.Unmarshal(line, &m) != nil {
			continue
		}
		d.mu.Lock()
		reply, page := d.waiting[m.ID], d.pages[m.Page]
		delete(d.waiting, m.ID)
		d.mu.Unlock()
		switch {
		case m.Version != "":
			started <- m.Version
		case reply != nil:
			reply <- m
		case page != nil:
			page.complain(m.Complaint)
		}
	}
}

// ask sends a request and waits for its value.
func (d *firefoxDriver) ask(do string, page int, fields map[string]any) (json.RawMessage, error) {
	reply := make(chan firefoxMessage, 1)
	request := map[string]any{"do": do, "page": page}
	for name, value := range fields {
		request[name] = value
	}
	d.mu.Lock()
	d.last++
	request["id"] = d.last
	d.waiting[d.last] = reply
	line, err := json.Marshal(request)
	if err == nil {
		_, err = d.stdin.Write(append(line, '\n'))
	}
	d.mu.Unlock()
	if err != nil {
		return nil, err
	}
	select {
	case m := <-reply:
		if m.Error != "" {
			return nil, fmt.Errorf("%s: %s", do, m.Error)
		}
		return m.Value, nil
	case <-d.ended:
		return nil, fmt.Errorf("%s: Firefox has ended: %s", do, d.stderr.String())
	case <-time.After(answerPatience):
		return nil, fmt.Errorf("%s: no answer of Firefox within %s", do, answerPatience)
	}
}

// end closes the browser.
func (d *firefoxDriver) end() {
	_ = d.stdin.Close()
	<-d.ended
}

// firefoxPage drives a page in Firefox.
type firefoxPage struct {
	d  *firefoxDriver
	id int
}

// openFirefox opens a page in a profile of its own.
func openFirefox(t *testing.T, b *tab, scripts []string) driver {
	t.Helper()
	return startFirefox(t, false).open(t, b, scripts)
}

// openFirefoxH264 does so in a Firefox with H264.
func openFirefoxH264(t *testing.T, b *tab, scripts []string) driver {
	t.Helper()
	return startFirefox(t, true).open(t, b, scripts)
}

func (d *firefoxDriver) open(t *testing.T, b *tab, scripts []string) driver {
	t.Helper()
	d.mu.Lock()
	d.last++
	p := firefoxPage{d, d.last}
	d.pages[p.id] = b
	d.mu.Unlock()
	_, err := d.ask("open", p.id, map[string]any{"scripts": scripts})
	b.must(err)
	t.Cleanup(func() {
		_, err := d.ask("close", p.id, nil)
		if err != nil {
			t.Error(err)
		}
		d.mu.Lock()
		defer d.mu.Unlock()
		delete(d.pages, p.id)
	})
	return p
}

func (p firefoxPage) navigate(address string) error {
	_, err := p.d.ask("go", p.id, map[string]any{"url": address})
	return err
}

// evaluate returns the value, which travels as text.
func (p firefoxPage) evaluate(expression string) (json.RawMessage, error) {
	value, err := p.d.ask("evaluate", p.id, map[string]any{"expression": expression})
	var text string
	if err == nil {
		err = json.Unmarshal(value, &text)
	}
	return json.RawMessage(text), err
}

func (p firefoxPage) click(id string) error {
	_, err := p.d.ask("click", p.id, map[string]any{"element": id})
	return err
}

func (p firefoxPage) enter(id, text string) error {
	_, err := p.d.ask("enter", p.id, map[string]any{"element": id, "text": text})
	return err
}
