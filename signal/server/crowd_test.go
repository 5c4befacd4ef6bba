package server

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"dialtone/diag/lab/labtest"
)

// serverEnv makes the test binary a server and nothing else, so that the memory
// of a server can be measured.
const serverEnv = "DIALTONE_TEST_SERVER"

// What a server may take in KiB, beside each party that waits.
const (
	memoryAlone    = 30 << 10
	memoryOfMember = 12
)

// runAlone serves until its standard input ends, and tells its address.
func runAlone() int {
	ln, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // loopback
	if err != nil {
		return 1
	}
	if _, err := os.Stdout.WriteString(ln.Addr().String() + "\n"); err != nil {
		return 1
	}
	ctx, cancel := context.WithCancel(context.Background())
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		cancel()
	}()
	// Thousands of connections take longer to close than is of interest here.
	err = New(Options{ShutdownTimeout: time.Minute, Observe: func(Access) {}}).Serve(ctx, ln)
	if err != nil {
		return 1
	}
	return 0
}

// startAlone starts a server in a process of its own.
func startAlone(t testing.TB) (address string, pid int) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(context.Background(), self, "-test.run=^$")
	cmd.Env = append(os.Environ(), serverEnv+"=1")
	cmd.Stderr = os.Stderr
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = stdin.Close()
		if err := cmd.Wait(); err != nil {
			t.Errorf("the server ended with %v", err)
		}
	})
	line, err := bufio.NewReader(stdout).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(line), cmd.Process.Pid
}

// memory reads a line of /proc/PID/status, in KiB.
func memory(t testing.TB, pid int, name string) int {
	t.Helper()
	raw, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		t.Skipf("memory cannot be measured here: %v", err)
	}
	for line := range strings.Lines(string(raw)) {
		if rest, ok := strings.CutPrefix(line, name+":"); ok {
			n, err := strconv.Atoi(strings.Fields(rest)[0])
			if err != nil {
				t.Fatal(err)
			}
			return n
		}
	}
	t.Fatalf("no %s", name)
	return 0
}

// member is a connection whose party waits.
type member struct {
	conn   net.Conn
	reader *bufio.Reader
	user   string
}

func joinCrowd(address, code string) (*member, error) {
	conn, err := net.Dial("tcp", address) //nolint:noctx // loopback
	if err != nil {
		return nil, err
	}
	m := &member{conn: conn, reader: bufio.NewReaderSize(conn, 512)}
	if err := m.send(fmt.Sprintf(`{"code":"dial","call_code":%q}`, code)); err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	var body map[string]string
	status, err := m.read(&body)
	if err != nil || status != 200 {
		return nil, errors.Join(fmt.Errorf("dial answered %d %v: %w", status, body, err), conn.Close())
	}
	m.user = body["user_id"]
	return m, m.send(fmt.Sprintf(`{"code":"get_status","user_id":%q,"wait_ms":25000}`, m.user))
}

func (m *member) send(body string) error {
	_, err := fmt.Fprintf(m.conn, "POST /call/call_line_process/ HTTP/1.1\r\nHost: x\r\nUser-Agent: crowd\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", len(body), body)
	return err
}

// sendEmpty sends what is answered without a body.
func (m *member) sendEmpty(body string) error {
	if err := m.send(body); err != nil {
		return err
	}
	resp, err := http.ReadResponse(m.reader, nil)
	if err != nil {
		return err
	}
	_ = resp.Body.Close()
	if resp.StatusCode != 200 || resp.ContentLength != 0 {
		return fmt.Errorf("answered %s with %d bytes", resp.Status, resp.ContentLength)
	}
	return nil
}

func (m *member) read(body any) (status int, err error) {
	resp, err := http.ReadResponse(m.reader, nil)
	if err != nil {
		return 0, err
	}
	defer func() { _ = resp.Body.Close() }()
	return resp.StatusCode, json.NewDecoder(resp.Body).Decode(body)
}

// TestCrowd: a server holds 10,000 waiting parties, each with a parked request on a
// connection of its own, in less than 150 MB, and still answers. Ordinary runs have fewer.
func TestCrowd(t *testing.T) {
	if testing.Short() || labtest.Race {
		t.Skip("measures memory")
	}
	crowdSize := labtest.Sample(10_000, 2_000)
	raiseFiles(t, uint64(crowdSize)+500) //nolint:gosec // it is not negative
	address, pid := startAlone(t)
	before := memory(t, pid, "VmRSS")
	members := make([]*member, crowdSize)
	var group sync.WaitGroup
	const workers = 8
	for w := range workers {
		group.Go(func() {
			for n := w; n < crowdSize; n += workers {
				m, err := joinCrowd(address, fmt.Sprint("code ", n))
				if err != nil {
					t.Error(err)
					return
				}
				members[n] = m
			}
		})
	}
	group.Wait()
	t.Cleanup(func() {
		for _, m := range members {
			if m != nil {
				_ = m.conn.Close()
			}
		}
	})
	if t.Failed() {
		return
	}
	c := newCaller(t, address)
	until(t, "all wait", func() bool { h := c.health(); return h.Parked == crowdSize && h.Waiting == crowdSize })
	after, peak := memory(t, pid, "VmRSS"), memory(t, pid, "VmHWM")
	t.Logf("%d waiting parties: resident %d KiB, peak %d KiB, %d KiB before: %.1f KiB each", crowdSize, after, peak, before, float64(after-before)/float64(crowdSize))
	if most := memoryAlone + memoryOfMember*crowdSize; peak > most {
		t.Errorf("the server took %d KiB, more than %d", peak, most)
	}
	for n := 0; n < crowdSize; n += 500 {
		c.mustPost(fmt.Sprintf(`{"code":"dial","call_code":"code %d"}`, n))
		var body map[string]string
		_ = members[n].conn.SetReadDeadline(time.Now().Add(20 * time.Second))
		if status, err := members[n].read(&body); err != nil || status != 200 || body["code"] != "need_init" {
			t.Fatalf("party %d got %d %v %v", n, status, body, err)
		}
	}
}

func (c *caller) health() (h Health) {
	req, err := http.NewRequestWithContext(context.Background(), "GET", strings.TrimSuffix(c.url, "call/call_line_process/")+"healthz", nil)
	if err != nil {
		c.t.Fatal(err)
	}
	resp, err := c.client.Do(req)
	if err != nil {
		c.t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	if err := json.NewDecoder(resp.Body).Decode(&h); err != nil {
		c.t.Fatal(err)
	}
	return h
}
