package check

import (
	"context"

	"dialtone/diag/iceurl"
	"dialtone/diag/probe"
	"dialtone/diag/report"
	"dialtone/diag/speed"
	"dialtone/diag/speed/allocate"
)

// allocations measures each TURN server of a check, one after another.
func allocations(ctx context.Context, o Options) (out []speed.Allocations) {
	if o.Allocations == 0 {
		return nil
	}
	for _, s := range o.Config.ICEServers {
		u, err := iceurl.Parse(s.URL)
		if err != nil || !u.Scheme.TURN() || ctx.Err() != nil {
			continue
		}
		out = append(out, allocate.Measure(ctx, probe.Target{
			URL: s.URL, Username: s.Username, Password: s.Credential.Reveal(), TLS: o.TLS, Proxies: o.Proxies,
		}, o.Allocations))
	}
	return out
}

// addAllocations takes what was measured into the report. A server that allocated nothing fails the check.
func addAllocations(r *report.Report, list []speed.Allocations) {
	if len(list) == 0 {
		return
	}
	if r.Speed == nil {
		r.Speed = &speed.Result{Paced: []speed.Paced{}}
	}
	r.Speed.Allocations = list
	for _, a := range list {
		r.Assertions = append(r.Assertions, report.Assertion{
			Expr: "allocations: " + a.URL + " allocates relays", Pass: a.Made > 0, Value: a.Made,
		})
	}
}
