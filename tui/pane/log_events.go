package pane

import (
	"slices"
	"strings"

	"dialtone/diag"
	"dialtone/diag/words/line"
)

// eventLog is the kept events, and those that a filter leaves.
type eventLog struct {
	events []diag.Event
	lost   int      // how many were forgotten
	kind   string   // "ice." or "ice.candidate"; empty for every kind
	kinds  []string // words of the filter that are kinds, in lower case: one of them must begin the event's name
	words  filter   // the other words
	shown  []int    // places in events, in their order; only while something is left out
	texts  []string // the events' lines in lower case, made only for filters that need them
}

func (g *eventLog) filtered() bool { return g.kind != "" || len(g.kinds) > 0 || g.words.active() }

func (g *eventLog) count() int {
	if g.filtered() {
		return len(g.shown)
	}
	return len(g.events)
}

// index is where the i-th shown event stands among all.
func (g *eventLog) index(i int) int {
	if g.filtered() && i < len(g.shown) {
		return g.shown[i]
	}
	return i
}

// position is the inverse of index: of the event there, or of the last shown one before.
func (g *eventLog) position(index int) int {
	if !g.filtered() {
		return index
	}
	at, found := slices.BinarySearch(g.shown, index)
	if !found {
		at--
	}
	return max(at, 0)
}

func (g *eventLog) at(i int) diag.Event { return g.events[g.index(i)] }

// add keeps new events, a limit of all, and returns how many of the shown ones were forgotten for them.
func (g *eventLog) add(events []diag.Event, limit int) (gone int) {
	from := len(g.events)
	g.events = append(g.events, events...)
	if g.filtered() {
		g.look(from)
	}
	n := len(g.events) - limit
	if limit == 0 || n <= 0 {
		return 0
	}
	n = min(n+limit/10, len(g.events))
	gone = n
	if g.filtered() {
		gone, _ = slices.BinarySearch(g.shown, n)
		g.shown = g.shown[gone:]
		for i := range g.shown {
			g.shown[i] -= n
		}
	}
	g.events = append([]diag.Event(nil), g.events[n:]...)
	g.texts = append([]string(nil), g.texts[min(n, len(g.texts)):]...)
	g.lost += n
	return gone
}

// reset takes the events of another moment.
func (g *eventLog) reset(r Reset, f filter) {
	g.events, g.lost, g.texts = slices.Clip(r.Events), r.Lost, nil
	g.apply(f)
}

// apply looks at all events anew.
func (g *eventLog) apply(f filter) {
	g.kinds, g.words, g.shown = nil, filter{not: f.not}, nil
	for _, w := range f.words {
		if g.isKind(w) {
			g.kinds = append(g.kinds, w)
		} else {
			g.words.words = append(g.words.words, w)
		}
	}
	if g.filtered() {
		g.look(0)
	} else {
		g.texts = nil
	}
}

// isKind distinguishes "ice." and "ice.pair" from other words: they begin the name of some event.
func (g *eventLog) isKind(word string) bool {
	return strings.Contains(word, ".") && slices.ContainsFunc(g.events,
		func(e diag.Event) bool { return strings.HasPrefix(string(e.Type()), word) })
}

// look decides about the events from a place on.
func (g *eventLog) look(from int) {
	for i := from; i < len(g.events); i++ {
		if g.passes(i) {
			g.shown = append(g.shown, i)
		}
	}
}

func (g *eventLog) passes(i int) bool {
	name := string(g.events[i].Type())
	if g.kind != "" && name != g.kind && (!strings.HasSuffix(g.kind, ".") || !strings.HasPrefix(name, g.kind)) {
		return false
	}
	if len(g.kinds) > 0 && !slices.ContainsFunc(g.kinds, func(k string) bool { return strings.HasPrefix(name, k) }) {
		return false
	}
	return !g.words.active() || g.words.keeps(g.text(i))
}

// text is the line of an event in lower case; made once.
func (g *eventLog) text(i int) string {
	if i >= len(g.texts) {
		g.texts = append(g.texts, make([]string, len(g.events)-len(g.texts))...)
	}
	if g.texts[i] == "" {
		g.texts[i] = lower(line.Of(g.events[i]))
	}
	return g.texts[i]
}
