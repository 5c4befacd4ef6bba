package compare

import (
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"dialtone/diag"
	"dialtone/diag/call"
	"dialtone/diag/record"
)

func TestSameness(t *testing.T) {
	number := func(text string, n float64) Value { return Value{text, &n} }
	for _, tt := range []struct {
		a, b   Value
		want   Sameness
		change string
	}{
		{Value{Text: "x"}, Value{Text: "x"}, Same, ""},
		{Value{}, Value{}, Same, ""},
		{Value{Text: "x"}, Value{}, OnlyFirst, ""},
		{Value{}, Value{Text: "x"}, OnlySecond, ""},
		{Value{Text: "x"}, Value{Text: "y"}, Differs, ""},
		{number("100", 100), number("100", 100), Same, ""},
		{number("100", 100), number("91", 91), Near, "−9 %"},
		{number("100", 100), number("89", 89), Differs, "−11 %"},
		{number("100", 100), number("1000", 1000), Differs, "+900 %"},
		{number("100", 100), number("2000", 2000), Differs, "×20"},
		{number("0", 0), number("1", 1), Differs, ""},
		{number("100", 100), Value{Text: "failed"}, Differs, ""},
		{number("1000", 1000), number("1001", 1001), Near, "±0 %"},
	} {
		r := Row{"", [2]Value{tt.a, tt.b}}
		if got, change := r.Sameness(), r.Change(); got != tt.want || change != tt.change {
			t.Errorf("%q and %q: %d %q, want %d %q", tt.a.Text, tt.b.Text, got, change, tt.want, tt.change)
		}
	}
}

// TestCalls compares a good call with one that found no path.
func TestCalls(t *testing.T) {
	read := func(name string) *call.Call {
		r, err := record.Open(filepath.Join("..", "..", "..", "testdata", "calls", name), 1<<30)
		if err != nil {
			t.Fatal(err)
		}
		return call.Fold(r.Events)
	}
	good, failed := read("good.jsonl"), read("ice-failure.jsonl")
	got := map[string][2]string{}
	for _, s := range Of(good, failed).Sections {
		for _, r := range s.Rows {
			if r.Sameness() != Same {
				got[s.Lead+r.Name] = [2]string{r.Values[0].Text, r.Values[1].Text}
			}
		}
	}
	for name, want := range map[string][2]string{
		"exit code": {"pass", "ice"}, "setup ICE checks": {"ok 57.3 ms", "failed 4.2 s"},
		"outbound audio codec": {"audio/opus", ""}, "inbound video size": {"320 × 240", ""},
		"round trip": {"median 14.1 ms", ""}, "inbound audio loss": {"0.27 %", ""},
	} {
		if diff := cmp.Diff(want, got[name]); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
	ids := func(a, b *call.Call) (out []string) {
		for _, f := range Of(a, b).Findings {
			for i, finding := range f {
				if finding != nil {
					out = append(out, []string{"-", "+"}[i]+finding.ID)
				}
			}
			if f.severity() != diag.Problem || f.Row().Name != "error" {
				t.Errorf("%+v", f.Row())
			}
		}
		return out
	}
	if diff := cmp.Diff([]string{"+ice.no_path", "+turn.unauthorized"}, ids(good, failed)); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"-ice.no_path", "+ice.no_path", "-turn.unauthorized", "+turn.unauthorized"}, ids(failed, failed)); diff != "" {
		t.Error(diff)
	}
}
