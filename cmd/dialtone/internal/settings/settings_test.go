package settings

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"dialtone/diag"
	"dialtone/signal/toml"
	"dialtone/tui/start"
)

// playCommand has a setting of each kind.
type playCommand struct {
	Songs  []string    `arg:"" optional:"" unflagged:"song" form:"play" label:"songs"`
	Volume volume      `form:"play" label:"volume" default:"5"`
	Limit  limit       `help:"A limit."`
	Loud   bool        `form:"play" label:"loud"`
	Rule   []string    `whole:"" sep:"none"`
	Pass   diag.Secret `form:"play" label:"password" hint:"a secret"`
	User   string      `form:"play" label:"user" private:""`
	Name   string      `scenario:"own"`
	Out    string      `scenario:"top"`
	Config string      `file:"-" scenario:"-"`
}

type grammar struct {
	Play playCommand `cmd:""`
	Stop struct {
		Volume volume `form:"stop" label:"volume" default:"6"`
		Config string `file:"-" scenario:"-"`
	} `cmd:""`
}

type (
	volume float64
	limit  int64
)

func options(environ ...string) Options {
	d := Decoders{}
	Add(d, Number[volume](0.5, 10, false))
	Add(d, Number[limit](1, 100, true))
	return Options{Environ: environ, ConfigDir: func() (string, error) { return "", errors.New("no home") }, Decoders: d}
}

func file(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "f.toml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestNumber(t *testing.T) {
	for text, want := range map[string]string{
		"0.5": "", "10": "", "0.4": "use a number from 0.5 to 10", "10.5": "use a number from 0.5 to 10", "none": "use a number", "NaN": "use a number",
	} {
		if _, err := Number[volume](0.5, 10, false)(text); (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", text, err, want)
		}
	}
	for text, want := range map[string]limit{"1": 1, "100": 100, "none": -1, "0": 0, "101": 0, "1.5": 0, "-1": 0, "x": 0} {
		got, err := Number[limit](1, 100, true)(text)
		if got != want || (err == nil) != (want != 0) {
			t.Errorf("%s: %v, %v; want %v", text, got, err, want)
		}
	}
}

// TestListsInVariables: a list is split, one of texts with spaces is not.
func TestListsInVariables(t *testing.T) {
	var g grammar
	parsed, err := Parse(&g, []string{"play", "a", "b"}, options("DIALTONE_RULE=x < 1, y", "DIALTONE_PASS=p p"))
	if err != nil || parsed.Check(nil) != nil {
		t.Fatal(err, parsed.Check(nil))
	}
	if diff := cmp.Diff([][]string{{"a", "b"}, {"x < 1, y"}}, [][]string{g.Play.Songs, g.Play.Rule}); diff != "" || g.Play.Pass.Reveal() != "p p" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// TestUnflagged: the flag of another command for what is an argument here is told so.
func TestUnflagged(t *testing.T) {
	for flag, want := range map[string]string{
		"--song": "unknown flag --song; here it has no flag: dialtone play SONGS", "--xyz": "unknown flag --xyz",
		"--json": "unknown flag --json; did you mean --out?", "--limits": `unknown flag --limits, did you mean "--limit"?`,
		"--plain": "unknown flag --plain; leave it out: dialtone play has only one form of output",
	} {
		_, err := Parse(&grammar{}, []string{"play", flag, "a"}, options())
		if diff := cmp.Diff(error(MistakeErrors{{"the command line", want}}), err); diff != "" {
			t.Errorf("%s (-want +got):\n%s", flag, diff)
		}
	}
}

// TestOrigins: a mistake that mentions a flag is reported where the flag was written.
func TestOrigins(t *testing.T) {
	parsed, err := Parse(&grammar{}, []string{"play", "--loud"}, options("DIALTONE_USER=ann"))
	if err != nil {
		t.Fatal(err)
	}
	got := parsed.Check(errors.Join(errors.New("--loud is too loud"), errors.New("--user is unknown"), errors.New("--limit is missing"), MistakeErrors{{"there", "known"}}))
	want := MistakeErrors{{"--loud", "--loud is too loud"}, {"DIALTONE_USER", "--user is unknown"}, {"the command line", "--limit is missing"}, {"there", "known"}}
	if diff := cmp.Diff(error(want), got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if !parsed.Typed["loud"] || parsed.Typed["user"] {
		t.Errorf("typed: %v", parsed.Typed)
	}
}

func TestScenario(t *testing.T) {
	path := file(t, `name = "all"
out = "x"
volume = 7
[[play]]
songs = "no setting of a scenario"
[[play]]
name = "loud"
volume = 8
limit = 0
rule = [
  "limit = 1",
]
pass_env = "P"
[[play]]
pass_env = "EMPTY"
out = "y"
config = "z"
pass = "hunter2"
[play.more]
x = 1
`)
	top, each, err := ReadScenario(path, "play", func() any { return &grammar{} }, options("P=first", "P=last", "EMPTY="))
	if err != nil || len(each) != 3 {
		t.Fatal(err, len(each))
	}
	var got []string
	for _, p := range append(each, top) {
		if err := p.Check(nil); err != nil {
			got = append(got, strings.Split(strings.ReplaceAll(err.Error(), path, "f"), "\n")...)
		}
	}
	want := []string{
		"f:5: songs: unknown key", `f:9: limit: invalid number "0": use a whole number from 1 to 100, or none`,
		`f:15: pass_env: the variable "EMPTY" is not set`,
		"f:16: out: unknown key; did you mean loud?", "f:17: config: unknown key",
		`f:18: pass: do not write secrets to this file: name a variable with pass_env = "NAME"`,
		"f:19: more: unknown key",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("mistakes (-want +got):\n%s", diff)
	}
	type play struct {
		Name, Out, Pass string
		Volume          volume
	}
	var plays []play
	for _, p := range append(each, top) {
		g, ok := p.Command.(*playCommand)
		if !ok {
			t.Fatalf("a %T", p.Command)
		}
		plays = append(plays, play{g.Name, g.Out, g.Pass.Reveal(), g.Volume})
	}
	if diff := cmp.Diff([]play{{"", "", "", 7}, {"loud", "", "last", 8}, {"", "", "", 7}, {"all", "x", "", 7}}, plays); diff != "" {
		t.Errorf("plays (-want +got):\n%s", diff)
	}
}

func TestFilesAreBounded(t *testing.T) {
	for name, text := range map[string]string{
		"bytes": "#" + strings.Repeat(" ", toml.MaxSize), "tables": strings.Repeat("[[play]]\n", maxTables+1),
	} {
		if _, err := readTOML(file(t, text)); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: the error is %v", name, err)
		}
	}
}

// TestExposedSecrets: a configuration file with a password that others can read gets a warning, another one does not.
func TestExposedSecrets(t *testing.T) {
	for text, want := range map[string]bool{"[play]\npass = \"x\"\n": true, "[play]\nvolume = 7\n": false} {
		path := file(t, text)
		for mode, exposed := range map[os.FileMode]bool{0o600: false, 0o640: want, 0o644: want} {
			if err := os.Chmod(path, mode); err != nil {
				t.Fatal(err)
			}
			parsed, err := Parse(&grammar{}, []string{"play", "--config", path}, options())
			if err != nil || (len(parsed.Warnings) > 0) != exposed {
				t.Errorf("%q, %v: %q, %v", text, mode, parsed.Warnings, err)
			}
		}
	}
}

// TestScenariosAreBounded: a list has its limit, and what is the same for all tables is decoded once.
func TestScenariosAreBounded(t *testing.T) {
	decoded := 0
	o := options()
	Add(o.Decoders, func(string) (volume, error) { decoded++; return 1, nil })
	path := file(t, "volume = 7\n"+strings.Repeat("[[play]]\n", maxTables-1))
	if _, each, err := ReadScenario(path, "play", func() any { return &grammar{} }, o); err != nil || len(each) != maxTables-1 {
		t.Fatal(len(each), err)
	}
	if decoded > 5 { // it and the defaults of the commands
		t.Errorf("decoded %d times", decoded)
	}
	path = file(t, "[[play]]\nrule = ["+strings.Repeat(`"x",`, maxValues+1)+"]\n")
	_, each, err := ReadScenario(path, "play", func() any { return &grammar{} }, options())
	if err != nil {
		t.Fatal(err)
	}
	if err := each[0].Check(nil); err == nil || !strings.Contains(err.Error(), "more than 100 values") {
		t.Errorf("a long list: %v", err)
	}
}

// TestManyMistakesAreOneScreen: the first ones are shown, and the number of the others.
func TestManyMistakesAreOneScreen(t *testing.T) {
	var m MistakeErrors
	for range 20_000 {
		m.Add("x", errors.New("wrong"))
	}
	if text := m.Report("play"); strings.Count(text, "wrong") != maxMistakes || !strings.Contains(text, "and 19980 more") {
		t.Errorf("%.300s", text)
	}
}

func TestForms(t *testing.T) {
	path := file(t, "[play]\nvolume = 7\nsongs = 1\n[stop]\nvolume = 8\n")
	forms, err := Forms(&grammar{}, path, options("DIALTONE_PASS=secret"))
	if err != nil || len(forms) != 2 {
		t.Fatal(err, forms)
	}
	var got []start.Field
	for _, f := range append(forms[0].Fields, forms[1].Fields...) {
		f.Check = nil
		got = append(got, f.Field)
	}
	want := []start.Field{
		{Name: "songs", Label: "songs"},
		{Name: "volume", Label: "volume", Value: "7"},
		{Name: "loud", Label: "loud", Kind: start.Switch, Value: "false"},
		{Name: "pass", Label: "password", Hint: "as configured", Kind: start.Secret},
		{Name: "user", Label: "user"},
		{Name: "volume", Label: "volume", Value: "8"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("fields (-want +got):\n%s", diff)
	}
	for i, private := range []bool{false, false, false, true, true} {
		if forms[0].Fields[i].Private != private {
			t.Errorf("%s: private %v", forms[0].Fields[i].Name, !private)
		}
	}
}
