package media

import (
	"reflect"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/pion/interceptor"
	"github.com/pion/rtcp"
	"github.com/pion/rtp"

	"dialtone/diag"
)

// harness is a recorder between a network and an application that are both played by the test.
type harness struct {
	t      *testing.T
	rec    *Recorder
	tap    interceptor.Interceptor
	clock  time.Time
	mu     sync.Mutex
	events []diag.Data
	write  interceptor.RTCPWriter
}

func newHarness(t *testing.T) *harness {
	t.Helper()
	r := &harness{t: t, clock: time.Unix(1e9, 0)}
	r.rec = NewRecorder(func() time.Time { return r.clock }, func(d diag.Data) {
		r.tap.UnbindLocalStream(&interceptor.StreamInfo{}) // these deadlock if a lock is held
		r.rec.Counts()
		r.mu.Lock()
		defer r.mu.Unlock()
		r.events = append(r.events, d)
	})
	tap, err := r.rec.Factory().NewInterceptor("")
	if err != nil {
		t.Fatal(err)
	}
	r.tap = tap
	r.write = tap.BindRTCPWriter(interceptor.RTCPWriterFunc(func(pkts []rtcp.Packet, _ interceptor.Attributes) (int, error) {
		return len(pkts), nil
	}))
	return r
}

// arrives returns what makes a packet arrive on a stream.
func (r *harness) arrives(info *interceptor.StreamInfo) func(seq uint16, ts uint32, marker bool, payload []byte) {
	r.t.Helper()
	var wire []byte
	reader := r.tap.BindRemoteStream(info, interceptor.RTPReaderFunc(
		func(b []byte, a interceptor.Attributes) (int, interceptor.Attributes, error) {
			return copy(b, wire), a, nil
		}))
	buf := make([]byte, 1500)
	return func(seq uint16, ts uint32, marker bool, payload []byte) {
		r.t.Helper()
		p := rtp.Packet{
			Header: rtp.Header{
				Version: 2, SequenceNumber: seq, Timestamp: ts, Marker: marker, SSRC: info.SSRC, PayloadType: info.PayloadType,
			},
			Payload: payload,
		}
		var err error
		if wire, err = p.Marshal(); err != nil {
			r.t.Fatal(err)
		}
		if _, _, err := reader.Read(buf, nil); err != nil {
			r.t.Fatal(err)
		}
	}
}

// leaves returns what sends a packet on a stream, on the SSRC of the stream or on another of its own.
func (r *harness) leaves(info *interceptor.StreamInfo) func(ssrc uint32, seq uint16, marker bool, payload []byte) {
	w := r.tap.BindLocalStream(info, interceptor.RTPWriterFunc(
		func(h *rtp.Header, payload []byte, _ interceptor.Attributes) (int, error) {
			return h.MarshalSize() + len(payload), nil
		}))
	return func(ssrc uint32, seq uint16, marker bool, payload []byte) {
		r.t.Helper()
		h := rtp.Header{Version: 2, SequenceNumber: seq, Marker: marker, SSRC: ssrc}
		if _, err := w.Write(&h, payload, nil); err != nil {
			r.t.Fatal(err)
		}
	}
}

func (r *harness) wrote(pkts ...rtcp.Packet) {
	r.t.Helper()
	if _, err := r.write.Write(pkts, nil); err != nil {
		r.t.Fatal(err)
	}
}

// read makes RTCP arrive, as it does with pion: once for each stream that it is addressed to.
func (r *harness) read(times int, pkts ...rtcp.Packet) {
	r.t.Helper()
	wire, err := rtcp.Marshal(pkts)
	if err != nil {
		r.t.Fatal(err)
	}
	reader := r.tap.BindRTCPReader(interceptor.RTCPReaderFunc(
		func(b []byte, a interceptor.Attributes) (int, interceptor.Attributes, error) {
			return copy(b, wire), a, nil
		}))
	for range times {
		if _, _, err := reader.Read(make([]byte, 1500), nil); err != nil {
			r.t.Fatal(err)
		}
	}
}

func (r *harness) inbound() diag.InboundRTP {
	r.t.Helper()
	in, _ := r.rec.Snapshot()
	if len(in) != 1 {
		r.t.Fatalf("%d streams", len(in))
	}
	return in[0]
}

func (r *harness) outbound() diag.OutboundRTP {
	r.t.Helper()
	_, out := r.rec.Snapshot()
	if len(out) != 1 {
		r.t.Fatalf("%d streams", len(out))
	}
	return out[0]
}

// counted fills in the counters that are zero rather than unknown.
func counted[T diag.InboundRTP | diag.OutboundRTP](d T) T {
	zero(&d, "PacketsReceived", "BytesReceived", "HeaderBytesReceived", "PacketsDuplicated", "RetransmittedPackets", "NACKCount",
		"PLICount", "FIRCount", "PacketsSent", "BytesSent", "HeaderBytesSent", "RetransmittedPacketsSent")
	return d
}

func zero(d any, names ...string) {
	v := reflect.ValueOf(d).Elem()
	for _, name := range names {
		if f := v.FieldByName(name); f.IsValid() && f.IsNil() {
			f.Set(reflect.New(f.Type().Elem()))
		}
	}
}

func (r *harness) sees(want ...diag.Data) {
	r.t.Helper()
	r.mu.Lock()
	defer r.mu.Unlock()
	if diff := cmp.Diff(want, r.events); diff != "" {
		r.t.Error(diff)
	}
}

var (
	opusStream = &interceptor.StreamInfo{SSRC: 10, PayloadType: 111, MimeType: "audio/opus", ClockRate: 48000}
	vp8Stream  = &interceptor.StreamInfo{
		SSRC: 20, PayloadType: 96, MimeType: "video/VP8", ClockRate: 90000,
		SSRCRetransmission: 21, PayloadTypeRetransmission: 97,
	}
	rtxStream = &interceptor.StreamInfo{SSRC: 21, PayloadType: 97, MimeType: "video/rtx", ClockRate: 90000}

	vp8Key   = []byte{0x10, 0x50, 0x82, 0x00, 0x9d, 0x01, 0x2a, 0x40, 0x01, 0xf0, 0x00}
	vp8Inter = []byte{0x10, 0x51, 0x82, 0x00}

	about = cmpopts.EquateApprox(1e-9, 1e-9)
)
