package check

import (
	"encoding/json"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"dialtone/diag"
	"dialtone/diag/lab/labtest"
	"dialtone/diag/report"
)

// foreign is what the other program says.
type foreign struct {
	Setup  report.Percentiles    `json:"setup"`
	Phases []report.PhaseSummary `json:"phases"`
}

// TestManyRepeats: calls, ten at once; their percentiles are those that another program computes from the recordings, and
// nothing is left behind.
func TestManyRepeats(t *testing.T) {
	labtest.NeedQuiet(t)
	python := labtest.NeedProgram(t, "python3")
	repeat := labtest.Sample(100, 30)
	files := openFiles(t)
	dir := t.TempDir()
	r, err := Run(t.Context(), Options{
		Target: Loopback{}, Config: diag.Config{For: 300 * time.Millisecond, NoMedia: true}, Repeat: repeat, Parallel: 10, Record: dir,
	})
	if err != nil {
		t.Fatal(err)
	}
	if r.Exit.Code != 0 || r.Summary.Runs != repeat || r.Summary.Failed != 0 || r.Summary.Setup.N != repeat {
		t.Fatal(written(t, r))
	}
	for _, p := range r.Summary.Phases {
		if p.Seen != repeat {
			t.Errorf("%d runs had the phase %s %s", p.Seen, p.Phase, p.Subject)
		}
	}
	if left := openFiles(t); left > files+2 {
		t.Errorf("open files: %d → %d", files, left)
	}
	offering, err := filepath.Glob(filepath.Join(dir, "run-*-offer.jsonl"))
	if err != nil || len(offering) != repeat {
		t.Fatal(len(offering), err)
	}
	raw, err := exec.CommandContext(t.Context(), python, append([]string{"testdata/percentiles.py"}, offering...)...).Output()
	if err != nil {
		t.Fatal(err)
	}
	var other foreign
	if err := json.Unmarshal(raw, &other); err != nil {
		t.Fatal(err)
	}
	agree(t, "set-up", *r.Summary.Setup, other.Setup)
	if len(other.Phases) < 8 {
		t.Errorf("the other program knows %d phases", len(other.Phases))
	}
	for _, theirs := range other.Phases {
		for _, ours := range r.Summary.Phases {
			if ours.Phase == theirs.Phase && ours.Subject == theirs.Subject {
				agree(t, string(ours.Phase)+" "+ours.Subject, *ours.Times, *theirs.Times)
			}
		}
	}
	t.Logf("set-up of %d calls: %+v", repeat, *r.Summary.Setup)
}

// agree allows for the rounding of microseconds.
func agree(t *testing.T, name string, a, b report.Percentiles) {
	t.Helper()
	for i, pair := range [][2]diag.Millis{{a.Min, b.Min}, {a.P50, b.P50}, {a.P95, b.P95}, {a.P99, b.P99}, {a.Max, b.Max}} {
		if math.Abs((pair[0]-pair[1]).Float()) > 0.0011 || a.N != b.N {
			t.Errorf("%s: percentile %d is %v here and %v there (of %d and %d)", name, i, pair[0], pair[1], a.N, b.N)
		}
	}
}

// openFiles counts the process's descriptors: sockets above all.
func openFiles(t *testing.T) int {
	t.Helper()
	entries, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Logf("this system does not list a process's open files: %v", err)
		return 0
	}
	return len(entries)
}
