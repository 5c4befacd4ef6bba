package throughput

import (
	"errors"
	"fmt"
	"slices"

	"dialtone/diag"
	"dialtone/diag/iceurl"
)

// Path is a way for the packets of a call that is measured by itself.
type Path struct {
	Name    string               // direct, TURN/UDP, TURN/TCP, TURN/TLS or TURN/DTLS
	Relay   bool                 // only this
	Servers []diag.ICEServerAuth // of ICE
}

// transports are those between a client and a TURN server that are compared, with a name each.
var transports = []struct{ transport, name string }{
	{"udp", "TURN/UDP"}, {"tcp", "TURN/TCP"}, {"tls", "TURN/TLS"}, {"dtls", "TURN/DTLS"},
}

// Paths are the direct one, and one for each transport to the TURN servers among the given ones. A transport over which
// none is given is tried at the first server: UDP and TCP at one port, TLS at its own. DTLS is not, as few servers
// have it.
func Paths(servers []diag.ICEServerAuth) ([]Path, error) {
	direct := Path{Name: "direct"}
	given := map[string][]diag.ICEServerAuth{}
	var first *diag.ICEServerAuth
	var at iceurl.URL
	for i, s := range servers {
		u, err := iceurl.Parse(s.URL)
		if err != nil {
			return nil, err
		}
		if !u.Scheme.TURN() {
			direct.Servers = append(direct.Servers, s)
			continue
		}
		if first == nil {
			first, at = &servers[i], u
		}
		given[u.Transport()] = append(given[u.Transport()], s)
	}
	if first == nil {
		return nil, errors.New("--compare needs a TURN server: add --ice turn:HOST --ice-user NAME --ice-pass PASSWORD")
	}
	paths := []Path{direct}
	for _, t := range transports {
		list := given[t.transport]
		if len(list) == 0 && t.transport != "dtls" {
			derived := *first
			derived.URL = atTransport(at, t.transport).Short()
			list = []diag.ICEServerAuth{derived}
		}
		if len(list) > 0 {
			paths = append(paths, Path{Name: t.name, Relay: true, Servers: slices.Clone(list)})
		}
	}
	return paths, nil
}

// atTransport is the address of a server for another transport: the default port, unless both are plain.
func atTransport(u iceurl.URL, transport string) iceurl.URL {
	scheme := iceurl.TURN
	port := uint16(iceurl.DefaultPort)
	if transport == "tls" {
		scheme, port = iceurl.TURNS, iceurl.DefaultPortSecured
	}
	if scheme != u.Scheme {
		u.Port = port
	}
	u.Scheme, u.UDP = scheme, transport == "udp"
	return u
}

// Compared says which paths a run measures.
func Compared(paths []Path) string {
	text := fmt.Sprintf("%d paths, one after another:", len(paths))
	for i, p := range paths {
		if i > 0 {
			text += ","
		}
		text += " " + p.Name
		if p.Relay {
			text += " (" + p.Servers[0].URL + ")"
		}
	}
	return text
}
