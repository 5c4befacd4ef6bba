package impair

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"dialtone/diag"
)

func ms(n int) diag.Millis { return diag.Millis(time.Duration(n) * time.Millisecond) }

func TestParse(t *testing.T) {
	tests := map[string]diag.Impairment{
		"loss=5%": {Loss: 0.05},
		"loss=5%,delay=80ms,jitter=20ms,rate=1M,reorder=1%,dup=1%,dir=out": {
			Loss: 0.05, DelayMs: ms(80), JitterMs: ms(20), Rate: 1e6, Reorder: 0.01, Duplicate: 0.01, Direction: diag.Outbound,
		},
		"jitter=15ms, dir=in":  {DelayMs: ms(15), JitterMs: ms(15), Direction: diag.Inbound},
		"gap=3s":               {GapMs: ms(3000), GapAtMs: ms(3000)},
		"gap=500ms@0s,seed=7":  {GapMs: ms(500), Seed: 7},
		"rate=64k,dir=both":    {Rate: 64e3},
		"rate=64k,queue=8k":    {Rate: 64e3, Queue: 8000},
		"loss=100%,loss-in=1%": {},
	}
	for text, want := range tests {
		got, err := Parse(text)
		if strings.Contains(text, "loss-in") {
			if err == nil {
				t.Errorf("%s: no error", text)
			}
			continue
		}
		if diff := cmp.Diff(want, got); err != nil || diff != "" {
			t.Errorf("%s: %v %s", text, err, diff)
		}
		if again, err := Parse(got.String()); err != nil || again != got {
			t.Errorf("%s is written as %s, which is read as %+v, %v", text, got, again, err)
		}
	}
}

func TestParseMistakes(t *testing.T) {
	for text, want := range map[string]string{
		"":                      "unknown impairment",
		"lose=5%":               "unknown impairment",
		"loss=5":                "use 0% to 100%",
		"loss=101%":             "use 0% to 100%",
		"loss=NaN%":             "use 0% to 100%",
		"delay=-1ms":            "use a time",
		"delay=11s":             "use a time",
		"rate=1":                "use bits per second",
		"queue=64k":             "add a rate",
		"queue=1k,rate=1M":      "use bytes",
		"rate=NaN":              "use bits per second",
		"dir=up":                "use in, out or both",
		"gap=3":                 "use a time",
		"gap=3s@x":              "use a time",
		"seed=x":                "use a whole number",
		"loss=1%,loss=2%":       "given twice",
		"delay=5ms,jitter=10ms": "exceeds the delay",
	} {
		if _, err := Parse(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", text, err, want)
		}
	}
	in, out := diag.Impairment{Direction: diag.Inbound}, diag.Impairment{Direction: diag.Outbound}
	if err := Check([]diag.Impairment{in, out}); err != nil {
		t.Error(err)
	}
	if err := Check([]diag.Impairment{in, {}}); err == nil {
		t.Error("two impairments for one direction are accepted")
	}
}

func FuzzParse(f *testing.F) {
	f.Add("loss=5%,delay=80ms,jitter=20ms,rate=1M,reorder=1%,dup=1%,dir=out,gap=3s@5s,seed=7")
	f.Fuzz(func(t *testing.T, text string) {
		i, err := Parse(text)
		if err == nil && (i.Loss > 1 || i.JitterMs > i.DelayMs || i.DelayMs < 0 || i.GapMs > diag.Millis(maxGap)) {
			t.Errorf("%q is read as %+v", text, i)
		}
	})
}
