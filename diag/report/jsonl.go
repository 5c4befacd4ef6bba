package report

import (
	"bytes"
	"encoding/json"
	"io"
	"slices"
	"strings"

	"dialtone/diag"
	"dialtone/diag/record"
)

// WriteJSONL writes the events of the run that the report describes, a line each after a header: a recording, which
// dialtone replay shows. Of several checks it is that of the first with the worst exit code. A report that was read
// from JSON has no events: then there is only the header.
func WriteJSONL(w io.Writer, r *Report) error {
	r = r.worst()
	run := r.detailRun()
	if run == nil {
		run = &Run{}
	}
	config := diag.Config{
		Command: "check", Version: strings.TrimPrefix(clean(r.Tool), "dialtone "), Code: clean(r.Target.Room),
		Server: clean(r.Target.URL), RelayOnly: r.Target.RelayOnly, NoMedia: !r.Target.Media,
	}
	if r.Target.Kind == KindLoopback {
		config.Code = "loopback"
	}
	for _, url := range r.Target.ICEServers {
		config.ICEServers = append(config.ICEServers, diag.ICEServerAuth{URL: clean(url)})
	}
	head := record.NewHeader(config, r.StartedAt.Add(run.Start.Duration()))
	head.Schema = record.Schema
	var b bytes.Buffer
	lines := json.NewEncoder(&b)
	if err := lines.Encode(head); err != nil {
		return err
	}
	for _, e := range run.Events {
		if err := lines.Encode(e); err != nil {
			return err
		}
	}
	_, err := w.Write(diag.EscapeJSON(b.Bytes()))
	return err
}

// worst is the first of the checks with the worst exit code.
func (r *Report) worst() *Report {
	return slices.MaxFunc(r.checks(), func(a, b *Report) int { return a.Exit.Code.Compare(b.Exit.Code) })
}
