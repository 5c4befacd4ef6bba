package pane

import (
	"cmp"
	"math"
	"net/netip"
	"slices"
	"strings"

	"dialtone/diag"
	"dialtone/diag/call"
	"dialtone/diag/words"
)

// sectionKind is one of the tables, in the order of the screen.
type sectionKind int

const (
	sectionServers sectionKind = iota
	sectionLocal
	sectionRemote
	sectionPairs
	sectionCount
)

// rowID is a row by its place in the call, which stays the same however the table is sorted.
type rowID struct {
	section sectionKind
	index   int
}

// sorting is how a table is sorted: by a column, from 1; 0 is as the rows came.
type sorting struct {
	column  int
	reverse bool
}

func (s *sorting) next(columns int) { *s = sorting{column: (s.column + 1) % (columns + 1)} }

// sortKey is what rows are compared by: a number, then a text. What was not measured comes last.
type sortKey struct {
	number float64
	text   string
}

func (k sortKey) compare(other sortKey) int {
	return cmp.Or(cmp.Compare(k.number, other.number), strings.Compare(k.text, other.text))
}

func missing(v *float64) sortKey {
	if v == nil || math.IsNaN(*v) {
		return sortKey{number: math.Inf(1)}
	}
	return sortKey{number: *v}
}

// arranged reports whether a table shows other rows than all as they came.
func (p *Candidates) arranged(k sectionKind) bool {
	return p.sorts[k] != sorting{} || p.filter.active()
}

// order is the places of the rows that a table shows; nil for all as they came.
func (p *Candidates) order(k sectionKind) []int {
	if !p.arranged(k) {
		return nil
	}
	s := p.unsorted(k)
	out := make([]int, 0, s.count)
	for i := range s.count {
		if !p.filter.active() || p.filter.keeps(p.rowText(s, i)) {
			out = append(out, i)
		}
	}
	at := p.sorts[k]
	if at.column > 0 {
		keys := make([]sortKey, s.count)
		for _, i := range out {
			keys[i] = p.sortKey(rowID{k, i}, at.column-1)
		}
		slices.SortStableFunc(out, func(a, b int) int {
			if at.reverse {
				a, b = b, a
			}
			return keys[a].compare(keys[b])
		})
	} else if at.reverse {
		slices.Reverse(out)
	}
	return out
}

// rowText is what a filter looks at: the title of the table and all cells, those too for which there is no room.
func (p *Candidates) rowText(s section, i int) string {
	parts := []string{s.title}
	for _, c := range s.row(i) {
		parts = append(parts, c.Text)
	}
	return strings.Join(parts, " ")
}

// sortKey is the value of a column of the row.
func (p *Candidates) sortKey(row rowID, column int) sortKey {
	c := p.Call
	switch row.section {
	case sectionServers:
		return serverKey(c.Servers[row.index], column)
	case sectionLocal:
		return candidateKey(c.Local[row.index], column)
	case sectionRemote:
		return candidateKey(c.Remote[row.index], column)
	case sectionPairs, sectionCount:
	}
	return p.pairKey(c.Pairs[row.index], column)
}

func serverKey(s call.ServerRow, column int) sortKey {
	switch column {
	case 0:
		return sortKey{text: s.URL}
	case 1:
		return sortKey{text: s.Transport}
	case 2:
		return sortKey{number: float64(s.DurationMs())}
	}
	if s.OK() {
		return sortKey{text: s.Mapped()}
	}
	return sortKey{number: 1, text: words.Server(s.Server)}
}

func candidateKey(r call.CandidateRow, column int) sortKey {
	switch column {
	case 0:
		// types stand in the order of their priority
		return sortKey{number: -float64(r.Priority), text: string(r.CandidateType)}
	case 1:
		return sortKey{text: placeKey(r.Address, r.Port)}
	case 2:
		return sortKey{text: r.Protocol + r.TCPType}
	case 3:
		return sortKey{text: placeKey(r.RelatedAddress, r.RelatedPort)}
	case 4:
		return sortKey{number: float64(r.At)}
	}
	return sortKey{text: source(r.Candidate)}
}

// pairRanks put what works before what is tried, and that before what failed.
var pairRanks = map[diag.PairState]float64{diag.PairSucceeded: 1, diag.PairInProgress: 2, diag.PairWaiting: 3,
	diag.PairFrozen: 4, diag.PairFailed: 5}

func (p *Candidates) pairKey(pair diag.Pair, column int) sortKey {
	if s := p.Call.Selected; s != nil && s.PairID == pair.ID {
		pair = p.latest(pair)
		if column == 0 {
			return sortKey{}
		}
	}
	switch column {
	case 0:
		return sortKey{number: pairRanks[pair.State], text: string(pair.State)}
	case 1:
		return endKey(p.Call.LocalCandidate(pair.LocalCandidateID))
	case 2:
		return endKey(p.Call.RemoteCandidate(pair.RemoteCandidateID))
	case 3:
		return sortKey{number: -float64(pair.ResponsesReceived), text: string(pair.State)}
	}
	return missing(pair.CurrentRoundTripTime)
}

func endKey(r *call.CandidateRow) sortKey {
	if r == nil {
		return missing(nil)
	}
	return sortKey{text: placeKey(r.Address, r.Port)}
}

// placeKey sorts addresses by their numbers: IPv4, IPv6, then names; nothing comes last.
func placeKey(host string, port uint16) string {
	suffix := string([]byte{byte(port >> 8), byte(port)})
	a, err := netip.ParseAddr(host)
	switch {
	case host == "":
		return "9"
	case err != nil:
		return "6" + host + suffix
	case a.Is4():
		return "4" + string(a.AsSlice()) + suffix
	}
	return "5" + string(a.AsSlice()) + suffix
}

// total is how many rows are shown.
func (p *Candidates) total() int {
	n := 0
	for k := range sectionCount {
		n += p.shown(k)
	}
	return n
}

// rows is how many there are.
func (p *Candidates) rows() int {
	c := p.Call
	return len(c.Servers) + len(c.Local) + len(c.Remote) + len(c.Pairs)
}

func (p *Candidates) shown(k sectionKind) int {
	c := p.Call
	if p.arranged(k) {
		return len(p.orders[k])
	}
	return [sectionCount]int{len(c.Servers), len(c.Local), len(c.Remote), len(c.Pairs)}[k]
}

// rowAt is the row at a place of the cursor; the first of all for a place beyond the end.
func (p *Candidates) rowAt(at int) rowID {
	for k := range sectionCount {
		n := p.shown(k)
		if at >= n {
			at -= n
			continue
		}
		if p.arranged(k) {
			at = p.orders[k][at]
		}
		return rowID{k, at}
	}
	return rowID{}
}

// place is where the cursor stands at a row; false when it is not shown.
func (p *Candidates) place(row rowID) (at int, ok bool) {
	for k := range row.section {
		at += p.shown(k)
	}
	i := row.index
	if p.arranged(row.section) {
		i = slices.Index(p.orders[row.section], row.index)
	}
	return at + i, i >= 0 && i < p.shown(row.section)
}

// inUse is the row of the pair that carries the call; the first row while there is none.
func (p *Candidates) inUse() rowID {
	if s := p.Call.Selected; s != nil {
		for i, pair := range p.Call.Pairs {
			if pair.ID == s.PairID {
				return rowID{sectionPairs, i}
			}
		}
	}
	return p.rowAt(0)
}
