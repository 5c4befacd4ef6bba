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
