package main

import (
	"context"
	"os"

	"github.com/charmbracelet/bubbles/key"
	tea "github.com/charmbracelet/bubbletea"

	"dialtone/tui/pane"
)

// mainWithBomb is dialtone with one more pane, which throws when B is pressed in it.
func mainWithBomb() {
	s := realStreams()
	s.panes = append([]pane.Factory{func(*pane.Scene) pane.Pane { return bomb{} }}, pane.All()...)
	os.Exit(int(run(context.Background(), os.Args[1:], s)))
}

type bomb struct{}

func (bomb) Title() string       { return "Bomb" }
func (bomb) Keys() []key.Binding { return nil }
func (bomb) SetSize(int, int)    {}
func (bomb) View() string        { return "tick, tick" }

func (bomb) Update(msg tea.Msg) tea.Cmd {
	if k, ok := msg.(tea.KeyMsg); ok && k.String() == "B" {
		panic("boom\x1b[2J")
	}
	return nil
}
