package dumps

import (
	"bytes"
	"fmt"
	"io"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"dialtone/cmd/dialtone/internal/helps"
	"dialtone/diag"
	"dialtone/diag/anonymous"
	"dialtone/diag/check"
	"dialtone/diag/export"
	"dialtone/diag/record"
	"dialtone/diag/report"
)

// Export is what dialtone export takes.
type Export struct {
	File       string `arg:"" help:"A recording, or a dump of a browser. - reads the standard input."`
	To         string `required:"" placeholder:"FORM" help:"webrtc-internals, rtcstats, csv, or a format of reports: html, json, jsonl, junit, markdown, prom, tap, text."`
	Connection string `placeholder:"ID" help:"The connection of a dump that has several."`
	Redact     bool   `help:"Mask addresses and the names of hosts, users, streams and channels, user name fragments and fingerprints; leave out chat and what is unknown. Passwords are never written."`
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

// Write writes the result. A report is that of check --recording.
func (x *Export) Write(w io.Writer, stdin io.Reader, version string) (damage string, exit diag.Exit, _ error) {
	write, known := export.Writers[x.To]
	format, isReport := report.Formats[x.To]
	if !known && !isReport {
		forms := slices.Concat(slices.Sorted(maps.Keys(export.Writers)), slices.Sorted(maps.Keys(report.Formats)))
		return "", diag.ExitUsage, fmt.Errorf("--to: unknown form %q; use one of %s", x.To, strings.Join(forms, ", "))
	}
	recorded, damage, err := whole(x.File, stdin, x.Connection)
	if err != nil {
		return "", diag.ExitCannotRun, err
	}
	o := check.Options{Name: diag.Clean(filepath.Base(x.File), 60)}
	if x.Redact {
		recorded.Events, o.Name = anonymous.Events(record.Masked(recorded.Events)), "call"
	}
	o.Config.Version = version
	var out bytes.Buffer
	if known {
		err = write(&out, export.Source{StartedAt: recorded.Began, Agent: "dialtone " + version, Events: recorded.Events})
	} else {
		err = format(&out, check.Judge(o.Of(recorded)))
	}
	if err == nil {
		_, err = w.Write(out.Bytes())
	}
	if err != nil {
		return damage, diag.ExitCannotRun, err
	}
	return damage, diag.ExitPass, nil
}
