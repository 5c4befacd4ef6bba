package record

import (
	"os"
	"path/filepath"
	"testing"

	"dialtone/diag"
)

// TestRoom: recordings that share a limit end in order when it is reached, with a last line that says so; the reader of
// the log ends, too.
func TestRoom(t *testing.T) {
	room := NewRoom(10_000)
	total := 0
	for _, name := range []string{"a", "b"} {
		path := filepath.Join(t.TempDir(), name)
		w, err := Create(path, header(), Options{Room: room})
		if err != nil {
			t.Fatal(err)
		}
		source := &batches{list: [][]diag.Event{numbered(20), numbered(1000), numbered(1)}}
		if err := w.Run(t.Context(), source); err != nil {
			t.Fatal(err)
		}
		rec, err := Open(path, MaxMemory)
		if err != nil {
			t.Fatal(err)
		}
		last := rec.Events[len(rec.Events)-1].Data
		if want := (diag.Warning{ID: "record.limit", Subject: name}); !w.Full() || last != want {
			t.Errorf("%s ends with %+v, full: %v", name, last, w.Full())
		}
		if len(source.list) == 0 {
			t.Errorf("%s: the log was read to its end", name)
		}
		info, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		total += int(info.Size())
	}
	if total > 11_000 || total < 9_000 {
		t.Errorf("%d bytes in all", total)
	}
}
