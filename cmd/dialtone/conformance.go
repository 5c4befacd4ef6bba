package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"dialtone/diag"
	diagcheck "dialtone/diag/check"
	"dialtone/diag/judge"
	"dialtone/diag/peer"
	"dialtone/diag/report"
	"dialtone/diag/session"
	"dialtone/signal/conform"
	"dialtone/signal/web"
	"dialtone/signal/whip"
)

// conformanceFlags choose what is asked of an endpoint beside a call.
type conformanceFlags struct {
	Conformance bool     `help:"With --whip or --whep: after the calls, test the endpoint against each MUST and SHOULD of RFC 9725 §4, or of the draft of WHEP. A violated MUST fails the check, a violated SHOULD is a warning."`
	Skip        []string `placeholder:"ID" help:"With --conformance: leave this requirement out. Repeatable."`
	Only        []string `placeholder:"ID" help:"With --conformance: report only this requirement. Repeatable."`
}

// wrong says which IDs are unknown, and what needs --conformance.
func (f *conformanceFlags) wrong(asked []chosen) (errs []error) {
	if f.Conformance && !slices.ContainsFunc(asked, func(w chosen) bool {
		return w.Name == whip.Publish.Name || w.Name == whip.Play.Name
	}) {
		errs = append(errs, errors.New("--conformance requires --whip URL or --whep URL"))
	}
	for flag, ids := range map[string][]string{"--skip": f.Skip, "--only": f.Only} {
		if len(ids) > 0 && !f.Conformance {
			errs = append(errs, errors.New(flag+" requires --conformance"))
		}
		for _, id := range ids {
			if !slices.Contains(conform.IDs(), id) {
				errs = append(errs, fmt.Errorf("%s: unknown requirement %s%s", flag, quote(id), didYouMean("", id, conform.IDs())))
			}
		}
	}
	return errs
}

// conformTo asks the endpoint of a check for what its standard demands and takes the answers into the report: each
// requirement is an assertion, a SHOULD that is not kept a warning besides.
func conformTo(ctx context.Context, r *report.Report, o diagcheck.Options, f conformanceFlags) {
	target, ok := o.Target.(diagcheck.Remote)
	if !ok {
		return // the flags were checked: it is one
	}
	results, err := conform.Run(ctx, conform.Options{
		URL: target.Setup.Address, Offer: freshOffer(o.Config, session.Flow(target.Way, false)),
		Play: target.Way.Name == whip.Play.Name, Skip: f.Skip, Only: f.Only, Options: web.OptionsOf(target.Setup),
	})
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
				ID: "whip.should_not_kept", Severity: judge.Warn, Subject: one.ID, Evidence: judge.ShouldNotKept{
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
		a.Error = diag.Clean(one.Reason+" ("+strings.Join(one.Exchanges, "; ")+")", 600)
	case conform.Warn, conform.Skipped:
		a.Value = diag.Clean(string(one.Outcome)+": "+one.Reason, 300)
	case conform.Pass:
	}
	return a
}

// gatherTime bounds how long an offer waits for its candidates.
const gatherTime = 8 * time.Second

// freshOffer makes offers to publish or to play, each of a peer of its own that is never connected.
func freshOffer(config diag.Config, flow peer.Flow) func(context.Context) (string, error) {
	return func(ctx context.Context) (string, error) {
		trust, err := tlsConfig(config)
		if err != nil {
			return "", err
		}
		gathered := make(chan struct{}, 1)
		p, err := peer.New(peer.Options{
			ICEServers: config.ICEServers, TLS: trust, RelayOnly: config.RelayOnly, Loopback: peer.LoopbackInclude,
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
