package dump

import (
	"archive/zip"
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// archive is a ZIP archive of files: names and contents in turn.
func archive(t *testing.T, files ...string) []byte {
	t.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for i := 0; i < len(files); i += 2 {
		f, err := w.Create(files[i])
		if err == nil {
			_, err = f.Write([]byte(files[i+1]))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// TestArchives: the only dump of a ZIP archive is read; of others it is said what is in it.
func TestArchives(t *testing.T) {
	want, text := read(t, "turn.json.gz"), string(plain(t, "turn.json.gz"))
	for name, tt := range map[string]struct {
		raw  []byte
		want string
	}{
		"a dump":              {raw: archive(t, "dump.txt", text)},
		"a packed dump":       {raw: archive(t, "dir/", "", "dir/dump.gz", string(file(t, "turn.json.gz")))},
		"a dump of macOS":     {raw: archive(t, "__MACOSX/._dump.txt", "{", "dump.txt", text, "shot.png", "\x89PNG\r\n\x1a\n")},
		"UTF-8 with its mark": {raw: archive(t, "dump.txt", "\xef\xbb\xbf"+text)},
		"two dumps":           {archive(t, "a.txt", text, "b.txt", text), "several files: unpack it, and give one of them: a.txt, b.txt"},
		"no dump":             {archive(t, "a.png", "\x89PNG\r\n\x1a\n"), "no dump in it"},
		"an archive":          {archive(t, "a.zip", string(archive(t, "dump.txt", text))), "no dump in it"},
		"something else":      {archive(t, "a.har", `{"log":{}}`), "an HTTP archive"},
		"its beginning":       {archive(t, "dump.txt", text)[:4000], "damaged ZIP archive"},
		"a bomb":              {archive(t, "dump.txt", "{"+strings.Repeat(" ", freeUnpacked*2)), "it unpacks to more than"},
	} {
		got, err := Read(bytes.NewReader(tt.raw), Options{})
		switch {
		case tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)):
			t.Errorf("%s: %v, want %q", name, err, tt.want)
		case tt.want == "" && err != nil:
			t.Errorf("%s: %v", name, err)
		case tt.want == "":
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("%s: %s", name, diff)
			}
		}
	}
}

// TestWrapped: line ends in the middle of texts are said.
func TestWrapped(t *testing.T) {
	text := string(plain(t, "turn.json.gz"))
	var b strings.Builder
	for len(text) > 0 {
		n := min(len(text), 76)
		b.WriteString(text[:n] + "\n")
		text = text[n:]
	}
	d, err := Read(strings.NewReader(b.String()), Options{})
	if said := fmt.Sprint(err, d); !strings.Contains(said, "get it as an attachment") {
		t.Errorf("%.500s", said)
	}
}
