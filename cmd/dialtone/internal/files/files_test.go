package files

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// TestRead: the limit counts, and the last byte within it is read.
func TestRead(t *testing.T) {
	path := filepath.Join(t.TempDir(), "f")
	if err := os.WriteFile(path, []byte("12345"), 0o600); err != nil {
		t.Fatal(err)
	}
	if got, err := Read(path, 5); err != nil || string(got) != "12345" {
		t.Errorf("%q, %v", got, err)
	}
	if _, err := Read(path, 4); err == nil || !strings.Contains(err.Error(), "larger than 4 bytes") {
		t.Errorf("the error is %v", err)
	}
}

// TestReplace: whole or not at all, and nothing is left beside it.
func TestReplace(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "r.json")
	for _, content := range []string{"first", "second"} {
		if err := Replace(path, []byte(content), 0o666); err != nil {
			t.Fatal(err)
		}
		if got, err := os.ReadFile(path); err != nil || string(got) != content {
			t.Errorf("%q, %v", got, err)
		}
	}
	if err := Replace(filepath.Join(dir, "no", "r.json"), nil, 0o666); err == nil {
		t.Error("a file in no directory was written")
	}
	if runtime.GOOS != "windows" {
		link := filepath.Join(dir, "link")
		if err := os.Symlink("/dev/null", link); err != nil {
			t.Fatal(err)
		}
		if err := Replace(link, []byte("x"), 0o666); err != nil {
			t.Error(err)
		}
		if info, err := os.Lstat(link); err != nil || info.Mode()&os.ModeSymlink == 0 {
			t.Error("a device was replaced by a file")
		}
	}
	if entries, err := os.ReadDir(dir); err != nil || len(entries) > 2 {
		t.Errorf("left beside: %v, %v", entries, err)
	}
}

// TestReplaceFollowsNoLink: in a directory where others write, what they have planted beside the file is not written to.
func TestReplaceFollowsNoLink(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("making a link takes a privilege")
	}
	dir := t.TempDir()
	path, victim := filepath.Join(dir, "r.json"), filepath.Join(dir, "victim")
	if err := os.WriteFile(victim, []byte("mine"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(victim, filepath.Join(dir, fmt.Sprintf(".r.json.%d.part", os.Getpid()))); err != nil {
		t.Fatal(err)
	}
	if err := Replace(path, []byte("report"), 0o666); err != nil {
		t.Fatal(err)
	}
	if got, err := os.ReadFile(victim); err != nil || string(got) != "mine" {
		t.Errorf("the victim holds %q, %v", got, err)
	}
}

func TestParseSize(t *testing.T) {
	for text, want := range map[string]Size{
		"1MiB": 1 << 20, "1GiB": 1 << 30, "500MB": 500e6, "1.5 GB": 1500e6, "2TiB": 2 << 40, "1048576": 1 << 20,
		"": 0, "3": 0, "1MX": 0, "-1GB": 0, "NaNGB": 0, "1e3TiB": 1000 << 40, "9999TiB": 0, "GiB": 0, "1kkB": 0,
	} {
		got, err := ParseSize(text)
		if got != want || (err == nil) != (want != 0) {
			t.Errorf("%q: %d, %v; want %d", text, got, err, want)
		}
	}
}

func TestExposed(t *testing.T) {
	path := filepath.Join(t.TempDir(), "key.pem")
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if got := Exposed(path, "a private key"); got != "" {
		t.Error(got)
	}
	if err := os.Chmod(path, 0o640); err != nil { //nolint:gosec // that is the point
		t.Fatal(err)
	}
	if got := Exposed(path, "a private key"); !strings.Contains(got, "chmod 600 "+path) {
		t.Errorf("%q", got)
	}
}
