package main

import (
	"strings"
	"testing"

	"dialtone/cmd/dialtone/internal/settings"
)

// TestScenarioExample reads the example of docs/reference/check.md as the program would.
func TestScenarioExample(t *testing.T) {
	_, after, found := strings.Cut(readDoc(t, "reference/check.md"), "```toml\n")
	example, _, closed := strings.Cut(after, "```\n")
	if !found || !closed {
		t.Fatal("docs/reference/check.md holds no example")
	}
	top, each, err := settings.ReadScenario(tempFile(t, "nightly.toml", example), "check", func() any { return &scenarioGrammar{} },
		testStreams("TURN_PASS=secret", "STREAM_TOKEN=bear").options())
	if err != nil {
		t.Fatal(err)
	}
	var checks []*checkCommand
	for _, one := range append(each, top) {
		c, ok := one.Command.(*checkCommand)
		if err := one.Check(nil); err != nil || !ok {
			t.Fatalf("%T: %v", one.Command, err)
		}
		checks = append(checks, c)
	}
	if file := checks[len(checks)-1]; file.Name != "nightly" || len(checks) != 4 || len(file.Out) != 2 {
		t.Errorf("%d checks of %+v", len(checks)-1, file)
	}
	for _, c := range checks[:3] {
		if _, err := c.plan(); err != nil {
			t.Errorf("%s: %v", c.Name, err)
		}
	}
	if relay := checks[0]; relay.ICEPass.Reveal() != "secret" || relay.Repeat != 20 || !relay.RelayOnly {
		t.Errorf("%+v", relay)
	}
	if media, err := checks[2].plan(); err != nil || !media.conformance || media.Config.Token.Reveal() != "bear" || !media.Config.MediaOnly {
		t.Errorf("%v: %+v", err, media)
	}
}

func FuzzScenario(f *testing.F) {
	f.Add("name = \"x\"\nout = [\"text\"]\n[[check]]\nloopback = true\nfor = \"1s\"\nbad = 1\n")
	f.Add("[[check]]\nassert = [\"1 <\"]\n[x]\n")
	f.Fuzz(func(t *testing.T, text string) {
		path := tempFile(t, "f.toml", text)
		_, _, _ = settings.ReadScenario(path, "check", func() any { return &scenarioGrammar{} }, testStreams().options())
	})
}
