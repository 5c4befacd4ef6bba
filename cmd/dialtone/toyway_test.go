package main

import (
	"context"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"dialtone/diag"
	"dialtone/signal"
	posting "dialtone/signal/post"
	"dialtone/signal/ways"
)

// toyWay is a way of signaling as a package of its own would declare it: the POST of an offer under other flags.
var toyWay = signal.Way{
	Name: "toy", Path: "/toy",
	Call:   []signal.Flag{{Name: "toy", Placeholder: "URL", Help: "Play with this address."}, {Name: "toy-color", Placeholder: "COLOR", Help: "The color."}},
	Answer: []signal.Flag{{Name: "toy", Placeholder: "HOST:PORT", Help: "Let others play."}},
	Check:  []signal.Flag{{Name: "toy", Placeholder: "URL", Help: "Check this address."}},
	Dial: func(ctx context.Context, s signal.Setup) (signal.Channel, error) {
		if s.Values["toy-color"] == "none" {
			return nil, &signal.Error{Op: "toy", Reason: signal.ReasonRefused, Err: io.ErrUnexpectedEOF}
		}
		return posting.Way.Dial(ctx, signal.Setup{Address: strings.TrimSuffix(s.Address, "/toy"), OnRequest: s.OnRequest})
	},
	Listen: func(signal.Setup) signal.Server { return posting.NewServer(posting.ServerOptions{}) },
}

// lockedText is written by a command and read by the test meanwhile.
type lockedText struct {
	mu    sync.Mutex
	b     strings.Builder
	grown chan struct{} // buffered, 1
}

func (l *lockedText) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	select {
	case l.grown <- struct{}{}:
	default:
	}
	return l.b.Write(p)
}

func (l *lockedText) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// await waits for the first submatch.
func (l *lockedText) await(t *testing.T, pattern string) string {
	t.Helper()
	for {
		if m := regexp.MustCompile(pattern).FindStringSubmatch(l.String()); m != nil {
			return m[1]
		}
		select {
		case <-l.grown:
		case <-t.Context().Done():
			t.Fatalf("no %s in:\n%s", pattern, l)
		}
	}
}

// TestToyWay adds a way of signaling by one line, and uses it in call, answer, check and a scenario.
func TestToyWay(t *testing.T) {
	all := ways.All
	ways.All = append(slices.Clone(all), toyWay)
	t.Cleanup(func() { ways.All = all })
	command := func(ctx context.Context, args ...string) (diag.Exit, *lockedText) {
		out := &lockedText{grown: make(chan struct{}, 1)}
		s := realStreams()
		s.In, s.Out, s.Err, s.Terminal, s.Environ = strings.NewReader(""), out, out, false, nil
		s.ConfigDir = func() (string, error) { return t.TempDir(), nil }
		return run(ctx, args, s), out
	}
	answered := &lockedText{grown: make(chan struct{}, 1)}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan diag.Exit, 1)
	go func() {
		s := realStreams()
		s.In, s.Out, s.Err, s.Terminal, s.Environ = strings.NewReader(""), answered, answered, false, nil
		s.ConfigDir = func() (string, error) { return "/nowhere", nil }
		ended <- run(ctx, []string{"answer", "--toy", "127.0.0.1:0"}, s)
	}()
	defer func() {
		stop()
		<-ended
	}()
	url := answered.await(t, `listening on (http://127\.0\.0\.1:\d+/toy)\n`)
	if !strings.Contains(answered.String(), "dialtone call --toy "+url) {
		t.Errorf("it does not say how to call:\n%s", answered)
	}
	if code, out := command(t.Context(), "call", "--toy", url, "--for", "1s"); code != diag.ExitPass || !strings.Contains(out.String(), "call via toy at "+url) {
		t.Errorf("call: %v\n%s", code, out)
	}
	code, out := command(t.Context(), "check", "--toy", url, "--for", "1s", "--no-media", "-o", "json")
	var report struct {
		Name   string
		Target struct{ Kind, URL string }
	}
	raw, _, _ := strings.Cut(out.String()[strings.Index(out.String(), "{"):], "\n}\n")
	if err := json.Unmarshal([]byte(raw+"\n}"), &report); code != diag.ExitPass || err != nil || report.Name != "toy" || report.Target.Kind != "toy" || report.Target.URL != url {
		t.Errorf("check: %v %v %+v\n%s", code, err, report, out)
	}
	scenario := filepath.Join(t.TempDir(), "toy.toml")
	text := "[[check]]\nname = \"play\"\ntoy = \"" + url + "\"\nfor = \"1s\"\nno_media = true\n"
	if err := os.WriteFile(scenario, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if code, out := command(t.Context(), "check", "--scenario", scenario); code != diag.ExitPass || !strings.Contains(out.String(), "play") {
		t.Errorf("scenario: %v\n%s", code, out)
	}
	for _, test := range []struct {
		args []string
		want diag.Exit
		says string
	}{
		{[]string{"call", "--help"}, diag.ExitPass, "--toy=URL"},
		{[]string{"call", "--toy", url, "--paste"}, diag.ExitUsage, "mutually exclusive"},
		{[]string{"call", "w1", "--toy-color", "red"}, diag.ExitUsage, "--toy-color requires --toy"},
		{[]string{"call", "--toy", url, "--token", "x"}, diag.ExitUsage, "--token requires"},
		{[]string{"call", "--toy", url, "--toy-color", "none"}, diag.ExitSignaling, "Start the server, or check the port."},
		{[]string{"answer", "--toy", "nowhere"}, diag.ExitUsage, "--toy: "},
		{[]string{"check", "--toy", url, "--loopback"}, diag.ExitUsage, "--loopback and --toy are mutually exclusive"},
	} {
		if code, out := command(t.Context(), test.args...); code != test.want || !strings.Contains(out.String(), test.says) {
			t.Errorf("%v: %v\n%s", test.args, code, out)
		}
	}
}
