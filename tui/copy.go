package tui

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/aymanbagabas/go-osc52/v2"
	tea "github.com/charmbracelet/bubbletea"

	"dialtone/diag"
	"dialtone/diag/call"
	"dialtone/diag/judge"
	"dialtone/diag/words"
	"dialtone/diag/words/verdict"
	"dialtone/tui/draw"
	"dialtone/tui/pane"
)

// maxCopy is the most that is copied, in bytes: terminals accept 100,000 of an OSC 52 sequence, which is base64.
const maxCopy = 70_000

// copySelected puts the selection of the focused pane on the clipboard; without one, path and verdict.
func (m *Model) copySelected() tea.Cmd {
	what, text := "", ""
	if c, ok := m.panes[m.focus].(pane.Copier); ok {
		what, text = c.Copy()
	}
	if text == "" {
		what, text = "the path and the verdict", summary(m.scene.Call, m.scene.Verdict)
	}
	if len(text) > maxCopy {
		m.notice = notice{fmt.Sprintf("%s is too long for a clipboard (%d kB)", what, len(text)/1000), draw.Warn}
		return nil
	}
	put := m.options.Copy
	text = cleanLines(text)
	if put == nil {
		return nil
	}
	return m.tasks.cmd(func(context.Context) tea.Msg {
		if err := put(text); err != nil {
			return failed(fmt.Errorf("%s could not be copied: %w", what, err))
		}
		return doneMsg{notice{"copied " + what, draw.Good}}
	})
}

// cleanLines removes what could do harm when it is pasted, but keeps the lines.
func cleanLines(text string) string {
	lines := strings.Split(text, "\n")
	for i, l := range lines {
		lines[i] = diag.Clean(l, maxCopy)
	}
	return strings.Join(lines, "\n")
}

// summary is a call in a few lines of text.
func summary(c *call.Call, v judge.Verdict) string {
	lines := []string{"dialtone " + c.Start.Title() + ": " + verdict.Of(v).Headline}
	if s := c.Selected; s != nil {
		path := "path: " + s.Local + " ⇄ " + s.Remote
		if d, ok := c.RoundTripTime(); ok {
			path += ", RTT " + words.Duration(d)
		}
		lines = append(lines, path)
	}
	for _, line := range verdict.Lines(v) {
		lines = append(lines, line[0]+": "+line[1])
	}
	return strings.Join(lines, "\n") + "\n"
}

// osc52To asks the terminal behind w to put a text on the clipboard. One write, which goes between two frames and not
// into one. tmux handles the sequence itself (set-clipboard on) or passes it on (allow-passthrough on), so it gets both
// forms; screen passes it on. No terminal reports the result.
func osc52To(w io.Writer, env func(string) string) func(text string) error {
	return func(text string) error {
		sequence := osc52.New(text)
		out := sequence.String()
		switch {
		case env("TMUX") != "":
			out += sequence.Tmux().String()
		case env("STY") != "":
			out = sequence.Screen().String()
		case env("TERM") == "dumb", env("TERM") == "linux":
			return errors.New("this terminal has no clipboard")
		}
		_, err := io.WriteString(w, out)
		return err
	}
}

// export writes the events so far to a file.
func (m *Model) export() tea.Cmd {
	write, events, lost := m.options.Export, m.time.events[:len(m.time.events):len(m.time.events)], m.time.lost
	m.notice = notice{"saving the recording", draw.Idle}
	return m.tasks.cmd(func(context.Context) tea.Msg {
		path, err := write(events)
		if err != nil {
			return failed(err)
		}
		text := "saved " + words.Count(len(events), "event", "events") + " to " + path
		if lost > 0 {
			text += "; " + words.Count(lost, "older event is", "older events are") + " no longer kept (--record writes all)"
		}
		return doneMsg{notice{text, draw.Good}}
	})
}
