package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"time"

	"dialtone/diag"
)

// answerCommand is dialtone answer.
type answerCommand struct {
	Code string `arg:"" help:"The word that both parties dial."`
	networkFlags
	mediaFlags
	recordFlags
	Wait duration `default:"0s" placeholder:"DURATION" help:"How long to wait for each call. Default: without limit."`
	Once bool     `help:"Take one call, then exit with what it was worth."`
	configurable
}

// Help implements kong.HelpProvider.
func (answerCommand) Help() string {
	return detail("It writes one line per event, and a verdict after each call. Media and messages go back to where they came from. "+
		"Where --record names call.jsonl, the second call is written to call-2.jsonl, and so on.",
		[]string{
			"dialtone answer w1",
			"dialtone answer w1 --once --wait 1m --server https://call.example.org/call/",
		},
		callExits...)
}

// Pauses between calls that came to nothing because of the server.
const (
	shortestPause = time.Second
	longestPause  = 30 * time.Second
)

func (c *answerCommand) run(ctx context.Context, a app) (diag.Exit, error) {
	config := c.networkFlags.config(c.mediaFlags)
	config.Command, config.Code, config.Wait, config.Echo = "answer", c.Code, c.Wait.Duration, true
	config.Join = "dialtone call " + shellQuoted(c.Code) + " --server " + shellQuoted(c.Server.page)
	if err := a.checked(errors.Join(config.Validate(), c.complete())); err != nil {
		return diag.ExitUsage, err
	}
	ctx, restore := a.interruptible(ctx)
	defer restore()
	return c.takeCalls(ctx, a, config)
}

// takeCalls takes one call after another. It ends with the context, when nobody came in time, and when the signaling server was
// never there: that is a wrong address. One that went away is waited for.
func (c *answerCommand) takeCalls(ctx context.Context, a app, config diag.Config) (diag.Exit, error) {
	reached, pause := false, shortestPause
	for n := 1; ; n++ {
		result, err := a.place(ctx, placement{config: config, record: numbered(c.Record, n), redact: c.Redact})
		if err != nil || c.Once || ctx.Err() != nil {
			return result.exit, err
		}
		reached = reached || waited(result.call)
		switch {
		case result.exit == diag.ExitNobody:
			return result.exit, nil
		case result.call.Ended == nil || result.call.Ended.Reason != diag.EndSignaling:
			pause = shortestPause
		case !reached:
			return result.exit, nil
		default:
			complain(a.err, fmt.Sprintf("dialtone: the signaling server failed; trying again in %v", pause))
			if !sleep(ctx, pause) {
				return diag.ExitInterrupted, nil
			}
			pause = min(2*pause, longestPause)
		}
	}
}

// waited reports whether a call came as far as waiting for the other party.
func waited(c *diag.Call) bool {
	return c.Role != "" || c.Signal.State == diag.SignalWaiting || c.Signal.Requests > c.Signal.Failed
}

// sleep waits, or returns false when the context ends first.
func sleep(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// numbered is the file for the n-th recording: call.jsonl, call-2.jsonl, …
func numbered(path string, n int) string {
	if path == "" || n == 1 {
		return path
	}
	extension := filepath.Ext(path)
	return fmt.Sprintf("%s-%d%s", strings.TrimSuffix(path, extension), n, extension)
}
