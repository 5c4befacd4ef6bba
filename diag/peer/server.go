package peer

import (
	"dialtone/diag"
	"dialtone/diag/iceurl"
)

// server is an ICE server of the configuration.
type server struct {
	iceurl.URL
	text string // the URL as configured, which events repeat
}

// parseServers reads the configured servers, which were checked where the configuration was read.
func parseServers(list []diag.ICEServerAuth) []server {
	var out []server
	for _, s := range list {
		if u, err := iceurl.Parse(s.URL); err == nil {
			out = append(out, server{URL: u, text: s.URL})
		}
	}
	return out
}
