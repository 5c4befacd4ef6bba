package tui

import (
	"context"
	"time"

	"github.com/charmbracelet/bubbles/key"
	tea "github.com/charmbracelet/bubbletea"
	"github.com/charmbracelet/lipgloss"

	"dialtone/diag"
	"dialtone/tui/pane"
)

// Model is the root of the session.
type Model struct {
	options       Options
	tasks         *tasks
	keys          KeyMap
	scene         *pane.Scene
	panes         []pane.Pane
	focus         int
	width, height int
	help          bool
	remark        string // why the last wish was refused; until the next key
	ended         bool   // the source has no more events
	leaving       bool   // quit as soon as the call has ended
	err           error  // what Run returns
	batchAt       time.Time
	clockID       int // of the running clock; others are stale
	spinID        int
}

// New makes the root. Its commands end with ctx, or with Close.
func New(ctx context.Context, o Options, r *lipgloss.Renderer) *Model {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Panes == nil {
		o.Panes = pane.All()
	}
	scene := &pane.Scene{Theme: o.theme(r), Call: &diag.Call{}, Live: o.Controls != nil}
	m := &Model{options: o, tasks: newTasks(ctx), keys: DefaultKeyMap(len(o.Panes)), scene: scene}
	for _, newPane := range o.Panes {
		m.panes = append(m.panes, newPane(scene))
	}
	m.refresh()
	return m
}

// Close ends the commands that are under way and waits for them.
func (m *Model) Close() { m.tasks.close() }

// Init waits for the first events, and for the end of the context.
func (m *Model) Init() tea.Cmd {
	return tea.Batch(m.tasks.leave(), m.listen(), m.startClock(), m.startSpinner())
}

// Update routes a message: to the root itself, to the focused pane, or to all panes.
func (m *Model) Update(msg tea.Msg) (tea.Model, tea.Cmd) {
	switch msg := msg.(type) {
	case tea.WindowSizeMsg:
		m.resize(msg.Width, msg.Height)
	case batchMsg:
		return m, m.take(msg.events)
	case sourceMsg:
		return m, m.end(msg.err)
	case clockMsg:
		return m, m.tick(msg)
	case spinMsg:
		return m, m.spin(msg)
	case askedMsg:
		if msg.err != nil {
			m.remark = msg.err.Error()
		}
	case pane.Say:
		return m, m.ask(func(c Controls) error { return c.Chat(string(msg)) })
	case tea.KeyMsg:
		m.remark = ""
		return m, m.key(msg)
	}
	return m, nil
}

// take folds a batch, tells all panes, and waits for the next one.
func (m *Model) take(events pane.Events) tea.Cmd {
	m.batchAt = time.Now()
	for _, e := range events {
		m.scene.Call.Apply(e)
	}
	m.refresh()
	cmds := []tea.Cmd{m.listen(), m.startClock(), m.startSpinner()}
	for _, p := range m.panes {
		cmds = append(cmds, p.Update(events))
	}
	if m.leaving && m.scene.Call.Ended != nil {
		cmds = append(cmds, tea.Quit)
	}
	return tea.Batch(cmds...)
}

// end notes that no more events come.
func (m *Model) end(err error) tea.Cmd {
	m.ended = true
	if err != nil {
		m.remark = "no more events can be read: " + err.Error()
	}
	m.refresh()
	if m.leaving {
		return tea.Quit
	}
	return nil
}

// refresh brings what depends on the call up to date.
func (m *Model) refresh() {
	c := m.scene.Call
	m.scene.Clock = m.clock()
	m.scene.Live = m.options.Controls != nil && c.Ended == nil && !m.ended
	m.scene.Verdict = diag.Judge(c)
	m.keys.refresh(c, m.scene.Live)
}

// key routes a key: to a pane in which somebody types, to the root's own bindings, else to the focused pane.
func (m *Model) key(msg tea.KeyMsg) tea.Cmd {
	focused := m.panes[m.focus]
	if t, ok := focused.(pane.Typist); ok && t.Typing() && !key.Matches(msg, m.keys.Interrupt) {
		return focused.Update(msg)
	}
	if cmd, ok := m.own(msg); ok {
		return cmd
	}
	if m.help { // any other key closes the help
		m.help = false
		return nil
	}
	return focused.Update(msg)
}

// View draws the whole screen; nothing before its size is known.
func (m *Model) View() string {
	if m.width <= 0 || m.height <= 0 {
		return ""
	}
	return m.frame()
}
