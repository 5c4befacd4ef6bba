package loads

import (
	"io"

	tea "github.com/charmbracelet/bubbletea"
	"github.com/charmbracelet/lipgloss"
	"github.com/muesli/termenv"

	"dialtone/tui/background"
	"dialtone/tui/draw"
	_ "dialtone/tui/quiet" // Bubble Tea would ask the terminal at once
)

// Options of a screen.
type Options struct {
	Name  string // of the test
	ASCII bool
	In    io.Reader // a terminal
	Out   io.Writer // likewise
	Stop  func()    // ends the test; its screen stays until [Screen.Close]
}

// Screen shows a test.
type Screen struct {
	program *tea.Program
	done    chan struct{}
}

// Open shows the screen until Close.
func Open(o Options) *Screen {
	renderer := lipgloss.NewRenderer(o.Out)
	renderer.SetHasDarkBackground(true) // until the terminal has answered
	m := &model{o: o, renderer: renderer, history: history{name: o.Name}}
	m.paint()
	s := &Screen{done: make(chan struct{})}
	options := []tea.ProgramOption{tea.WithOutput(o.Out), tea.WithAltScreen(), tea.WithoutSignalHandler()}
	if input := background.Input(o.In, func(f background.Found) { s.program.Send(f) }); input != nil {
		options = append(options, tea.WithInput(input))
		if renderer.ColorProfile() != termenv.Ascii {
			m.first = background.Query(o.Out)
		}
	} else {
		options = append(options, tea.WithInput(nil))
	}
	s.program = tea.NewProgram(m, options...)
	go func() {
		defer close(s.done)
		_, _ = s.program.Run() // the test goes on without its screen
	}()
	return s
}

// Show draws the state after a second.
func (s *Screen) Show(state State) { s.program.Send(state) }

// Close restores the terminal.
func (s *Screen) Close() {
	s.program.Quit()
	<-s.done
}

// model is the program's.
type model struct {
	history
	o             Options
	renderer      *lipgloss.Renderer
	theme         *draw.Theme
	first         tea.Cmd
	width, height int
}

func (m *model) paint() {
	m.theme = draw.NewTheme(m.renderer)
	if m.o.ASCII {
		m.theme = m.theme.UseASCII()
	}
}

// Init implements tea.Model.
func (m *model) Init() tea.Cmd { return m.first }

// Update implements tea.Model.
func (m *model) Update(msg tea.Msg) (tea.Model, tea.Cmd) {
	switch msg := msg.(type) {
	case tea.WindowSizeMsg:
		m.width, m.height = msg.Width, msg.Height
	case background.Found:
		m.renderer.SetHasDarkBackground(msg.Dark)
		m.paint()
	case State:
		m.add(msg)
	case tea.KeyMsg:
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
	return m.view(m.theme, m.width, m.height)
}
