package throughput

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"dialtone/diag"
)

func TestPaths(t *testing.T) {
	for given, want := range map[string]string{
		"turn:h.example": "direct | TURN/UDP turn:h.example | TURN/TCP turn:h.example?transport=tcp | " +
			"TURN/TLS turns:h.example?transport=tcp",
		"stun:s.example turn:192.0.2.1:99?transport=tcp": "direct stun:s.example | TURN/UDP turn:192.0.2.1:99?transport=udp | " +
			"TURN/TCP turn:192.0.2.1:99?transport=tcp | TURN/TLS turns:192.0.2.1:5349?transport=tcp",
		"turns:h.example:443 turns:h.example?transport=udp": "direct | TURN/UDP turn:h.example:3478?transport=udp | " +
			"TURN/TCP turn:h.example:3478?transport=tcp | TURN/TLS turns:h.example:443 | TURN/DTLS turns:h.example?transport=udp",
	} {
		var servers []diag.ICEServerAuth
		for _, url := range strings.Fields(given) {
			servers = append(servers, diag.ICEServerAuth{URL: url, Username: "ann"})
		}
		paths, err := Paths(servers)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for i, p := range paths {
			text := p.Name
			for _, s := range p.Servers {
				text += " " + s.URL
				if s.Username != "ann" {
					t.Errorf("%s: the user of %s is lost", given, s.URL)
				}
			}
			if p.Relay != (i > 0) {
				t.Errorf("%s: %+v", given, p)
			}
			got = append(got, text)
		}
		if diff := cmp.Diff(want, strings.Join(got, " | ")); diff != "" {
			t.Errorf("%s: %s", given, diff)
		}
	}
	for _, url := range []string{"stun:s.example", "turn:"} {
		if _, err := Paths([]diag.ICEServerAuth{{URL: url}}); err == nil {
			t.Errorf("%s: accepted", url)
		}
	}
}
