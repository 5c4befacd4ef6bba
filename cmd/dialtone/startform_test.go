package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"dialtone/cmd/dialtone/internal/forms"
	"dialtone/cmd/dialtone/internal/settings"
	"dialtone/tui/start"
)

// formOf is a command's form under that environment, and the same as the screen gets it.
func formOf(t *testing.T, name, config string, environ ...string) (forms.Form, start.Command) {
	t.Helper()
	all, err := startForms(testStreams(environ...), config)
	if err != nil {
		t.Fatal(err)
	}
	f, err := forms.Find(all, name)
	if err != nil {
		t.Fatal(err)
	}
	return f, f.Screen()
}

// begun are the values that a form begins with, and those of a test.
func begun(f forms.Form, typed start.Values) start.Values {
	v := f.Values([]string{f.Command})
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
			f, shown := formOf(t, tt.command, "", tt.environ...)
			values := begun(f, tt.typed)
			if got := strings.Join(shown.Line(values), " "); got != tt.want {
				t.Errorf("got  %s\nwant %s", got, tt.want)
			}
			delete(values, "ice-pass")
			again := f.Values(f.Args(values))
			delete(again, "ice-pass")
			if diff := cmp.Diff(values, again); diff != "" {
				t.Errorf("the line leads to other values (-want +got):\n%s", diff)
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
	f, _ := formOf(t, "call", config)
	values := begun(f, start.Values{"code": "-w 1", "ice": "stun:a.example,turn:b.example", "ice-user": "-ann", "ice-pass": "p", "relay-only": "true", "for": "3s", "record": "x.jsonl"})
	var grammar cli
	if _, err := settings.Parse(&grammar, f.Args(values), testStreams().options()); err != nil {
		t.Fatal(err)
	}
	c := grammar.Call
	got := []any{*c.Code, string(c.Server), len(c.ICE), c.ICEUser, c.RelayOnly, c.For.String(), c.Record, c.Config}
	want := []any{"-w 1", "https://calls.example/room/", 2, "-ann", true, "3s", "x.jsonl", config}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestStartChecks(t *testing.T) {
	tests := []struct {
		name    string
		command string
		environ []string
		typed   start.Values
		want    string // the field's name, or "form", and the beginning of what is wrong
	}{
		{"all is well", "call", nil, start.Values{"code": "w1"}, ""},
		{"no code", "call", nil, nil, "code: enter the code"},
		{"no room code", "call", nil, start.Values{"code": "\x01"}, "form: the room code"},
		{"a server with a password", "call", nil, start.Values{"code": "w1", "server": "https://a:b@calls.example"}, "server: the address must not contain"},
		{"no URL", "call", nil, start.Values{"code": "w1", "ice": "http://x"}, `ice: "http://x"`},
		{"configured servers", "call", []string{"DIALTONE_ICE=stun:a.example"}, start.Values{"code": "w1", "ice": ""}, "ice: configured values"},
		{"no length", "call", nil, start.Values{"code": "w1", "for": "soon"}, `for: invalid duration "soon"`},
		{"TURN without an account", "call", nil, start.Values{"code": "w1", "ice": "turn:a.example"}, "form: --ice turn:a.example:3478?transport=udp requires"},
		{"TURN with a configured password", "call", []string{"DIALTONE_ICE_PASS=p"}, start.Values{"code": "w1", "ice": "turn:a.example", "ice-user": "ann"}, ""},
		{"TURN with a password", "call", nil, start.Values{"code": "w1", "ice": "turn:a.example", "ice-user": "ann", "ice-pass": "p"}, ""},
		{"relay only without TURN", "call", nil, start.Values{"code": "w1", "relay-only": "true"}, "form: --relay-only needs a TURN server"},
		{"nat without a server", "nat", nil, nil, "form: no server to ask"},
		{"nat with public servers", "nat", nil, start.Values{"public": "true"}, ""},
		{"check, no calls", "check", nil, start.Values{"repeat": "0"}, "repeat: invalid number"},
		{"check", "check", nil, nil, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			f, shown := formOf(t, tt.command, "", tt.environ...)
			values, got := begun(f, tt.typed), ""
			for _, field := range shown.Fields {
				if field.Check != nil && field.Check(values[field.Name]) != nil && got == "" {
					got = field.Name + ": " + field.Check(values[field.Name]).Error()
				}
			}
			if err := shown.Check(values); err != nil && got == "" {
				got = "form: " + err.Error()
			}
			if !strings.HasPrefix(got, tt.want) || tt.want == "" && got != "" {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

// TestPasswordOfTheForm: it goes to the command by a variable, before a configured one.
func TestPasswordOfTheForm(t *testing.T) {
	var g cli
	s := testStreams("DIALTONE_ICE_PASS=configured").withPassword("typed")
	if _, err := settings.Parse(&g, []string{"call", "w1"}, s.options()); err != nil || g.Call.ICEPass.Reveal() != "typed" {
		t.Errorf("%v, %v", g.Call.ICEPass.Reveal(), err)
	}
}
