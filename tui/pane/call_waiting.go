package pane

import (
	"fmt"
	"time"

	"dialtone/diag"
	"dialtone/diag/call"
	"dialtone/diag/judge"
	"dialtone/diag/words"
	"dialtone/tui/draw"
)

// waiting says for whom or for what the call waits, for how long, and how the other party joins.
func (p *Call) waiting(width int) []string {
	th, c := p.Theme, p.Call
	what, detail := p.waitsFor()
	out := []string{draw.NewLine(width).Gap(1).Add(th.Strong, what).Gap(2).Add(th.Dim, p.waited()).String()}
	for _, line := range draw.Wrap(detail, width-4) {
		out = append(out, draw.NewLine(width).Gap(3).Add(th.Dim, line).String())
	}
	for _, reason := range p.soFar() {
		out = append(out, labelled(th, th.Glyphs.Dot, th.Dim, reason, 3, width)...)
	}
	if s := c.Signal; s.Failed > 0 {
		out = append(out, labelled(th, th.Glyphs.Warn, th.Warn,
			fmt.Sprintf("%d of %d requests to the server failed: %s", s.Failed, s.Requests, s.LastError), 3, width)...)
	}
	if c.State() == call.StateWaiting && c.Start.Join != "" {
		out = append(out, "", draw.NewLine(width).Gap(3).Add(th.Plain, "The other party joins with").String())
		for _, line := range draw.Wrap(c.Start.Join, width-6) {
			out = append(out, draw.NewLine(width).Gap(5).Add(th.Accent, line).String())
		}
		out = append(out, "")
		out = append(out, p.meanwhile(width)...)
	}
	return out
}

// patience is how long a path may take before it is told what stands in its way.
const patience = 2 * time.Second

// soFar tells why there is no path yet, when it takes long.
func (p *Call) soFar() []string {
	if p.Call.State() != call.StateConnecting || p.Clock-p.Call.StateAt < patience {
		return nil
	}
	if trouble := judge.PathTrouble(p.Call); trouble != nil {
		return words.NoPath(*trouble)
	}
	return nil
}

// waited is how long the present wait has lasted, and its limit where there is one.
func (p *Call) waited() string {
	text := draw.Clock(p.Clock - p.Since())
	if limit := p.Call.Start.WaitMs; limit != nil && p.Call.State() == call.StateWaiting {
		text += " of " + draw.Clock(limit.Duration())
	}
	return text
}

// waitsFor names the step that is under way, and what is known about it.
func (p *Call) waitsFor() (what, detail string) {
	c := p.Call
	switch c.State() {
	case call.StateWaiting:
		return p.awaits()
	case call.StateNegotiating:
		if c.Start.Signaling != "" {
			return p.exchanges()
		}
		if c.Role == diag.RoleAnswerer {
			return "The other party is there: waiting for its offer", ""
		}
		return "The other party is there: our offer is on its way", ""
	case call.StateConnecting:
		return p.connecting()
	case call.StateUnknown, call.StateDialing, call.StateConnected, call.StateReconnecting, call.StateEnded:
	}
	if c.Start.Signaling != "" {
		return "Preparing the exchange", prefixed("at ", c.Start.Server)
	}
	return "Dialling " + c.Start.Code, prefixed("at ", c.Start.Server)
}

// awaits says for whom a call waits before anybody is there.
func (p *Call) awaits() (what, detail string) {
	s := p.Call.Start
	switch s.Signaling {
	case diag.SignalingOffer:
		return "Waiting for a POST of an offer", prefixed("at ", s.Server)
	case diag.SignalingWHIP:
		return "Waiting for a publisher (WHIP)", prefixed("at ", s.Server)
	case diag.SignalingWHEP:
		return "Waiting for a player (WHEP)", prefixed("at ", s.Server)
	case diag.SignalingPaste:
		return "Waiting for the text of the other party", ""
	}
	return "Waiting for the other party to dial " + s.Code, prefixed("at ", s.Server)
}

// exchanges says what a call waits for while descriptions travel otherwise than through a room.
func (p *Call) exchanges() (what, detail string) {
	c := p.Call
	gathering := c.Gathering != "complete"
	switch {
	case gathering && c.Role == diag.RoleAnswerer:
		return "An offer has come: gathering candidates for the answer", ""
	case gathering:
		return "Gathering candidates for the offer", prefixed("it goes to ", c.Start.Server)
	case c.Start.Signaling == diag.SignalingPaste:
		return "Texts are being exchanged", ""
	case c.Role == diag.RoleAnswerer:
		return "Our answer is on its way", ""
	}
	return "Our offer is on its way", prefixed("to ", c.Start.Server)
}

func (p *Call) connecting() (what, detail string) {
	c := p.Call
	if c.ICE == "connected" || c.ICE == "completed" {
		return "A path works: securing it (DTLS handshake)", ""
	}
	running, failed := 0, 0
	for _, pair := range c.Pairs {
		switch pair.State {
		case diag.PairFailed:
			failed++
		case diag.PairInProgress, diag.PairWaiting, diag.PairFrozen:
			running++
		case diag.PairSucceeded:
		}
	}
	gathering := "still gathering"
	if c.Gathering == "complete" {
		gathering = "gathering complete"
	}
	return "Looking for a path", facts(p.Theme.Glyphs,
		fmt.Sprintf("%d local and %d remote candidates", len(c.Local), len(c.Remote)), gathering,
		fmt.Sprintf("%s to try, %d failed", draw.Plural(running, "pair", "pairs"), failed))
}

// meanwhile tells what is known before the other party comes: the servers and the candidates.
func (p *Call) meanwhile(width int) []string {
	th := p.Theme
	var out []string
	for _, s := range p.Call.Servers {
		out = append(out, serverLine(th, s, 3, width))
	}
	if n := len(p.Call.Local); n > 0 {
		out = append(out, draw.NewLine(width).Gap(3).Add(th.Good, th.Glyphs.Good).Gap(1).
			Add(th.Plain, draw.Plural(n, "local candidate is ready", "local candidates are ready")).String())
	}
	return out
}

// serverLine is one STUN or TURN server: what it gave, or why it gave nothing.
func serverLine(th *draw.Theme, s call.ServerRow, indent, width int) string {
	mark, paint := th.Mark(serverLevel(s))
	l := draw.NewLine(width).Gap(indent).Add(paint, mark).Gap(1).Add(th.Plain, s.URL).Gap(2)
	return l.Add(th.Dim, words.Server(s.Server)).String()
}

func serverLevel(s call.ServerRow) draw.Level {
	switch s.State() {
	case diag.ServerWorks:
		return draw.Good
	case diag.ServerFailed:
		return draw.Bad
	case diag.ServerAsking, diag.ServerUnknown:
	}
	return draw.Idle
}

func prefixed(prefix, s string) string {
	if s == "" {
		return ""
	}
	return prefix + s
}
