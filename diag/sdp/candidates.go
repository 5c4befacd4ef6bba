package sdp

import (
	"iter"
	"slices"
	"strings"
)

// Candidates are the values of the a=candidate lines of all sections, those beyond what is kept for display included,
// each once: the sections of a bundle may repeat them.
func (d *Description) Candidates() iter.Seq[string] {
	return func(yield func(string) bool) {
		seen := map[string]bool{}
		for _, lines := range d.allLines() {
			for i := range lines {
				l := &lines[i]
				if l.Type != 'a' || l.Name != "candidate" || seen[l.Value] {
					continue
				}
				seen[l.Value] = true
				if !yield(l.Value) {
					return
				}
			}
		}
	}
}

// allLines are the lines of each section, and those beyond.
func (d *Description) allLines() [][]Line {
	var out [][]Line
	for _, s := range d.sections() {
		out = append(out, s.Lines)
	}
	return append(out, d.rest)
}

// Ufrags are the ice-ufrags of the session and of its sections; never nil.
func (d *Description) Ufrags() []string {
	out := []string{}
	for _, s := range d.sections() {
		if ufrag, ok := s.Attribute("ice-ufrag"); ok && !slices.Contains(out, ufrag) {
			out = append(out, ufrag)
		}
	}
	return out
}

// UfragOf is the ufrag in a candidate line (RFC 8838 §10); empty if it has none.
func UfragOf(line string) string {
	fields := strings.Fields(line)
	if i := slices.Index(fields, "ufrag"); i >= 0 && i+1 < len(fields) {
		return fields[i+1]
	}
	return ""
}
