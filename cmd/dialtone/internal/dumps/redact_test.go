package dumps

import (
	"bytes"
	"maps"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"dialtone/diag/call"
	"dialtone/diag/export"
	"dialtone/diag/judge"
	"dialtone/diag/report"
)

// planted are names of the dump that a redacted export must not have: each kind of it has "planted" in it, or is an address or
// a fingerprint.
var planted = regexp.MustCompile(`(?i)planted\w*|198\.51\.100\.\d+|2001:db8:77::\w+|AA:BB:CC[\w:]*`)

// TestRedacted: no form of a redacted export has an address, a name of a host, a user or a stream, a user name fragment, a
// password, a fingerprint or a path of the dump; its findings are the same.
func TestRedacted(t *testing.T) {
	file := filepath.Join("testdata", "planted.json")
	forms := slices.Concat(slices.Sorted(maps.Keys(export.Writers)), slices.Sorted(maps.Keys(report.Formats)))
	found := func(text []byte) []string {
		opened, err := Open([]string{"-"}, Options{Stdin: bytes.NewReader(text)})
		if err != nil {
			t.Fatal(err)
		}
		var ids []string
		for _, f := range judge.Judge(call.Fold(opened.Recording.Events)).Findings {
			ids = append(ids, f.ID)
		}
		return ids
	}
	for _, form := range forms {
		var open, out bytes.Buffer
		for to, redact := range map[*bytes.Buffer]bool{&open: false, &out: true} {
			x := &Export{File: file, To: form, Redact: redact}
			if damage, _, err := x.Write(to, strings.NewReader(""), "1"); err != nil || damage != "" || to.Len() == 0 {
				t.Fatalf("%s: %v, %q", form, err, damage)
			}
		}
		if left := planted.FindAllString(out.String(), -1); left != nil {
			t.Errorf("%s has %q", form, left)
		}
		if planted.FindString(open.String()) == "" && form != "csv" {
			t.Errorf("%s has no name that could be masked", form)
		}
		switch form {
		case "webrtc-internals", "rtcstats", "jsonl":
			want := []string{
				"browser.capture_denied", "browser.candidate_rejected", "browser.description_rejected", "turn.unauthorized",
			}
			if got := found(out.Bytes()); !slices.Equal(got, want) {
				t.Errorf("%s: %q", form, got)
			}
		}
	}
}
