package main

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"dialtone/cmd/dialtone/internal/icelist"
	"dialtone/cmd/dialtone/internal/settings"
	"dialtone/cmd/dialtone/internal/terminal"
)

// testStreams have an environment, and no home.
func testStreams(environ ...string) streams {
	return streams{Streams: terminal.Streams{
		Out: io.Discard, Err: io.Discard, Environ: environ,
		ConfigDir: func() (string, error) { return "", errors.New("no home") },
	}}
}

// tempFile is a file with this text and returns its path.
func tempFile(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// fileMistakes are those of a configuration file with this text, without the directory of the file.
func fileMistakes(t *testing.T, text string) settings.MistakeErrors {
	t.Helper()
	path := tempFile(t, "f.toml", text)
	parsed, err := settings.Parse(grammar(), []string{"serve", "--config", path}, testStreams().options())
	if err != nil {
		t.Fatal(err)
	}
	var found settings.MistakeErrors
	errors.As(parsed.Check(nil), &found)
	for i := range found {
		found[i].Origin = strings.ReplaceAll(found[i].Origin, filepath.Dir(path)+"/", "")
		found[i].Text = strings.ReplaceAll(found[i].Text, filepath.Dir(path)+"/", "")
	}
	return found
}

// parsed is the grammar after args, an environment and a file.
func parsed(t *testing.T, file string, environ []string, args ...string) (*cli, *settings.Parsed) {
	t.Helper()
	grammar := grammar()
	args = append(args, "--config", tempFile(t, "config.toml", file))
	got, err := settings.Parse(grammar, args, testStreams(environ...).options())
	if err == nil {
		err = got.Check(nil)
	}
	if err != nil {
		t.Fatal(err)
	}
	return grammar, got
}

func TestPrecedence(t *testing.T) {
	const file = "for = \"1s\"\n[call]\nfor = \"2s\"\n"
	tests := map[string]struct {
		file    string
		environ []string
		args    []string
		want    time.Duration
		origin  string
	}{
		"default":     {want: 0, origin: "the command line"},
		"file, top":   {file: `for = "1s"`, want: time.Second, origin: "config.toml:1: for"},
		"file, table": {file: file, want: 2 * time.Second, origin: "config.toml:3: for"},
		"other table": {file: "[answer]\nfor = \"9s\"", want: 0, origin: "the command line"},
		"environment": {file: file, environ: []string{"DIALTONE_FOR=3s"}, want: 3 * time.Second, origin: "DIALTONE_FOR"},
		"empty":       {file: file, environ: []string{"DIALTONE_FOR="}, want: 2 * time.Second, origin: "config.toml:3: for"},
		"flag":        {file: file, environ: []string{"DIALTONE_FOR=3s"}, args: []string{"--for=4s"}, want: 4 * time.Second, origin: "--for"},
		"zero flag":   {file: file, args: []string{"--for=0s"}, want: 0, origin: "--for"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			grammar, got := parsed(t, test.file, test.environ, append([]string{"call", "w1"}, test.args...)...)
			if grammar.Call.For != test.want {
				t.Errorf("--for is %v, want %v", grammar.Call.For, test.want)
			}
			var found settings.MistakeErrors
			errors.As(got.Check(errors.New("--for is too long")), &found)
			if len(found) != 1 || !strings.HasSuffix(found[0].Origin, test.origin) {
				t.Errorf("it comes from %q, want %q", found, test.origin)
			}
		})
	}
}

func TestListsReplaceEachOther(t *testing.T) {
	tests := map[string]struct {
		file    string
		environ []string
		args    []string
		want    []string
	}{
		"list":        {file: `ice = ["stun:a", "turn:b"]`, want: []string{"stun:a:3478", "turn:b:3478?transport=udp"}},
		"one text":    {file: `ice = "stun:a"`, want: []string{"stun:a:3478"}},
		"environment": {file: `ice = "stun:a"`, environ: []string{"DIALTONE_ICE=stun:c, stun:d stun:e"}, want: []string{"stun:c:3478", "stun:d:3478", "stun:e:3478"}},
		"JSON in the environment": {
			environ: []string{`DIALTONE_ICE=[{"urls": ["stun:c", "turn:d"], "username": "x", "credential": "y"}]`},
			want:    []string{"stun:c:3478", "turn:d:3478?transport=udp"},
		},
		"flags": {
			file: `ice = "stun:a"`, environ: []string{"DIALTONE_ICE=stun:c"}, args: []string{"--ice", "stun:f", "--ice", "stun:g"},
			want: []string{"stun:f:3478", "stun:g:3478"},
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			grammar, _ := parsed(t, test.file, test.environ, append([]string{"call", "w1"}, test.args...)...)
			var got []string
			for _, s := range icelist.Joined(grammar.Call.ICE) {
				got = append(got, s.String())
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("servers (-want +got):\n%s", diff)
			}
		})
	}
}

func TestDemoIgnoresOtherPeoplesServers(t *testing.T) {
	file := "server = \"https://call.example/\"\nice-user = \"top\"\nno-media = true\n[demo]\nice-user = \"own\""
	grammar, _ := parsed(t, file, []string{"DIALTONE_ICE=stun:a", "DIALTONE_INSECURE=true"}, "demo")
	demo := grammar.Demo
	if demo.Server != defaultServer || len(demo.ICE) != 0 || demo.Insecure {
		t.Errorf("the demo would use %q, %v, insecure %v", demo.Server, demo.ICE, demo.Insecure)
	}
	if demo.ICEUser != "own" || !demo.NoMedia {
		t.Errorf("the demo's own table or the shared switches are not read: user %q, no media %v", demo.ICEUser, demo.NoMedia)
	}
}

func TestFileMistakes(t *testing.T) {
	tests := map[string]struct{ text, want string }{
		"unknown key":        {`fro = "1s"`, `f.toml:1: fro: unknown key; did you mean for?`},
		"far from any":       {`xyzzy = 1`, `f.toml:1: xyzzy: unknown key`},
		"of another":         {"[serve]\n\nfor = \"1s\"", `f.toml:3: for: unknown key`},
		"unknown table":      {"\n[cal]\nfor = \"1s\"", `f.toml:2: unknown table [cal]; there are [answer], [call], [check], [demo], [diff], [export], [import], [load], [monitor], [nat], [replay], [serve], [speed], [start]`},
		"command is no key":  {"call = 5", `f.toml:1: call: this is a command: write its flags as a table, [call]`},
		"dotted key":         {"call.fro = \"1s\"", `f.toml:1: fro: unknown key; did you mean for?`},
		"inline table":       {"call = { fro = \"1s\" }", `f.toml:1: fro: unknown key; did you mean for?`},
		"switch as text":     {`insecure = "yes"`, `f.toml:1: insecure: invalid value "yes": use true or false`},
		"duration as number": {`for = 5`, `f.toml:1: for: invalid duration "5": use a number with its unit, such as 500ms, 10s or 1m30s`},
		"bad duration":       {`for = "5"`, `f.toml:1: for: invalid duration "5": use a number with its unit, such as 500ms, 10s or 1m30s`},
		"bad list":           {`ice = ["stun:a", 5]`, `f.toml:1: ice: "5": not a STUN or TURN server: the host is neither a name nor an IP address`},
		"list for a word":    {`for = ["1s"]`, `f.toml:1: for: use one value, not a list`},
		"a table for a word": {`for = [{}]`, `f.toml:1: for: use one value, not a list`},
		"a date":             {`for = 2026-01-01`, `f.toml:1: for: use a string, a number, true or false`},
		"bad limit":          {"[serve]\nmax-body = 1.5", `f.toml:2: max-body: invalid number "1.5": use a whole number from 1 to 2147483647, or none`},
		"bad speed":          {"speed = 99", `f.toml:1: speed: invalid number "99": use a number from 0.25 to 16`},
		"bad word":           {"role = \"ofer\"", `f.toml:1: role: invalid value "ofer": use offer, answer, any; did you mean offer?`},
		"no config":          {`config = "x"`, `f.toml:1: config: unknown key`},
		"secret number":      {`ice-pass = 12345`, `f.toml:1: ice-pass: use a string in quotes`},
		"control":            {`for = "\u001b[31m"`, `f.toml:1: for: invalid duration "�[31m": use a number with its unit, such as 500ms, 10s or 1m30s`},
		"too large":          {"#" + strings.Repeat(" ", 1<<20), "--config: f.toml is larger than 262144 bytes"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			got := fileMistakes(t, test.text)
			if len(got) != 1 {
				t.Fatalf("mistakes %v, want one", got)
			}
			if got.Error() != test.want {
				t.Errorf("got  %s\nwant %s", got.Error(), test.want)
			}
		})
	}
}

func TestEveryServerOfAListIsChecked(t *testing.T) {
	mistakes := fileMistakes(t, `ice = ["http://a", "stun:ok", "turn:x:99999"]`)
	if len(mistakes) != 2 {
		t.Errorf("%d mistakes, want 2: %v", len(mistakes), mistakes)
	}
}

func TestSecretsAreNotShown(t *testing.T) {
	const password = "hunter2"
	for _, text := range []string{
		"ice-pass = hunter2", `ice-pass = "hunter2`, "ice-pass = 'hunter2", "ice-pass = [\"hunter2\"]", "ice-pass = \"hunter2\" hunter2",
		"ice-pass = \"\"\"hunter2", "ice-pass hunter2", "[call]\nice-pass = \"hunter2\\q\"",
	} {
		mistakes := fileMistakes(t, text)
		if len(mistakes) == 0 {
			t.Errorf("%q: no mistake", text)
		}
		if report := mistakes.Report("serve"); strings.Contains(report, password) {
			t.Errorf("%q is answered with %q", text, report)
		}
	}
	for _, args := range [][]string{
		{"--ice-pass", "-hunter2"}, {"--ice-pas=hunter2"}, {"-ice-pass=hunter2"}, {"--ice-pass=hunter2", "--for=x"}, {"--relay-only", "--ice-pass=hunter2"},
	} {
		var out, complaints strings.Builder
		code := run(t.Context(), append([]string{"call", "w1"}, args...), streams{Streams: terminal.Streams{
			Out: &out, Err: &complaints, ConfigDir: func() (string, error) { return "", errors.New("no home") },
		}})
		if code != 2 || strings.Contains(out.String()+complaints.String(), password) {
			t.Errorf("%q: exit %d, output %q", args, code, out.String()+complaints.String())
		}
	}
}

func TestEnvironmentIsCheckedWhole(t *testing.T) {
	got, err := settings.Parse(grammar(), []string{"demo"}, testStreams(
		"HOME=/", "DIALTONE_SERVRE=x", "DIALTONE_INSECURE=perhaps", "DIALTONE_MAX_PAIRS=-1", "DIALTONE_HELP=1", "DIALTONE_FOR=5s",
	).options())
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		"DIALTONE_SERVRE: unknown variable; did you mean DIALTONE_SERVER?",
		`DIALTONE_INSECURE: invalid value "perhaps": use true or false`,
		`DIALTONE_MAX_PAIRS: invalid number "-1": use a whole number from 1 to 2147483647, or none`,
		"DIALTONE_HELP: unknown variable; did you mean DIALTONE_DEEP?",
	}
	if diff := cmp.Diff(strings.Join(want, "\n"), got.Check(nil).Error()); diff != "" {
		t.Errorf("mistakes (-want +got):\n%s", diff)
	}
}

func FuzzConfigurationFile(f *testing.F) {
	f.Add("for = \"1s\"\n[call]\nice = [\"stun:a\"]\nice-pass = \"x\"")
	f.Add("[serve]\nmax-pairs = 5\nlisten = \":0\"\n[[x]]\n")
	f.Fuzz(func(t *testing.T, text string) {
		for _, m := range fileMistakes(t, text) {
			if m.Origin == "" || m.Text == "" {
				t.Errorf("mistake %v of %q", m, text)
			}
		}
	})
}
