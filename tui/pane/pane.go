// Package pane holds the panes of the terminal session, a file each.
//
// A pane reads the [Scene], which the root owns and changes between updates, and draws into the space that SetSize gave
// it. It performs no input or output: it returns requests as messages, through a command. A new pane is one
// file with a [Factory], and one line in [All].
package pane

import (
	"time"

	"github.com/charmbracelet/bubbles/key"
	tea "github.com/charmbracelet/bubbletea"

	"dialtone/diag"
	"dialtone/diag/call"
	"dialtone/diag/judge"
	"dialtone/diag/judge/network"
	"dialtone/tui/draw"
)

// All lists the panes in the order of their tabs.
func All() []Factory {
	return []Factory{
		NewCall,
		NewCandidates,
		NewMedia,
		NewData,
		NewNetwork,
		NewSDP,
		NewLog,
	}
}

// Diagnosis lists those of a diagnosis by itself.
func Diagnosis() []Factory { return []Factory{NewNetwork, NewLog} }

// Factory makes a pane that reads the scene.
type Factory func(*Scene) Pane

// Pane is one view of the call.
type Pane interface {
	// Title names the tab, in one word.
	Title() string
	// Keys are the pane's own bindings, the most useful first. Disabled ones are not shown.
	Keys() []key.Binding
	// SetSize gives the space for View: columns and rows, never less than 1.
	SetSize(width, height int)
	// Update takes what the root hands on: [Events] always, keys while the pane has the focus,
	// [Reset] after a step back in time, and mouse clicks in the pane's own coordinates.
	Update(msg tea.Msg) tea.Cmd
	// View draws at most height lines of at most width columns.
	View() string
}

// Typist is a pane in which text can be typed: a message, a filter. While it is typing, it gets every key but ctrl+c.
type Typist interface {
	Pane
	Typing() bool
}

// Writer is the pane in which messages to the peer are typed.
type Writer interface {
	Typist
	Type() // begins
}

// Copier is a pane that can say what of it is worth copying.
type Copier interface {
	Pane
	// Copy names the thing ("the candidate") and gives its text; an empty text when nothing is selected.
	Copy() (what, text string)
}

// Scene is what all panes see. Only the root changes it, and never while a pane draws or updates.
type Scene struct {
	Theme   *draw.Theme
	Call    *call.Call    // the fold of all events up to the shown position; never nil
	Verdict judge.Verdict // the judge's verdict on it as it is now
	Clock   time.Duration
	Live    bool // the call takes commands: it is not a replay, it has not ended, and its present is shown
	Spin    int  // the frame of the spinner
	Keep    int  // how many events are kept; of more, the oldest are forgotten; 0: all are kept

	judged map[judgedKey]*network.Verdict
}

// Spinner is the present frame of the spinner.
func (s *Scene) Spinner() string {
	frames := s.Theme.Glyphs.Spinner
	return frames[s.Spin%len(frames)]
}

// Since is the moment from which the present state counts: when the call connected, when its present wait began, else
// the start.
func (s *Scene) Since() time.Duration {
	if at := s.Call.ConnectedAt; at != nil {
		return *at
	}
	for i := len(s.Call.Spans) - 1; i >= 0; i-- {
		if span := s.Call.Spans[i]; span.Phase == diag.PhaseWait && span.Outcome == "" {
			return span.Start
		}
	}
	return 0
}

// Events are the new events of the call, handed to every pane after the scene's Call has applied them.
type Events []diag.Event

// Reset says that the scene's Call is another one than before, after a step back in the timeline. What a pane has kept
// of events is void; these are all up to the shown position, except the oldest of a very long call, which are only
// counted.
type Reset struct {
	Events Events // not to be changed: the root goes on using them
	Lost   int    // how many older ones are no longer kept
}

// Say asks the root to send a chat message.
type Say string

// Diagnose asks the root to have the network diagnosed.
type Diagnose struct{}
