package probe

import (
	"context"
	"time"

	"dialtone/diag"
	"dialtone/diag/iceurl"
)

// Bounds of the requests that compare a proxy with the direct way.
const (
	maxDirect  = 2               // servers
	directTime = 2 * time.Second // for each
)

// withoutProxy asks servers that work through a proxy once more without it, for a Binding: whether they are reached
// shows if only the proxy leads out.
func (d *Diagnosis) withoutProxy(ctx context.Context, through []diag.Server) {
	var targets []Target
	seen := map[string]bool{}
	for _, s := range through {
		u, err := iceurl.Parse(s.URL)
		if err != nil || s.Proxy == "" || !s.OK() || seen[u.Address()] || len(targets) == maxDirect {
			continue
		}
		seen[u.Address()] = true
		u.Scheme = iceurl.STUN
		if s.Transport == "tls" {
			u.Scheme = iceurl.STUNS
		}
		targets = append(targets, Target{
			URL: u.Short(), TLS: d.q.TLS, Families: d.q.Families, Local: d.q.Bind, Dial: d.q.Dial, Timeout: directTime,
			Diagnosis: true, Direct: true,
		})
	}
	All(ctx, d.reporting(targets), func(diag.Server) {})
}
