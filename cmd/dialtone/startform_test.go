package main

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"dialtone/tui/start"
)

// formOf is a command's form under that environment.
func formOf(t *testing.T, name, config string, environ ...string) startForm {
	t.Helper()
	noDir := func() (string, error) { return "", errors.New("none") }
	forms, err := startForms(streams{environ: environ, configDir: noDir}, config)
	if err != nil {
		t.Fatal(err)
	}
	i := slices.IndexFunc(forms, func(f startForm) bool { return f.name == name })
	if i < 0 {
		t.Fatalf("there is no form for %s", name)
	}
	return forms[i]
}

// begun are the values that a form begins with, and those of a test.
func begun(f startForm, typed start.Values) start.Values {
	v := start.Values{}
	for _, field := range f.fields {
		v[field.Name] = field.Value
	}
	for name, text := range typed {
		v[name] = text
	}
	return v
}

func TestStartLine(t *testing.T) {
	turns := "stun:a.example turn:b.example"
	tests := []struct {
		name    string
		command string
		environ []string
		typed   start.Values
		want    string
	}{
		{"a code", "call", nil, start.Values{"code": "w1"}, "dialtone call w1"},
		{"quoted", "call", nil, start.Values{"code": "it's me; rm -rf"}, `dialtone call 'it'\''s me; rm -rf'`},
		{"like a flag", "call", nil, start.Values{"code": "-x", "no-media": "true"}, `dialtone call --no-media -- '-x'`},
		{"another server", "call", nil, start.Values{"code": "w1", "server": "calls.example"}, "dialtone call w1 --server calls.example"},
		{
			"servers, and a password", "call", nil,
			start.Values{"code": "w1", "ice": turns, "ice-user": "ann", "ice-pass": "hunter2", "relay-only": "true"},
			"DIALTONE_ICE_PASS=… dialtone call w1 --ice stun:a.example --ice turn:b.example --ice-user ann --relay-only",
		},
		{
			"what is configured is not repeated", "call",
			[]string{"DIALTONE_ICE=" + turns, "DIALTONE_ICE_USER=ann", "DIALTONE_RELAY_ONLY=true", "DIALTONE_FOR=10s"},
			start.Values{"code": "w1"},
			"dialtone call w1",
		},
		{
			"but what differs is", "call",
			[]string{"DIALTONE_RELAY_ONLY=true", "DIALTONE_FOR=10s", "DIALTONE_ICE_USER=ann"},
			start.Values{"code": "w1", "relay-only": "false", "for": "20s", "ice-user": ""},
			"dialtone call w1 --ice-user='' --relay-only=false --for 20s",
		},
		{"answer", "answer", nil, start.Values{"code": "w1", "once": "true"}, "dialtone answer w1 --once"},
		{"demo", "demo", nil, start.Values{"record": "my call.jsonl"}, "dialtone demo --record 'my call.jsonl'"},
		{"no code so far", "call", nil, nil, "dialtone call CODE"},
		{"public servers", "nat", nil, start.Values{"public": "true"}, "dialtone nat --public"},
		{"check, both parties here", "check", nil, start.Values{"for": "2s"}, "dialtone check --loopback --for 2s"},
		{"check, a room", "check", nil, start.Values{"room": "w1", "repeat": "5"}, "dialtone check --room w1 --repeat 5"},
		{"check, the configured room", "check", []string{"DIALTONE_ROOM=w1"}, nil, "dialtone check"},
		{"replay", "replay", nil, start.Values{"file": "a b.jsonl"}, "dialtone replay 'a b.jsonl'"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			f := formOf(t, tt.command, "", tt.environ...)
			if got := strings.Join(f.line(begun(f, tt.typed)), " "); got != tt.want {
				t.Errorf("got  %s\nwant %s", got, tt.want)
			}
		})
	}
}

// What the form makes of its values is a command line that the program itself takes.
func TestStartArgsAreUnderstood(t *testing.T) {
	config := filepath.Join(t.TempDir(), "lab.toml")
	if err := os.WriteFile(config, []byte("[call]\nserver = \"https://calls.example/room/\"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	f := formOf(t, "call", config)
	values := begun(f, start.Values{"code": "-w 1", "ice": "stun:a.example,turn:b.example", "ice-user": "-ann", "ice-pass": "p", "relay-only": "true", "for": "3s", "record": "x.jsonl"})
	var grammar cli
	if err := configured(&grammar, streams{}, "", f.args(values)...); err != nil {
		t.Fatal(err)
	}
	c := grammar.Call
	got := []any{*c.Code, c.Server.page, len(c.ICE.list), c.ICEUser, c.RelayOnly, c.For.String(), c.Record, c.Config}
	want := []any{"-w 1", "https://calls.example/room/", 2, "-ann", true, "3s", "x.jsonl", config}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestStartChecks(t *testing.T) {
	tests := []struct {
		name    string
		environ []string
		typed   start.Values
		want    string // of the field's name, or "form", and the beginning of what is told
	}{
		{"all is well", nil, start.Values{"code": "w1"}, ""},
		{"no code", nil, nil, "code: the call code is empty"},
		{"a server with a password", nil, start.Values{"code": "w1", "server": "https://a:b@calls.example"}, "server: the address must not contain"},
		{"no URL", nil, start.Values{"code": "w1", "ice": "http://x"}, `ice: "http://x"`},
		{"configured servers", []string{"DIALTONE_ICE=stun:a.example"}, start.Values{"code": "w1", "ice": ""}, "ice: servers are configured"},
		{"no length", nil, start.Values{"code": "w1", "for": "soon"}, `for: "soon" is no duration`},
		{"TURN without an account", nil, start.Values{"code": "w1", "ice": "turn:a.example"}, "form: a TURN server asks for"},
		{"TURN with a configured password", []string{"DIALTONE_ICE_PASS=p"}, start.Values{"code": "w1", "ice": "turn:a.example", "ice-user": "ann"}, ""},
		{"relay only without TURN", nil, start.Values{"code": "w1", "relay-only": "true"}, "form: relay only needs a TURN server"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			f := formOf(t, "call", "", tt.environ...)
			values, got := begun(f, tt.typed), ""
			for _, field := range f.fields {
				if field.Check != nil && field.Check(values[field.Name]) != nil && got == "" {
					got = field.Name + ": " + field.Check(values[field.Name]).Error()
				}
			}
			if err := f.check(values); err != nil && got == "" {
				got = "form: " + err.Error()
			}
			if !strings.HasPrefix(got, tt.want) || tt.want == "" && got != "" {
				t.Errorf("told %q, want %q", got, tt.want)
			}
		})
	}
}
