package pane

import (
	"dialtone/diag"
	"dialtone/diag/call"
	"dialtone/diag/words"
	"dialtone/tui/draw"
)

var serverColumns = []draw.Column{
	{Title: "Servers", Strong: 7, Min: 20, Max: 44, Flex: true},
	{Title: "over", Min: 4, Max: 8, Keep: 2},
	{Title: "took", Right: true, Min: 10, Keep: 1},
	{Title: "gave", Min: 24, Flex: true},
}

func (p *Candidates) serverRow(s call.ServerRow) []draw.Cell {
	mark, paint := p.Theme.Mark(serverLevel(s))
	n, unit := draw.Length(s.DurationMs().Duration())
	return []draw.Cell{
		{Text: s.URL, Mark: mark, Level: paint},
		{Text: s.Transport, Paint: p.Theme.Dim},
		{Text: n, Unit: unit},
		{Text: words.Server(s.Server)},
	}
}

// measured is how many rows of each side decide about the width of the candidates' columns.
const measured = 64

// candidateColumns are the same for both sides, so that their tables stand in line.
func (p *Candidates) candidateColumns(title string) []draw.Column {
	place, base, from := 0, 0, 0
	for _, side := range [][]call.CandidateRow{p.Call.Local, p.Call.Remote} {
		for _, r := range side[:min(len(side), measured)] {
			place = max(place, draw.Width(address(r.Address, r.Port)))
			base = max(base, draw.Width(address(r.RelatedAddress, r.RelatedPort)))
			from = max(from, draw.Width(source(r.Candidate)))
		}
	}
	return []draw.Column{
		{Title: title, Strong: len(title), Min: 18, Max: 18},
		{Title: "address", Min: 24, Want: place, Max: 47, Flex: true},
		{Title: "over", Min: 4, Max: 12, Keep: 3},
		{Title: "base", Min: 16, Want: base, Max: 47, Keep: 4, Flex: true},
		{Title: "after", Right: true, Min: 10, Keep: 2},
		{Title: "from", Min: 14, Want: from, Max: 40, Keep: 1, Flex: true},
	}
}

// source is where a candidate comes from: an interface, a server, the other party, or a check.
func source(c diag.Candidate) string {
	switch {
	case c.URL != "":
		return c.URL
	case c.CandidateType == diag.Prflx:
		return "a check"
	case c.Side == diag.Remote:
		return "the peer"
	}
	return c.NetworkInterface
}

func (p *Candidates) candidateRow(r call.CandidateRow) []draw.Cell {
	mark, paint := " ", p.Theme.Plain
	if s := p.Call.Selected; s != nil && (r.Side == diag.Local && r.ID == s.LocalCandidateID || r.Side == diag.Remote &&
		r.ID == s.RemoteCandidateID) {
		mark, paint = p.Theme.Mark(draw.Good)
	}
	n, unit := draw.Length(r.At)
	protocol := joinSpace(r.Protocol, r.TCPType)
	return []draw.Cell{
		{Text: typeWords(r.CandidateType), Mark: mark, Level: paint},
		{Text: address(r.Address, r.Port)},
		{Text: protocol, Paint: p.Theme.Dim},
		{Text: address(r.RelatedAddress, r.RelatedPort), Paint: p.Theme.Dim},
		{Text: n, Unit: unit},
		{Text: source(r.Candidate), Paint: p.Theme.Dim},
	}
}

var pairColumns = []draw.Column{
	{Title: "Pairs", Strong: 5, Min: 13, Max: 14},
	{Title: "local", Min: 18, Flex: true},
	{Title: "remote", Min: 18, Flex: true},
	{Title: "answered", Right: true, Min: 9},
	{Title: "rtt", Right: true, Min: 10, Keep: 1},
}

func (p *Candidates) pairRow(pair diag.Pair) []draw.Cell {
	th := p.Theme
	chosen := p.Call.Selected != nil && p.Call.Selected.PairID == pair.ID
	if chosen {
		pair = p.latest(pair)
	}
	mark, level := th.Mark(pairLevel(pair))
	state, paint := string(pair.State), th.Plain
	switch {
	case chosen:
		state, paint = "in use", th.Strong
	case pair.Nominated:
		state = "nominated"
	}
	return []draw.Cell{
		{Text: state, Paint: paint, Mark: mark, Level: level},
		{Text: p.end(p.Call.LocalCandidate(pair.LocalCandidateID), pair.LocalCandidateID), Paint: paint},
		{Text: p.end(p.Call.RemoteCandidate(pair.RemoteCandidateID), pair.RemoteCandidateID), Paint: paint},
		{Text: draw.Count(pair.ResponsesReceived) + " of " + draw.Count(pair.RequestsSent)},
		millis(pair.CurrentRoundTripTime),
	}
}

// latest takes the counters of the selected pair from the newest sample: its events come only with changes of state.
func (p *Candidates) latest(pair diag.Pair) diag.Pair {
	if s := p.Call.Latest(); s != nil && s.Pair != nil && s.Pair.ID == pair.ID {
		return *s.Pair
	}
	return pair
}

func (p *Candidates) end(r *call.CandidateRow, id string) string {
	if r == nil {
		return id
	}
	return string(r.CandidateType) + " " + address(r.Address, r.Port)
}

func pairLevel(pair diag.Pair) draw.Level {
	switch pair.State {
	case diag.PairSucceeded:
		return draw.Good
	case diag.PairFailed:
		return draw.Bad
	case diag.PairFrozen, diag.PairWaiting, diag.PairInProgress:
	}
	return draw.Idle
}
