package labtest

import (
	"os"
	"path/filepath"
	"testing"
)

// WithoutIPv6 takes the client's IPv6 addresses away.
func (s *Site) WithoutIPv6(t testing.TB) {
	t.Helper()
	run(t, "", "ip", "-netns", s.client, "-6", "address", "flush", "dev", "lan")
}

// Hosts gives the client names of its own, in the form of /etc/hosts.
func (s *Site) Hosts(t testing.TB, text string) {
	t.Helper()
	dir := filepath.Join("/etc/netns", s.client)
	if err := os.MkdirAll(dir, 0o755); err != nil { //nolint:gosec // as /etc is
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	if err := os.WriteFile(filepath.Join(dir, "hosts"), []byte(text), 0o644); err != nil { //nolint:gosec // as in /etc
		t.Fatal(err)
	}
}
