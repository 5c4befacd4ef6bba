//go:build unix

package main

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"dialtone/diag"
	"dialtone/diag/lab/labtest"
)

// janusFolders are where Debian has the parts of Janus.
const janusFolders = "/usr/lib/*/janus"

// janus starts Debian's Janus on the loopback interface, with its REST API, the echo test and a room, and returns the
// address of the API.
func janus(t *testing.T) string {
	t.Helper()
	program := labtest.NeedProgram(t, "janus")
	folders, err := filepath.Glob(janusFolders)
	if err != nil || len(folders) == 0 {
		t.Fatalf("no %s: %v", janusFolders, err)
	}
	dir := t.TempDir()
	write := func(name, text string) {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	var others []string
	for _, pattern := range []string{"plugins/*.so", "transports/*.so"} {
		files, err := filepath.Glob(filepath.Join(folders[0], pattern))
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			switch name := filepath.Base(file); name {
			case "libjanus_echotest.so", "libjanus_videoroom.so", "libjanus_http.so":
			default:
				others = append(others, name)
			}
		}
	}
	disabled := strings.Join(others, ",")
	write("janus.jcfg", fmt.Sprintf(`general: {
  configs_folder = %q
  plugins_folder = %q
  transports_folder = %q
  interface = "127.0.0.1"
}
plugins: { disable = %q }
transports: { disable = %q }
nat: { ice_enforce_list = "lo", ice_ignore_list = "" }
`, dir, folders[0]+"/plugins", folders[0]+"/transports", disabled, disabled))
	write("janus.plugin.videoroom.jcfg", fmt.Sprintf("room-%d: { description = \"test\", publishers = 6, audiocodec = \"opus,g722,pcmu,pcma\", videocodec = \"vp8,vp9,h264,av1\" }\n", janusRoom))
	ports := labtest.Server{
		Program: program, Ports: 1,
		Args: func(ports []string) []string {
			write("janus.transport.http.jcfg", "general: { base_path = \"/janus\", http = true, ip = \"127.0.0.1\", port = "+ports[0]+" }\nadmin: { admin_http = false }\n")
			return []string{"--configs-folder", dir, "--config", filepath.Join(dir, "janus.jcfg")}
		},
		Answers: func(ctx context.Context, ports []string) bool {
			r, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://127.0.0.1:"+ports[0]+"/janus/info", nil)
			if err != nil {
				return false
			}
			a, err := http.DefaultClient.Do(r)
			if err == nil {
				_ = a.Body.Close()
			}
			return err == nil && a.StatusCode == http.StatusOK
		},
	}.Start(t)
	return "http://127.0.0.1:" + ports[0] + "/janus"
}

// TestJanus calls the real Janus over its REST API: the echo test, and a room in both directions.
func TestJanus(t *testing.T) {
	t.Parallel()
	url := janus(t)
	for _, more := range [][]string{nil, {"--trickle"}} {
		code, text := checked(t, append([]string{"--offer", url, "--preset", "janus", "--for", "2s"}, more...)...)
		if code != diag.ExitPass || !strings.Contains(text, "passed all(runs, .media.video.inbound.flows) true") || strings.Contains(text, "signal.") {
			t.Errorf("echo test %v: %v %s", more, code, text)
		}
	}
	if code, text := checked(t, "--offer", url, "--preset", "janus-subscribe"); code != diag.ExitSignaling || !strings.Contains(text, `no answer of the server contained "feed"`) || !strings.Contains(text, "explain preset/NAME") {
		t.Errorf("an empty room: %v %s", code, text)
	}
	if code, text := checked(t, "--offer", url, "--preset", "janus-publish", "--field", "room=99"); code != diag.ExitSignaling || !strings.Contains(text, "No such room (99)") {
		t.Errorf("no such room: %v %s", code, text)
	}
	publisher := startTool(t, "call", "--offer", url, "--preset", "janus-publish", "--plain")
	publisher.await("connection.state   connected")
	if code, text := checked(t, "--offer", url, "--preset", "janus-subscribe", "--for", "2s"); code != diag.ExitPass || !strings.Contains(text, "passed all(runs, .media.audio.inbound.flows) true") || !strings.Contains(text, "(answerer)") {
		t.Errorf("subscriber: %v %s", code, text)
	}
	if code := publisher.end(); code != int(diag.ExitInterrupted) {
		t.Errorf("the publisher exits with %d", code)
	}
}
