package requests

import (
	"slices"

	"dialtone/diag"
	"dialtone/diag/iceurl"
	"dialtone/signal"
)

// Usable are the servers that a peer can ask and does not ask already.
func Usable(named []signal.ICEServer, have []diag.ICEServerAuth) []diag.ICEServerAuth {
	var out []diag.ICEServerAuth
	for _, n := range named {
		u, err := iceurl.Parse(n.URL)
		known := func(s diag.ICEServerAuth) bool { return s.URL == u.String() }
		if err != nil || u.Scheme.TURN() && (n.Username == "" || n.Credential == "") ||
			slices.ContainsFunc(have, known) || slices.ContainsFunc(out, known) {
			continue
		}
		server := diag.ICEServerAuth{URL: u.String()}
		if u.Scheme.TURN() {
			server.Username, server.Credential = n.Username, diag.Secret(n.Credential)
		}
		out = append(out, server)
	}
	return out
}
