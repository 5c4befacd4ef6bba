package pane

import (
	"strings"

	"dialtone/diag"
	"dialtone/diag/call"
	"dialtone/diag/words"
	"dialtone/tui/draw"
)

// tables are the servers, the candidates of both sides, and the pairs.
func (p *Candidates) tables() [tableCount]table {
	c, noServers := p.Call, "waiting for the first answer"
	if len(c.Start.ICEServers) == 0 {
		noServers = "none configured: add one with --ice stun:HOST"
	}
	return [tableCount]table{
		tableOf("Servers", noServers, c.Servers, p.serverColumns()),
		tableOf("Local", "none yet", c.Local, p.candidateColumns("Local")),
		tableOf("Remote", "none yet", c.Remote, p.candidateColumns("Remote")),
		tableOf("Pairs", "none yet", c.Pairs, p.pairColumns()),
	}
}

func (p *Candidates) serverColumns() columns[call.ServerRow] {
	th := p.Theme
	return columns[call.ServerRow]{
		{
			draw.Column{Title: "Servers", Strong: 7, Min: 26, Max: 44, Flex: true},
			func(s call.ServerRow) draw.Cell { return th.Graded(serverLevel(s), s.URL) },
			func(s call.ServerRow) sortKey { return byText(s.URL) },
		},
		{
			draw.Column{Title: "transport", Min: 9, Keep: 2},
			func(s call.ServerRow) draw.Cell { return draw.Cell{Text: s.Transport, Paint: th.Dim} },
			func(s call.ServerRow) sortKey { return byText(s.Transport) },
		},
		{
			draw.Column{Title: "duration", Right: true, Min: 10, Keep: 1},
			func(s call.ServerRow) draw.Cell { return draw.LengthCell(s.DurationMs().Duration()) },
			func(s call.ServerRow) sortKey { return sortKey{number: float64(s.DurationMs())} },
		},
		{
			draw.Column{Title: "result", Min: 80, Flex: true},
			func(s call.ServerRow) draw.Cell { return draw.Cell{Text: words.CallServer(s)} },
			func(s call.ServerRow) sortKey {
				if s.OK() {
					return byText(s.Mapped())
				}
				return sortKey{number: 1, text: words.CallServer(s)}
			},
		},
	}
}

func serverLevel(s call.ServerRow) draw.Level {
	state := s.State()
	if s.Served {
		state = diag.ServerWorks
	}
	switch state {
	case diag.ServerWorks:
		return draw.Good
	case diag.ServerFailed:
		return draw.Bad
	case diag.ServerAsking, diag.ServerUnknown:
	}
	return draw.Idle
}

// measured is how many rows of each side decide about the width of the candidates' columns.
const measured = 64

// candidateColumns are the same for both sides, so that their tables are aligned.
func (p *Candidates) candidateColumns(title string) columns[call.CandidateRow] {
	th, place, base, from := p.Theme, 0, 0, 0
	for _, side := range [][]call.CandidateRow{p.Call.Local, p.Call.Remote} {
		for _, r := range side[:min(len(side), measured)] {
			place = max(place, draw.Width(words.Address(r.Address, r.Port)))
			base = max(base, draw.Width(words.Address(r.RelatedAddress, r.RelatedPort)))
			from = max(from, draw.Width(source(r.Candidate)))
		}
	}
	return columns[call.CandidateRow]{
		{
			draw.Column{Title: title, Strong: len(title), Min: 18, Max: 18},
			p.candidateType,
			// the order of priority is that of the types
			func(r call.CandidateRow) sortKey { return sortKey{-float64(r.Priority), string(r.CandidateType)} },
		},
		{
			draw.Column{Title: "address", Min: 24, Want: place, Max: 47, Flex: true},
			func(r call.CandidateRow) draw.Cell { return draw.Cell{Text: words.Address(r.Address, r.Port)} },
			func(r call.CandidateRow) sortKey { return byAddress(r.Address, r.Port) },
		},
		{
			draw.Column{Title: "transport", Min: 9, Max: 12, Keep: 3},
			func(r call.CandidateRow) draw.Cell {
				return draw.Cell{Text: words.Join(" ", r.Protocol, r.TCPType), Paint: th.Dim}
			},
			func(r call.CandidateRow) sortKey { return byText(r.Protocol + r.TCPType) },
		},
		{
			draw.Column{Title: "base", Min: 16, Want: base, Max: 47, Keep: 4, Flex: true},
			func(r call.CandidateRow) draw.Cell {
				return draw.Cell{Text: words.Address(r.RelatedAddress, r.RelatedPort), Paint: th.Dim}
			},
			func(r call.CandidateRow) sortKey { return byAddress(r.RelatedAddress, r.RelatedPort) },
		},
		{
			draw.Column{Title: "after", Right: true, Min: 10, Keep: 2},
			func(r call.CandidateRow) draw.Cell { return draw.LengthCell(r.At) },
			func(r call.CandidateRow) sortKey { return sortKey{number: float64(r.At)} },
		},
		{
			draw.Column{Title: "source", Min: 14, Want: from, Max: 40, Keep: 1, Flex: true},
			func(r call.CandidateRow) draw.Cell { return draw.Cell{Text: source(r.Candidate), Paint: th.Dim} },
			func(r call.CandidateRow) sortKey { return byText(source(r.Candidate)) },
		},
	}
}

// candidateType is a candidate's type, with a mark when the selected pair uses it.
func (p *Candidates) candidateType(r call.CandidateRow) draw.Cell {
	if s := p.Call.Selected; s != nil && (r.Side == diag.Local && r.ID == s.LocalCandidateID ||
		r.Side == diag.Remote && r.ID == s.RemoteCandidateID) {
		return p.Theme.Graded(draw.Good, words.CandidateType(r.CandidateType))
	}
	return draw.Cell{Text: words.CandidateType(r.CandidateType), Mark: " "}
}

// source is where a candidate comes from: an interface, a server, the peer, or a check.
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

func (p *Candidates) pairColumns() columns[diag.Pair] {
	end := func(text func(diag.Pair) string) func(diag.Pair) draw.Cell {
		return func(pair diag.Pair) draw.Cell {
			c := draw.Cell{Text: text(pair)}
			if p.selected(pair) {
				c.Paint = p.Theme.Strong
			}
			return c
		}
	}
	return columns[diag.Pair]{
		{draw.Column{Title: "Pairs", Strong: 5, Min: 13, Max: 14}, p.pairState, func(pair diag.Pair) sortKey {
			if p.selected(pair) {
				return sortKey{}
			}
			return sortKey{pairRanks[pair.State], string(pair.State)}
		}},
		{draw.Column{Title: "local", Min: 25, Flex: true}, end(p.local), func(pair diag.Pair) sortKey {
			return endKey(p.Call.LocalCandidate(pair.LocalCandidateID))
		}},
		{draw.Column{Title: "remote", Min: 25, Flex: true}, end(p.remote), func(pair diag.Pair) sortKey {
			return endKey(p.Call.RemoteCandidate(pair.RemoteCandidateID))
		}},
		{draw.Column{Title: "answers", Right: true, Min: 7}, func(pair diag.Pair) draw.Cell {
			pair = p.latest(pair)
			return draw.Cell{Text: words.Number(pair.ResponsesReceived) + "/" + words.Number(pair.RequestsSent)}
		}, func(pair diag.Pair) sortKey {
			return sortKey{-float64(p.latest(pair).ResponsesReceived), string(pair.State)}
		}},
		{draw.Column{Title: "RTT", Right: true, Min: 10, Keep: 1}, func(pair diag.Pair) draw.Cell {
			return secondsCell(p.latest(pair).CurrentRoundTripTime)
		}, func(pair diag.Pair) sortKey {
			if rtt := p.latest(pair).CurrentRoundTripTime; rtt != nil {
				return sortKey{number: *rtt}
			}
			return unmeasured
		}},
	}
}

// pairRanks put what works before what is tried, and that before what failed.
var pairRanks = map[diag.PairState]float64{
	diag.PairSucceeded: 1, diag.PairInProgress: 2, diag.PairWaiting: 3,
	diag.PairFrozen: 4, diag.PairFailed: 5,
}

func (p *Candidates) pairState(pair diag.Pair) draw.Cell {
	level := draw.Idle
	switch pair.State {
	case diag.PairSucceeded:
		level = draw.Good
	case diag.PairFailed:
		level = draw.Bad
	case diag.PairFrozen, diag.PairWaiting, diag.PairInProgress:
	}
	c := p.Theme.Graded(level, string(pair.State))
	switch {
	case p.selected(pair):
		c.Text, c.Paint = "in use", p.Theme.Strong
	case pair.Nominated:
		c.Text = "nominated"
	}
	return c
}

func endKey(r *call.CandidateRow) sortKey {
	if r == nil {
		return unmeasured
	}
	return byAddress(r.Address, r.Port)
}

// latest takes the counters of the selected pair from the newest sample: its events come only with changes of state.
func (p *Candidates) latest(pair diag.Pair) diag.Pair {
	if s := p.Call.Latest(); p.selected(pair) && s != nil && s.Pair != nil && s.Pair.ID == pair.ID {
		return *s.Pair
	}
	return pair
}

// local and remote name the ends of a pair: by its candidate's type and address, else by its ID.
func (p *Candidates) local(pair diag.Pair) string {
	return end(p.Call.LocalCandidate(pair.LocalCandidateID), pair.LocalCandidateID)
}

func (p *Candidates) remote(pair diag.Pair) string {
	return end(p.Call.RemoteCandidate(pair.RemoteCandidateID), pair.RemoteCandidateID)
}

func end(r *call.CandidateRow, id string) string {
	if r == nil {
		return id
	}
	return strings.TrimSpace(string(r.CandidateType) + " " + words.Address(shortName(r.Address), r.Port))
}
