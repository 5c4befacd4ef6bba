package check

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"dialtone/diag"
	"dialtone/diag/judge"
	"dialtone/diag/peer"
	"dialtone/diag/report"
	"dialtone/diag/session"
	"dialtone/signal/conform"
	roomrules "dialtone/signal/conform/rooms"
	"dialtone/signal/room"
	"dialtone/signal/web"
	"dialtone/signal/whip"
)

// Conform asks the endpoint of a check for what its standard demands and takes the answers into the report: each
// requirement is an assertion, a SHOULD that is not kept a warning besides.
func Conform(ctx context.Context, r *report.Report, o Options, skip, only []string) {
	var target Remote
	switch t := o.Target.(type) {
	case Remote:
		target = t
	case Each:
		target = t.Remote
	default:
		return // the flags were checked: it is one of them
	}
	var results []conform.Result
	var err error
	if target.Way.Name == room.Way.Name {
		results, err = roomrules.Run(ctx, roomrules.Options{
			Server: target.Setup.Address, Skip: skip, Only: only, Options: web.OptionsOf(target.Setup),
		})
	} else {
		results, err = conform.Run(ctx, conform.Options{
			URL: target.Setup.Address, Offer: freshOffer(o, session.Flow(target.Way, false)),
			Play: target.Way.Name == whip.Play.Name, Skip: skip, Only: only, Options: web.OptionsOf(target.Setup),
		})
	}
	if err != nil {
		r.Assertions = append(r.Assertions, report.Assertion{
			Expr:  "conformance: the endpoint can be asked",
			Error: diag.Clean(err.Error(), 300),
		})
	}
	takeConformance(r, results)
}

// takeConformance adds results to a report.
func takeConformance(r *report.Report, results []conform.Result) {
	for _, one := range results {
		r.Assertions = append(r.Assertions, requirement(one))
		if one.Outcome == conform.Warn {
			r.Findings = append(r.Findings, report.Written([]judge.Finding{{
				ID: "conformance.should_not_kept", Severity: judge.Warn, Subject: one.ID, Evidence: judge.ShouldNotKept{
					Standard: one.Standard, Draft: one.Level == conform.Must, Requirement: one.Requirement, Section: one.Section,
					Reason: one.Reason, Exchanges: one.Exchanges,
				},
			}})...)
		}
	}
	r.Settle()
}

// requirement is a result as an assertion, which all formats show.
func requirement(one conform.Result) report.Assertion {
	a := report.Assertion{
		Expr: fmt.Sprintf("%s §%s %s %s: %s", one.Standard, one.Section, one.Level, one.ID,
			one.Requirement), Pass: one.Outcome != conform.Fail, Value: string(one.Outcome),
	}
	switch one.Outcome {
	case conform.Fail:
		a.Value = diag.Clean("fail: "+one.Reason+" ("+strings.Join(one.Exchanges, "; ")+")", 600)
	case conform.Warn, conform.Skipped:
		a.Value = diag.Clean(string(one.Outcome)+": "+one.Reason, 300)
	case conform.Pass:
	}
	return a
}

// gatherTime bounds how long an offer waits for its candidates.
const gatherTime = 8 * time.Second

// freshOffer makes offers to publish or to play, each of a peer of its own that is never connected.
func freshOffer(o Options, flow peer.Flow) func(context.Context) (string, error) {
	return func(ctx context.Context) (string, error) {
		gathered := make(chan struct{}, 1)
		p, err := peer.New(peer.Options{
			ICEServers: o.Config.ICEServers, TLS: o.TLS, RelayOnly: o.Config.RelayOnly, Loopback: peer.LoopbackInclude,
			NoChannels: true, Flow: flow,
			OnGathered: func() {
				select {
				case gathered <- struct{}{}:
				default:
				}
			},
		})
		if err != nil {
			return "", err
		}
		ctx, cancel := context.WithTimeout(ctx, gatherTime)
		defer cancel()
		_, err = p.Offer(false)
		if err == nil {
			select {
			case <-gathered:
			case <-ctx.Done(): // what has been gathered by then must do
			}
		}
		sdp := p.Local().SDP
		return sdp, errors.Join(err, p.Close())
	}
}
