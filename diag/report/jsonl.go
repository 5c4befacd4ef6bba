package report

import (
	"bytes"
	"encoding/json"
	"io"
	"strings"
	"time"

	"dialtone/diag"
)

// recordingHeader is the first line of a recording, in so far as a report knows it.
type recordingHeader struct {
	Schema    string          `json:"schema"`
	StartedAt time.Time       `json:"startedAt"`
	Version   string          `json:"version"`
	Command   string          `json:"command"`
	Config    recordingConfig `json:"config"`
}

type recordingConfig struct {
	Code       string           `json:"code"`
	Server     string           `json:"server,omitempty"`
	ICEServers []diag.ICEServer `json:"iceServers,omitempty"`
	RelayOnly  bool             `json:"relayOnly,omitempty"`
	Media      bool             `json:"media"`
}

// WriteJSONL writes the events of the run that the report describes, a line each after a header: a recording, which
// dialtone replay shows. Of several checks it is that of the first with the worst exit code. A report that was read
// from JSON has no events: then there is the header alone.
func WriteJSONL(w io.Writer, r *Report) error {
	r = r.worst()
	run := r.detailRun()
	if run == nil {
		run = &Run{}
	}
	head := recordingHeader{
		Schema: "dialtone.recording/1", StartedAt: r.StartedAt.Add(time.Duration(run.StartMs * 1e6)).UTC(),
		Version: strings.TrimPrefix(clean(r.Tool), "dialtone "), Command: "check",
		Config: recordingConfig{Code: clean(r.Target.Room), Server: clean(r.Target.URL), RelayOnly: r.Target.RelayOnly,
			Media: r.Target.Media},
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
	list := r.checks()
	worst := list[0]
	for _, c := range list[1:] {
		if diag.Exit(c.Exit.Code).Compare(diag.Exit(worst.Exit.Code)) > 0 {
			worst = c
		}
	}
	return worst
}
