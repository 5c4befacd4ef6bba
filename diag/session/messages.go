package session

import (
	"encoding/json"
	"errors"
	"strings"
	"sync"
	"time"

	"dialtone/diag"
	"dialtone/diag/call"
	"dialtone/diag/peer"
)

// say sends text on a channel and tells it.
func (s *Session) say(label, text string) error {
	if s.peer == nil {
		return ErrNotConnected
	}
	if err := s.peer.Send(label, true, []byte(text)); err != nil {
		return err
	}
	s.o.Feed.Append(diag.Message{Direction: diag.Outbound, Label: label, Bytes: len(text), Text: clip(text),
		Truncated: len(text) > diag.MaxMessageText})
	return nil
}

// opened greets when a channel has opened. It runs on the session's goroutine.
func (s *Session) opened(label string) {
	switch label {
	case diag.LabelControl, diag.LabelControlLegacy:
		s.sendControlOn(label, control{Code: codeHello, Agent: strings.TrimSpace("dialtone " + s.o.Config.Version),
			Stats: true})
	case diag.LabelChat:
		if s.o.Greeting != "" {
			// A channel that closed again is told by its own event.
			_ = s.say(label, s.o.Greeting)
		}
	case diag.LabelPing:
		s.usable()
		s.ping()
	}
}

// usable begins the time of a call anew, once: what it is kept up for is to be had with its channels open.
func (s *Session) usable() {
	if s.isUsable || !s.everUp {
		return
	}
	s.isUsable, s.upAt = true, time.Now()
	if d := s.o.Config.For; d > 0 {
		s.forTimer.Reset(d)
	}
}

// received is the peer's OnMessage. It runs on the channel's goroutine: what it does is quick, and a flood slows down
// only the channel that it comes on.
func (s *Session) received(label string, text bool, data []byte) {
	switch label {
	case diag.LabelPing:
		s.takePing(data)
		return
	case diag.LabelStats:
		s.takeStats(text, data)
		return
	}
	told := s.flood.admit(label, len(data))
	c, err := control{}, errControl
	if text && call.IsControl(label) {
		c, err = parseControl(data)
	}
	if told {
		m := diag.Message{Direction: diag.Inbound, Label: label, Bytes: len(data), Binary: !text}
		if text {
			m.Text, m.Truncated = clip(string(data)), len(data) > diag.MaxMessageText
		}
		s.o.Feed.Append(m)
	}
	switch {
	case err == nil:
		if told {
			s.o.Feed.Append(diag.Control{Direction: diag.Inbound, Code: c.Code, Value: c.Value, Agent: c.Agent})
			s.inbox.put(func() { s.takeControl(c) })
		}
	case s.o.Config.Echo && !call.IsControl(label):
		s.echo(label, text, data, told)
	}
}

// echo sends a message back as it came. A peer that does not take its own echo loses it.
func (s *Session) echo(label string, text bool, data []byte, told bool) {
	if err := s.peer.Send(label, text, data); err != nil || !told {
		return
	}
	m := diag.Message{Direction: diag.Outbound, Label: label, Bytes: len(data), Binary: !text}
	if text {
		m.Text, m.Truncated = clip(string(data)), len(data) > diag.MaxMessageText
	}
	s.o.Feed.Append(m)
}

// pinger remembers the pings under way.
type pinger struct {
	mu   sync.Mutex
	next uint64
	sent map[uint64]time.Time

	answered bool // one was, ever
}

// maxPings bounds how many pings may be unanswered.
const maxPings = 64

// pingMessage is {"ping":N}, answered by {"pong":N}.
type pingMessage struct {
	Ping *uint64 `json:"ping,omitempty"`
	Pong *uint64 `json:"pong,omitempty"`
}

// ping sends one, where the channel is open.
func (s *Session) ping() {
	p := &s.pings
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.sent == nil || len(p.sent) >= maxPings {
		p.sent = map[uint64]time.Time{}
	}
	n := p.next
	data, err := json.Marshal(pingMessage{Ping: &n})
	if err != nil {
		return // a number always marshals
	}
	at := time.Now()
	if err := s.peer.Send(diag.LabelPing, true, data); err == nil {
		p.next++
		p.sent[n] = at
	} else if errors.Is(err, peer.ErrChannelFull) {
		s.o.Feed.Append(diag.Warning{ID: "channel.full",
			Text:   "The ping channel is full: the other party does not take what is sent.",
			Advice: "Look at the other party: its program may hang, or its link be too slow."})
	}
}

// heard reports whether a ping was answered, ever.
func (p *pinger) heard() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.answered
}

// takePing answers a ping, or measures an answered one.
func (s *Session) takePing(data []byte) {
	var m pingMessage
	if len(data) > 256 || json.Unmarshal(data, &m) != nil {
		return
	}
	if m.Ping != nil {
		if answer, err := json.Marshal(pingMessage{Pong: m.Ping}); err == nil {
			// An answer that cannot be sent is a ping lost: the sender's distribution tells.
			_ = s.peer.Send(diag.LabelPing, true, answer)
		}
		return
	}
	if m.Pong == nil {
		return
	}
	s.pings.mu.Lock()
	at, known := s.pings.sent[*m.Pong]
	delete(s.pings.sent, *m.Pong)
	s.pings.answered = s.pings.answered || known
	s.pings.mu.Unlock()
	if known {
		s.o.Feed.Append(diag.Ping{RTTMs: diag.Millis(time.Since(at))})
	}
}
