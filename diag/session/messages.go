package session

import (
	"strings"
	"time"

	"dialtone/diag"
	"dialtone/diag/call"
)

// opened greets when a channel has opened, and says what was muted before.
func (s *Session) opened(label string) {
	switch label {
	case diag.LabelControl, diag.LabelControlLegacy:
		s.sendControlOn(label, control{Code: codeHello, Agent: s.agent(), Stats: !s.o.OneOfMany, ID: s.id})
		for _, kind := range diag.Kinds {
			if muted := s.muted[kind]; muted {
				s.sendControlOn(label, control{Code: "mute_" + kind, Value: &muted})
			}
		}
	case diag.LabelChat:
		if s.o.Greeting != "" && !s.held.greeted { // once, whatever connections the call has
			s.held.greeted = true
			s.say(label, s.o.Greeting)
		}
	case diag.LabelPing:
		if !s.held.open && !s.held.since.IsZero() {
			s.held.open, s.held.since = true, time.Now()
			s.setHold()
		}
		s.pings.ping()
	}
}

// received is the peer's OnMessage. It runs on the channel's goroutine: what it does is quick, and a flood slows down
// only the channel that it comes on.
func (s *Session) received(label string, text bool, data []byte) {
	admitted := label == diag.LabelPing || s.flood.admit(label, len(data))
	record := func(d diag.Data) {
		if admitted {
			s.o.Feed.Append(d)
		}
	}
	switch {
	case label == diag.LabelPing:
		if !s.pings.receive(data) && s.flood.admit(label, len(data)) {
			record(message(diag.Inbound, label, text, data))
		}
	case label == diag.LabelStats:
		if !s.peerStats.receive(text, data, admitted) {
			record(message(diag.Inbound, label, text, data))
		}
	default:
		record(message(diag.Inbound, label, text, data))
		if !call.IsControl(label) {
			// A peer that does not take its own echo loses it.
			if s.o.Config.Echo && (*s.shared.Load()).Send(label, text, data) == nil {
				record(message(diag.Outbound, label, text, data))
			}
		} else if c, err := parseControl(data); text && err == nil && admitted && !s.echoing.Load() {
			if s.isOwn(c) { // what else it sends back is our own, too
				s.echoing.Store(true)
				c = control{Code: codeEcho}
			}
			record(diag.Control{Direction: diag.Inbound, Code: c.Code, Value: c.Value, Agent: c.Agent})
			s.do(func() { s.obey(c) })
		}
	}
}

// message is the event of a message, with as much of its text as an event holds.
func message(direction diag.Direction, label string, text bool, data []byte) diag.Message {
	m := diag.Message{Direction: direction, Label: label, Bytes: len(data), Binary: !text}
	if text {
		kept := data[:min(len(data), diag.MaxMessageText)]
		m.Text, m.Truncated = strings.ToValidUTF8(string(kept), ""), len(kept) < len(data)
	}
	return m
}
