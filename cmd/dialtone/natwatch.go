package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"syscall"
	"time"

	"dialtone/diag"
)

// natLine is one diagnosis of --watch in JSON.
type natLine struct {
	Run     int       `json:"run"`     // from 1
	At      time.Time `json:"at"`      // when it was over
	Changes []string  `json:"changes"` // what is otherwise than in the one before; empty for the first
	*diag.NATReport
}

// asText writes a diagnosis, or with --watch what each changes.
func (r *natRun) asText(ctx context.Context) error {
	if r.app.Terminal {
		waiting := time.AfterFunc(time.Second, func() {
			r.app.Complain(fmt.Sprintf("asking %d servers, at most ten times a second each …", len(r.inquiry.URLs)))
		})
		defer waiting.Stop()
	}
	var before *diag.NATReport
	for run := 1; ; run++ {
		if !r.once(ctx, run) {
			return nil
		}
		err := r.tell(run, before)
		if errors.Is(err, syscall.EPIPE) {
			return nil // who reads has seen enough
		}
		if err != nil || !r.pause(ctx, false) {
			return err
		}
		before = r.last
	}
}

// tell writes what the latest diagnosis has found. One that could not be made ends a single run, and is a complaint in
// a watch.
func (r *natRun) tell(run int, before *diag.NATReport) error {
	if r.failed != nil {
		if r.command.Watch {
			r.app.Complain(fmt.Sprintf("dialtone: run %d could not be made: %v", run, r.failed))
		}
		return nil
	}
	var changes []string
	if before != nil {
		changes = diag.NATChanges(before, r.last)
	}
	switch {
	case r.command.Output == "json":
		return r.tellJSON(run, changes)
	case before == nil:
		return r.app.Print("%s", natText(r.last, r.command.Verbose))
	}
	text := "nothing changed: " + diag.NATWords(r.last.Exit)
	if len(changes) > 0 {
		text = strings.Join(changes, "; ")
	}
	return r.app.Print("%s  run %d: %s\n", time.Now().Format(time.TimeOnly), run, text)
}

// tellJSON writes an object over several lines, or with --watch one in a line.
func (r *natRun) tellJSON(run int, changes []string) error {
	if !r.command.Watch {
		raw, err := json.MarshalIndent(r.last, "", "  ")
		if err != nil {
			return err
		}
		return r.app.Print("%s\n", raw)
	}
	raw, err := json.Marshal(natLine{Run: run, At: time.Now().UTC().Truncate(time.Millisecond),
		Changes: append([]string{}, changes...), NATReport: r.last})
	if err != nil {
		return err
	}
	return r.app.Print("%s\n", raw)
}
