package main

import (
	"flag"
	"io"
	"os"
	"path/filepath"
	"testing"

	tea "github.com/charmbracelet/bubbletea"
	"github.com/muesli/termenv"

	"dialtone/cmd/dialtone/internal/forms"
	"dialtone/tui/draw"
	"dialtone/tui/picture"
	"dialtone/tui/start"
)

var update = flag.Bool("update", false, "draw the pictures anew")

// TestPictures compares the picture of the start screen with what it looks like now; those of a call are package tui's.
func TestPictures(t *testing.T) {
	const width, height = 120, 36
	all, err := startForms(testStreams("DIALTONE_ICE=stun:stun.example.org"), "")
	if err != nil {
		t.Fatal(err)
	}
	var past forms.History
	for _, c := range []start.Choice{
		{Command: "replay", Values: start.Values{"file": "call.jsonl"}},
		{Command: "demo", Values: start.Values{"relay-only": "true"}},
		{Command: "call", Values: start.Values{"code": "w1", "server": "https://call.example.org/call/"}},
	} {
		f, err := forms.Find(all, c.Command)
		if err != nil {
			t.Fatal(err)
		}
		past = past.With(f, begun(f, c.Values))
	}
	options := start.Options{Version: "0.2.0", Recent: past.Recent(all)}
	for _, f := range all {
		options.Commands = append(options.Commands, f.Screen())
	}
	terminal := draw.NewTerminal(io.Discard)
	terminal.SetColorProfile(termenv.ANSI256)
	terminal.Background = draw.Dark
	m := start.New(options, terminal)
	m.Update(tea.WindowSizeMsg{Width: width, Height: height})
	for _, msg := range []tea.KeyMsg{
		{Type: tea.KeyTab}, typed("w1"), {Type: tea.KeyTab}, {Type: tea.KeyCtrlU}, typed("https://call.example.org/call/"), {Type: tea.KeyTab}, typed(" turn:turn.example.org"),
	} {
		m.Update(msg)
	}
	svg := picture.SVG(m.View(), "The start screen: what can be done, a form that checks as one types, and the same as a command line", width, height)
	file := filepath.Join("..", "..", "docs", "images", "start.svg")
	if *update {
		if err := os.WriteFile(file, []byte(svg), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if kept, err := os.ReadFile(file); err != nil || string(kept) != svg {
		t.Errorf("%s shows what the screen looked like once (%v): draw it anew with go test ./tui ./cmd/dialtone -run TestPictures -update, and look at it", file, err)
	}
}

func typed(text string) tea.KeyMsg { return tea.KeyMsg{Type: tea.KeyRunes, Runes: []rune(text)} }
