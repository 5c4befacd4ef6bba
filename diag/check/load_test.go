package check

import (
	"context"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"dialtone/diag"
	"dialtone/diag/judge"
	"dialtone/diag/report"
	"dialtone/diag/session"
)

// TestShortOfCPU: with one processor and others who never rest, timers are late, and that is found.
func TestShortOfCPU(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	var spinning sync.WaitGroup
	for range 4 {
		spinning.Go(func() {
			for n := 0; ctx.Err() == nil; n++ {
				for i := range 100_000 {
					n += i
				}
			}
		})
	}
	l := WatchLoad(ctx)
	spinning.Wait()
	if !l.Short() || len(l.Findings()) != 1 || l.Findings()[0].ID != "tester.cpu" {
		t.Errorf("%+v", l)
	}
	if (judge.Load{Ticks: 1000, Late: 40}).Short() || (judge.Load{Ticks: 5, Late: 5}).Short() {
		t.Error("a few late timers are called a shortage")
	}
}

// TestOtherSideIsJudged: what the offering side sends never arrives, which only the answering side can know.
func TestOtherSideIsJudged(t *testing.T) {
	t.Parallel()
	o := here(2500 * time.Millisecond)
	n := newSieve(t, isRTP)
	o.Tune = func(answering bool, s *session.Options) {
		if !answering {
			s.Net = n
		}
	}
	r, err := Run(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	if r.Exit.Name != "media" || r.Verdict != report.Fail || !strings.HasPrefix(r.Headline, "Answerer: connected for") || !strings.HasSuffix(r.Headline, "but no inbound audio, no inbound video") {
		t.Error(written(t, r))
	}
	if f := r.Findings[0]; f.Severity != diag.Problem || f.Side != "answerer" || !strings.HasPrefix(f.Title, "Answerer: ") {
		t.Errorf("%+v", f)
	}
}
