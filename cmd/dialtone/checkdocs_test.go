package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestScenarioExample reads the example of docs/reference/check.md as the program would.
func TestScenarioExample(t *testing.T) {
	_, after, found := strings.Cut(readDoc(t, "reference/check.md"), "```toml\n")
	example, _, closed := strings.Cut(after, "```\n")
	if !found || !closed {
		t.Fatal("docs/reference/check.md holds no example")
	}
	path := filepath.Join(t.TempDir(), "nightly.toml")
	if err := os.WriteFile(path, []byte(example), 0o600); err != nil {
		t.Fatal(err)
	}
	s, err := readScenario(path, envOf([]string{"TURN_PASS=secret", "STREAM_TOKEN=bear"}))
	if err != nil {
		t.Fatal(err)
	}
	if s.name != "nightly" || len(s.checks) != 3 || len(s.out) != 2 {
		t.Errorf("%+v", s)
	}
	for _, c := range s.checks {
		if _, err := c.command.plan(); err != nil {
			t.Errorf("%s: %v", c.command.Name, err)
		}
	}
	if relay := s.checks[0].command; relay.ICEPass.Secret.Reveal() != "secret" || relay.Repeat.n != 20 || !relay.RelayOnly {
		t.Errorf("%+v", relay)
	}
	if media, err := s.checks[2].command.plan(); err != nil || !media.conformance || media.Config.Token.Reveal() != "bear" || !media.Config.MediaOnly {
		t.Errorf("%v: %+v", err, media)
	}
}

// TestEveryScenarioKeyIsDocumented compares the form with docs/reference/check.md.
func TestEveryScenarioKeyIsDocumented(t *testing.T) {
	doc := readDoc(t, "reference/check.md")
	for _, key := range keysOf("check") {
		if !strings.Contains(doc, "\n"+key+" ") && !strings.Contains(doc, "`"+key+"`") {
			t.Errorf("docs/reference/check.md does not tell of the key %s", key)
		}
	}
}

func FuzzScenario(f *testing.F) {
	f.Add("name = \"x\"\n[output]\ntext = \"-\"\n[[check]]\ntarget = \"loopback\"\nfor = \"1s\"\nbad = 1\n")
	f.Add("[[check]]\nassert = [\"1 <\"]\n")
	f.Fuzz(func(_ *testing.T, text string) {
		r := &scenarioReader{path: "f", text: text, getenv: envOf(nil)}
		r.read()
	})
}
