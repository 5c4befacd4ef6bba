package failure

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"dialtone/diag"
)

// TestEveryFailureHasWords: each cause and detail says what happened and what to do; no two error codes advise the same.
func TestEveryFailureHasWords(t *testing.T) {
	check := func(f diag.Failure, stage diag.StageName) string {
		s := diag.Server{URL: "turn:t.example:3478?transport=tcp", Transport: "tcp", TURN: true, Stages: []diag.Stage{{Name: stage, Failure: &f}}}
		what, advice := At(&s, &s.Stages[0])
		if what == "" || strings.HasSuffix(what, ".") || !strings.HasSuffix(advice, ".") || strings.Contains(what+advice, "%!") {
			t.Errorf("%+v: %q, %q", f, what, advice)
		}
		return advice
	}
	file, err := os.ReadFile("../../event_server.go")
	if err != nil {
		t.Fatal(err)
	}
	causes := regexp.MustCompile(`Cause += "([\w-]+)"`).FindAllStringSubmatch(string(file), -1)
	if len(causes) < 8 {
		t.Errorf("only %d causes were found", len(causes))
	}
	for _, m := range causes {
		check(diag.Failure{Cause: diag.Cause(m[1]), Detail: diag.DetailURL, Reason: "x"}, diag.StageAllocate)
	}
	for _, m := range regexp.MustCompile(`Detail = "([\w-]+)" +// ([\w, ]+):`).FindAllStringSubmatch(string(file), -1) {
		for cause := range strings.SplitSeq(m[2], ", ") {
			check(diag.Failure{Cause: diag.Cause(cause), Detail: diag.Detail(m[1]), Reason: "x"}, diag.StageTLS)
		}
	}
	seen := map[string]int{}
	for code := range codeAdvice {
		advice := check(diag.Failure{Cause: diag.CauseSTUN, Code: code}, diag.StageAllocate)
		if other, twice := seen[advice]; twice {
			t.Errorf("%d and %d have the same advice", code, other)
		}
		seen[advice] = code
	}
}

// TestBlockedName: a name that a filter resolves to no address is said to be that, and an address that was given is not.
func TestBlockedName(t *testing.T) {
	for url, want := range map[string]bool{"turn:t.example:3478": true, "turn:0.0.0.0:3478": false} {
		s := diag.Server{URL: url, Transport: "udp", TURN: true, Address: "0.0.0.0:3478", Stages: []diag.Stage{{Name: diag.StageAllocate, Failure: &diag.Failure{Cause: diag.CauseRefused}}}}
		what, advice := Of(&s)
		if strings.Contains(what, "t.example:3478 (0.0.0.0)") != want || strings.Contains(advice, "blocklists") != want {
			t.Errorf("%s: %q, %q", url, what, advice)
		}
	}
}
