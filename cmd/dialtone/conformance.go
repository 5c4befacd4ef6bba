package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"dialtone/diag"
	diagcheck "dialtone/diag/check"
	"dialtone/diag/judge"
	"dialtone/diag/peer"
	"dialtone/diag/report"
	"dialtone/signal/conform"
	"dialtone/signal/web"
)

// conformTo asks the WHIP endpoint of a check for what RFC 9725 demands and takes the answers into the report: each
// requirement is an assertion, a SHOULD that is not kept a warning besides.
func conformTo(ctx context.Context, r *report.Report, o diagcheck.Options) {
	target, ok := o.Target.(diagcheck.Remote)
	if !ok {
		return // the flags were checked: it is one
	}
	results, err := conform.Run(ctx, conform.Options{
		URL: target.Setup.Address, Offer: publishOffer(o.Config),
		Options: web.OptionsOf(target.Setup),
	})
	if err != nil {
		r.Assertions = append(r.Assertions, report.Assertion{
			Expr:  "RFC 9725: the endpoint can be asked",
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
					Requirement: one.Requirement, Section: one.Section, Reason: one.Reason, Exchanges: one.Exchanges,
				},
			}})...)
		}
	}
	r.Settle()
}

// requirement is a result as an assertion, which all formats show.
func requirement(one conform.Result) report.Assertion {
	a := report.Assertion{
		Expr: fmt.Sprintf("RFC 9725 §%s %s %s: %s", one.Section, one.Level, one.ID,
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

// publishOffer makes offers to publish, each of a peer of its own that is never connected.
func publishOffer(config diag.Config) func(context.Context) (string, error) {
	return func(ctx context.Context) (string, error) {
		trust, err := tlsConfig(config)
		if err != nil {
			return "", err
		}
		gathered := make(chan struct{}, 1)
		p, err := peer.New(peer.Options{
			ICEServers: config.ICEServers, TLS: trust, RelayOnly: config.RelayOnly, Loopback: peer.LoopbackInclude,
			NoChannels: true, Flow: peer.FlowSend,
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
