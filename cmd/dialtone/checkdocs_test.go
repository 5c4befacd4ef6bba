package main

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"dialtone/cmd/dialtone/internal/settings"
)

// TestScenarioExample reads the example of docs/reference/check.md as the program would.
func TestScenarioExample(t *testing.T) {
	_, after, found := strings.Cut(readDoc(t, "reference/check.md"), "```toml\n")
	example, _, closed := strings.Cut(after, "```\n")
	if !found || !closed {
		t.Fatal("docs/reference/check.md holds no example")
	}
	top, each, err := settings.ReadScenario(tempFile(t, "nightly.toml", example), "check", newScenarioGrammar,
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
	if media, err := checks[2].plan(); err != nil || !media.conformance.Conformance || media.Config.Token.Reveal() != "bear" || !media.Config.MediaOnly {
		t.Errorf("%v: %+v", err, media)
	}
}

func FuzzScenario(f *testing.F) {
	f.Add("name = \"x\"\nout = [\"text\"]\n[[check]]\nloopback = true\nfor = \"1s\"\nbad = 1\n")
	f.Add("[[check]]\nassert = [\"1 <\"]\n[x]\n")
	f.Fuzz(func(t *testing.T, text string) {
		path := tempFile(t, "f.toml", text)
		_, _, _ = settings.ReadScenario(path, "check", newScenarioGrammar, testStreams().options())
	})
}

// FuzzModules: a file of modules is read, or its mistakes are named.
func FuzzModules(f *testing.F) {
	f.Add("[[module]]\nname = \"x\"\nprober = \"nat\"\n[[schedule]]\nmodule = \"x\"\ntarget = \"stun:192.0.2.1\"\nevery = \"9s\"\n")
	f.Add("[[module]]\nname = \"w\"\nprober = \"whip\"\nfor = \"2s\"\ntoken = \"t\"\ntargets = [\"https://*.example.org/\"]\nassert = [\"1 <\"]\n")
	f.Fuzz(func(t *testing.T, text string) {
		c := monitorCommand{Modules: tempFile(t, "m.toml", text)}
		if setup, err := c.load(app{streams: testStreams()}); (setup == nil) != (err != nil) {
			t.Errorf("%v, %v", setup, err)
		}
	})
}

// TestScenarioAndCommandLine: what both the command line and the file can say.
func TestScenarioAndCommandLine(t *testing.T) {
	const top = "out = \"junit=-\"\nrecord = \"dir\"\n"
	const checks = "loopback = true\n[[check]]\n[[check]]\nname = \"b/c\"\nfor = \"3s\"\n"
	type plan struct {
		Name, Record string
		Redact       bool
	}
	for name, test := range map[string]struct {
		text string
		args []string
		want []plan
	}{
		"neither": {checks, nil, []plan{{"check 1", "", false}, {"b/c", "", false}}},
		"file":    {top + "redact = true\n" + checks, nil, []plan{{"check 1", "dir/check-1", true}, {"b/c", "dir/b-c", true}}},
		"command line": {
			top + checks,
			[]string{"--record", "other", "--redact"},
			[]plan{{"check 1", "other/check-1", true}, {"b/c", "other/b-c", true}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			var g cli
			args := append([]string{"check", "--scenario", tempFile(t, "s.toml", test.text)}, test.args...)
			s := testStreams()
			parsed, err := settings.Parse(&g, args, s.options())
			if err != nil {
				t.Fatal(err)
			}
			plans, _, _, err := g.Check.plans(app{streams: s, settings: parsed, name: "check"})
			if err != nil {
				t.Fatal(err)
			}
			var got []plan
			for _, p := range plans {
				got = append(got, plan{p.Name, p.Record, p.Redact})
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("plans (-want +got):\n%s", diff)
			}
		})
	}
}

// TestOutputsOfAScenario: those of the command line win.
func TestOutputsOfAScenario(t *testing.T) {
	path := tempFile(t, "s.toml", "out = [\"junit\", \"tap\"]\n[[check]]\nloopback = true\n")
	for want, args := range map[int][]string{2: nil, 1: {"-o", "json"}} {
		var g cli
		s := testStreams()
		parsed, err := settings.Parse(&g, append([]string{"check", "--scenario", path}, args...), s.options())
		if err != nil {
			t.Fatal(err)
		}
		_, out, _, err := g.Check.plans(app{streams: s, settings: parsed, name: "check"})
		if len(out) != want && err == nil {
			t.Errorf("%d outputs, want %d", len(out), want)
		}
		if clash := err != nil; clash != (want == 2) { // both go to stdout
			t.Errorf("%v: %v", args, err)
		}
	}
}

func TestBaselineOfAScenario(t *testing.T) {
	for own, want := range map[string]string{"own": "own", "": "line"} {
		c := checkCommand{Baseline: own}
		c.inherit(&checkCommand{Baseline: "line"}, &checkCommand{}, 0)
		if c.Baseline != want {
			t.Errorf("%q becomes %q, want %q", own, c.Baseline, want)
		}
	}
}
