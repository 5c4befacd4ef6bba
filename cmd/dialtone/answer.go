package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"dialtone/cmd/dialtone/internal/calls"
	"dialtone/cmd/dialtone/internal/telemetry"
	"dialtone/diag"
	"dialtone/diag/call"
	"dialtone/diag/session"
)

// answerCommand is dialtone answer.
type answerCommand struct {
	Code *string `form:"answer" label:"code" hint:"the room code that both peers dial" arg:"" optional:"" unflagged:"room" help:"The room code that both peers dial."`
	networkFlags
	telemetry.Flags
	answeringFlags
	mediaFlags
	lengthFlags
	recordFlags
	Screen bool `help:"Show each call on the screen, as dialtone call does; press c for the next call, q to quit."`
	glyphFlags
	Wait     time.Duration `default:"0s" placeholder:"DURATION" help:"How long to wait for each call. Default: no limit."`
	Once     bool          `form:"answer" label:"one call" hint:"exit after it; otherwise answer further calls" help:"Handle one call, then exit with its result code."`
	NoSpeed  bool          `help:"Do not let callers measure throughput (dialtone speed), at most 10 minutes and 20 GB in a call."`
	MaxCalls count         `placeholder:"N" help:"Exit after this many calls, with the result code of the last. Default: no limit."`
	configurable
}

// Help implements kong.HelpProvider.
func (answerCommand) Help() string {
	return detail("It waits for a peer with the same room code and echoes audio, video and messages. "+
		"It prints one line per event, and a verdict after each call.\n\n"+
		"With --record call.jsonl, the second call is recorded to call-2.jsonl, and so on. "+
		"With --listen, --whip and --whep it is a server and handles one call after another: other callers get 503 "+
		"while one is active. After two calls that were not connected, the next one is answered later: of the same client "+
		"with --listen, --whip and --whep, and of the room code otherwise. With --whip it reports what is wrong with a "+
		"publisher: no media, packet loss, rare key frames, B-frames, a profile that was not negotiated.",
		[]string{
			"dialtone answer w1",
			"dialtone answer w1 --once --wait 1m --server https://call.example.org/call/",
			"dialtone answer --listen :8080",
			"DIALTONE_TOKEN=… dialtone answer --whip :8080 --screen",
			"dialtone answer --whep :8443 --tls",
			"dialtone answer --paste",
		},
		callExits...)
}

func (c *answerCommand) run(ctx context.Context, a app) (diag.Exit, error) {
	config, way, err := c.plan(a)
	if err := a.checked(err); err != nil {
		return diag.ExitUsage, err
	}
	ctx, restore := a.Interruptible(ctx)
	defer restore()
	if way.Listen == nil {
		return c.answerCalls(ctx, a, config, way, nil)
	}
	h, err := way.open(ctx, a, &c.answeringFlags)
	if err != nil {
		return diag.ExitCannotRun, err
	}
	config.Server, config.Join = h.url, h.join
	exit, err := c.answerCalls(ctx, a, config, way, h)
	return exit, errors.Join(err, h.close())
}

// plan makes of the flags what is to be answered, and how. The error joins all mistakes.
func (c *answerCommand) plan(a app) (diag.Config, chosen, error) {
	config := c.networkFlags.config(c.mediaFlags, c.For)
	config.Command, config.Wait, config.ServeSpeed = "answer", c.Wait, !c.NoSpeed
	w, err := a.choose(c.Code, &c.wayFlags)
	errs := []error{err, w.checkMedia(c.mediaFlags, true), c.networkFlags.complete(), c.checkProxy()}
	if w.Listen != nil {
		errs = append(errs, c.TLSFlags.Complete())
	}
	if c.Screen && !a.Terminal {
		errs = append(errs, errors.New("--screen needs a terminal: leave it out"))
	}
	if w.Name == "" {
		return config, w, errors.Join(errs...) // there is nothing to validate yet
	}
	w.apply(&config, c.Token)
	config.Echo, config.Listens = !w.OneWay(), w.Listen != nil
	switch {
	case w.Coded:
		config.Join = joinRoom(config.Code, string(c.Server))
	case w.Listen == nil:
		config.Join = "dialtone call --" + w.Call[0].Name
	}
	return config, w, errors.Join(append(errs, config.Validate())...)
}

// placement is the n-th call.
func (c *answerCommand) placement(a app, config diag.Config, w chosen, h *host, n int) calls.Placement {
	p := calls.Placement{
		Config: config, Record: calls.Numbered(c.Record, n), Redact: c.Redact, Screen: c.Screen,
		Room: c.room(), ASCII: c.ascii(a.streams),
	}
	switch {
	case h != nil:
		p.Engine = h.engine(sessionOver(session.Accept(h), session.Flow(w.Way, true)))
	case !w.Coded:
		w.dial(a, &p, true)
	}
	return p
}

// answerCalls answers one call after another. It ends with the context, when no peer came in time, after texts were
// exchanged, and when the signaling server could never be reached: that is a wrong address. One that went away is
// waited for.
func (c *answerCommand) answerCalls(ctx context.Context, a app, config diag.Config, w chosen, h *host) (diag.Exit,
	error,
) {
	reached, pause, failed := false, calls.ShortestPause, 0
	servers := newSupply(c.iceFromFlags, config)
	for n := 1; ; n++ {
		var err error
		if config.ICEServers, err = servers.Renew(ctx, config.ICEServers); err != nil {
			return diag.ExitSignaling, err
		}
		p := c.placement(a, config, w, h, n)
		p.Supply = servers.During(config.ICEServers)
		result, err := a.placer().Place(ctx, p)
		switch {
		case err != nil, c.Once, n == int(c.MaxCalls), (c.Screen || w.Carried) && !result.Again:
			return result.Exit, err
		case errors.Is(ctx.Err(), context.Canceled): // a call may have ended at that moment
			return diag.ExitInterrupted, nil
		}
		reached = reached || waited(result.Call)
		switch {
		case result.Exit == diag.ExitNoPeer:
			return result.Exit, nil
		case h != nil:
			h.nuisances.Ended(result.Call.ConnectedAt != nil)
		case result.Call.Ended == nil || result.Call.Ended.Reason != diag.EndSignaling:
			pause = calls.ShortestPause
			if failed++; result.Call.ConnectedAt != nil {
				failed = 0
			}
			if !c.Screen && !w.Carried && !a.placer().BackOff(ctx, failed) { // else a user asked for the next call
				return diag.ExitInterrupted, nil
			}
		case !reached:
			return result.Exit, nil
		default:
			a.Complain(fmt.Sprintf("dialtone: the signaling server failed; trying again in %v", pause))
			if !diag.Sleep(ctx, pause) {
				return diag.ExitInterrupted, nil
			}
			pause = min(2*pause, calls.LongestPause)
		}
	}
}

// waited reports whether a call got as far as waiting for the peer.
func waited(c *call.Call) bool {
	return c.Role != "" || c.Signal.State == diag.SignalWaiting || c.Signal.Requests > c.Signal.Failed
}
