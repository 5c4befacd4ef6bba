package media

import (
	"encoding/binary"
	"math"
	"testing"
	"time"

	"github.com/pion/interceptor"
	"github.com/pion/rtcp"
	"github.com/pion/rtp"

	"dialtone/diag"
	"dialtone/diag/media/clock"
)

// ntpOf is a time in NTP's format.
func ntpOf(t time.Time) uint64 {
	d := t.Sub(time.Unix(0, 0)) + time.Duration(-clock.NTPEpoch.Unix())*time.Second
	return uint64(d/time.Second)<<32 | uint64(d%time.Second)<<32/uint64(time.Second)
}

// TestCaptureTime: through a server that states how the clock of the capture differs from its own, the delay is since the
// capture; a time by an unknown clock does not count.
func TestCaptureTime(t *testing.T) {
	const (
		server = -50 * time.Second // its clock, less this one's
		source = 100 * time.Second // likewise, of the capture
		first  = 40 * time.Millisecond
		second = 30 * time.Millisecond
	)
	states := func(at time.Time, offset ...time.Duration) []byte {
		b := binary.BigEndian.AppendUint64(nil, ntpOf(at))
		for _, d := range offset {
			b = binary.BigEndian.AppendUint64(b, uint64(int64(d/time.Second)<<32))
		}
		return b
	}
	for name, row := range map[string]struct {
		id      uint8
		extends func(captured, sent time.Time) []byte // by this machine's clock
		source  diag.DelaySource
		delay   float64
	}{
		"a server that states the difference": {5, func(captured, _ time.Time) []byte {
			return states(captured.Add(source), source-server)
		}, diag.DelayCapture, 0.07},
		"a server that does not": {5, func(captured, _ time.Time) []byte {
			return states(captured.Add(source))
		}, diag.DelayReports, 0.03},
		"the sender": {5, func(_, sent time.Time) []byte {
			return states(sent.Add(server - 20*time.Millisecond))
		}, diag.DelayCapture, 0.05},
		"not agreed on": {0, func(captured, _ time.Time) []byte {
			return states(captured.Add(source), source-server)
		}, diag.DelayReports, 0.03},
	} {
		h := newHarness(t)
		h.rec.SetCaptures(row.id)
		h.rec.pathTrip.Store(int64(2 * second))
		var wire []byte
		reader := h.tap.BindRemoteStream(opusStream, interceptor.RTPReaderFunc(
			func(b []byte, a interceptor.Attributes) (int, interceptor.Attributes, error) {
				return copy(b, wire), a, nil
			}))
		var got *diag.OneWayDelay
		for i := range 150 {
			captured := h.clock
			sent := captured.Add(first)
			h.clock = sent.Add(second)
			ts := uint32(i * 960)
			if i%25 == 0 {
				h.read(1, &rtcp.SenderReport{SSRC: 10, NTPTime: ntpOf(sent.Add(server)), RTPTime: ts})
			}
			p := rtp.Packet{Header: rtp.Header{Version: 2, SSRC: 10, PayloadType: 111, SequenceNumber: uint16(i), Timestamp: ts}, Payload: []byte{1}}
			if i%50 == 3 {
				if err := p.SetExtension(5, row.extends(captured, sent)); err != nil {
					t.Fatal(err)
				}
			}
			wire, _ = p.Marshal()
			if _, _, err := reader.Read(make([]byte, 1500), nil); err != nil {
				t.Fatal(err)
			}
			if i%50 == 49 {
				got = h.inbound().OneWayDelay
			}
			h.clock = captured.Add(20 * time.Millisecond)
		}
		if got == nil || got.Source != row.source || math.Abs(*got.Delay-row.delay) > 1e-4 || math.Abs(got.Uncertainty-second.Seconds()) > 1e-6 {
			t.Errorf("%s: %+v", name, got)
		}
	}
}
