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

// waiting says what the call waits for, for how long, and how the peer joins.
func (p *Call) waiting(width int) []string {
	th, c := p.Theme, p.Call
	what, details := p.waitsFor()
	out := []string{draw.NewLine(width).Gap(1).Add(th.Strong, what).Gap(2).Add(th.Dim, p.waited()).String()}
	out = append(out, draw.Wrapped(th.Dim, details, 3, width-1)...)
	slow := c.State() == call.StateConnecting && p.Clock-c.StateAt >= patience
	if trouble := judge.PathTrouble(c); slow && trouble != nil {
		for _, reason := range words.NoPath(*trouble) {
			out = append(out, th.Labeled(th.Glyphs.Dot, th.Dim, reason, 3, width)...)
		}
	}
	if s := c.Signal; s.Failed > 0 {
		out = append(out, th.Marked(draw.Warn,
			fmt.Sprintf("%d of %d signaling requests failed: %s", s.Failed, s.Requests, s.LastError), 3, width)...)
	}
	if c.State() != call.StateWaiting || c.Start.Join == "" {
		return out
	}
	out = append(out, "", draw.Row(width, 3, th.Plain, "The peer joins with"))
	out = append(append(out, draw.Wrapped(th.Accent, c.Start.Join, 5, width-1)...), "")
	out = append(out, serverLines(th, c.Servers, 3, width)...)
	if n := len(c.Local); n > 0 {
		out = append(out, th.Marked(draw.Good, words.Count(n, "local candidate", "local candidates"), 3, width)...)
	}
	return out
}

// patience is how long a path may take before the screen says what is in its way.
const patience = 2 * time.Second

// waited is how long the present wait has lasted, and its limit where there is one.
func (p *Call) waited() string {
	text := words.Clock(p.Clock - p.Since())
	if limit := p.Call.Start.WaitMs; limit != nil && p.Call.State() == call.StateWaiting {
		text += " of " + words.Clock(limit.Duration())
	}
	return text
}

// waitsFor names the step that is in progress, and what is known about it.
func (p *Call) waitsFor() (what, details string) {
	c := p.Call
	room := c.Start.Code != ""
	switch c.State() {
	case call.StateWaiting:
		return p.awaits()
	case call.StateNegotiating:
		switch {
		case !room:
			return p.exchanges()
		case c.Role == diag.RoleAnswerer:
			return "The peer has joined: waiting for its offer", ""
		}
		return "The peer has joined: sending the offer", ""
	case call.StateConnecting:
		return p.connecting()
	case call.StateUnknown, call.StateDialing, call.StateConnected, call.StateReconnecting, call.StateLost,
		call.StateEnded:
	}
	if !room {
		return "Preparing the exchange", words.Prefixed("at ", c.Start.Server)
	}
	return "Dialing " + c.Start.Code, words.Prefixed("at ", c.Start.Server)
}

// awaits says what a call waits for before the peer is there.
func (p *Call) awaits() (what, details string) {
	s := p.Call.Start
	switch {
	case s.Carried:
		return "Waiting for the text from the peer", ""
	case s.Code == "":
		what = "Waiting for an offer (" + s.Signaling + ")"
	default:
		what = "Waiting for the peer to dial " + s.Code
	}
	return what, words.Prefixed("at ", s.Server)
}

// exchanges says what a call waits for while descriptions are exchanged otherwise than through a room.
func (p *Call) exchanges() (what, details string) {
	c := p.Call
	gathering := c.Gathering != "complete"
	switch {
	case gathering && c.Role == diag.RoleAnswerer:
		return "Offer received: gathering candidates for the answer", ""
	case gathering:
		return "Gathering candidates for the offer", words.Prefixed("destination ", c.Start.Server)
	case c.Start.Carried:
		return "Exchanging texts", ""
	case c.Role == diag.RoleAnswerer:
		return "Sending the answer", ""
	}
	return "Sending the offer", words.Prefixed("to ", c.Start.Server)
}

func (p *Call) connecting() (what, details string) {
	c := p.Call
	if c.ICE == "connected" || c.ICE == "completed" {
		return "Path found: DTLS handshake in progress", ""
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
	gathering := "gathering"
	if c.Gathering == "complete" {
		gathering = "gathering complete"
	}
	return "Looking for a path", fmt.Sprintf("%d local and %d remote candidates · %s · %s to check, %d failed",
		len(c.Local), len(c.Remote), gathering, words.Count(running, "pair", "pairs"), failed)
}
