//go:build linux

package main

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"dialtone/diag/lab/labtest"
)

// TestServersThatAMediaServerNames: a media server that names a host that does not answer as its STUN and TURN servers,
// 40 times, makes a call send that host 100 packets and then 5 a second, the search for the cause included.
func TestServersThatAMediaServerNames(t *testing.T) {
	t.Parallel()
	const victim = "127.0.0.66"
	var packets atomic.Int64
	var links []string
	for range 40 {
		pc, err := (&net.ListenConfig{}).ListenPacket(t.Context(), "udp4", victim+":0")
		if err != nil {
			labtest.Missing(t, "a loopback address beside 127.0.0.1: %v", err)
		}
		t.Cleanup(func() { _ = pc.Close() })
		links = append(links, fmt.Sprintf(`<turn:%s?transport=udp>; rel="ice-server"; username="u"; credential="p"`, pc.LocalAddr()))
		go func() {
			for b := make([]byte, 2000); ; packets.Add(1) {
				if _, _, err := pc.ReadFrom(b); err != nil {
					return
				}
			}
		}()
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		offer, _ := io.ReadAll(r.Body)
		w.Header()["Link"] = links
		if r.Method != http.MethodPost {
			return
		}
		var answer strings.Builder
		for line := range strings.Lines(string(offer)) {
			if !strings.HasPrefix(line, "a=candidate") {
				answer.WriteString(strings.NewReplacer("a=setup:actpass", "a=setup:passive", "a=sendonly", "a=recvonly").Replace(line))
			}
		}
		w.Header().Set("Content-Type", "application/sdp")
		w.Header().Set("Location", "/session")
		w.WriteHeader(http.StatusCreated)
		_, _ = io.WriteString(w, answer.String())
	}))
	defer server.Close()
	begun := time.Now()
	out, _ := exec.CommandContext(t.Context(), needBinary(t), "check", "--whip", server.URL, "--for", "1s").CombinedOutput() //nolint:gosec // it fails
	n, most := packets.Load(), int64(100+5*time.Since(begun).Seconds())
	if !strings.Contains(string(out), "was not asked: its host") {
		t.Errorf("that servers were not asked is not reported:\n%s", out)
	}
	t.Logf("%d packets, at most %d", n, most)
	if n == 0 || n > most {
		t.Errorf("%d packets, at most %d\n%s", n, most, out)
	}
}
