package throughput

import (
	"context"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"sync"

	"golang.org/x/term"

	"dialtone/diag"
	"dialtone/diag/feed"
	"dialtone/diag/session"
	"dialtone/diag/speed"
	words "dialtone/diag/words/speed"
	"dialtone/tui/draw"
)

// Progress writes how a measurement goes: on a terminal a line with a bar each second, elsewhere one for each test.
type Progress struct {
	w       io.Writer
	live    bool
	glyphs  draw.Glyphs
	running sync.WaitGroup
}

// NewProgress makes one; unicode says that bars may have more than ASCII.
func NewProgress(w io.Writer, unicode bool) *Progress {
	f, isFile := w.(*os.File)
	p := &Progress{w: w, live: isFile && term.IsTerminal(int(f.Fd())), glyphs: draw.Unicode}
	if !unicode {
		p.glyphs = draw.ASCII
	}
	return p
}

// Tune follows the log of the peer that measures. It ends with it.
func (p *Progress) Tune(answering bool, o *session.Options) {
	if !answering {
		r := o.Feed.Reader()
		p.running.Go(func() { p.follow(r) })
	}
}

// Wait waits until the logs have ended.
func (p *Progress) Wait() { p.running.Wait() }

func (p *Progress) follow(r *feed.Reader) {
	defer r.Close()
	v := view{progress: p}
	for {
		events, err := r.Next(context.Background()) // the log ends with its call
		if err != nil {
			return
		}
		for _, e := range events {
			v.take(e.Data)
		}
	}
}

// view is a measurement as it is shown.
type view struct {
	progress *Progress
	state    *speed.State
	test     diag.SpeedTest
	bytes    map[diag.Direction]uint64 // since the line before
	took     map[diag.Direction]diag.Millis
	trips    []diag.Millis
	most     float64 // bit/s so far
}

// second is how much a line covers.
const second = diag.Millis(1e9)

func (v *view) take(d diag.Data) {
	v.state, _ = speed.Apply(v.state, d)
	switch d := d.(type) {
	case diag.SpeedTestStart:
		v.test = d.Spec
		v.forget()
	case diag.SpeedInterval:
		v.bytes[d.Direction] += d.Bytes
		v.took[d.Direction] += d.ToMs - d.FromMs
	case diag.SpeedRoundTrips:
		v.trips = append(v.trips, d.ByPing...)
	case diag.SpeedTestEnd:
		if !v.progress.live {
			v.ended()
		}
	}
	if v.progress.live && max(v.took[diag.Outbound], v.took[diag.Inbound]) >= second {
		v.line()
		v.forget()
	}
}

func (v *view) forget() {
	v.bytes, v.took, v.trips = map[diag.Direction]uint64{}, map[diag.Direction]diag.Millis{}, nil
}

// directions are those of a test, with their names.
var directions = []struct {
	name string
	diag.Direction
}{{"up", diag.Outbound}, {"down", diag.Inbound}}

// line shows the last second of each direction.
func (v *view) line() {
	for _, d := range directions {
		took := v.took[d.Direction]
		if took <= 0 {
			continue
		}
		rate := float64(8*v.bytes[d.Direction]) / took.Duration().Seconds()
		v.most = max(v.most, rate)
		bar := draw.Pad(bar(v.progress.glyphs, rate, v.most), barWidth)
		v.writef("%-5s %s %14s%s", d.name, bar, words.Rate(rate), words.During(median(v.trips)))
	}
}

// ended says what a test came to, when it is over.
func (v *view) ended() {
	if len(v.state.Tests) == 0 {
		return
	}
	t := &v.state.Tests[len(v.state.Tests)-1]
	if t.Way == diag.SpeedIdle {
		v.writef("idle%s", words.During(median(t.Pings)))
	}
	for _, d := range directions {
		if f := t.Flow(d.Direction, nil); f != nil && t.Way.Has(d.Direction) {
			v.writef("%s: %s%s", d.name, words.Rate(f.Goodput), words.During(median(t.Pings)))
		}
	}
}

func (v *view) writef(format string, args ...any) {
	_, _ = fmt.Fprintf(v.progress.w, "  "+format+"\n", args...) // a failure of stderr cannot be reported anywhere
}

// barWidth are the columns of a bar at the highest rate so far.
const barWidth = 40

// bar is the share of a rate in the highest.
func bar(g draw.Glyphs, rate, most float64) string {
	if most <= 0 {
		return ""
	}
	eighths := int(rate / most * barWidth * 8)
	text := strings.Repeat(g.Bar[7], eighths/8)
	if rest := eighths % 8; rest > 0 {
		text += g.Bar[rest-1]
	}
	return text
}

// median of round trips; nil if there are none.
func median(list []diag.Millis) *diag.Millis {
	if len(list) == 0 {
		return nil
	}
	return diag.Ptr(slices.Sorted(slices.Values(list))[len(list)/2])
}
