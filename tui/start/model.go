package start

import (
	"errors"

	"github.com/charmbracelet/bubbles/key"
	tea "github.com/charmbracelet/bubbletea"

	"dialtone/tui/background"
	"dialtone/tui/draw"
)

// ErrInterrupted is the end by ctrl+c.
var ErrInterrupted = errors.New("interrupted")

// Model is the screen: a list of commands and recent choices, and the form of the chosen one.
type Model struct {
	options       Options
	keys          KeyMap
	terminal      *draw.Terminal
	theme         *draw.Theme
	first         tea.Cmd          // of the screen; nil for none
	forms         map[string]*form // of the commands
	again         []*form          // of recent choices
	at            int              // in the list: commands, then recent choices
	inForm        bool             // keys go to the form, else to the list
	width, height int
	remark        string
	choice        *Choice
	err           error
}

// New makes the screen.
func New(o Options, r *draw.Terminal) *Model {
	m := &Model{options: o, keys: DefaultKeyMap(), terminal: r, forms: map[string]*form{}, remark: o.Remark}
	m.paint()
	known := map[string]Command{}
	for _, c := range o.Commands {
		known[c.Name] = c
		m.forms[c.Name] = newForm(c)
	}
	m.options.Recent = nil
	for _, r := range o.Recent {
		if c, ok := known[r.Command]; ok {
			f := newForm(c)
			f.fill(r.Values)
			m.again = append(m.again, f)
			m.options.Recent = append(m.options.Recent, r)
		}
	}
	return m
}

// Result is the choice; ErrInterrupted after ctrl+c, and neither after q.
func (m *Model) Result() (*Choice, error) { return m.choice, m.err }

// paint makes the theme for the terminal.
func (m *Model) paint() { m.theme = m.terminal.Theme(m.options.ASCII) }

// Init does the first command: only keys change the screen.
func (m *Model) Init() tea.Cmd { return m.first }

// Update takes sizes and keys.
func (m *Model) Update(msg tea.Msg) (tea.Model, tea.Cmd) {
	switch msg := msg.(type) {
	case tea.WindowSizeMsg:
		m.width, m.height = msg.Width, msg.Height
	case background.Found:
		m.terminal.Answered(msg.Dark)
		m.paint()
	case tea.KeyMsg:
		m.remark = ""
		return m, m.key(msg)
	}
	return m, nil
}

// entries is the number of choices in the list.
func (m *Model) entries() int { return len(m.options.Commands) + len(m.options.Recent) }

// form is the form of the chosen entry.
func (m *Model) form() *form {
	if i := m.at - len(m.options.Commands); i >= 0 {
		return m.again[i]
	}
	return m.forms[m.options.Commands[m.at].Name]
}

func (m *Model) key(msg tea.KeyMsg) tea.Cmd {
	if msg.Paste && m.inForm { // pasted text is never a key
		m.form().edit(msg, m.keys)
		return nil
	}
	switch k := &m.keys; {
	case key.Matches(msg, k.Interrupt):
		m.err = ErrInterrupted
		return tea.Quit
	case key.Matches(msg, k.Start):
		return m.start()
	case key.Matches(msg, k.Next):
		m.step(1)
	case key.Matches(msg, k.Previous):
		m.step(-1)
	case m.inForm:
		m.keyInForm(msg)
	case key.Matches(msg, k.Quit):
		return tea.Quit
	case key.Matches(msg, k.Up):
		m.at = max(m.at-1, 0)
	case key.Matches(msg, k.Down):
		m.at = min(m.at+1, m.entries()-1)
	case key.Matches(msg, k.Pick):
		if i := int(msg.Runes[0] - '1'); i < len(m.options.Commands) {
			m.at = i
		}
	}
	return nil
}

func (m *Model) keyInForm(msg tea.KeyMsg) {
	f := m.form()
	switch k := &m.keys; {
	case key.Matches(msg, k.Back):
		m.inForm = false
	case key.Matches(msg, k.Up):
		f.at = max(f.at-1, 0)
	case key.Matches(msg, k.Down):
		f.at = min(f.at+1, len(f.fields)-1)
	default:
		f.edit(msg, m.keys)
	}
}

// step moves through the list and the fields, from the last back to the list.
func (m *Model) step(by int) {
	f := m.form()
	switch {
	case len(f.fields) == 0:
	case !m.inForm && by > 0:
		m.inForm, f.at = true, 0
	case !m.inForm:
		m.inForm, f.at = true, len(f.fields)-1
	case f.at+by < 0 || f.at+by >= len(f.fields):
		m.inForm = false
	default:
		f.at += by
	}
}

// start ends with the choice, or moves to the first mistake.
func (m *Model) start() tea.Cmd {
	f := m.form()
	if i := f.invalid(); i >= 0 {
		f.fields[i].touched = f.fields[i].touched || m.inForm || f.fields[i].text() != ""
		m.inForm, f.at = true, i
		return nil
	}
	if f.mistake() != nil {
		m.inForm = true
		return nil
	}
	m.choice = &Choice{Command: f.command.Name, Values: f.values()}
	return tea.Quit
}

// View draws the screen; nothing before its size is known.
func (m *Model) View() string {
	if m.width <= 0 || m.height <= 0 {
		return ""
	}
	return m.frame()
}

// KeyMap holds every key of the screen, and is the source of its footer.
type KeyMap struct {
	Up, Down, Next, Previous key.Binding
	Pick, Start, Toggle      key.Binding
	Back, Quit, Interrupt    key.Binding
}

// DefaultKeyMap returns the keys.
func DefaultKeyMap() KeyMap {
	bind := func(shown, help string, keys ...string) key.Binding {
		return key.NewBinding(key.WithKeys(keys...), key.WithHelp(shown, help))
	}
	return KeyMap{
		Up:        bind("↑", "up", "up"),
		Down:      bind("↓", "down", "down"),
		Next:      bind("tab", "next field", "tab"),
		Previous:  bind("shift+tab", "back", "shift+tab"),
		Pick:      bind("1–9", "choose", "1", "2", "3", "4", "5", "6", "7", "8", "9"),
		Start:     bind("enter", "start", "enter"),
		Toggle:    bind("space", "on or off", " ", "left", "right", "x"),
		Back:      bind("esc", "list", "esc"),
		Quit:      bind("q", "quit", "q"),
		Interrupt: bind("ctrl+c", "quit", "ctrl+c"),
	}
}
