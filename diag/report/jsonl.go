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
	head := record.Header{
		Schema: record.Schema, StartedAt: r.StartedAt.Add(run.Start.Duration()).UTC(),
		Version: strings.TrimPrefix(clean(r.Tool), "dialtone "), Command: "check",
		Config: record.Config{
			Code: clean(r.Target.Room), Server: clean(r.Target.URL), RelayOnly: r.Target.RelayOnly, Media: r.Target.Media,
		},
	}
	if r.Target.Kind == "loopback" {
		head.Config.Code = "loopback"
	}
	for _, url := range r.Target.ICEServers {
		head.Config.ICEServers = append(head.Config.ICEServers, diag.ICEServer{URL: clean(url)})
	}
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
	_, err := w.Write(b.Bytes())
	return err
}

// worst is the first of the checks with the worst exit code.
func (r *Report) worst() *Report {
	return slices.MaxFunc(r.checks(), func(a, b *Report) int { return a.Exit.Code.Compare(b.Exit.Code) })
}
