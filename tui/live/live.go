// Package live shows work while it runs, on a screen of its own: it owns the terminal, its content draws.
package live

import (
	"io"
	"strings"

	tea "github.com/charmbracelet/bubbletea"
	"github.com/muesli/termenv"

	"dialtone/tui/background"
	"dialtone/tui/draw"
	_ "dialtone/tui/quiet" // Bubble Tea would ask the terminal at once
)

// Content is what a screen shows. All its methods are called by one goroutine.
type Content interface {
	Take(news any)                                     // what [Screen.Show] was given
	Draw(th *draw.Theme, width, height int) []string   // at most so many lines and columns
	Foot(th *draw.Theme, width int, end bool) []string // the last lines; end: the user has asked for the end
}

// Keyed is content that takes keys, but for those that end the screen; false: not this one.
type Keyed interface{ Key(msg tea.KeyMsg) bool }

// Explained is content that ? explains instead of showing it: its keys and its marks, each with what it means.
type Explained interface {
	Explain(g draw.Glyphs, end bool) [][2]string
}

// explanation is shown instead of content.
type explanation struct {
	Content
	end bool
}

// Draw implements [Content].
func (e explanation) Draw(th *draw.Theme, width, _ int) []string {
	const indent, meaning = 1, 17
	lines := []string{draw.Row(width, indent, th.Strong, "Keys and marks"), ""}
	if x, ok := e.Content.(Explained); ok {
		for _, m := range append(x.Explain(th.Glyphs, e.end), [2]string{"? esc", "back"}) {
			line := draw.NewLine(width).Gap(indent+2).Add(th.Accent, m[0]).To(meaning).Add(th.Plain, m[1])
			lines = append(lines, line.String())
		}
	}
	return lines
}

// Options of a screen.
type Options struct {
	ASCII bool
	In    io.Reader // a terminal
	Out   io.Writer // likewise
	Stop  func()    // ends the work; its screen stays until [Screen.Close]
}

// Screen shows content.
type Screen struct {
	program *tea.Program
	done    chan struct{}
}

// Open shows the screen until Close.
func Open(o Options, c Content) *Screen {
	terminal := background.Terminal(o.Out)
	m := &model{o: o, terminal: terminal, content: c}
	m.paint()
	s := &Screen{done: make(chan struct{})}
	options := []tea.ProgramOption{tea.WithOutput(o.Out), tea.WithAltScreen(), tea.WithoutSignalHandler()}
	if input := background.Input(o.In, func(answer tea.Msg) { s.program.Send(answer) }); input != nil {
		options = append(options, tea.WithInput(input))
		if terminal.ColorProfile() != termenv.Ascii {
			m.first = background.Query(o.Out, false)
		}
	} else {
		options = append(options, tea.WithInput(nil))
	}
	s.program = tea.NewProgram(m, options...)
	go func() {
		defer close(s.done)
		_, _ = s.program.Run() // the work goes on without its screen
	}()
	return s
}

// news is given to the content.
type news struct{ any }

// Show gives news to the content, and draws it.
func (s *Screen) Show(what any) { s.program.Send(news{what}) }

// Done is closed when the terminal is gone, or the screen is closed.
func (s *Screen) Done() <-chan struct{} { return s.done }

// Close restores the terminal.
func (s *Screen) Close() {
	s.program.Quit()
	<-s.done
}

// model is the program's.
type model struct {
	o             Options
	content       Content
	terminal      *draw.Terminal
	theme         *draw.Theme
	first         tea.Cmd
	ending        bool
	explaining    bool
	width, height int
}

func (m *model) paint() { m.theme = m.terminal.Theme(m.o.ASCII) }

// Init implements tea.Model.
func (m *model) Init() tea.Cmd { return m.first }

// Update implements tea.Model.
func (m *model) Update(msg tea.Msg) (tea.Model, tea.Cmd) {
	switch msg := msg.(type) {
	case tea.WindowSizeMsg:
		m.width, m.height = msg.Width, msg.Height
	case background.Found:
		m.terminal.Answered(msg.Dark)
		m.paint()
	case news:
		m.content.Take(msg.any)
	case tea.KeyMsg:
		if k, ok := m.content.(Keyed); ok && k.Key(msg) {
			return m, nil
		}
		if _, ok := m.content.(Explained); ok && (msg.String() == "?" || m.explaining && msg.Type == tea.KeyEsc) {
			m.explaining = !m.explaining
			return m, nil
		}
		if msg.Type == tea.KeyCtrlC || msg.String() == "q" {
			if m.ending {
				return m, tea.Quit
			}
			m.ending = true
			m.o.Stop()
		}
	}
	return m, nil
}

// View implements tea.Model.
func (m *model) View() string {
	if m.width == 0 {
		return ""
	}
	content := m.content
	if m.explaining {
		content = explanation{content, m.ending}
	}
	return Frame(content, m.theme, m.width, m.height, m.ending)
}

// Frame is a whole screen.
func Frame(c Content, th *draw.Theme, width, height int, ending bool) string {
	foot := c.Foot(th, width, ending)
	lines := c.Draw(th, width, height-len(foot))
	for len(lines) < height-len(foot) {
		lines = append(lines, "")
	}
	lines = append(lines[:max(0, height-len(foot))], foot...)
	return th.Ship(strings.Join(draw.Clamp(lines, width, height), "\n"))
}
