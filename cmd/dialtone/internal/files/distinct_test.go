package files

import (
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// TestDistinct: one file is one file, however it is written, and whether it exists or not.
func TestDistinct(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("links need a privilege there")
	}
	dir := t.TempDir()
	t.Chdir(dir)
	for _, err := range []error{
		os.Mkdir("sub", 0o700),
		os.WriteFile("there", nil, 0o600),
		os.Link("there", "hard"),
		os.Symlink("there", "soft"),
		os.Symlink("sub/../new", "dangling"),
		os.Symlink("dangling", "twice"),
		os.Symlink(".", "here"),
		os.Symlink("loop", "loop"),
		os.Symlink("/dev/null", "null"),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, test := range []struct {
		a, b string
		want bool
	}{
		{"new", "new", true},
		{"new", "./sub/../new", true},
		{"new", filepath.Join(dir, "new"), true},
		{"new", "dangling", true},
		{"twice", "here/here/new", true},
		{"there", "soft", true},
		{"soft", "hard", true},
		{"there", "here/there", true},
		{"loop", "loop", true},
		{"nowhere/a", "./nowhere/a", true},
		{"new", "there", false},
		{"new", "newer", false},
		{"dangling", "there", false},
		{"nowhere/a", "nowhere/b", false},
		{"null", "/dev/null", false},
		{"", "", false},
	} {
		for _, paths := range [][2]string{{test.a, test.b}, {test.b, test.a}} {
			if got := Same(paths[0], paths[1]); got != test.want {
				t.Errorf("%q: %v", paths, got)
			}
		}
	}
	for _, test := range []struct {
		list []Named
		want string // "": all are distinct
	}{
		{[]Named{{"--a", "new", Writes}, {"--b", "dangling", Writes}}, "--a and --b name the same file"},
		{[]Named{{"--a", "there", Reads}, {"--b", "hard", Writes}}, "--b would overwrite the file of --a"},
		{[]Named{{"--a", "soft", Writes}, {"--b", "there", Reads}}, "--a would overwrite the file of --b"},
		{[]Named{{"--a", "sub", Fills}, {"--b", "sub", Writes}}, "--a and --b name the same file"},
		{[]Named{{"--a", "sub", Fills}, {"--b", "sub", Fills}}, ""},
		{[]Named{{"--a", "there", Reads}, {"--b", "there", Reads}}, ""},
		{[]Named{{"--a", "there", Writes}, {"--a", "there", Writes}}, ""},
		{[]Named{{"--a", "", Writes}, {"--b", "", Writes}, {"--c", "new", Writes}}, ""},
	} {
		err := Distinct(test.list)
		if (err == nil) != (test.want == "") || err != nil && !strings.HasPrefix(err.Error(), test.want) {
			t.Errorf("%v: %v", test.list, err)
		}
	}
}
