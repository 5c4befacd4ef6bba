package tui

import (
	"context"
	"errors"
	"io"
	"time"

	"github.com/charmbracelet/lipgloss"

	"dialtone/diag"
	"dialtone/tui/draw"
	"dialtone/tui/pane"
)

// Source gives the events of a call in order. A *feed.Reader is one.
type Source interface {
	// Next blocks until there are events, and returns all that came since the last call; io.EOF after the last one.
	Next(ctx context.Context) ([]diag.Event, error)
}

// Controls are what can be asked of a running call. All return at once; what comes of them is told by events.
type Controls interface {
	Chat(text string) error
	Mute(kind string, muted bool) error // kind is audio or video
	RestartICE() error
	Hangup()
}

// Options of a session.
type Options struct {
	Source   Source           // required
	Controls Controls         // nil for a replay: nothing can be asked of it
	Title    string           // of the call, for example "call w1"
	Start    time.Time        // wall clock at event time 0; zero: the clock shows the latest event's time and does not run
	Now      func() time.Time // nil: time.Now
	Input    io.Reader        // nil: the terminal
	Output   io.Writer        // nil: the terminal
	Panes    []pane.Factory   // nil: pane.All
	ASCII    bool             // draw with ASCII alone
}

// ErrInterrupted is returned when somebody left a running call with ctrl+c.
var ErrInterrupted = errors.New("interrupted")

func (o Options) theme(r *lipgloss.Renderer) *draw.Theme {
	th := draw.NewTheme(r)
	if o.ASCII {
		th.UseASCII()
	}
	return th
}
