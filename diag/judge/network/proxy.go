package network

import (
	"dialtone/diag"
	"dialtone/diag/nat"
)

// ProxyWay is a server that works through a proxy, and is not reached without it.
type ProxyWay struct {
	Through diag.Server `json:"through"`
	Direct  diag.Server `json:"direct"`
}

// onlyProxy is what shows that connections get out through a proxy only; nil when nothing does: a server that works
// through the proxy could not be connected to without it, and none could.
func onlyProxy(s *nat.State) *ProxyWay {
	var through, direct *diag.Server
	for i := range s.Asked {
		switch a := &s.Asked[i]; {
		case a.Proxy != "" && a.OK() && through == nil:
			through = a
		case a.Proxy != "":
		case a.Direct && unconnected(a):
			direct = a
		case a.Transport == "tcp" || a.Transport == "tls":
			if a.Failed() == nil || !unconnected(a) {
				return nil // this one was reached
			}
		}
	}
	if through == nil || direct == nil {
		return nil
	}
	return &ProxyWay{Through: *through, Direct: *direct}
}

// unconnected reports whether there was no way to a server.
func unconnected(s *diag.Server) bool {
	switch s.Cause() {
	case diag.CauseDNS, diag.CauseTimeout, diag.CauseUnreachable, diag.CauseRefused:
		stage := s.Failed().Name
		return stage == diag.StageDNS || stage == diag.StageConnect
	default:
		return false
	}
}
