package peer

import (
	"testing"

	"dialtone/diag"
	"dialtone/diag/call"
	"dialtone/diag/lab"
)

// TestUseServers: servers and credentials that replace the first ones are asked at the next restart, and give relays.
func TestUseServers(t *testing.T) {
	var servers [2]*lab.TURN
	for i := range servers {
		var err error
		if servers[i], err = lab.StartTURN(lab.TURNOptions{UDP: true, Username: "u", Password: "p"}); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = servers[i].Close() })
	}
	account := func(i int, password string) diag.ICEServerAuth {
		return diag.ICEServerAuth{URL: servers[i].URL(lab.UDP), Username: "u", Credential: diag.Secret(password)}
	}
	expired := []diag.ICEServerAuth{account(0, "expired")}
	a, b := pair(t, Options{NoMedia: true, ICEServers: expired}, Options{NoMedia: true, ICEServers: expired})
	connect(t, a, b)
	for _, s := range []*side{a, b} {
		s.until(t, "the connection", func(c *call.Call) bool { return c.ConnectedAt != nil })
		for _, c := range s.call.Local {
			if c.CandidateType == diag.Relay {
				t.Fatalf("a relay without credentials: %+v", c)
			}
		}
		s.UseServers([]diag.ICEServerAuth{account(0, "p"), account(1, "p")})
	}
	negotiate(t, a, b, true)
	for _, s := range []*side{a, b} {
		s.until(t, "relays of both servers", func(placed *call.Call) bool {
			found := map[string]bool{}
			for _, c := range placed.Local {
				if c.CandidateType == diag.Relay {
					found[c.URL] = true
				}
			}
			return found[servers[0].URL(lab.UDP)] && found[servers[1].URL(lab.UDP)]
		})
	}
}
