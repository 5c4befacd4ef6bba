package term

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"dialtone/diag/words"
)

// word is an abbreviation, which nobody new to WebRTC knows.
var word = regexp.MustCompile(`\b[A-Z][A-Za-z]*[A-Z][A-Za-z0-9]*\b|\b(?:srflx|prflx|relay|jitter|nomination|freezes|key frames)\b`)

// cut is a word that the edge of a screen has cut.
var cut = regexp.MustCompile(`\w+…`)

// plain are abbreviations that are no terms: numbers of pairs and peers, names in examples, cipher suites.
var plain = regexp.MustCompile(`^([PLR]\d+|NAME|HOST|DIALTONE|DIALTONE_ICE_PASS|ECDHE.*|AES.*|GCM|SHA\d*|WITH|ECDSA|OK|ADDRESS|OTHER|[0-9A-F]{2})$`)

// allScreens are the files of frames: all panes of some calls, diagnoses, load tests, throughput and comparisons.
func allScreens(t *testing.T) []string {
	t.Helper()
	var out []string
	for _, pattern := range []string{
		"testdata/good-*", "testdata/relay-*", "testdata/ice-failed-*", "testdata/one-way-*", "testdata/network-*",
		"loads/testdata/*", "speeds/testdata/*", "diff/testdata/*",
	} {
		found, err := filepath.Glob(filepath.Join("../../../tui", pattern))
		if err != nil || len(found) == 0 {
			t.Fatalf("no screens %s: %v", pattern, err)
		}
		out = append(out, found...)
	}
	return out
}

// TestEveryTermOfTheScreensIsExplained: dialtone explain knows each abbreviation on the screens, each phase, each type
// of candidate and each column of the Call pane.
func TestEveryTermOfTheScreensIsExplained(t *testing.T) {
	terms := map[string]string{ // and where each was seen
		"start s": "heading", "duration": "heading", "share": "heading", "kbit/s": "heading", "loss": "heading", "jitter": "heading",
		"local": "legend", "peer/pion": "legend", "longest": "legend", "open channel": "heading",
		"host": "candidate", "srflx": "candidate", "prflx": "candidate", "relay": "candidate",
	}
	for _, name := range words.BehaviorLabels() {
		terms[name] = "behaviors of a NAT"
	}
	for _, name := range []string{
		"answers", "address", "transport", "base", "after", "source", "total", "size", "packets", // Candidates and Media panes
		"sent", "received", "purpose", "over", "lost", "grade", "value", "because", "result", "missing", // other panes
		"verdict", "finding", "echo", "fingerprint", "signaling", "jitter buffer", "codec", // verdicts and reports
		"endpoint-independent", "address-and-port-dependent", "OTHER-ADDRESS", "confidence", // Network pane
		"Arrivals", "In progress", "dropped", "p50", "p95", "goodput", "Up", "Down", "Round trip", // load and speed
		"Target", "Module", "Every", "Prober", "Duration", // page of the monitor
	} {
		terms[name] = "labels"
	}
	for _, name := range phases {
		terms[name] = "phases"
	}
	for _, screen := range allScreens(t) {
		raw, err := os.ReadFile(screen)
		if err != nil {
			t.Fatal(err)
		}
		for _, found := range word.FindAllString(cut.ReplaceAllString(string(raw), ""), -1) {
			if !plain.MatchString(found) {
				terms[found] = screen
			}
		}
	}
	if len(terms) < 30 {
		t.Errorf("only %d terms were found", len(terms))
	}
	for name, where := range terms {
		if sentence, ok := Explain(name); !ok || !strings.HasSuffix(sentence, ".") {
			t.Errorf("%q (%s) has no explanation", name, where)
		}
	}
	for alias, name := range aliases {
		if _, ok := glossary[name]; !ok {
			t.Errorf("%s is an alias of the unknown %s", alias, name)
		}
	}
}
