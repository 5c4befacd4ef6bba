package tui

import (
	"context"
	"time"

	tea "github.com/charmbracelet/bubbletea"

	"dialtone/diag/call"
	"dialtone/tui/background"
	"dialtone/tui/draw"
	"dialtone/tui/pane"
)

// Model is the root of the session.
type Model struct {
	options       Options
	terminal      *draw.Terminal
	first         tea.Cmd     // of the screen; nil for none
	kitty         *draw.Kitty // shows pictures, if the terminal says that it can; nil: it was not asked
	tasks         *tasks
	keys          KeyMap
	scene         *pane.Scene
	panes         []pane.Pane
	time          *timeline
	transport     transport
	focus         int
	width, height int
	help          bool
	notice        notice    // the result of the last request; until the next key
	ended         bool      // the source has no more events
	leaving       bool      // quit as soon as the call has ended
	err           error     // what Run returns
	barHad        bool      // the timeline was shown when the panes got their sizes
	pending       []tea.Cmd // requests of panes while the root worked
	batchAt       time.Time
	clockID       int // of the running clock; others are stale
	spinID        int
}

// notice is one line about the result of a request.
type notice struct {
	text  string
	level draw.Level
}

// New makes the root. Its commands end with ctx, or with Close.
func New(ctx context.Context, o Options, r *draw.Terminal) *Model {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Panes == nil {
		o.Panes = pane.All()
	}
	m := &Model{
		options: o, tasks: newTasks(ctx), keys: DefaultKeyMap(len(o.Panes)), time: newTimeline(maxKept),
		transport: transport{speed: 1},
	}
	m.terminal = r
	m.scene = &pane.Scene{Theme: r.Theme(o.ASCII), Call: &call.Call{}, Live: o.Controls != nil, Keep: maxKept}
	for _, newPane := range o.Panes {
		m.panes = append(m.panes, newPane(m.scene))
	}
	if o.Replay != nil {
		m.load(o.Replay)
	}
	m.refresh()
	return m
}

// Close ends the outstanding commands and waits for them.
func (m *Model) Close() { m.tasks.close() }

// Init waits for the first events, and for the end of the context.
func (m *Model) Init() tea.Cmd {
	if m.options.Replay != nil {
		return tea.Batch(m.first, m.tasks.leave(), m.play())
	}
	return tea.Batch(m.first, m.tasks.leave(), m.listen(), m.startClock(), m.startSpinner())
}

// Update routes a message: to the root itself, to the focused pane, or to all panes.
func (m *Model) Update(msg tea.Msg) (self tea.Model, cmd tea.Cmd) {
	self = m // also after a panic
	defer func() { m.tasks.caught(recover()) }()
	cmd = m.route(msg)
	if m.barShown() != m.barHad {
		m.resize(m.width, m.height)
	}
	return self, m.tasks.guard(m.flush(cmd))
}

func (m *Model) route(msg tea.Msg) tea.Cmd {
	switch msg := msg.(type) {
	case tea.WindowSizeMsg:
		m.resize(msg.Width, msg.Height)
	case background.Found:
		m.terminal.Answered(msg.Dark)
		*m.scene.Theme = *m.terminal.Theme(m.options.ASCII)
	case background.Graphics:
		m.terminal.Kitty = m.kitty
		*m.scene.Theme = *m.terminal.Theme(m.options.ASCII)
	case batchMsg:
		return m.take(msg.events)
	case sourceMsg:
		return m.end(msg.err)
	case clockMsg:
		return m.tick(msg)
	case spinMsg:
		return m.spin(msg)
	case playMsg:
		return m.step(msg)
	case doneMsg:
		m.notice = msg.notice
	case pane.Say:
		return m.ask(func(c Controls) error { return c.Chat(string(msg)) })
	case pane.Diagnose:
		return m.ask(func(c Controls) error { return c.Diagnose() })
	case tea.KeyMsg:
		m.notice = notice{}
		return m.keysOf(msg)
	case tea.MouseMsg:
		return m.mouse(msg)
	}
	return nil
}

// flush makes one command of cmd and of the requests of panes.
func (m *Model) flush(cmd tea.Cmd) tea.Cmd {
	if len(m.pending) == 0 {
		return cmd
	}
	cmds := append(m.pending, cmd)
	m.pending = nil
	return tea.Batch(cmds...)
}

// View draws the whole screen; nothing before its size is known.
func (m *Model) View() (frame string) {
	defer func() { m.tasks.caught(recover()) }()
	if m.width <= 0 || m.height <= 0 || m.tasks.fault() != nil {
		return ""
	}
	return m.frame()
}
