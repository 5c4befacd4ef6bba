package record

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"
)

const (
	line1  = `{"schema":"dialtone.recording/2","startedAt":"2026-01-02T03:04:05Z","version":"0.1.0","command":"call","config":{"code":"w1","media":true}}` + "\n"
	stateA = `{"seq":1,"at":0.000000,"type":"ice.state","state":"new"}` + "\n"
	stateB = `{"seq":2,"at":0.500000,"type":"ice.state","state":"checking"}` + "\n"
	stateC = `{"seq":3,"at":0.700000,"type":"ice.state","state":"connected"}` + "\n"
)

func TestReadDamaged(t *testing.T) {
	tests := []struct {
		name, text string
		seqs       []uint64
		want       *DamagedError // nil: whole
		words      []string
	}{
		{"whole", line1 + stateA + stateB, []uint64{1, 2}, nil, nil},
		{"header only", line1, nil, nil, nil},
		{"last line break missing", line1 + stateA + strings.TrimSpace(stateB), []uint64{1, 2}, nil, nil},
		{"header's line break missing", strings.TrimSpace(line1), nil, nil, nil},
		{"empty lines and CR LF", line1 + "\r\n\n" + strings.ReplaceAll(stateA, "\n", "\r\n") + "  \n" + stateB, []uint64{1, 2}, nil, nil},
		{"cut in the last line", line1 + stateA + stateB[:20], []uint64{1}, &DamagedError{Line: 3, Lines: 1, Cut: true, Events: 1}, []string{"middle of line 3", "1 event was read", "copy the file again"}},
		{"a line in the middle", line1 + stateA + "garbage\n" + stateB, []uint64{1, 2}, &DamagedError{Line: 3, Lines: 1, Events: 2}, []string{"line 3 of the recording", "2 events were read"}},
		{"several lines, then cut", line1 + "[]\n" + stateA + "7\n" + stateB[:9], []uint64{1}, &DamagedError{Line: 2, Lines: 3, Events: 1}, []string{"line 2 (and 2 more)"}},
		{"zeros after a power failure", line1 + stateA + strings.Repeat("\x00", 5000), []uint64{1}, &DamagedError{Line: 3, Lines: 1, Cut: true, Events: 1}, nil},
		{"a known type with other fields", line1 + `{"seq":1,"at":0,"type":"ice.state","state":{}}` + "\n" + stateB, []uint64{2}, &DamagedError{Line: 2, Lines: 1, Events: 1}, []string{"ice.state"}},
		{"a line without end", line1 + stateA + strings.Repeat("y", 2*MaxLine+5) + "\n" + stateB, []uint64{1, 2}, &DamagedError{Line: 3, Lines: 1, Events: 2}, []string{"longer than"}},
		{"a last line without end", line1 + stateA + strings.Repeat("y", MaxLine+5), []uint64{1}, &DamagedError{Line: 3, Lines: 1, Cut: true, Events: 1}, nil},
		{"header with other fields", strings.Replace(line1, `"w1"`, "[]", 1) + stateA, []uint64{1}, &DamagedError{Line: 1, Lines: 1, Events: 1}, []string{"the header"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			rec, err := Read(strings.NewReader(tt.text))
			if rec == nil {
				t.Fatalf("nothing was read: %v", err)
			}
			var got *DamagedError
			if err != nil && !errors.As(err, &got) {
				t.Fatalf("error %v is no DamagedError", err)
			}
			if got != nil {
				if got.Err == nil {
					t.Error("no cause")
				}
				got = &DamagedError{Line: got.Line, Lines: got.Lines, Cut: got.Cut, Events: got.Events}
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Error(diff)
			}
			for _, word := range tt.words {
				if !strings.Contains(err.Error(), word) {
					t.Errorf("%q does not mention %q", err, word)
				}
			}
			var seqs []uint64
			for _, e := range rec.Events {
				seqs = append(seqs, e.Seq)
			}
			if diff := cmp.Diff(tt.seqs, seqs); diff != "" {
				t.Errorf("events: %s", diff)
			}
		})
	}
}

func TestReadRefuses(t *testing.T) {
	for name, text := range map[string]string{
		"empty": "", "text": "dear diary\n" + stateA, "no header": stateA + stateB, "array": "[1]\n", "other schema": `{"schema":"dialtone.report/1"}` + "\n",
		"null": "null\n", "schema of another type": `{"schema":1}` + "\n", "long": strings.Repeat("x", MaxLine+1), "line break": "\n" + line1,
	} {
		if rec, err := Read(strings.NewReader(text)); !errors.Is(err, ErrNotRecording) || rec != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestReadOtherSchemas(t *testing.T) {
	for _, schema := range []string{"dialtone.recording/1", "dialtone.recording/0", "dialtone.recording/10", "dialtone.recording/", "dialtone.recording/x", "dialtone.recording/1\u001b[2J"} {
		_, err := Read(strings.NewReader(`{"schema":"` + strings.ReplaceAll(schema, "\x1b", `\u001b`) + `"}` + "\n" + stateA))
		var got *SchemaError
		if !errors.As(err, &got) || !strings.Contains(err.Error(), "newer one") || strings.Contains(err.Error(), "\x1b") {
			t.Errorf("%q: %v", schema, err)
		}
	}
}

// TestReadNewer reads what a later version of the same schema may write: more in the header, more types, more fields.
func TestReadNewer(t *testing.T) {
	text := `{"weather":{"sun":true},"schema":"dialtone.recording/2","startedAt":"2030-01-02T03:04:05Z","version":"9.9","command":"dance","config":{"code":"w1","media":true,"mood":[1]}}` + "\n" +
		`{"seq":1,"at":0.1,"type":"ice.state","state":"new","colour":"red"}` + "\n" +
		`{"seq":2,"at":0.25,"type":"dance.step","foot":"left","at_":[1,2]}` + "\n"
	rec, err := Read(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	if rec.Header.Version != "9.9" || rec.Header.Config.Code != "w1" || len(rec.Events) != 2 {
		t.Errorf("%+v", rec)
	}
	copied := write(t, Options{}, rec.Events...)
	if want := `{"seq":2,"at":0.250000,"type":"dance.step","foot":"left","at_":[1,2]}` + "\n"; !strings.HasSuffix(copied, want) {
		t.Errorf("the unknown event was copied as\n%s", copied)
	}
}

// TestReadOlder reads a header of few words.
func TestReadOlder(t *testing.T) {
	rec, err := Read(strings.NewReader(`{"schema":"dialtone.recording/2"}` + "\n" + stateA))
	if err != nil || len(rec.Events) != 1 || !rec.Header.StartedAt.IsZero() {
		t.Errorf("%+v, %v", rec, err)
	}
}

// TestReadFails: a file that can't be read on gives what came before.
func TestReadFails(t *testing.T) {
	rec, err := Read(io.MultiReader(strings.NewReader(line1+stateA+stateB[:10]), iotest.ErrReader(fs.ErrPermission)))
	var damaged *DamagedError
	if !errors.As(err, &damaged) || !errors.Is(err, fs.ErrPermission) || damaged.Line != 3 || len(rec.Events) != 1 {
		t.Errorf("%+v, %v", rec, err)
	}
	if _, err := Read(iotest.ErrReader(fs.ErrPermission)); !errors.Is(err, fs.ErrPermission) {
		t.Errorf("nothing could be read: %v", err)
	}
}

func TestReadInSmallParts(t *testing.T) {
	rec, err := Read(iotest.OneByteReader(strings.NewReader(line1 + stateA + stateB + stateC)))
	if err != nil || len(rec.Events) != 3 {
		t.Errorf("%+v, %v", rec, err)
	}
}

// TestOpenNamesTheFile in each kind of error.
func TestOpenNamesTheFile(t *testing.T) {
	for name, text := range map[string]string{"not.jsonl": "x", "cut.jsonl": line1 + "{", "schema.jsonl": `{"schema":"dialtone.recording/7"}`} {
		path := filepath.Join(t.TempDir(), name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := Open(path, MaxMemory); err == nil || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := Open(filepath.Join(t.TempDir(), "none"), MaxMemory); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a file that is not there: %v", err)
	}
}

// FuzzRead: any bytes are refused, or give events that are written and read again as they are.
func FuzzRead(f *testing.F) {
	f.Add([]byte(line1 + stateA + stateB))
	f.Add([]byte(line1 + stateA + stateB[:20]))
	f.Add([]byte(`{"schema":"dialtone.recording/1"}`))
	f.Add([]byte(line1 + `{"seq":1,"at":3e8,"type":"x","a":"\u2028<\ud800>"}` + "\r\n\r\n" + stateC))
	f.Fuzz(func(t *testing.T, raw []byte) {
		rec, err := Read(bytes.NewReader(raw))
		var damaged *DamagedError
		if (rec == nil) != (err != nil && !errors.As(err, &damaged)) {
			t.Fatalf("recording %v, error %v", rec, err)
		}
		if rec == nil {
			return
		}
		w := &Writer{clean: newCleaner(Options{})}
		var text bytes.Buffer
		text.WriteString(line1)
		for _, e := range rec.Events {
			text.Write(w.line(e))
		}
		again, err := Read(&text)
		if err != nil {
			t.Fatalf("a copy can't be read: %v", err)
		}
		for i, e := range rec.Events {
			if a, b := w.line(e), w.line(again.Events[i]); !bytes.Equal(a, b) {
				t.Fatalf("event %d changed from\n%s to\n%s", i, a, b)
			}
		}
	})
}

func BenchmarkRead(b *testing.B) {
	text := write(b, Options{}, documented(b)...)
	b.SetBytes(int64(len(text)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Read(strings.NewReader(text)); err != nil {
			b.Fatal(err)
		}
	}
}
