package pane

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/charmbracelet/bubbles/key"
	tea "github.com/charmbracelet/bubbletea"

	"dialtone/diag"
	"dialtone/diag/words/line"
	"dialtone/tui/draw"
)

// eventDetail is one event with all its fields, as it stands in a recording.
type eventDetail struct {
	open   bool
	event  diag.Event
	window window
	rows   []string // broken for width
	width  int
	keys   detailKeys
}

type detailKeys struct {
	Close, Next, Previous key.Binding
}

func newDetail() eventDetail {
	keys := detailKeys{bind("close", "esc", "enter"), bind("next event", "n"), bind("previous event", "N")}
	return eventDetail{keys: keys}
}

func (d *eventDetail) bindings() []key.Binding {
	return []key.Binding{d.keys.Close, d.keys.Next, d.keys.Previous}
}

func (d *eventDetail) show(e diag.Event) {
	d.open, d.event, d.rows = true, e, nil
	d.window.top = 0
}

// take scrolls or closes; ±1 for a key that goes to another event.
func (d *eventDetail) take(msg tea.KeyMsg, keys scrollKeys, page int) (step int) {
	switch {
	case key.Matches(msg, d.keys.Close):
		d.open, d.rows = false, nil
	case key.Matches(msg, d.keys.Next):
		return 1
	case key.Matches(msg, d.keys.Previous):
		return -1
	default:
		steps := max(len(d.rows)-page+1, 1)
		if at, ok := keys.move(msg, min(d.window.top, steps-1), steps, page); ok {
			d.window.top = at
		}
	}
	return 0
}

func (d *eventDetail) lines(th *draw.Theme, width, height int) []string {
	if d.rows == nil || d.width != width {
		d.rows, d.width = breakJSON(eventJSON(d.event), width-1), width
	}
	d.window.rows = max(height-1, 0)
	title := draw.NewLine(width).Gap(1).Add(th.Strong, string(d.event.Type())).Gap(2).Add(th.Dim,
		"at "+strings.TrimSpace(line.Time(d.event.At))+" s")
	from, to := d.window.visible(len(d.rows))
	if to-from < len(d.rows) {
		title.Note(th.Dim, fmt.Sprintf("lines %d–%d of %d", from+1, to, len(d.rows)))
	}
	out := []string{title.String()}
	for _, row := range d.rows[from:to] {
		l := draw.NewLine(width).Gap(1)
		if name, value, ok := strings.Cut(row, `": `); ok && strings.HasPrefix(strings.TrimLeft(name, " "), `"`) {
			l.Add(th.Accent, name+`": `)
			row = value
		}
		out = append(out, l.Add(th.Plain, row).String())
	}
	return out
}

// eventJSON is an event as it stands in a recording, a field a line.
func eventJSON(e diag.Event) string {
	raw, err := e.MarshalJSON()
	if err != nil {
		return err.Error()
	}
	var b bytes.Buffer
	if err := json.Indent(&b, raw, "", "  "); err != nil {
		return string(raw)
	}
	return b.String()
}

// hang is how far the second row of a long line is indented.
const hang = 4

// breakJSON breaks lines that are longer than width, and behind the line ends of a text within: a description becomes
// readable.
func breakJSON(all string, width int) []string {
	var out []string
	for text := range strings.Lines(all) {
		text = strings.TrimRight(text, "\n")
		indent := len(text) - len(strings.TrimLeft(text, " ")) + hang
		for i, part := range strings.SplitAfter(text, `\n`) {
			if i > 0 {
				part = draw.Spaces(indent) + part
			}
			out = appendBroken(out, part, indent, width)
		}
	}
	return out
}

// appendBroken measures character by character: a text of the peer may contain anything.
func appendBroken(out []string, text string, indent, width int) []string {
	indent = min(indent, max(width-8, 0))
	before, start, used := "", 0, 0
	for i, r := range text {
		w := draw.Width(string(r))
		if used+w > width && i > start {
			out = append(out, before+text[start:i])
			before, start, used = draw.Spaces(indent), i, indent
		}
		used += w
	}
	return append(out, before+text[start:])
}
