//go:build linux

package main

import (
	"bufio"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"dialtone/diag/lab/labtest"
)

// maxFloodMemory is what a server may take under each flood, in KiB.
const maxFloodMemory = 150 << 10

// TestMemoryUnderFloods: the real server under several floods needs little memory, and serves others within a second.
func TestMemoryUnderFloods(t *testing.T) {
	s := startProgram(t, needBinary(t), "serve", "--listen", "127.0.0.1:0", "--turn", "127.0.0.1:0", "--turn-user", "ann", "--turn-pass", "secret",
		"--log-level", "error")
	page := strings.TrimPrefix(s.await("listening on "), "listening on ")
	address := strings.TrimSuffix(strings.TrimPrefix(page, "http://"), "/call/")
	_, turn, _ := strings.Cut(s.await("TURN:"), "turn:")
	turn, _, _ = strings.Cut(turn, "?")
	body := func(n int, text string) string {
		return fmt.Sprintf("POST /call/call_line_process/ HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n%s", n, text)
	}
	big := `{"code":"dial","call_code":"w","x":"` + strings.Repeat("x", 60_000) + `"`
	for _, flood := range []struct {
		name, to, text string
		connections    int
	}{
		{"silent connections", address, "", 1500},
		{"keep-alive", address, "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n", 1500},
		{"slow headers", address, "POST / HTTP/1.1\r\nHost: x\r\nX: ", 1500},
		{"large bodies without an end", address, body(65_000, big), 1500},
		{"readers that do not read", address, strings.Repeat("GET /call/ HTTP/1.1\r\nHost: x\r\n\r\n", 100), 60},
		{"dials", address, strings.Repeat(body(32, `{"code":"dial","call_code":"w%"}`), 200), 100},
		{"silent connections to TURN", turn, "", 500},
	} {
		t.Run(flood.name, func(t *testing.T) {
			for i := range flood.connections {
				c, err := (&net.Dialer{Timeout: 10 * time.Second}).DialContext(t.Context(), "tcp", flood.to)
				if err != nil {
					t.Fatal(err)
				}
				t.Cleanup(func() { _ = c.Close() })
				_ = c.SetWriteDeadline(time.Now().Add(5 * time.Second))
				text := strings.ReplaceAll(flood.text, "w%", fmt.Sprintf("%02d", i%100))
				_, _ = io.WriteString(c, text) // the server may have closed it
			}
			if took := honest(t, page); took > time.Second {
				t.Errorf("an honest client was served after %s", took)
			}
			if kib := peak(t, s.cmd.Process.Pid); kib > maxFloodMemory {
				t.Errorf("the server needs %d MB", kib>>10)
			}
		})
	}
}

// TestMemoryOfPolls: as many requests that wait as the server takes, over TCP and TLS, cost less than 150 MB.
func TestMemoryOfPolls(t *testing.T) {
	if !labtest.Nightly() {
		t.Skip("takes 20 s; fewer wait in TestCrowd of signal/server")
	}
	for name, flood := range map[string]struct {
		polls int
		args  []string
	}{
		"TCP": {12_288, nil},
		"TLS": {6_144, []string{"--tls"}},
	} {
		t.Run(name, func(t *testing.T) {
			s := startProgram(t, needBinary(t), append([]string{"serve", "--listen", "127.0.0.1:0", "--log-level", "error"}, flood.args...)...)
			page := strings.TrimPrefix(s.await("listening on "), "listening on ")
			address := strings.TrimSuffix(page[strings.Index(page, "//")+2:], "/call/")
			var group sync.WaitGroup
			const workers = 32
			for w := range workers {
				group.Go(func() {
					for i := w; i < flood.polls; i += workers {
						if err := poll(t, address, i, flood.args != nil); err != nil {
							t.Error(err)
						}
					}
				})
			}
			group.Wait()
			kib := peak(t, s.cmd.Process.Pid)
			t.Logf("%d polls: %d MB", flood.polls, kib>>10)
			if kib > maxFloodMemory {
				t.Errorf("the server needs %d MB", kib>>10)
			}
		})
	}
}

// poll dials a code of its own and waits there until the test ends.
func poll(t *testing.T, address string, i int, secure bool) error {
	c, err := (&net.Dialer{Timeout: 10 * time.Second}).DialContext(t.Context(), "tcp", address)
	if err != nil {
		return err
	}
	if secure {
		c = tls.Client(c, &tls.Config{InsecureSkipVerify: true}) //nolint:gosec // a test
	}
	t.Cleanup(func() { _ = c.Close() })
	answers := bufio.NewReaderSize(c, 512)
	post := func(body string) error {
		_, err := fmt.Fprintf(c, "POST /call/call_line_process/ HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n%s", len(body), body)
		return err
	}
	if err := post(fmt.Sprintf(`{"code":"dial","call_code":"p%d"}`, i)); err != nil {
		return err
	}
	answer, err := http.ReadResponse(answers, nil)
	if err != nil {
		return err
	}
	defer answer.Body.Close() //nolint:errcheck // it was only read
	var dialed struct {
		User string `json:"user_id"`
	}
	if err := json.NewDecoder(answer.Body).Decode(&dialed); err != nil || dialed.User == "" {
		return fmt.Errorf("poll %d: %s: %w", i, answer.Status, err)
	}
	return post(fmt.Sprintf(`{"code":"get_status","user_id":%q,"wait_ms":25000}`, dialed.User))
}

// honest is how long it takes a new client to dial, the best of three: the machine may be busy.
func honest(t *testing.T, page string) time.Duration {
	t.Helper()
	best := time.Hour
	for range 3 {
		begun := time.Now()
		if post(t, page, `{"code":"dial","call_code":"honest"}`)["user_id"] == "" {
			t.Error("an honest client is refused")
		}
		best = min(best, time.Since(begun))
	}
	return best
}

// peak is the most memory that a process has had, in KiB.
func peak(t *testing.T, pid int) int {
	t.Helper()
	raw, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		t.Skipf("memory cannot be measured here: %v", err)
	}
	_, rest, _ := strings.Cut(string(raw), "VmHWM:")
	kib, err := strconv.Atoi(strings.Fields(rest)[0])
	if err != nil {
		t.Fatal(err)
	}
	return kib
}
