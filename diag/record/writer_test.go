package record

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"dialtone/diag"
	"dialtone/diag/feed"
)

// TestRoundTrip writes and reads the documented example of every type, and one of no type that we know.
func TestRoundTrip(t *testing.T) {
	want := append(documented(t), diag.Event{Seq: 90, At: time.Hour, Data: diag.Unknown{Name: "future.thing", Raw: json.RawMessage(`{"z":"<&>","a":[1.50,{"type":null}]}`)}})
	first := write(t, Options{}, want...)
	rec, err := Read(strings.NewReader(first))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, rec.Events, cmpopts.EquateComparable(netip.Addr{}, netip.AddrPort{}, netip.Prefix{})); diff != "" {
		t.Errorf("read otherwise than written:\n%s", diff)
	}
	h := header()
	h.Schema = Schema
	if diff := cmp.Diff(h, rec.Header); diff != "" {
		t.Errorf("header: %s", diff)
	}
	if diff := cmp.Diff(first, write(t, Options{}, rec.Events...)); diff != "" {
		t.Errorf("a copy differs from its original:\n%s", diff)
	}
}

func TestHeaderLine(t *testing.T) {
	line, _, _ := strings.Cut(write(t, Options{}), "\n")
	want := `{"schema":"dialtone.recording/2","startedAt":"2026-01-02T02:04:05.678901234Z","version":"0.1.0","command":"call",` +
		`"config":{"command":"call","code":"w1","server":"http://127.0.0.1:8000/call/","iceServers":[{"url":"turn:192.168.7.7:3478","hasUsername":true}],` +
		`"media":true,"wait_ms":60000.000,"localVersion":"0.1.0","startedAtUnix":1767319445.678,"customCA":true}}`
	if diff := cmp.Diff(want, line); diff != "" {
		t.Error(diff)
	}
}

// TestFromFeed records a feed that others append to, and its end.
func TestFromFeed(t *testing.T) {
	path := filepath.Join(t.TempDir(), "call.jsonl")
	f := feed.New(time.Now)
	w, err := Create(path, header(), Options{})
	if err != nil {
		t.Fatal(err)
	}
	r := f.Reader()
	go func() {
		for _, e := range numbered(5000) {
			f.Append(e.Data)
		}
		f.Close()
	}()
	if err := w.Run(t.Context(), r); err != nil {
		t.Fatal(err)
	}
	rec, err := Open(path, MaxMemory)
	if err != nil {
		t.Fatal(err)
	}
	if len(rec.Events) != 5000 || w.Events() != 5000 || rec.Events[4999].Seq != 5000 {
		t.Errorf("%d events in the file, %d counted", len(rec.Events), w.Events())
	}
	if w.Path() != path {
		t.Errorf("path %q", w.Path())
	}
}

// TestRunEnds: a source that fails, or whose context is over, leaves a whole file.
func TestRunEnds(t *testing.T) {
	path := filepath.Join(t.TempDir(), "call.jsonl")
	w, err := Create(path, header(), Options{})
	if err != nil {
		t.Fatal(err)
	}
	err = w.Run(t.Context(), &batches{list: [][]diag.Event{numbered(3)}, err: context.Canceled})
	if !errors.Is(err, context.Canceled) || !strings.Contains(err.Error(), "3 events were saved") {
		t.Errorf("Run: %v", err)
	}
	if rec, err := Open(path, MaxMemory); err != nil || len(rec.Events) != 3 {
		t.Errorf("afterwards: %v", err)
	}
	if err := w.Close(); err != nil {
		t.Errorf("closing again: %v", err)
	}
	if err := w.Write(numbered(1)); !errors.Is(err, os.ErrClosed) {
		t.Errorf("writing after the end: %v", err)
	}
}

func TestCreateOverwrites(t *testing.T) {
	path := filepath.Join(t.TempDir(), "call.jsonl")
	for _, n := range []int{50, 2} {
		w, err := Create(path, header(), Options{})
		if err != nil {
			t.Fatal(err)
		}
		if err := w.Run(t.Context(), &batches{list: [][]diag.Event{numbered(n)}}); err != nil {
			t.Fatal(err)
		}
		if rec, err := Open(path, MaxMemory); err != nil || len(rec.Events) != n {
			t.Errorf("%v; want %d events and nothing of an earlier recording", err, n)
		}
		if err := os.Chmod(path, 0o644); err != nil { //nolint:gosec // the next one must correct it
			t.Fatal(err)
		}
	}
	if _, err := Create(path, header(), Options{}); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if runtime.GOOS != "windows" && info.Mode().Perm() != 0o600 {
		t.Errorf("others may read it: %v", info.Mode())
	}
}

func TestCreateLeavesOtherFilesAlone(t *testing.T) {
	for name, text := range map[string]string{
		"notes": "dear diary\n", "short": "x", "other JSON": `{"schema":"other/1"}`, "almost": `{"schema":"dialtone.report/1"}`,
	} {
		path := filepath.Join(t.TempDir(), "file")
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := Create(path, header(), Options{})
		var werr *WriteError
		if !errors.As(err, &werr) || !errors.Is(err, ErrNotRecording) || werr.Path != path || !strings.Contains(err.Error(), "choose another name") {
			t.Errorf("%s: %v", name, err)
		}
		if after, err := os.ReadFile(path); err != nil || string(after) != text {
			t.Errorf("%s: now %q, %v", name, after, err)
		}
	}
}

func TestCreateErrors(t *testing.T) {
	dir := t.TempDir()
	tests := []struct {
		name, path string
		is         error
		words      []string
	}{
		{"no directory", filepath.Join(dir, "none", "x"), fs.ErrNotExist, []string{"none", "no such file", "create its directory"}},
		{"a directory", dir, syscall.EISDIR, []string{"is a directory", "choose another file"}},
	}
	if _, err := os.Stat("/dev/full"); err == nil {
		tests = append(tests, struct {
			name, path string
			is         error
			words      []string
		}{"full disk", "/dev/full", syscall.ENOSPC, []string{"/dev/full", "no space left", "free some space"}})
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := Create(tt.path, header(), Options{})
			var werr *WriteError
			if !errors.As(err, &werr) || !errors.Is(err, tt.is) || werr.Events != 0 {
				t.Fatalf("Create: %v", err)
			}
			for _, word := range tt.words {
				if !strings.Contains(err.Error(), word) {
					t.Errorf("%q does not mention %q", err, word)
				}
			}
		})
	}
}

// TestPipe: what is no file on a disk can be recorded to as well.
func TestPipe(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close() //nolint:errcheck // a test's pipe
	rec, err := start("pipe", w, false, header(), Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := rec.Run(t.Context(), &batches{list: [][]diag.Event{numbered(4)}}); err != nil {
		t.Fatal(err)
	}
	if got, err := Read(r); err != nil || len(got.Events) != 4 {
		t.Errorf("read back: %v", err)
	}
}

// disk is a file on a disk of limited size.
type disk struct {
	bytes.Buffer
	room              int
	stuck             bool // can't be truncated
	syncErr, closeErr error
	closed            int
}

func (d *disk) Write(p []byte) (int, error) {
	n := min(len(p), d.room-d.Len())
	_, _ = d.Buffer.Write(p[:n])
	if n < len(p) {
		return n, &fs.PathError{Op: "write", Path: "call.jsonl", Err: syscall.ENOSPC}
	}
	return n, nil
}

func (d *disk) Truncate(size int64) error {
	if d.stuck {
		return syscall.EINVAL
	}
	d.Buffer.Truncate(int(size))
	return nil
}
func (d *disk) Sync() error  { return d.syncErr }
func (d *disk) Close() error { d.closed++; return d.closeErr }

// TestFullDisk ends the disk at every byte of a small recording.
func TestFullDisk(t *testing.T) {
	events := numbered(4)
	whole := write(t, Options{}, events...)
	headerLength := strings.IndexByte(whole, '\n') + 1
	for room := headerLength; room < len(whole); room++ {
		for _, stuck := range []bool{false, true} {
			d := &disk{room: room, stuck: stuck}
			w, err := start("call.jsonl", d, true, header(), Options{})
			if err != nil {
				t.Fatal(err)
			}
			err = w.Run(t.Context(), &batches{list: [][]diag.Event{events[:1], events[1:]}})
			var werr *WriteError
			if !errors.As(err, &werr) || !errors.Is(err, syscall.ENOSPC) {
				t.Fatalf("room for %d: %v", room, err)
			}
			rec, rerr := Read(bytes.NewReader(d.Bytes()))
			var damaged *DamagedError
			if rerr != nil && (!stuck || !errors.As(rerr, &damaged) || !damaged.Cut) {
				t.Fatalf("room for %d: what was written can't be read: %v", room, rerr)
			}
			// A last line that only lacks its break is read, where it could not be cut off.
			if n := uint64(len(rec.Events)); n != werr.Events && (!stuck || n != werr.Events+1) || w.Events() != werr.Events || d.closed != 1 {
				t.Fatalf("room for %d: %d events are told, %d were read; closed %d times", room, werr.Events, len(rec.Events), d.closed)
			}
			if again := w.Write(events); !errors.Is(again, syscall.ENOSPC) {
				t.Errorf("the next write: %v, want the same failure", again)
			}
		}
	}
}

func TestFullDiskWords(t *testing.T) {
	d := &disk{room: 1200}
	w, err := start("call.jsonl", d, true, header(), Options{})
	if err != nil {
		t.Fatal(err)
	}
	got := w.Write(numbered(100)).Error()
	want := fmt.Sprintf("the recording call.jsonl stopped: no space left on device; %d events were saved and can be read; free some space, or record to another disk", w.Events())
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if w.Events() == 0 {
		t.Error("nothing was saved")
	}
}

// TestShortWriteWithoutError is a file system that breaks the rules of io.Writer.
type shortWriter struct{ disk }

func (s *shortWriter) Write(p []byte) (int, error) {
	n, err := s.disk.Write(p)
	if s.disk.Len() > 1000 {
		return n / 2, nil
	}
	return n, err
}

func TestShortWriteWithoutError(t *testing.T) {
	w, err := start("f", &shortWriter{disk{room: 1 << 20}}, true, header(), Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Write(numbered(30)); !errors.Is(err, io.ErrShortWrite) {
		t.Errorf("Write: %v", err)
	}
}

// TestEndFails: a file that the system does not confirm is told as such.
func TestEndFails(t *testing.T) {
	for name, d := range map[string]*disk{"sync": {room: 1 << 20, syncErr: syscall.EIO}, "close": {room: 1 << 20, closeErr: syscall.EDQUOT}} {
		w, err := start("call.jsonl", d, true, header(), Options{})
		if err != nil {
			t.Fatal(err)
		}
		err = w.Run(t.Context(), &batches{list: [][]diag.Event{numbered(3)}})
		var werr *WriteError
		if !errors.As(err, &werr) || !werr.AtEnd || werr.Events != 3 || d.closed != 1 || !strings.Contains(err.Error(), "may not be on the disk") {
			t.Errorf("%s: %v, closed %d times", name, err, d.closed)
		}
	}
}

// TestUnwritable: an event that JSON can't hold, or no reader would take, leaves a warning in its place.
func TestUnwritable(t *testing.T) {
	bad := []diag.Event{
		{Seq: 1, At: time.Second, Data: diag.Sample{Pair: &diag.Pair{CurrentRoundTripTime: new(math.NaN())}}},
		{Seq: 2, At: time.Second, Data: diag.SessionDescription{SDP: strings.Repeat("x", MaxLine)}},
		{Seq: 3, At: time.Second},
		{Seq: 4, At: time.Second, Data: diag.ICEState{State: "new"}},
	}
	rec, err := Read(strings.NewReader(write(t, Options{}, bad...)))
	if err != nil {
		t.Fatal(err)
	}
	for i, e := range rec.Events {
		w, isWarning := e.Data.(diag.Warning)
		if e.Seq != uint64(i+1) || e.At != time.Second || isWarning != (i < 3) || isWarning && w.ID != "record.unwritable" {
			t.Errorf("event %d is %+v", i+1, e)
		}
	}
	if len(rec.Events) != len(bad) {
		t.Errorf("%d events", len(rec.Events))
	}
}

// recordUntilKilled is the other process of TestKilled: it says when its events are collected, and waits.
func recordUntilKilled(path string) {
	w, err := Create(path, header(), Options{})
	if err == nil {
		err = w.Write(numbered(1000))
	}
	if err != nil {
		_, _ = os.Stdout.WriteString(err.Error())
		os.Exit(1)
	}
	_, _ = os.Stdout.WriteString("written\n")
	select {}
}

// TestKilled kills a recording process in the hard way: all that it had collected is there.
func TestKilled(t *testing.T) {
	path := filepath.Join(t.TempDir(), "call.jsonl")
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^$")
	cmd.Env = append(os.Environ(), "RECORD_UNTIL_KILLED="+path)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	said := make([]byte, len("written"))
	if _, err := io.ReadFull(out, said); err != nil || string(said) != "written" {
		t.Errorf("the process said %q, %v", said, err)
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err == nil {
		t.Error("the process was not killed")
	}
	if rec, err := Open(path, MaxMemory); err != nil || len(rec.Events) != 1000 {
		t.Errorf("after the kill: %v", err)
	}
}

func BenchmarkWrite(b *testing.B) {
	events := documented(b)
	for name, o := range map[string]Options{"plain": {}, "redact": {Redact: true, Secrets: []diag.Secret{"hunter2hunter2"}}} {
		b.Run(name, func(b *testing.B) {
			w, err := Create(filepath.Join(b.TempDir(), "call.jsonl"), header(), o)
			if err != nil {
				b.Fatal(err)
			}
			b.ReportAllocs()
			for b.Loop() {
				if err := w.Write(events); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.N)*float64(len(events))/b.Elapsed().Seconds(), "events/s")
			if err := w.Close(); err != nil {
				b.Fatal(err)
			}
		})
	}
}
