package pane

import (
	"strings"
	"testing"

	tea "github.com/charmbracelet/bubbletea"
	"github.com/google/go-cmp/cmp"

	"dialtone/diag"
	"dialtone/diag/words/explain"
)

func fourPairs() []diag.Data {
	var list []diag.Data
	for i, host := range []string{"10.0.0.10", "10.0.0.9", "2001:db8::1", "b.local"} {
		id := string(rune('a' + i))
		c := candidate(diag.Remote, id, diag.Host, host, "")
		c.Priority = uint32(100 - i)
		list = append(list, c)
	}
	return append(list,
		candidate(diag.Local, "L", diag.Srflx, "192.0.2.1", "10.0.0.1"),
		diag.ServerStage{URL: "stun:s", Transport: "udp", Stage: diag.Stage{Name: diag.StageBinding, RTTMs: new(diag.Millis(23e6))}},
		diag.ServerStage{URL: "turn:t", Transport: "udp", TURN: true, Stage: diag.Stage{
			Name: diag.StageAllocate, DurationMs: diag.Millis(40e6), Failure: &diag.Failure{Cause: diag.CauseAuth, Code: 401},
		}},
		diag.Pair{ID: "1", LocalCandidateID: "L", RemoteCandidateID: "a", State: diag.PairFailed, RequestsSent: 7},
		diag.Pair{ID: "2", LocalCandidateID: "L", RemoteCandidateID: "b", State: diag.PairSucceeded, RequestsSent: 2, ResponsesReceived: 2, CurrentRoundTripTime: new(0.02)},
		diag.Pair{ID: "3", LocalCandidateID: "L", RemoteCandidateID: "c", State: diag.PairSucceeded, RequestsSent: 9, ResponsesReceived: 9, CurrentRoundTripTime: new(0.01)},
		diag.Pair{ID: "4", LocalCandidateID: "L", RemoteCandidateID: "d", State: diag.PairInProgress, RequestsSent: 1},
		diag.Selected{PairID: "2", LocalCandidateID: "L", RemoteCandidateID: "b"},
	)
}

// ids of the rows that a table shows.
func (p *Candidates) ids(k int) string {
	out := ""
	for _, i := range p.orders[k] {
		switch k {
		case tableServers:
			out += p.Call.Servers[i].URL[:1]
		case tableLocal:
			out += p.Call.Local[i].ID
		case tableRemote:
			out += p.Call.Remote[i].ID
		default:
			out += p.Call.Pairs[i].ID
		}
	}
	return out
}

func TestCandidatesBeginAtThePairInUse(t *testing.T) {
	s, events := sceneOf(fourPairs()...)
	p := NewCandidates(s).(*Candidates)
	p.SetSize(120, 40)
	p.Update(events)
	if got := chosen(p, s); !strings.HasPrefix(got, "● in use") || p.chosen != (rowID{tablePairs, 1}) {
		t.Errorf("%q is selected", got)
	}
	press(p, tea.KeyUp)
	change := diag.Event{Data: diag.Selected{PairID: "3", LocalCandidateID: "L", RemoteCandidateID: "c"}}
	s.Call.Apply(change)
	p.Update(Events{change})
	if p.chosen != (rowID{tablePairs, 0}) {
		t.Errorf("the selection was lost: %v", p.chosen)
	}
}

func TestCandidatesSort(t *testing.T) {
	s, events := sceneOf(fourPairs()...)
	p := NewCandidates(s).(*Candidates)
	p.SetSize(120, 40)
	p.Update(events)
	steps := []struct {
		keys, pairs, selected string
	}{
		{"", "1234", "2"},
		{"s", "2341", "2"},  // state: in use, works, tried, failed
		{"s", "1234", "2"},  // local: all the same
		{"s", "2134", "2"},  // remote
		{"s", "3214", "2"},  // answered
		{"s", "3214", "2"},  // rtt: the unmeasured last
		{"S", "1423", "2"},  // reversed
		{"sS", "4321", "2"}, // as they came, reversed
	}
	for i, step := range steps {
		typeIn(p, step.keys)
		if p.ids(tablePairs) != step.pairs || p.Call.Pairs[p.chosen.index].ID != step.selected || p.chosen.table != tablePairs {
			t.Errorf("after step %d (%s): %s, want %s; selected %v", i, step.keys, p.ids(tablePairs), step.pairs, p.chosen)
		}
	}
	p.list.cursor = len(s.Call.Servers) + len(s.Call.Local)
	p.moved, p.chosen = true, p.rowAt(p.list.cursor)
	p.Update(nil)
	typeIn(p, "ss")
	if got := p.ids(tableRemote); got != "bacd" || !strings.Contains(p.View(), "address ↓") {
		t.Errorf("by address: %s\n%s", got, p.View())
	}
	typeIn(p, "S")
	if got := p.ids(tableRemote); got != "dcab" || !strings.Contains(p.View(), "address ↑") {
		t.Errorf("by address, reversed: %s", got)
	}
	if got := p.ids(tableServers); got != "st" {
		t.Errorf("another table is sorted too: %s", got)
	}
}

func TestCandidatesFilter(t *testing.T) {
	s, events := sceneOf(fourPairs()...)
	tests := []struct {
		filter string
		want   [tableCount]string
	}{
		{"pairs", [tableCount]string{"", "", "", "1234"}},
		{"remote host", [tableCount]string{"", "", "abcd", ""}},
		{"SERVER-REFLEXIVE", [tableCount]string{"", "L", "", ""}},
		{"failed", [tableCount]string{"t", "", "", "1"}},
		{"stun:", [tableCount]string{"s", "L", "", ""}},
		{"-host -server", [tableCount]string{"", "", "", ""}},
		{"401", [tableCount]string{"t", "", "", ""}},
	}
	for _, tt := range tests {
		p := NewCandidates(s).(*Candidates)
		p.SetSize(120, 40)
		p.Update(events)
		typeIn(p, "/"+tt.filter)
		var got [tableCount]string
		for k := range tableCount {
			got[k] = p.ids(k)
		}
		if diff := cmp.Diff(tt.want, got); diff != "" || !p.Typing() {
			t.Errorf("%q (-want +got):\n%s", tt.filter, diff)
		}
		p.View()
		press(p, tea.KeyEsc)
		if p.ids(tablePairs) != "1234" || p.chosen != (rowID{tablePairs, 1}) {
			t.Errorf("%q: esc leaves %s, and %v selected", tt.filter, p.ids(tablePairs), p.chosen)
		}
	}
}

func TestCandidatesCopyAndExplain(t *testing.T) {
	s, events := sceneOf(fourPairs()...)
	p := NewCandidates(s).(*Candidates)
	p.SetSize(120, 40)
	p.Update(events)
	tests := []struct {
		row        rowID
		what, text string
		explains   string
	}{
		{rowID{tableServers, 1}, "the server", "turn:t: failed at Allocate · the server rejected the user name or password (error 401 Unauthenticated) · Check the user name and password for turn:t.", "turn:t failed: the server rejected"},
		{rowID{tableLocal, 0}, "the candidate", "srflx udp 192.0.2.1:5000 base 10.0.0.1:5000 from stun:s", "reported by stun:s"},
		{rowID{tableRemote, 3}, "the candidate", "host udp b.local:5000", "hides its address"},
		{rowID{tablePairs, 0}, "the pair", "srflx 192.0.2.1:5000 ⇄ host 10.0.0.10:5000: failed, 7 checks sent, 0 answered", "No check of the peer arrived either"},
	}
	for _, tt := range tests {
		p.list.cursor, _ = p.place(tt.row)
		what, text := p.Copy()
		if what != tt.what || text != tt.text || !strings.Contains(p.explain(), tt.explains) {
			t.Errorf("%v: %s %q; %s", tt.row, what, text, p.explain())
		}
	}
}

func TestWhyAPairFailed(t *testing.T) {
	tests := []struct {
		pair diag.Pair
		want string
	}{
		{diag.Pair{}, "given up before its turn"},
		{diag.Pair{RequestsSent: 7}, "a NAT or a firewall"},
		{diag.Pair{RequestsSent: 7, RequestsReceived: 3}, "3 checks of the peer arrived"},
		{diag.Pair{RequestsSent: 7, ResponsesReceived: 1}, "worked at first"},
	}
	for _, tt := range tests {
		tt.pair.State = diag.PairFailed
		if got := explain.Pair(tt.pair, false, "a", "b"); !strings.Contains(got, tt.want) {
			t.Errorf("%+v: %q", tt.pair, got)
		}
	}
}
