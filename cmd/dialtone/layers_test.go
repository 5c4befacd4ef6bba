package main

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/alecthomas/kong"
	"github.com/google/go-cmp/cmp"
)

func testParser(t *testing.T, grammar *cli, flags *layers) *kong.Kong {
	t.Helper()
	if flags.configDir == nil {
		flags.configDir = func() (string, error) { return "", errors.New("no home") }
	}
	parser, err := newParser(grammar, streams{out: io.Discard, err: io.Discard}, flags, func(int) {})
	if err != nil {
		t.Fatal(err)
	}
	return parser
}

// readText reads a configuration file with this text.
func readText(t *testing.T, text string) ([]setting, []mistake) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "f.toml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	settings, mistakes, err := readFile(path, flagsOf(testParser(t, &cli{}, &layers{}).Model))
	if err != nil {
		t.Fatal(err)
	}
	return settings, mistakes
}

// parsed is the grammar after args, an environment and a file.
func parsed(t *testing.T, file string, environ []string, args ...string) (*cli, *layers) {
	t.Helper()
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "dialtone"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "dialtone", "config.toml"), []byte(file), 0o600); err != nil {
		t.Fatal(err)
	}
	grammar := &cli{}
	flags := &layers{environ: environ, configDir: func() (string, error) { return dir, nil }}
	if _, err := testParser(t, grammar, flags).Parse(args); err != nil {
		t.Fatal(err)
	}
	if len(flags.mistakes) > 0 {
		t.Fatal(configError(flags.mistakes))
	}
	return grammar, flags
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
		"default":     {want: 0, origin: "--for"},
		"file, top":   {file: `for = "1s"`, want: time.Second, origin: "config.toml: for"},
		"file, table": {file: file, want: 2 * time.Second, origin: "config.toml: call.for"},
		"other table": {file: "[answer]\nfor = \"9s\"", want: 0, origin: "--for"},
		"environment": {file: file, environ: []string{"DIALTONE_FOR=3s"}, want: 3 * time.Second, origin: "DIALTONE_FOR"},
		"empty":       {file: file, environ: []string{"DIALTONE_FOR="}, want: 2 * time.Second, origin: "config.toml: call.for"},
		"flag":        {file: file, environ: []string{"DIALTONE_FOR=3s"}, args: []string{"--for=4s"}, want: 4 * time.Second, origin: "--for"},
		"zero flag":   {file: file, args: []string{"--for=0s"}, want: 0, origin: "--for"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			grammar, flags := parsed(t, test.file, test.environ, append([]string{"call", "w1"}, test.args...)...)
			if got := grammar.Call.For.Duration; got != test.want {
				t.Errorf("--for is %v, want %v", got, test.want)
			}
			if got := flags.originOf("for"); !strings.HasSuffix(got, test.origin) {
				t.Errorf("it comes from %q, want %q", got, test.origin)
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
		"flags": {
			file: `ice = "stun:a"`, environ: []string{"DIALTONE_ICE=stun:c"}, args: []string{"--ice", "stun:f", "--ice", "stun:g"},
			want: []string{"stun:f:3478", "stun:g:3478"},
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			grammar, _ := parsed(t, test.file, test.environ, append([]string{"call", "w1"}, test.args...)...)
			var got []string
			for _, u := range grammar.Call.ICE.list {
				got = append(got, u.String())
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
	if demo.Server.page != defaultServer || len(demo.ICE.list) != 0 || demo.Insecure {
		t.Errorf("the demo would use %q, %v, insecure %v", demo.Server.page, demo.ICE.list, demo.Insecure)
	}
	if demo.ICEUser != "own" || !demo.NoMedia {
		t.Errorf("the demo's own table or the shared switches are not read: user %q, no media %v", demo.ICEUser, demo.NoMedia)
	}
}

func TestFileMistakes(t *testing.T) {
	tests := map[string]struct{ text, want string }{
		"unknown key":       {`fro = "1s"`, `fro: unknown key; did you mean for?`},
		"far from any":      {`xyzzy = 1`, `xyzzy: unknown key`},
		"of another":        {"[serve]\nfor = \"1s\"", `serve.for: unknown key`},
		"unknown table":     {"[cal]\nfor = \"1s\"", `[cal]: unknown table; there are [answer], [call], [check], [demo], [nat], [replay], [serve], [start]`},
		"command is no key": {"call = 5", `call: this is a command: write its flags as a table, [call]`},
		"switch as text":    {`insecure = "yes"`, `insecure: true or false is needed, without quotes`},
		"duration as number": {
			`for = 5`, `for: a duration is needed, with its unit and in quotes: "10s"`,
		},
		"bad duration":  {`for = "5"`, `for: "5" is no duration: write it like 500ms, 10s or 1m30s`},
		"bad list":      {`ice = ["stun:a", 5]`, `ice: a list of texts is needed: ["stun:stun.example", "turn:turn.example"]`},
		"bad limit":     {"[serve]\nmax-body = 1.5", `serve.max-body: "1.5" is no limit: write a whole number from 1 to 2147483647, or none`},
		"no config":     {`config = "x"`, `config: unknown key`},
		"secret number": {`ice-pass = 12345`, `ice-pass: a text in quotes is needed`},
		"control":       {`for = "\u001b[31m"`, `for: "�[31m" is no duration: write it like 500ms, 10s or 1m30s`},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			settings, mistakes := readText(t, test.text)
			if len(mistakes) != 1 || len(settings) != 0 {
				t.Fatalf("mistakes %v, settings %v; want one mistake", mistakes, settings)
			}
			_, key, _ := strings.Cut(mistakes[0].origin, "f.toml: ")
			if got := key + ": " + mistakes[0].text; got != test.want {
				t.Errorf("got  %s\nwant %s", got, test.want)
			}
		})
	}
}

func TestEveryServerOfAListIsChecked(t *testing.T) {
	_, mistakes := readText(t, `ice = ["http://a", "stun:ok", "turn:x:99999"]`)
	if len(mistakes) != 2 {
		t.Errorf("%d mistakes, want 2: %v", len(mistakes), mistakes)
	}
}

func TestSecretsAreNotTold(t *testing.T) {
	const password = "hunter2"
	for _, text := range []string{
		"ice-pass = hunter2", `ice-pass = "hunter2`, "ice-pass = 'hunter2", "ice-pass = [\"hunter2\"]", "ice-pass = \"hunter2\" hunter2",
		"ice-pass = \"\"\"hunter2", "ice-pass hunter2", "[call]\nice-pass = \"hunter2\\q\"",
	} {
		settings, mistakes := readText(t, text)
		if len(mistakes) == 0 {
			t.Errorf("%q: no mistake; settings %v", text, settings)
		}
		if told := configError(mistakes).Error(); strings.Contains(told, password) {
			t.Errorf("%q is answered with %q", text, told)
		}
	}
	for _, args := range [][]string{
		{"--ice-pass", "-hunter2"}, {"--ice-pas=hunter2"}, {"-ice-pass=hunter2"}, {"--ice-pass=hunter2", "--for=x"}, {"--relay-only", "--ice-pass=hunter2"},
	} {
		var out, complaints strings.Builder
		code := run(t.Context(), append([]string{"call", "w1"}, args...), streams{
			out: &out, err: &complaints, configDir: func() (string, error) { return "", errors.New("no home") },
		})
		if code != 2 || strings.Contains(out.String()+complaints.String(), password) {
			t.Errorf("%q: exit %d, output %q", args, code, out.String()+complaints.String())
		}
	}
}

func TestEnvironmentIsCheckedWhole(t *testing.T) {
	flags := &layers{environ: []string{
		"HOME=/", "DIALTONE_SERVRE=x", "DIALTONE_INSECURE=perhaps", "DIALTONE_MAX_PAIRS=-1", "DIALTONE_HELP=1", "DIALTONE_FOR=5s",
	}}
	if _, err := testParser(t, &cli{}, flags).Parse([]string{"demo"}); err != nil {
		t.Fatal(err)
	}
	want := []string{
		"DIALTONE_SERVRE: unknown variable; did you mean DIALTONE_SERVER?",
		`DIALTONE_INSECURE: "perhaps" is neither true nor false`,
		`DIALTONE_MAX_PAIRS: "-1" is no limit: write a whole number from 1 to 2147483647, or none`,
		"DIALTONE_HELP: unknown variable; did you mean DIALTONE_DEEP?",
	}
	if diff := cmp.Diff(strings.Join(want, "\n"), configError(flags.mistakes).Error()); diff != "" {
		t.Errorf("mistakes (-want +got):\n%s", diff)
	}
}

func TestShellQuoted(t *testing.T) {
	tests := map[string]string{
		"w1": "w1", "http://127.0.0.1:8000/call/": "http://127.0.0.1:8000/call/", "two words": "'two words'", "it's": `'it'\''s'`,
		"": "''", "$HOME": "'$HOME'", "-x": "'-x'", "ü": "'ü'", "a;b": "'a;b'", "a~": "'a~'", "x\"y": "'x\"y'",
	}
	for arg, want := range tests {
		if got := shellQuoted(arg); got != want {
			t.Errorf("shellQuoted(%q) = %s, want %s", arg, got, want)
		}
	}
}

func FuzzConfigurationFile(f *testing.F) {
	f.Add("for = \"1s\"\n[call]\nice = [\"stun:a\"]\nice-pass = \"x\"")
	f.Add("[serve]\nmax-pairs = 5\nlisten = \":0\"\n[[x]]\n")
	f.Fuzz(func(t *testing.T, text string) {
		settings, mistakes := readText(t, text)
		for _, s := range settings {
			if s.raw == nil || s.origin == "" {
				t.Errorf("setting %v of %q", s, text)
			}
		}
		for _, m := range mistakes {
			if m.origin == "" || m.text == "" {
				t.Errorf("mistake %v of %q", m, text)
			}
		}
	})
}
