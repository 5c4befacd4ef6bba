package session

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"time"

	"dialtone/diag"
)

// Bounds of a message on the channel for statistics; docs/reference/signaling.md promises them.
const (
	maxStats   = 16_000 // bytes
	maxStreams = 16     // of each direction
	maxWaiting = 64_000 // bytes that may wait before a sample is left out
	maxSeconds = 3600   // of a time that a peer reports
)

// statsMessage is the statistics of a peer, sent each second.
type statsMessage struct {
	Type     string             `json:"type"` // stats
	At       float64            `json:"at"`   // ms since 1970
	Inbound  []diag.InboundRTP  `json:"inbound"`
	Outbound []diag.OutboundRTP `json:"outbound"`
	Pair     *diag.PeerPair     `json:"pair,omitempty"`
}

// peerStats receives the peer's statistics; what is wrong with them is reported once.
type peerStats struct {
	emit                 func(diag.Data)
	counts               func() []diag.StreamCount
	unreadable, flooding sync.Once
	second               int64 // of the peer's clock, that the latest sample is of
	samples              int   // of this second
}

// maxRate is how many samples of one second of the peer's clock are read; one is due.
const maxRate = 4

// admit bounds the rate by the peer's own clock, since samples that an outage held up come at once.
func (p *peerStats) admit(at float64) bool {
	if second := int64(at / 1000); second != p.second {
		p.second, p.samples = second, 0
	}
	p.samples++
	return p.samples <= maxRate
}

var (
	errStats   = errors.New("not a statistics message")
	errNoStats = errors.New("a message of another type") // which the protocol may get
)

// receive runs on the channel's goroutine. false: it is no message of the protocol, such as an echo of another channel.
func (p *peerStats) receive(text bool, data []byte, admitted bool) bool {
	flooding := func() { p.flooding.Do(func() { p.emit(diag.Warning{ID: "stats.too_many"}) }) }
	if !admitted {
		flooding()
		return true
	}
	sample, err := diag.RemoteSample{}, fmt.Errorf("%w: binary", errStats)
	if text {
		sample, err = parseStats(data)
	}
	switch {
	case errors.Is(err, errNoStats):
		return false
	case err != nil:
		p.unreadable.Do(func() { p.emit(diag.Warning{ID: "stats.unreadable", Cause: cause(err)}) })
	case !p.admit(sample.Timestamp):
		flooding()
	default:
		sample.Here = p.counts()
		p.emit(sample)
	}
	return true
}

// parseStats reads a message of any peer. Names that it does not know are passed over; a value that cannot be spoils
// the whole.
func parseStats(data []byte) (diag.RemoteSample, error) {
	if len(data) > maxStats {
		return diag.RemoteSample{}, fmt.Errorf("%w: %d bytes, at most %d are read", errStats, len(data), maxStats)
	}
	var m statsMessage
	if !bytes.HasPrefix(bytes.TrimSpace(data), []byte("{")) {
		return diag.RemoteSample{}, errNoStats
	}
	if err := json.Unmarshal(data, &m); err != nil {
		return diag.RemoteSample{}, fmt.Errorf("%w: %s", errStats, diag.Clean(err.Error(), 120))
	}
	if m.Type != "stats" {
		return diag.RemoteSample{}, errNoStats
	}
	if err := m.check(); err != nil {
		return diag.RemoteSample{}, fmt.Errorf("%w: %w", errStats, err)
	}
	return diag.RemoteSample{Timestamp: m.At, Inbound: m.Inbound, Outbound: m.Outbound, Pair: m.Pair}, nil
}

// check looks at every value and bounds the texts.
func (m *statsMessage) check() error {
	switch {
	case m.At <= 0 || m.At > 1e14:
		return fmt.Errorf("at is %g", m.At)
	case len(m.Inbound) > maxStreams || len(m.Outbound) > maxStreams:
		return fmt.Errorf("%d and %d streams, at most %d of each direction are read", len(m.Inbound), len(m.Outbound),
			maxStreams)
	}
	var errs []error
	stream := func(kind string, mid, mime *string, fps *float64) {
		if kind != "audio" && kind != "video" {
			errs = append(errs, fmt.Errorf("kind is %q", diag.Clean(kind, 40)))
		}
		clean(64, mid, mime)
		errs = append(errs, bound("framesPerSecond", fps, 10_000))
	}
	for i := range m.Inbound {
		in := &m.Inbound[i]
		stream(in.Kind, &in.Mid, &in.MimeType, in.FramesPerSecond)
		clean(64, &in.RID)
		errs = append(errs, bound("jitter", in.Jitter, maxSeconds), bound("audioLevel", in.AudioLevel, 1))
		errs = append(errs, bound("totalAudioEnergy", in.TotalAudioEnergy, 1e9),
			bound("totalSamplesDuration", in.TotalSamplesDuration, 1e9), boundSound(in.Sound))
	}
	for i := range m.Outbound {
		out := &m.Outbound[i]
		stream(out.Kind, &out.Mid, &out.MimeType, out.FramesPerSecond)
		if out.Remote != nil {
			errs = append(errs, bound("roundTripTime", out.Remote.RoundTripTime, maxSeconds),
				bound("jitter", out.Remote.Jitter, maxSeconds), bound("fractionLost", out.Remote.FractionLost, 1))
		}
	}
	if p := m.Pair; p != nil {
		clean(16, &p.LocalCandidateType, &p.RemoteCandidateType, &p.Protocol)
		errs = append(errs, bound("currentRoundTripTime", p.CurrentRoundTripTime, maxSeconds),
			bound("availableOutgoingBitrate", p.AvailableOutgoingBitrate, 1e15))
	}
	return errors.Join(errs...)
}

// boundSound looks at what the peer says that it hears.
func boundSound(d *diag.Sound) error {
	if d == nil {
		return nil
	}
	d.Source = diag.SoundSource(diag.Clean(string(d.Source), 16))
	errs := []error{
		bound("peakLevel", d.Peak, 1), bound("silentFor", &d.SilentFor, 1e9), bound("noiseFor", &d.NoiseFor, 1e9),
		bound("clippedDuration", &d.ClippedDuration, 1e9),
	}
	if t := d.Tone; t != nil {
		errs = append(errs, bound("frequency", &t.Frequency, 24_000), bound("duration", &t.Duration, 1e9),
			bound("dropoutsDuration", &t.DropoutsDuration, 1e9), bound("longestDropout", &t.LongestDropout, 1e9),
			bound("absentFor", &t.AbsentFor, 1e9))
	}
	return errors.Join(errs...)
}

func clean(most int, texts ...*string) {
	for _, text := range texts {
		*text = diag.Clean(*text, most)
	}
}

// bound reports a value that there is and that is not from 0 to most.
func bound(name string, v *float64, most float64) error {
	if v != nil && (*v < 0 || *v > most) {
		return fmt.Errorf("%s is out of range", name)
	}
	return nil
}

// sample takes a statistics sample and sends it to a peer that reads them. What cannot be sent is left out: the next
// one has the same counters.
func (s *Session) sample(final bool) {
	sample := s.peer.Sample(final)
	s.countImpaired(final) // first: of what the sample counts as lost, it says what was dropped on purpose
	s.o.Feed.Append(sample)
	if !s.remote.stats || s.peer.Waiting(diag.LabelStats) > maxWaiting {
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
		m.Pair = &diag.PeerPair{
			CurrentRoundTripTime: p.CurrentRoundTripTime, BytesSent: &p.BytesSent,
			BytesReceived: &p.BytesReceived,
		}
	}
	return m
}
