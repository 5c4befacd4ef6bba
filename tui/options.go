package tui

import (
	"context"
	"errors"
	"io"
	"time"

	"dialtone/diag"
	"dialtone/tui/pane"
)

// Source gives the events of a call in order. A *feed.Reader is one.
type Source interface {
	// Next blocks until there are events, and returns all since the last call; io.EOF after the last one.
	Next(ctx context.Context) ([]diag.Event, error)
}

// Controls are the commands to a running call. All return at once; events report their results.
type Controls interface {
	Chat(text string) error
	Mute(kind string, muted bool) error // kind is audio or video
	RestartICE() error
	Diagnose() error // of the network, with the help of the ICE servers
	Hangup()
}

// Options of a session.
type Options struct {
	Source   Source           // required, but for a replay
	Replay   *Replay          // a recording instead of a source
	Controls Controls         // nil: the call takes no commands
	Title    string           // of the call, for example "call w1"
	Start    time.Time        // wall clock at event time 0; zero: the clock shows the latest event's time and does not run
	Now      func() time.Time // nil: time.Now
	Input    io.Reader        // nil: the terminal
	Output   io.Writer        // nil: the terminal
	Panes    []pane.Factory   // nil: pane.All
	ASCII    bool             // draw with ASCII only
	Again    bool             // the call can be placed again: Run then returns ErrCallAgain

	// Export writes the events to a new file and returns its name. It is called by a command, never by Update. Nil:
	// there is no export.
	Export func(events []diag.Event) (path string, err error)
	// Copy puts a text on the clipboard. Nil: through the terminal (OSC 52).
	Copy func(text string) error
}

// Replay is a call that is over: all of its events.
type Replay struct {
	Events []diag.Event
	Speed  float64 // 1 is as it was; 0: 1
	Remark string  // what is wrong with the recording; shown until the first key
}

// ErrCallAgain is returned when the same call was requested again, after its end.
var ErrCallAgain = errors.New("call again")

// ErrInterrupted is returned after ctrl+c during a running call.
var ErrInterrupted = errors.New("interrupted")
