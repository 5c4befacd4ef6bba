package check

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"dialtone/diag"
	"dialtone/diag/assert"
	"dialtone/diag/call"
	"dialtone/diag/judge"
	"dialtone/diag/lab/labtest"
	"dialtone/diag/record"
	"dialtone/diag/report"
)

// TestMain looks for goroutines that were left. That of pion's SRTP is not waited for: it may block for ever when a first
// packet of a stream arrives while the connection closes (pion/srtp v3.1.3, session_srtp.go:229).
func TestMain(m *testing.M) {
	labtest.AtOnce()
	goleak.VerifyTestMain(m, goleak.IgnoreAnyFunction("github.com/pion/srtp/v3.(*SessionSRTP).decrypt"))
}

// written is a report for a failed test's log.
func written(t *testing.T, r *report.Report) string {
	t.Helper()
	var b strings.Builder
	if err := report.WriteText(&b, r); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestLoopback(t *testing.T) {
	t.Parallel()
	const asking = time.Minute
	r, err := Run(t.Context(), Options{Target: Loopback{}, Config: diag.Config{For: 4 * time.Second}, Asking: asking})
	if err != nil {
		t.Fatal(err)
	}
	if r.Exit.Code != 0 || r.Verdict != report.Pass {
		t.Error(written(t, r))
	}
	if took := r.Duration.Duration() - asking; took < 4*time.Second || took > 20*time.Second {
		t.Errorf("it took %v", took)
	}
	if start := r.Runs[0].Start.Duration(); start < asking || time.Since(r.StartedAt) < asking {
		t.Errorf("the run began after %v, the check %v ago", start, time.Since(r.StartedAt))
	}
	for _, c := range r.Candidates {
		if !strings.HasPrefix(c.Address, "127.") {
			t.Errorf("without a server the call used %s", c.Address)
		}
	}
	for _, s := range []*call.Stream{r.Media.Audio.Inbound, r.Media.Audio.Outbound, r.Media.Video.Inbound, r.Media.Video.Outbound} {
		if s == nil || !s.Flows || s.Silent || s.Packets < 20 {
			t.Errorf("%+v", s)
		}
	}
	if len(r.Assertions) != 6 || r.Setup.Total == nil || r.Path == nil || len(r.Runs[0].Samples) < 2 || len(r.Runs[0].Events) < 50 {
		t.Errorf("%d assertions, %v, %v, %d samples, %d events", len(r.Assertions), r.Setup.Total, r.Path, len(r.Runs[0].Samples), len(r.Runs[0].Events))
	}
}

func TestInterruptedHalfWay(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	done := 0
	r, err := Run(ctx, Options{
		Target: Loopback{}, Config: diag.Config{For: 300 * time.Millisecond, NoMedia: true}, Repeat: 50, Parallel: 2, Record: dir,
		Progress: func(p Progress) {
			if p.Done != nil {
				if done++; done == 4 {
					cancel()
				}
			}
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	if r.Exit.Name != "interrupted" || r.Verdict != report.Error || r.Summary.Runs < 4 || r.Summary.Runs > 8 || r.Summary.Setup == nil {
		t.Error(written(t, r))
	}
	files, err := filepath.Glob(filepath.Join(dir, "run-*.jsonl"))
	if err != nil || len(files) != 2*r.Summary.Runs {
		t.Errorf("%d recordings of %d runs, %v", len(files), r.Summary.Runs, err)
	}
	for _, f := range files {
		rec, err := record.Open(f, record.MaxMemory)
		if err != nil {
			t.Error(err)
			continue
		}
		if last := rec.Events[len(rec.Events)-1]; last.Type() != "call.ended" {
			t.Errorf("%s ends with %s", f, last.Type())
		}
	}
}

func TestRecordingThatCannotBeWritten(t *testing.T) {
	file := filepath.Join(t.TempDir(), "a-file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	r, err := Run(t.Context(), Options{Target: Loopback{}, Config: diag.Config{For: time.Second}, Record: file})
	if err == nil || r.Exit.Name != "cannot-run" {
		t.Errorf("%v, %v", err, r.Exit)
	}
}

func TestExpectedPath(t *testing.T) {
	t.Parallel()
	a, err := ParseAssertion(`path.local.candidateType == "relay"`)
	if err != nil {
		t.Fatal(err)
	}
	r, err := Run(t.Context(), Options{
		Target: Loopback{}, Config: diag.Config{For: 300 * time.Millisecond, NoMedia: true}, Expect: judge.ExpectRelay, Assertions: []*assert.Assertion{a},
	})
	if err != nil {
		t.Fatal(err)
	}
	last := r.Assertions[len(r.Assertions)-1]
	if r.Exit.Name != "assertion" || r.Findings[0].ID != "path.direct_unexpected" || last.Pass || last.Value != "host" {
		t.Errorf("%+v\n%s", last, written(t, r))
	}
}
