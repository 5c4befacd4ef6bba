package main

import (
	"strings"
	"testing"
	"time"

	"dialtone/cmd/dialtone/internal/forms"
	"dialtone/cmd/dialtone/internal/settings"
	"dialtone/tui/start"
)

// toyCommand is dialtone check with one more setting: the one row that a setting costs.
type toyCommand struct {
	checkCommand
	ToyTime time.Duration `form:"check" label:"toy" hint:"how long to play" default:"1s" placeholder:"DURATION" help:"How long to play."`
}

type toyGrammar struct {
	Check toyCommand `cmd:"" help:"Check."`
}

func newToyGrammar() *toyGrammar {
	return &toyGrammar{toyCommand{checkCommand: checkCommand{wayFlags: newWayFlags(checking)}}}
}

// TestASettingIsOneRow: that row is on the command line and in its help, in the environment, the file, the scenario and the
// start form, with the same decoder everywhere.
func TestASettingIsOneRow(t *testing.T) {
	file := tempFile(t, "toy.toml", "[check]\ntoy-time = \"3s\"\n")
	for name, test := range map[string]struct {
		environ, args []string
		want          time.Duration
	}{
		"default":      {want: time.Second},
		"command line": {args: []string{"--toy-time=2s"}, want: 2 * time.Second},
		"file":         {args: []string{"--config", file}, want: 3 * time.Second},
		"environment":  {environ: []string{"DIALTONE_TOY_TIME=4s"}, args: []string{"--config", file}, want: 4 * time.Second},
	} {
		g := newToyGrammar()
		parsed, err := settings.Parse(g, append([]string{"check"}, test.args...), testStreams(test.environ...).options())
		if err != nil || parsed.Check(nil) != nil || g.Check.ToyTime != test.want {
			t.Errorf("%s: %v, want %v; %v", name, g.Check.ToyTime, test.want, err)
		}
	}

	scenario := tempFile(t, "s.toml", "toy_time = \"5s\"\n[[check]]\n[[check]]\ntoy_time = \"6s\"\n[[check]]\ntoy_time = \"soon\"\n")
	_, each, err := settings.ReadScenario(scenario, "check", func() any { return newToyGrammar() }, testStreams().options())
	if err != nil || len(each) != 3 {
		t.Fatal(err, each)
	}
	for i, want := range []time.Duration{5 * time.Second, 6 * time.Second} {
		if c, ok := each[i].Command.(*toyCommand); !ok || c.ToyTime != want || each[i].Check(nil) != nil {
			t.Errorf("check %d of the scenario: %v, want %v", i, c.ToyTime, want)
		}
	}
	if err := each[2].Check(nil); err == nil || !strings.Contains(err.Error(), `s.toml:6: toy_time: invalid duration "soon"`) {
		t.Errorf("the mistake in the scenario is %v", err)
	}

	described, err := settings.Forms(newToyGrammar(), file, testStreams().options())
	if err != nil || len(described) != 1 {
		t.Fatal(err, described)
	}
	f := forms.Form{Form: described[0]}
	shown := f.Fields[len(f.Fields)-1]
	if shown.Label != "toy" || shown.Hint != "how long to play" || shown.Value != "3s" || shown.Check("soon") == nil || shown.Check("7s") != nil {
		t.Errorf("the field is %+v", shown)
	}
	if line := strings.Join(f.Args(begun(f, start.Values{"toy-time": "7s", "room": "w1"})), " "); line != "check --room w1 --toy-time 7s" {
		t.Errorf("the form leads to %s", line)
	}

	var help strings.Builder
	s := testStreams()
	s.Out = &help
	if _, err := settings.Parse(newToyGrammar(), []string{"check", "--help"}, s.options()); err == nil || !strings.Contains(help.String(), "--toy-time=DURATION") {
		t.Errorf("%v; the help does not show the setting:\n%s", err, help.String())
	}
}
