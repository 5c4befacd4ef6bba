package natrun

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"syscall"
	"time"

	"dialtone/cmd/dialtone/internal/nattext"
	"dialtone/diag"
	"dialtone/diag/judge/network"
	"dialtone/diag/report"
	"dialtone/diag/words/compare"
	"dialtone/diag/words/verdict"
)

// line is one diagnosis of --watch in JSON.
type line struct {
	Run     int       `json:"run"`     // from 1
	At      time.Time `json:"at"`      // when it ended
	Changes []string  `json:"changes"` // what is different from the one before; empty for the first
	report.Network
}

// asText writes a diagnosis, or with --watch what each changes.
func (r *run) asText(ctx context.Context) error {
	if r.Streams.Terminal {
		waiting := time.AfterFunc(time.Second, func() {
			r.Streams.Complain(fmt.Sprintf("asking %d servers, at most ten times a second each …", len(r.Inquiry.URLs)))
		})
		defer waiting.Stop()
	}
	var before *network.Verdict
	for run := 1; ; run++ {
		if !r.once(ctx, run) {
			return nil
		}
		now, err := r.print(run, before)
		if errors.Is(err, syscall.EPIPE) {
			return nil // the reader has seen enough
		}
		if err != nil || !r.pause(ctx, false) {
			return err
		}
		before = now
	}
}

// write writes to stdout, and fails if its reader has gone: then a watch ends.
func (r *run) write(format string, args ...any) error {
	_, err := fmt.Fprintf(r.Streams.Results(), format, args...)
	return err
}

// print writes what the latest diagnosis has found. One that failed ends a single run, and is a complaint in a watch.
func (r *run) print(run int, before *network.Verdict) (*network.Verdict, error) {
	if d := r.call.Diagnosis(); d.Ended.Stopped == diag.StoppedError {
		if r.Watch {
			r.Streams.Complain(fmt.Sprintf("dialtone: run %d failed: %s", run, d.Ended.Reason))
		}
		return before, nil
	}
	now := network.Judge(r.call.Diagnosis().State)
	var changes []string
	if before != nil {
		changes = compare.Changes(network.Changes(before, &now))
	}
	switch {
	case r.JSON:
		return &now, r.printJSON(run, changes, now)
	case before == nil:
		return &now, r.write("%s", nattext.Text(now, r.Verbose))
	}
	text := "nothing changed: " + verdict.NetworkExit(now.Exit)
	if len(changes) > 0 {
		text = strings.Join(changes, "; ")
	}
	return &now, r.write("%s  run %d: %s\n", time.Now().Format(time.TimeOnly), run, text)
}

// printJSON writes an object over several lines, or with --watch one in a line.
func (r *run) printJSON(run int, changes []string, now network.Verdict) error {
	if !r.Watch {
		raw, err := json.MarshalIndent(report.NewNetwork(now), "", "  ")
		if err != nil {
			return err
		}
		return r.write("%s\n", diag.EscapeJSON(raw))
	}
	raw, err := json.Marshal(line{
		Run: run, At: time.Now().UTC().Truncate(time.Millisecond),
		Changes: append([]string{}, changes...), Network: report.NewNetwork(now),
	})
	if err != nil {
		return err
	}
	return r.write("%s\n", diag.EscapeJSON(raw))
}
