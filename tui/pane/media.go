package pane

import (
	"strconv"
	"strings"

	"github.com/charmbracelet/bubbles/key"
	tea "github.com/charmbracelet/bubbletea"

	"dialtone/diag"
	"dialtone/diag/words"
	"dialtone/tui/draw"
)

// Media shows the streams of audio and video, both ways: a table, the selected one in words, and its values over time.
type Media struct {
	size
	*Scene
	keys   mediaKeys
	chosen streamKey // the selected stream; the first when there is none like it
	metric int
	window window // of the table
}

type mediaKeys struct {
	Up, Down, Left, Right key.Binding
}

// NewMedia makes the pane.
func NewMedia(s *Scene) Pane {
	return &Media{Scene: s, keys: mediaKeys{
		Left:  key.NewBinding(key.WithKeys("left"), key.WithHelp("←/→", "chart")),
		Right: key.NewBinding(key.WithKeys("right"), key.WithHelp("→", "next chart"), key.WithDisabled()),
		Up:    key.NewBinding(key.WithKeys("up", "k"), key.WithHelp("↑/↓", "stream")),
		Down:  key.NewBinding(key.WithKeys("down", "j"), key.WithHelp("↓", "next stream"), key.WithDisabled()),
	}}
}

// Title is "Media".
func (*Media) Title() string { return "Media" }

// Keys choose the chart and the stream.
func (p *Media) Keys() []key.Binding { return []key.Binding{p.keys.Left, p.keys.Up} }

// Update moves the selection.
func (p *Media) Update(msg tea.Msg) tea.Cmd {
	list := streams(p.Call)
	p.keys.Left.SetEnabled(len(list) > 0)
	p.keys.Up.SetEnabled(len(list) > 1)
	if msg, ok := msg.(tea.KeyMsg); ok && len(list) > 0 {
		at := p.at(list)
		charts := chartsOf(list[at])
		switch msg.String() {
		case "left":
			p.metric = (min(p.metric, len(charts)-1) + len(charts) - 1) % len(charts)
		case "right":
			p.metric = (p.metric + 1) % len(charts)
		case "up", "k":
			p.chosen = list[max(at-1, 0)].streamKey
		case "down", "j":
			p.chosen = list[min(at+1, len(list)-1)].streamKey
		}
	}
	return nil
}

// at is the index of the selected stream.
func (p *Media) at(list []stream) int {
	for i, s := range list {
		if s.streamKey == p.chosen {
			return i
		}
	}
	return 0
}

// Copy gives the selected stream in words.
func (p *Media) Copy() (what, text string) {
	list := streams(p.Call)
	if len(list) == 0 {
		return "the stream", ""
	}
	return "the stream", diag.Clean(strings.Join(streamWords(p.Call, list[p.at(list)]), " "), 2000)
}

// View draws the table, what it means, and as many charts as there is room for.
func (p *Media) View() string {
	list := streams(p.Call)
	level, sentence := mediaSentence(p.Call)
	mark, paint := p.Theme.Mark(level)
	out := labelled(p.Theme, mark, paint, sentence, 1, min(p.width, twoColumns))
	if len(list) > 0 {
		at, gap := p.at(list), 0
		if p.height >= 24 {
			gap = 1
		}
		ends := p.ends(gap)
		out = join(gap, out, p.table(list, at), ends, p.words(list[at], len(ends) > 0))
		out = join(1, out, p.charts(list[at], p.height-len(out)-1))
	}
	return strings.Join(draw.Clamp(out, p.width, p.height), "\n")
}

var streamColumns = []draw.Column{
	{Title: "Streams", Strong: 7, Min: 14, Max: 24},
	{Title: "", Min: 13, Max: 16},
	{Title: "kbit/s", Right: true, Min: 8},
	{Title: "loss", Right: true, Min: 8},
	{Title: "in all", Right: true, Min: 8, Keep: 1},
	{Title: "jitter", Right: true, Min: 9, Keep: 2},
	{Title: "rtt", Right: true, Min: 9, Keep: 4},
	{Title: "fps", Right: true, Min: 4, Keep: 3},
	{Title: "picture", Min: 9, Keep: 5},
	{Title: "packets", Right: true, Min: 9, Keep: 7},
	{Title: "kB", Right: true, Min: 8, Keep: 8},
	{Title: "NACK", Right: true, Min: 5, Keep: 6},
	{Title: "PLI+FIR", Right: true, Min: 7, Keep: 9},
	{Title: "key frames", Right: true, Min: 10, Keep: 10},
	{Title: "freezes", Right: true, Min: 7, Keep: 11},
	{Title: "mid", Min: 3, Max: 6, Keep: 12},
	{Title: "SSRC", Right: true, Min: 10, Keep: 13},
}

// table is the part of the list around the selected stream that half of the pane has room for.
func (p *Media) table(list []stream, at int) []string {
	p.window.rows = min(len(list), max(p.height/2-3, 1))
	p.window.show(at, len(list))
	from, to := p.window.visible(len(list))
	t := draw.Table{Indent: 3, Columns: streamColumns, Cursor: at - from}
	for _, s := range list[from:to] {
		t.Rows = append(t.Rows, p.row(s))
	}
	return t.Lines(p.Theme, p.width)
}

func (p *Media) row(s stream) []draw.Cell {
	th := p.Theme
	level, state := streamState(p.Call, s)
	mark, paint := th.Mark(level)
	row := []draw.Cell{
		{Text: joinSpace(arrow(th, s.direction), s.kind, s.codec), Mark: mark, Level: paint},
		{Text: state, Paint: th.Dim},
		number(s.bitrate, 1e-3, 5), lossCell(th, s.recent), lossCell(th, s.loss), millis(s.jitter), millis(s.rtt),
		whole(s.fps),
		{Text: s.picture},
		count(s.packets),
	}
	if s.packets != nil {
		row = append(row, draw.Cell{Text: words.Number(s.bytes / 1000)}, draw.Cell{Text: words.Number(uint64(s.nack))},
			draw.Cell{Text: words.Number(uint64(s.pli) + uint64(s.fir))})
	} else {
		row = append(row, draw.Cell{}, draw.Cell{}, draw.Cell{})
	}
	row = append(row, small(s.keys), small(s.freezes), draw.Cell{Text: s.mid, Paint: th.Dim})
	if s.ssrc != 0 {
		row = append(row, draw.Cell{Text: strconv.FormatUint(uint64(s.ssrc), 10), Paint: th.Dim})
	}
	return row
}

// words are the selected stream's values in sentences, with all that the table may have no column for.
func (p *Media) words(s stream, beside bool) []string {
	var out []string
	most := 4
	if p.height < 16 || beside && p.height < 24 {
		most = 1
	}
	for i, line := range draw.Wrap(strings.Join(streamWords(p.Call, s), " "), min(p.width-4, 150)) {
		if i == most {
			break
		}
		out = append(out, draw.NewLine(p.width).Gap(3).Add(p.Theme.Dim, line).String())
	}
	return out
}
