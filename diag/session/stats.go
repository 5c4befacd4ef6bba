package session

import (
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"time"

	"dialtone/diag"
)

// Bounds of a message on the channel for statistics; docs/protocol.md promises them.
const (
	maxStats   = 16_000 // bytes
	maxStreams = 16     // of each direction
	maxWaiting = 64_000 // bytes that may wait before a sample is left out
	maxSeconds = 3600   // of a time that a peer tells
)

// statsMessage is what a party tells of its statistics, each second.
type statsMessage struct {
	Type     string             `json:"type"` // stats
	At       float64            `json:"at"`   // ms since 1970
	Inbound  []diag.InboundRTP  `json:"inbound"`
	Outbound []diag.OutboundRTP `json:"outbound"`
	Pair     *diag.PeerPair     `json:"pair,omitempty"`
}

// theirStats remembers what was said about the peer's statistics.
type theirStats struct{ unreadable, flooding sync.Once }

var (
	errStats   = errors.New("not a statistics message")
	errNoStats = errors.New("a message of another type") // which the protocol may get
)

// takeStats tells what the peer's statistics say. It runs on the channel's goroutine.
func (s *Session) takeStats(text bool, data []byte) {
	if !s.flood.admit(diag.LabelStats, len(data)) {
		s.theirs.flooding.Do(func() {
			s.o.Feed.Append(diag.Warning{
				ID: "stats.too_many", Text: "The other party sends its statistics much more often than once a second; most of them are left out.",
				Advice: "Look at the other party's program.",
			})
		})
		return
	}
	sample, err := diag.RemoteSample{}, fmt.Errorf("%w: binary", errStats)
	if text {
		sample, err = parseStats(data)
	}
	switch {
	case errors.Is(err, errNoStats):
	case err != nil:
		s.theirs.unreadable.Do(func() {
			s.o.Feed.Append(diag.Warning{
				ID: "stats.unreadable", Text: "The other party's statistics cannot be read and are left out: " + cause(err),
				Advice: "Look at the other party's program; the call itself goes on.",
			})
		})
	default:
		sample.Here = s.peer.Counts()
		s.o.Feed.Append(sample)
	}
}

// parseStats reads a message of any peer. Names that it does not know are passed over; a value that cannot be spoils
// the whole.
func parseStats(data []byte) (diag.RemoteSample, error) {
	if len(data) > maxStats {
		return diag.RemoteSample{}, fmt.Errorf("%w: %d bytes, at most %d are read", errStats, len(data), maxStats)
	}
	var m statsMessage
	if err := json.Unmarshal(data, &m); err != nil {
		return diag.RemoteSample{}, fmt.Errorf("%w: %s", errStats, diag.Clean(err.Error(), 120))
	}
	if m.Type != "stats" && m.Type != "" {
		return diag.RemoteSample{}, errNoStats
	}
	if err := m.check(); err != nil {
		return diag.RemoteSample{}, fmt.Errorf("%w: %w", errStats, err)
	}
	return diag.RemoteSample{Timestamp: m.At, Inbound: m.Inbound, Outbound: m.Outbound, Pair: m.Pair}, nil
}

// check looks at every value and bounds the texts.
func (m *statsMessage) check() error {
	if m.Type == "" {
		return errors.New("no type")
	}
	if m.At <= 0 || m.At > 1e14 {
		return fmt.Errorf("at is %g", m.At)
	}
	if len(m.Inbound) > maxStreams || len(m.Outbound) > maxStreams {
		return fmt.Errorf("%d and %d streams, at most %d of each direction are read", len(m.Inbound), len(m.Outbound),
			maxStreams)
	}
	for i := range m.Inbound {
		in := &m.Inbound[i]
		if err := checkStream(in.Kind, &in.Mid, &in.MimeType, in.FramesPerSecond); err != nil {
			return err
		}
		if !between(in.Jitter, maxSeconds) || !between(in.AudioLevel, 1) {
			return errors.New("jitter or audioLevel is out of range")
		}
	}
	for i := range m.Outbound {
		out := &m.Outbound[i]
		if err := checkStream(out.Kind, &out.Mid, &out.MimeType, out.FramesPerSecond); err != nil {
			return err
		}
		if out.Remote != nil && !between(out.Remote.RoundTripTime, maxSeconds) {
			return errors.New("roundTripTime is out of range")
		}
	}
	if p := m.Pair; p != nil {
		p.LocalCandidateType, p.RemoteCandidateType, p.Protocol = diag.Clean(p.LocalCandidateType,
			16), diag.Clean(p.RemoteCandidateType, 16), diag.Clean(p.Protocol, 16)
		if !between(p.CurrentRoundTripTime, maxSeconds) || !between(p.AvailableOutgoingBitrate, 1e15) {
			return errors.New("currentRoundTripTime or availableOutgoingBitrate is out of range")
		}
	}
	return nil
}

func checkStream(kind string, mid, mime *string, fps *float64) error {
	*mid, *mime = diag.Clean(*mid, 64), diag.Clean(*mime, 64)
	if kind != "audio" && kind != "video" {
		return fmt.Errorf("kind is %q", diag.Clean(kind, 40))
	}
	if !between(fps, 10_000) {
		return errors.New("framesPerSecond is out of range")
	}
	return nil
}

// between reports whether a value, where there is one, is from 0 to most.
func between(v *float64, most float64) bool { return v == nil || *v >= 0 && *v <= most }

// tellSample sends our statistics to a peer that has said that it reads them. What cannot be sent is left out: the next
// one holds the same counters.
func (s *Session) tellSample(sample diag.Sample) {
	if !s.reads || s.peer.Waiting(diag.LabelStats) > maxWaiting {
		return
	}
	m := statsOf(sample, time.Now())
	if m.Pair != nil {
		m.Pair.LocalCandidateType, m.Pair.RemoteCandidateType, m.Pair.Protocol = s.peer.Path()
	}
	if data, err := json.Marshal(m); err == nil && len(data) <= maxStats {
		_ = s.peer.Send(diag.LabelStats, true, data)
	}
}

// statsOf is a sample as it is sent to the peer.
func statsOf(sample diag.Sample, now time.Time) statsMessage {
	m := statsMessage{
		Type: "stats", At: float64(now.UnixMilli()),
		Inbound:  append([]diag.InboundRTP{}, sample.Inbound[:min(len(sample.Inbound), maxStreams)]...),
		Outbound: append([]diag.OutboundRTP{}, sample.Outbound[:min(len(sample.Outbound), maxStreams)]...),
	}
	if p := sample.Pair; p != nil {
		m.Pair = &diag.PeerPair{CurrentRoundTripTime: p.CurrentRoundTripTime, BytesSent: &p.BytesSent,
			BytesReceived: &p.BytesReceived}
	}
	return m
}
