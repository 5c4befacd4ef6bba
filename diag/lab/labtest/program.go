package labtest

import (
	"context"
	"math/rand/v2"
	"net"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// Server is a program that listens on free ports until the end of the test.
type Server struct {
	Program string // from NeedProgram
	// number of ports, each for UDP and for TCP, on 127.0.0.1 and 127.0.0.2
	Ports   int
	Args    func(ports []string) []string                  // its arguments
	Answers func(ctx context.Context, ports []string) bool // reports whether it has started
}

// startTime is how long a server may take to answer.
const startTime = 20 * time.Second

// Start runs the server and returns its ports when it answers. If another program has taken a port
// meanwhile, others are tried. If the test fails, the output of the server is logged.
func (s Server) Start(t testing.TB) []string {
	t.Helper()
	const tries = 5
	for range tries {
		if ports := FreePorts(t, s.Ports); s.startOn(t, ports) {
			return ports
		}
	}
	t.Fatalf("%s found no free ports in %d tries", s.Program, tries)
	return nil
}

// startOn reports whether the server runs; it does not if a port is in use.
func (s Server) startOn(t testing.TB, ports []string) bool {
	t.Helper()
	ctx, stop := context.WithCancel(context.Background())
	cmd := exec.CommandContext(ctx, s.Program, s.Args(ports)...)
	cmd.WaitDelay = 5 * time.Second
	var printed output
	cmd.Stdout, cmd.Stderr = &printed, &printed
	if err := cmd.Start(); err != nil {
		stop()
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = cmd.Wait() // it is killed
	}()
	end := func() {
		stop()
		<-ended
	}
	if !s.await(t, ports, &printed, ended) {
		end()
		return false
	}
	t.Cleanup(func() {
		end()
		if t.Failed() {
			t.Log(printed.String())
		}
	})
	return true
}

// await waits until the server answers; false if it has ended, or reports that a port is in use.
func (s Server) await(t testing.TB, ports []string, printed *output, ended <-chan struct{}) bool {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), startTime)
	defer cancel()
	retry := time.NewTicker(50 * time.Millisecond)
	defer retry.Stop()
	for {
		started := s.Answers(ctx, ports)
		switch {
		case strings.Contains(strings.ToLower(printed.String()), "address already in use"):
			return false
		case started:
			return true
		}
		select {
		case <-retry.C:
		case <-ended:
			t.Logf("%s has ended:\n%s", s.Program, printed.String())
			return false
		case <-ctx.Done():
			t.Fatalf("%s does not answer on ports %v:\n%s", s.Program, ports, printed.String())
		}
	}
}

// FreePorts are ports that are not in use. They are below the ephemeral ports of the system.
func FreePorts(t testing.TB, n int) []string {
	t.Helper()
	var ports []string
	for tries := 0; len(ports) < n; tries++ {
		if tries > 1000 {
			t.Fatal("no ports are free")
		}
		port := strconv.Itoa(20000 + rand.IntN(12000)) //nolint:gosec // no secret
		if !slices.Contains(ports, port) && isFree(t.Context(), port) {
			ports = append(ports, port)
		}
	}
	return ports
}

func isFree(ctx context.Context, port string) bool {
	var lc net.ListenConfig
	for _, host := range []string{"127.0.0.1", "127.0.0.2"} {
		stream, err := lc.Listen(ctx, "tcp", net.JoinHostPort(host, port))
		if err != nil {
			return false
		}
		_ = stream.Close()
		packets, err := lc.ListenPacket(ctx, "udp", net.JoinHostPort(host, port))
		if err != nil {
			return false
		}
		_ = packets.Close()
	}
	return true
}

// output is what a program has printed so far, up to a limit.
type output struct {
	mu   sync.Mutex
	text strings.Builder
}

// maxOutput limits it, in bytes.
const maxOutput = 1 << 20

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.text.Len() < maxOutput {
		o.text.Write(p)
	}
	return len(p), nil
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.String()
}

// NeedPython returns a Python that can run with these arguments, for example "-c", "import yaml": the one in PATH, or
// else Debian's, because only that one sees the modules of Debian's packages. If both fail, the test is skipped with
// the output of the last one, or fails with CI=true.
func NeedPython(t testing.TB, arguments ...string) string {
	t.Helper()
	var failure string
	for _, name := range []string{"python3", "/usr/bin/python3"} {
		path, err := exec.LookPath(name)
		if err != nil {
			failure = err.Error()
			continue
		}
		output, err := exec.CommandContext(t.Context(), path, arguments...).CombinedOutput()
		if err == nil {
			return path
		}
		failure = err.Error() + ": " + string(tail(output))
	}
	Missing(t, "a python3 that can run %q: %s", strings.Join(arguments, " "), failure)
	return ""
}
