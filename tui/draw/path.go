package draw

import "strings"

// Node is a place that packets pass on their way.
type Node struct {
	Title   string // "you", "your NAT", "relay", "peer"
	Address string
	Note    string // what the address is and how it is known, separated by commas
}

// Path is the way between two peers.
type Path struct {
	Nodes []Node
	Wire  int       // the link behind this node leads from the local to the remote site
	Label string    // written on that link: protocol, round-trip time
	Trips []float64 // the latest round-trip times, for a sparkline above the label
}

const (
	pathIndent = 2
	hopWidth   = 11
	hopLeast   = 4   // a space, two columns of line, a space
	wireFree   = 16  // columns of the wire beside its label
	wireLeast  = 9   // the same where the space is short
	pathLimit  = 132 // a longer wire shows no more
	noteMost   = 30  // columns that the last node's note may claim
	tripsMost  = 24  // columns of the sparkline above the wire
)

// Lines draws the path: from left to right in three rows where it fits, else from top to bottom with a row per node.
func (p Path) Lines(th *Theme, width int) []string {
	if len(p.Nodes) == 0 {
		return nil
	}
	hop, wire, last := p.links(width)
	if wire == 0 {
		return p.down(th, width)
	}
	titles, places, notes := NewLine(width), NewLine(width), NewLine(width)
	column := pathIndent
	for i, n := range p.Nodes {
		link := hop
		if i == p.Wire {
			link = wire
		}
		titles.To(column).Add(th.Strong, n.Title)
		places.To(column).Add(th.Plain, n.Address)
		if i == len(p.Nodes)-1 {
			notes.To(column).Add(th.Dim, n.note(last))
			break
		}
		notes.To(column).Add(th.Dim, n.note(n.width()+link-2))
		column += n.width()
		edge := 2
		if hop == hopLeast {
			edge = 1
		}
		places.To(column + edge)
		if i == p.Wire {
			trips := p.trips(min(link-2*edge, tripsMost))
			titles.To(column+(link-len(trips))/2).Add(th.Accent, Sparkline(th.Glyphs, trips, len(trips)))
			p.wire(places, th, link-2*edge)
		} else {
			places.Add(th.Dim, strings.Repeat(th.Glyphs.Hop, link-2*edge-1)+th.Glyphs.Head)
		}
		column += link
	}
	return []string{titles.String(), places.String(), notes.String()}
}

// links shares what the nodes leave among the links: wide hops where there is room, narrow ones where not, and the rest
// for the wire; 0 when that does not suffice. The last node's note needs its width too, which is given up before the
// picture is.
func (p Path) links(width int) (hop, wire, last int) {
	end := p.Nodes[len(p.Nodes)-1]
	label := Width(Safe(p.Label))
	hops := max(len(p.Nodes)-2, 0)
	for _, last := range []int{max(end.width(), min(Width(Safe(end.Note)), noteMost)), end.width()} {
		free := min(width, pathLimit) - pathIndent - last
		for _, n := range p.Nodes[:len(p.Nodes)-1] {
			free -= n.width()
		}
		if wire := free - hops*hopWidth; wire >= label+wireFree {
			return hopWidth, wire, last
		}
		if wire := free - hops*hopLeast; wire >= label+wireLeast {
			return hopLeast, wire, last
		}
	}
	return 0, 0, 0
}

// trips are the latest n round-trip times.
func (p Path) trips(n int) []float64 { return p.Trips[max(len(p.Trips)-max(n, 0), 0):] }

// note is what of the note fits, up to a comma where that is possible.
func (n Node) note(width int) string {
	if text := fitting(strings.Split(n.Note, ", "), ", ", width); text != "" {
		return text
	}
	return Truncate(Safe(n.Note), width)
}

func (n Node) width() int { return max(Width(Safe(n.Title)), Width(Safe(n.Address))) }

// wire writes ════ label ════▶ in n columns.
func (p Path) wire(l *Line, th *Theme, n int) {
	label := Safe(p.Label)
	free := n - 1
	if label != "" {
		free -= Width(label) + 2
	}
	l.Add(th.Accent, strings.Repeat(th.Glyphs.Wire, free/2))
	if label != "" {
		l.Gap(1).Add(th.Strong, label).Gap(1)
	}
	l.Add(th.Accent, strings.Repeat(th.Glyphs.Wire, free-free/2)+th.Glyphs.Head)
}

// down draws one node a row, and the wire's label between the two sites.
func (p Path) down(th *Theme, width int) []string {
	titles, places := 0, 0
	for _, n := range p.Nodes {
		titles, places = max(titles, Width(Safe(n.Title))), max(places, Width(Safe(n.Address)))
	}
	var out []string
	for i, n := range p.Nodes {
		l := NewLine(width).Gap(pathIndent).Add(th.Strong, n.Title).To(pathIndent+titles+2).
			Add(th.Plain, n.Address).To(pathIndent+titles+2+places+2).Add(th.Dim, n.note(width-titles-places-pathIndent-4))
		out = append(out, l.String())
		if i == p.Wire && len(p.Nodes) > 1 && p.Label != "" {
			out = append(out, NewLine(width).Gap(pathIndent).Add(th.Accent, th.Glyphs.Down).To(pathIndent+titles+2).
				Add(th.Strong, p.Label).Gap(2).Add(th.Accent, Sparkline(th.Glyphs, p.trips(tripsMost), tripsMost)).String())
		}
	}
	return out
}
