package throughput

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"slices"
	"sync"

	"dialtone/diag"
	"dialtone/diag/feed"
	"dialtone/diag/session"
	"dialtone/diag/speed"
	words "dialtone/diag/words/speed"
	"dialtone/tui/live"
	"dialtone/tui/speeds"
)

// Show says how a measurement is shown while it runs.
type Show struct {
	In     io.Reader
	Err    io.Writer
	Name   string // of the measurement
	Screen bool   // if Err is a terminal; else lines
	ASCII  bool
}

// Progress shows how a measurement goes: on a screen, or with a line for each test. What else is written to it waits
// for the end of the screen.
type Progress struct {
	Show
	stop    context.CancelFunc
	screen  *live.Screen
	waiting bytes.Buffer
	running sync.WaitGroup
}

// NewProgress begins to show it, until Wait. The context ends when the user ends the call on the screen.
func NewProgress(ctx context.Context, s Show) (*Progress, context.Context) {
	ctx, stop := context.WithCancel(ctx)
	p := &Progress{Show: s, stop: stop}
	if s.Screen {
		p.screen = live.Open(live.Options{ASCII: s.ASCII, In: s.In, Out: s.Err, Stop: stop}, speeds.New(s.Name))
	}
	return p, ctx
}

// Write implements io.Writer, for one goroutine.
func (p *Progress) Write(b []byte) (int, error) {
	if p.screen != nil {
		return p.waiting.Write(b)
	}
	return p.Err.Write(b)
}

// Tune follows the log of the peer that measures. It ends with it.
func (p *Progress) Tune(answering bool, o *session.Options) {
	if !answering {
		r := o.Feed.Reader()
		p.running.Go(func() { p.follow(r) })
	}
}

// Wait waits until the logs have ended, and restores the terminal.
func (p *Progress) Wait() {
	p.running.Wait()
	p.stop()
	if p.screen != nil {
		p.screen.Close()
		_, _ = p.waiting.WriteTo(p.Err) // a failure of stderr cannot be reported anywhere
	}
}

func (p *Progress) follow(r *feed.Reader) {
	defer r.Close()
	var state *speed.State
	for {
		events, err := r.Next(context.Background()) // the log ends with its call
		if err != nil {
			return
		}
		if p.screen != nil {
			p.screen.Show(events)
			continue
		}
		for _, e := range events {
			state, _ = speed.Apply(state, e.Data)
			if _, over := e.Data.(diag.SpeedTestEnd); over {
				p.ended(state)
			}
		}
	}
}

// directions are those of a test, with their names.
var directions = []struct {
	name string
	diag.Direction
}{{"up", diag.Outbound}, {"down", diag.Inbound}}

// ended says what a test came to, when it is over.
func (p *Progress) ended(s *speed.State) {
	if s == nil || len(s.Tests) == 0 {
		return
	}
	t := &s.Tests[len(s.Tests)-1]
	if t.Way == diag.SpeedIdle {
		p.writef("idle%s", words.During(median(t.Pings)))
	}
	for _, d := range directions {
		if f := t.Flow(d.Direction, nil); f != nil && t.Way.Has(d.Direction) {
			p.writef("%s: %s%s", d.name, words.Rate(f.Goodput), words.During(median(t.Pings)))
		}
	}
}

func (p *Progress) writef(format string, args ...any) {
	_, _ = fmt.Fprintf(p.Err, "  "+format+"\n", args...) // a failure of stderr cannot be reported anywhere
}

// median of round trips; nil if there are none.
func median(list []diag.Millis) *diag.Millis {
	if len(list) == 0 {
		return nil
	}
	return new(slices.Sorted(slices.Values(list))[len(list)/2])
}
