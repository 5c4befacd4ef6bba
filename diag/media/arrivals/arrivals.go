// Package arrivals reports to a sender which of its packets have arrived, and when, for its congestion control
// (draft-holmer-rmcat-transport-wide-cc-extensions-01). The reports are those of pion's recorder; pion's own
// interceptor passes each packet on to another goroutine, for which a peer of a load test takes a tenth more CPU.
package arrivals

import (
	"encoding/binary"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/pion/interceptor"
	"github.com/pion/interceptor/pkg/twcc"
	"github.com/pion/sdp/v3"

	"dialtone/diag/media/capture"
)

// Factory makes the interceptor of a peer connection, which reports no more often than at an interval.
type Factory struct{ Interval time.Duration }

// NewInterceptor implements interceptor.Factory.
func (f Factory) NewInterceptor(string) (interceptor.Interceptor, error) {
	return &reporter{interval: f.Interval, begun: time.Now(), recorder: twcc.NewRecorder(rand.Uint32())}, nil
}

type reporter struct {
	interceptor.NoOp
	interval time.Duration
	begun    time.Time

	mu       sync.Mutex
	recorder *twcc.Recorder
	out      interceptor.RTCPWriter // nil before it is bound
	timer    *time.Timer            // nil before the first packet
	waiting  bool                   // packets have arrived that are reported when the timer ends
	closed   bool
	pending  sync.WaitGroup // of that report
}

// BindRTCPWriter implements interceptor.Interceptor.
func (r *reporter) BindRTCPWriter(out interceptor.RTCPWriter) interceptor.RTCPWriter {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.out = out
	return out
}

// BindRemoteStream implements interceptor.Interceptor.
func (r *reporter) BindRemoteStream(info *interceptor.StreamInfo, next interceptor.RTPReader) interceptor.RTPReader {
	id := capture.ExtensionID(info, sdp.TransportCCURI)
	if id == 0 {
		return next
	}
	return interceptor.RTPReaderFunc(func(b []byte, a interceptor.Attributes) (int, interceptor.Attributes, error) {
		n, a, err := next.Read(b, a)
		if err != nil {
			return n, a, err
		}
		if a == nil {
			a = interceptor.Attributes{} // what is parsed here is parsed for all
		}
		if h, err := a.GetRTPHeader(b[:n]); err == nil {
			if number := h.GetExtension(id); len(number) >= 2 {
				r.arrived(info.SSRC, binary.BigEndian.Uint16(number))
			}
		}
		return n, a, nil
	})
}

// arrived notes a packet by its number.
func (r *reporter) arrived(ssrc uint32, number uint16) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		return
	}
	r.recorder.Record(ssrc, number, time.Since(r.begun).Microseconds())
	if r.waiting {
		return
	}
	r.waiting = true
	r.pending.Add(1)
	if r.timer == nil {
		r.timer = time.AfterFunc(r.interval, r.report)
	} else {
		r.timer.Reset(r.interval)
	}
}

// report sends what has arrived since the last time.
func (r *reporter) report() {
	defer r.pending.Done()
	r.mu.Lock()
	r.waiting = false
	reports, out := r.recorder.BuildFeedbackPacket(), r.out
	r.mu.Unlock()
	if out != nil && len(reports) > 0 {
		_, _ = out.Write(reports, nil) // one that cannot be sent is one that is lost
	}
}

// Close implements interceptor.Interceptor: nothing is reported any more.
func (r *reporter) Close() error {
	r.mu.Lock()
	r.closed = true
	if r.waiting && r.timer.Stop() {
		r.pending.Done()
	}
	r.mu.Unlock()
	r.pending.Wait()
	return nil
}
