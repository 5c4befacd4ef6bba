package session

import (
	"encoding/json"
	"errors"
	"sync"
	"time"

	"dialtone/diag"
	"dialtone/diag/peer"
)

// pinger measures round trips by pings, and answers those of the peer.
type pinger struct {
	send  func([]byte) error
	emit  func(diag.Data)
	heard func() // called at the first answer

	mu     sync.Mutex
	next   uint64
	sent   map[uint64]time.Time // what is not answered
	echo   time.Time            // the last answer
	answer sync.Once
}

// maxPings bounds how many pings may be unanswered.
const maxPings = 64

// pingMessage is {"ping":N}, answered by {"pong":N}.
type pingMessage struct {
	Ping *uint64 `json:"ping,omitempty"`
	Pong *uint64 `json:"pong,omitempty"`
}

// ping sends one, if the channel is open.
func (p *pinger) ping() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.sent == nil || len(p.sent) >= maxPings {
		p.sent = map[uint64]time.Time{}
	}
	n, at := p.next, time.Now()
	switch err := p.write(pingMessage{Ping: &n}); {
	case err == nil:
		p.next++
		p.sent[n] = at
	case errors.Is(err, peer.ErrChannelFull):
		p.emit(diag.Warning{ID: "channel.full", Subject: diag.LabelPing})
	}
}

// echoedAt is when the last answer came; zero: none has.
func (p *pinger) echoedAt() time.Time {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.echo
}

func (p *pinger) write(m pingMessage) error {
	data, err := json.Marshal(m)
	if err != nil {
		return err
	}
	return p.send(data)
}

// parsePing reads a ping or a pong. Names are compared as they are, unlike by json.Unmarshal: what an echo in upper
// case sends is no pong.
func parsePing(data []byte) (m pingMessage, ok bool) {
	var fields map[string]json.RawMessage
	if len(data) > 256 || json.Unmarshal(data, &fields) != nil {
		return m, false
	}
	number := func(name string) *uint64 {
		var n *uint64
		if raw, has := fields[name]; !has || json.Unmarshal(raw, &n) != nil {
			return nil
		}
		return n
	}
	m = pingMessage{Ping: number("ping"), Pong: number("pong")}
	return m, m.Ping != nil || m.Pong != nil
}

// receive answers a ping, or measures an answered one. false: it is neither.
func (p *pinger) receive(data []byte) bool {
	m, ok := parsePing(data)
	if !ok {
		return false
	}
	if m.Ping != nil {
		_ = p.write(pingMessage{Pong: m.Ping}) // one that cannot be sent is a lost ping of the sender
		return true
	}
	p.mu.Lock()
	at, known := p.sent[*m.Pong]
	delete(p.sent, *m.Pong)
	if known {
		p.echo = time.Now()
	}
	p.mu.Unlock()
	if known {
		p.emit(diag.Ping{RTTMs: diag.Millis(time.Since(at))})
		p.answer.Do(p.heard)
	}
	return true
}
