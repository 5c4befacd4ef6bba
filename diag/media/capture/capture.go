// Package capture is the RTP header extension for the absolute capture time, by which media keeps the time of its
// capture through servers: http://www.webrtc.org/experiments/rtp-hdrext/abs-capture-time.
package capture

import (
	"encoding/binary"
	"math"
	"time"

	"github.com/pion/interceptor"
	"github.com/pion/rtp"

	"dialtone/diag/media/clock"
)

// URI names the extension in descriptions.
const URI = "http://www.webrtc.org/experiments/rtp-hdrext/abs-capture-time"

// every is the time between two packets of a stream that state it; receivers compute it of those between.
const every = time.Second

// Parse reads the extension: the time of capture in NTP's format (RFC 5905 §6). If the sender states how the clock of
// the capture differs from its own, the time is by its own; if it does not, by that of the capture. False for what is
// not the extension.
func Parse(b []byte) (ntp uint64, own, ok bool) {
	switch len(b) {
	case 8:
		return binary.BigEndian.Uint64(b), false, true
	case 16: // capture's clock = sender's clock + offset, which is signed
		return binary.BigEndian.Uint64(b) - binary.BigEndian.Uint64(b[8:]), true, true
	}
	return 0, false, false
}

// stamp is the extension for a time of this machine's clock, which is that of the capture.
func stamp(at time.Time) []byte {
	at = at.UTC()
	seconds := uint64(at.Unix() - clock.NTPEpoch.Unix())            // #nosec G115 -- after 1900
	fraction := uint64(at.Nanosecond()) << 32 / uint64(time.Second) // #nosec G115 -- below 2³⁰
	return binary.BigEndian.AppendUint64(nil, seconds<<32|fraction)
}

// Factory makes the interceptor that writes the extension, where it was agreed on. Media is taken to be captured when
// it is due to be sent, as a clip is: by its timestamps, and the packet that was late least.
type Factory struct{ Now func() time.Time }

// NewInterceptor implements interceptor.Factory.
func (f Factory) NewInterceptor(string) (interceptor.Interceptor, error) {
	return &writer{now: f.Now}, nil
}

type writer struct {
	interceptor.NoOp
	now func() time.Time
}

// ExtensionID is the number of a header extension in the packets of a stream (RFC 8285): 1 to 255, or 0 if it was not
// agreed on.
func ExtensionID(info *interceptor.StreamInfo, uri string) uint8 {
	for _, x := range info.RTPHeaderExtensions {
		if x.URI == uri && x.ID > 0 && x.ID <= math.MaxUint8 {
			return uint8(x.ID)
		}
	}
	return 0
}

// BindLocalStream implements interceptor.Interceptor.
func (w *writer) BindLocalStream(info *interceptor.StreamInfo, next interceptor.RTPWriter) interceptor.RTPWriter {
	id := ExtensionID(info, URI)
	if id == 0 {
		return next
	}
	s := schedule{rate: info.ClockRate}
	var stated time.Time
	return interceptor.RTPWriterFunc(func(h *rtp.Header, payload []byte, a interceptor.Attributes) (int, error) {
		if at, first := s.due(w.now(), h.Timestamp); first && at.Sub(stated) >= every {
			if err := h.SetExtension(id, stamp(at)); err != nil {
				return 0, err
			}
			stated = at
		}
		return next.Write(h, payload, a)
	})
}

// schedule is when the frames of a stream are due.
type schedule struct {
	rate uint32 // of timestamps, Hz
	at   time.Time
	ts   uint32 // of the frame before
}

// due is when a frame is due that is sent now; false for all but its first packet.
func (s *schedule) due(now time.Time, ts uint32) (at time.Time, first bool) {
	if s.rate == 0 || !s.at.IsZero() && ts == s.ts {
		return s.at, false
	}
	at = s.at.Add(clock.Ticks(ts-s.ts, s.rate))
	if late := now.Sub(at); s.at.IsZero() || late < 0 || late > every { // more than that is a jump
		at = now
	}
	s.at, s.ts = at, ts
	return at, true
}
