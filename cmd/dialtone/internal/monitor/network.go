package monitor

import (
	"context"
	"strings"
	"time"

	"dialtone/diag"
	"dialtone/diag/call"
	"dialtone/diag/feed"
	"dialtone/diag/judge"
	"dialtone/diag/probe"
	"dialtone/diag/report"
)

// kindNAT is the target of a diagnosis.
const kindNAT = "nat"

// Diagnose diagnoses the network and its servers, and makes a report of it.
func Diagnose(ctx context.Context, tool, name string, q probe.Inquiry) *report.Report {
	log := feed.New(time.Now)
	q.Report = func(d diag.Data) { log.Append(d) }
	events := log.Reader()
	defer events.Close()
	_, _ = probe.Diagnose(ctx, q) // the log has its end, and an error
	log.Close()
	in := report.RunInput{Began: log.Start(), Call: &call.Call{}}
	for {
		batch, err := events.Next(context.WithoutCancel(ctx))
		if err != nil {
			break
		}
		for _, e := range batch {
			in.Call.Apply(e)
		}
		in.Events = append(in.Events, batch...)
	}
	return report.Build(report.Input{
		Tool: tool, Name: name, StartedAt: log.Start(), Duration: time.Since(log.Start()),
		Target:      report.Target{Kind: kindNAT, ICEServers: strings.Fields(Servers(q))},
		Runs:        []report.Folded{report.Fold(judge.Expectation{}, in)},
		Interrupted: ctx.Err() != nil,
	})
}

// Servers lists the servers that are asked.
func Servers(q probe.Inquiry) string {
	var list []string
	for _, u := range q.URLs {
		list = append(list, u.Short())
	}
	return strings.Join(list, " ")
}
