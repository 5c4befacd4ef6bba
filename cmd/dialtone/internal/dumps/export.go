package dumps

import (
	"bytes"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"dialtone/cmd/dialtone/internal/helps"
	"dialtone/diag"
	"dialtone/diag/call"
	"dialtone/diag/export"
	"dialtone/diag/judge"
	"dialtone/diag/record"
	"dialtone/diag/report"
)

// Export is what dialtone export takes.
type Export struct {
	File       string `arg:"" help:"A recording, or a dump of a browser. - reads the standard input."`
	To         string `required:"" placeholder:"FORM" help:"webrtc-internals, rtcstats, csv, or a format of reports: html, json, jsonl, junit, markdown, prom, tap, text."`
	Connection string `placeholder:"ID" help:"The connection of a dump that has several."`
	Redact     bool   `help:"Mask addresses. Passwords are never written."`
}

// Help implements kong.HelpProvider.
func (*Export) Help() string {
	return helps.Detail("The result goes to stdout: a dump that the importers of webrtc-internals and rtcstats read, the "+
		"statistics as CSV, or a report.",
		[]string{
			"dialtone export call.jsonl --to webrtc-internals > dump.json",
			"dialtone export call.jsonl --to rtcstats --redact > call.rtcstats",
			"dialtone export call.jsonl --to csv | head",
			"dialtone export webrtc_internals_dump.gz --connection 9-1 --to html > call.html",
		}, diag.ExitPass, diag.ExitUsage, diag.ExitCannotRun)
}

// Write writes the result. A report is of a run that was judged as a check without expectations.
func (x *Export) Write(w io.Writer, stdin io.Reader, version string) (damage string, exit diag.Exit, _ error) {
	write, known := export.Writers[x.To]
	format, isReport := report.Formats[x.To]
	if !known && !isReport {
		forms := slices.Concat(slices.Sorted(maps.Keys(export.Writers)), slices.Sorted(maps.Keys(report.Formats)))
		return "", diag.ExitUsage, fmt.Errorf("--to: unknown form %q; use one of %s", x.To, strings.Join(forms, ", "))
	}
	opened, err := Open([]string{x.File}, Options{Stdin: stdin, Connection: x.Connection, Large: true})
	if err == nil {
		err = opened.chosen()
	}
	if err != nil {
		return "", diag.ExitCannotRun, err
	}
	rec := opened.Recording
	if x.Redact {
		rec.Events = record.Masked(rec.Events)
	}
	var out bytes.Buffer
	if known {
		err = write(&out, export.Source{StartedAt: rec.Header.StartedAt, Agent: "dialtone " + version, Events: rec.Events})
	} else {
		err = format(&out, reportOf(rec, version))
	}
	if err == nil {
		_, err = w.Write(out.Bytes())
	}
	if err != nil {
		return opened.Damage, diag.ExitCannotRun, err
	}
	return opened.Damage, diag.ExitPass, nil
}

// reportOf is the report of a recorded call.
func reportOf(rec *record.Recording, version string) *report.Report {
	placed := call.Fold(rec.Events)
	r := report.Build(report.Input{
		Tool: "dialtone " + version, Name: placed.Start.Title(), StartedAt: rec.Header.StartedAt, Duration: placed.Now,
		Runs: []report.Folded{report.Fold(judge.Expectation{}, report.RunInput{
			Began: rec.Header.StartedAt, Call: placed, Events: rec.Events,
		})},
	})
	r.Settle()
	return r
}
