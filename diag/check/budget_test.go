package check

import (
	"fmt"
	"runtime"
	"strings"
	"testing"
	"time"

	"dialtone/diag/assert"
	"dialtone/diag/report"
)

// TestUnboundedExpressionsAreRefused: what nothing bounds is refused before any call, and refusing it costs nothing.
func TestUnboundedExpressionsAreRefused(t *testing.T) {
	for text, want := range map[string]string{
		`len(reduce(1..40, #acc + #acc, "xxxxxxxxxxxxxxxx")) > 0`:                             "ranges (..) are not available",
		`len(reduce(runs, #acc + #acc, "x")) > 0`:                                             "reduce is not available",
		`all(1..999999, all(1..999999, true))`:                                                "ranges (..) are not available",
		`5 in 1..9223372036854775807`:                                                         "ranges (..) are not available",
		`len(repeat("x", 999999)) > 0`:                                                        "repeat is not available",
		`len(replace(repeat("x", 9999), "x", repeat("y", 9999))) > 0`:                         "repeat is not available",
		`len(join(map(runs, toJSON(#)), "")) > 0`:                                             "toJSON is not available",
		`len(concat(runs, runs)) > 0`:                                                         "concat is not available",
		`len(flatten([runs, runs])) > 0`:                                                      "flatten is not available",
		`len(groupBy(runs, .start)) > 0`:                                                      "groupBy is not available",
		"true" + strings.Repeat(" && true", 500):                                              "more than 500 parts",
		`exit.name matches "` + strings.Repeat("x{1000}", 30) + `"`:                           "repeats too much",
		`exit.name matches "` + strings.Repeat("(a|b)*", 100) + `"`:                           "at most 256 bytes",
		`exit.name matches exit.name`:                                                         "in quotes",
		`exit.name matches "((a{100}){100}){100}"`:                                            "invalid repeat count",
		`let f = "a" + "b"; len(split(f, "")) > 0`:                                            "split is not available",
		strings.Repeat("any(runs, ", 300) + "true" + strings.Repeat(")", 300) + "|| 1..2":     "column",
		`setup.p95 < duration("` + strings.Repeat("9", 3000) + `h") && now() < now() + now()`: "invalid duration",
	} {
		began, before := time.Now(), allocated()
		_, err := ParseAssertion(text)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.80s: %v, want %s", text, err, want)
		}
		if took, made := time.Since(began), allocated()-before; took > time.Second || made > 50<<20 {
			t.Errorf("%.80s: %v and %d MB to refuse it", text, took, made>>20)
		}
	}
}

// TestAssertionsAreBounded: what costs too much for a large report stops, does not pass, and leaves nothing for those
// after it.
func TestAssertionsAreBounded(t *testing.T) {
	r := seen()
	r.StartedAt = time.Date(2026, time.November, 11, 0, 0, 0, 0, time.UTC) // its month doubles the text that formats it
	for len(r.Runs) < 2000 {
		r.Runs = append(r.Runs, report.Run{Connected: true})
	}
	doubled := `let a = "` + strings.Repeat("x", 64) + `"; `
	for i := range 40 {
		doubled += fmt.Sprintf("let %c = %c + %c; ", 'b'+rune(i), 'a'+rune(i), 'a'+rune(i))
		if i == 24 {
			doubled += "len(z) > 0"
			break
		}
	}
	nested := func(first, next, last string) string { // each of 25 steps has the one before twice
		text := "let a = " + first + "; "
		for c := 'b'; c <= 'z'; c++ {
			text += fmt.Sprintf("let %c = %s; ", c, strings.ReplaceAll(next, "@", string(c-1)))
		}
		return text + last
	}
	formatted := "started_at"
	for range 40 {
		formatted = fmt.Sprintf("started_at.Format(%s)", map[bool]string{true: `"1111111111111111"`, false: formatted}[formatted == "started_at"])
	}
	for text, want := range map[string]string{
		`all(runs, all(runs, all(runs, true)))`:                                                   "stopped after",
		`len(map(runs, map(runs, map(runs, [{"a": [1, 2, 3], "b": .connected}])))) > 0`:           "stopped after",
		`any(runs, sum(map(runs, 1)) == sum(sort(map(runs, 2))))`:                                 "stopped after",
		`any(runs, runs != runs)`:                                                                 "stopped after",
		`any(runs, any(runs, "` + strings.Repeat("a", 2000) + `" + "b" matches "(a*)*c"))`:        "stopped after",
		`len(map(runs, string(runs))) > 0`:                                                        "single value",
		`len(map(runs, reverse(runs))) > 0`:                                                       "stopped after",
		`let c = started_at; len(map(runs, map(runs, [c` + strings.Repeat(",c", 450) + `]))) > 0`: "stopped after",
		doubled:                                                      "text of more than",
		nested("[1, 1]", "[@, @]", "z == z"):                         "stopped after",
		nested("[1, 1]", "[@, @]", "max(z) > 0"):                     "stopped after",
		nested("[1, 1]", "map(@, @)", "z in [z]"):                    "stopped after",
		nested("[1, 1]", `[{"p": @}, {"q": @}]`, "z[0] == z[1]"):     "stopped after",
		nested(`{"p": 1}`, `{"p": @, "q": @}`, "z == nil or z != z"): "stopped after",
		formatted + ` != ""`:                                         "text of more than",
	} {
		a, err := ParseAssertion(text)
		if err != nil {
			t.Errorf("%.80s: %v", text, err)
			continue
		}
		r.Assertions = nil
		began, before := time.Now(), allocated()
		Assert(r, []*assert.Assertion{a})
		took, made := time.Since(began), allocated()-before
		if got := r.Assertions[0]; got.Pass || !strings.Contains(got.Error, want) {
			t.Errorf("%.80s: %+v, want %s", text, got, want)
		}
		if took > 12*time.Second || made > 150<<20 {
			t.Errorf("%.80s: %v and %d MB", text, took, made>>20)
		}
	}
}

// TestOneBudgetForAll: many expensive assertions cost no more than one.
func TestOneBudgetForAll(t *testing.T) {
	r := seen()
	for len(r.Runs) < 300 {
		r.Runs = append(r.Runs, report.Run{Connected: true})
	}
	a, err := ParseAssertion(`all(runs, all(runs, true))`)
	if err != nil {
		t.Fatal(err)
	}
	Assert(r, []*assert.Assertion{a, a, a})
	if !r.Assertions[0].Pass || r.Assertions[2].Pass || !strings.Contains(r.Assertions[2].Error, "stopped after") {
		t.Errorf("%+v", r.Assertions)
	}
}

// allocated is what the program has allocated so far, in bytes: more than it ever held at once.
func allocated() uint64 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.TotalAlloc
}
