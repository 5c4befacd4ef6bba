package peer

import (
	"fmt"

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

// UseServers replaces the ICE servers, as when their credentials were renewed: what is gathered from now on asks these.
func (p *Peer) UseServers(servers []diag.ICEServerAuth) {
	p.negotiating.Lock()
	defer p.negotiating.Unlock()
	p.o.ICEServers, p.renewed = servers, true
}

// renew gives the agent the servers of UseServers, before it gathers again.
func (p *Peer) renew() error {
	if !p.renewed {
		return nil
	}
	p.renewed = false
	p.candidates.use(parseServers(p.o.ICEServers))
	if err := p.pc.SetConfiguration(iceConfiguration(p.o, p.forward)); err != nil {
		return fmt.Errorf("replacing the ICE servers: %w", err)
	}
	return nil
}
