package diag

import (
	"net"
	"slices"
	"strings"
)

// failures are the findings about servers that gave nothing, the gravest first: one for each server and cause, however
// many URLs name it and whatever it was asked for.
func (r *natCase) failures(o *NATObservations) []Finding {
	list := r.failed(o)
	slices.SortStableFunc(list, func(a, b ServerResult) int { return r.severity(b).Compare(r.severity(a)) })
	var out []Finding
	at := map[string]int{}
	for _, s := range list {
		f := failureFinding(s, r.severity(s))
		key := f.ID + " " + failedAt(s)
		if i, told := at[key]; told {
			out[i].Evidence = append(out[i].Evidence, Clean("the same: "+s.URL+": "+s.ErrorText, 400))
			continue
		}
		at[key] = len(out)
		out = append(out, f)
	}
	return out
}

// failed are the servers that gave nothing, TURN first. Where UDP is blocked, silence over UDP says nothing about a
// server.
func (r *natCase) failed(o *NATObservations) []ServerResult {
	out := results(r.TURN)
	for i, s := range r.Servers {
		if s.OK || s.Waiting || o.Servers[i].Elsewhere.IsValid() { // that has a finding of its own
			continue
		}
		out = append(out, ServerResult{
			URL: s.URL, Transport: s.Transport, Address: s.Address, Stage: "binding", Cause: s.Cause, ErrorCode: s.ErrorCode, ErrorText: s.ErrorText, Advice: s.Advice,
		})
	}
	out = append(out, r.others...)
	return slices.DeleteFunc(out, func(s ServerResult) bool {
		return s.OK || r.Behavior.UDP.Value == BehaviorNone && s.Cause == "timeout" &&
			(s.Transport == "udp" || s.Transport == "dtls")
	})
}

// severity is how grave it is that a server is of no use: it explains a failure only where no other one does what it
// should.
func (r *natCase) severity(s ServerResult) Severity {
	switch {
	case strings.HasPrefix(s.URL, "turn") && r.lacksRelay(), !strings.HasPrefix(s.URL, "turn") && !r.public.IsValid():
		return Problem
	}
	return Warn
}

// lacksRelay reports whether some calls need a relay, and no TURN server gives one.
func (r *natCase) lacksRelay() bool {
	side := r.side()
	sure, _ := side.columns()
	return r.relay() == "" && (!side.UDP || strings.Contains(sure, "R"))
}

// failedAt tells servers apart: what answers with an error, or has no address, by its name, anything else by where and
// how it was asked.
func failedAt(s ServerResult) string {
	switch {
	case s.Cause == "config":
		return hostOf(s.URL) + " " + s.ErrorText
	case s.ErrorCode != 0 || s.Address == "":
		return hostOf(s.URL)
	}
	return s.Transport + " " + s.Address
}

// hostOf is the host that a STUN or TURN URL names; something else as it is.
func hostOf(url string) string {
	_, rest, _ := strings.Cut(url, ":")
	rest, _, _ = strings.Cut(rest, "?")
	if host, _, err := net.SplitHostPort(rest); err == nil {
		return host
	}
	return rest
}
