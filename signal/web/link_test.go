package web

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"dialtone/signal"
)

func TestParseICEServers(t *testing.T) {
	for name, test := range map[string]struct {
		in   []string
		want []signal.ICEServer
	}{
		"of the standard": {[]string{
			`<stun:stun.example.net>; rel="ice-server"`,
			`<turn:turn.example.net?transport=udp>; rel="ice-server"; username="user"; credential="myPassword"; credential-type="password"`,
		}, []signal.ICEServer{{URL: "stun:stun.example.net"}, {URL: "turn:turn.example.net?transport=udp", Username: "user", Credential: "myPassword"}}},
		"one field":         {[]string{`<stun:a>; rel=ice-server, <stun:b>;rel="other ice-server" , <stun:c>; rel=next`}, []signal.ICEServer{{URL: "stun:a"}, {URL: "stun:b"}}},
		"escapes":           {[]string{`<turn:a>; REL="ICE-server"; username="a\"b\\"; credential="c,d;e>"`}, []signal.ICEServer{{URL: "turn:a", Username: `a"b\`, Credential: "c,d;e>"}}},
		"the first counts":  {[]string{`<stun:a>; rel=ice-server; rel=next`}, []signal.ICEServer{{URL: "stun:a"}}},
		"OAuth is not ours": {[]string{`<turn:a>; rel=ice-server; username=u; credential=c; credential-type=oauth`}, []signal.ICEServer{{URL: "turn:a"}}},
		"other schemes":     {[]string{`<https://a>; rel=ice-server`, `<javascript:x>; rel=ice-server`}, nil},
		"broken":            {[]string{`<stun:a`, `stun:a; rel=ice-server`, `<stun:a>; rel="ice-server`, `;;;,,,`, ``}, nil},
		"then a good one":   {[]string{`garbage`, `<stun:a>; rel=ice-server`}, []signal.ICEServer{{URL: "stun:a"}}},
		"endless":           {[]string{strings.Repeat(",", maxLinkBytes+1), `<stun:a>; rel=ice-server`}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(test.want, ParseICEServers(test.in)); diff != "" {
				t.Error(diff)
			}
		})
	}
	var many []string
	for i := range 100 {
		many = append(many, fmt.Sprintf("<stun:s%d>; rel=ice-server", i))
	}
	if n := len(ParseICEServers(many)); n != maxICEServers {
		t.Errorf("%d servers are taken", n)
	}
}

func FuzzLink(f *testing.F) {
	f.Add(`<turn:a?transport=udp>; rel="ice-server"; username="u"; credential="p\"w", <x>; rel`)
	f.Add(`<a>;=;;b="`)
	f.Fuzz(func(t *testing.T, in string) {
		for _, s := range ParseICEServers([]string{in}) {
			if strings.ContainsAny(s.URL, ">\r\n") || strings.ContainsAny(s.Username+s.Credential, "\r\n") && !strings.ContainsAny(in, "\r\n") {
				t.Fatalf("%+v", s)
			}
			if s.Username == "" || s.URL != strings.TrimSpace(s.URL) {
				continue
			}
			if diff := cmp.Diff([]signal.ICEServer{s}, ParseICEServers([]string{formatLink(s)})); diff != "" {
				t.Fatal(diff)
			}
		}
	})
}

// formatLink writes a server's Link field.
func formatLink(s signal.ICEServer) string {
	quote := strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace
	out := "<" + s.URL + `>; rel="ice-server"`
	if s.Username != "" {
		out += `; username="` + quote(s.Username) + `"; credential="` + quote(s.Credential) + `"; credential-type="password"`
	}
	return out
}
