package media

import (
	"github.com/pion/interceptor"
	"github.com/pion/rtcp"
	"github.com/pion/rtp"

	"dialtone/diag"
)

type factory struct{ rec *Recorder }

// NewInterceptor implements interceptor.Factory.
func (f factory) NewInterceptor(string) (interceptor.Interceptor, error) {
	return &tap{rec: f.rec}, nil
}

// tap hands every packet to the recorder. It holds requests to retransmit back that come too early, and takes from
// inbound packets what is no media. What fails to be sent was not sent and is not counted.
type tap struct {
	interceptor.NoOp
	rec *Recorder
}

func (t *tap) BindRemoteStream(info *interceptor.StreamInfo, next interceptor.RTPReader) interceptor.RTPReader {
	of := t.rec.bindInbound(info)
	if of == nil {
		return next
	}
	repair := isRepair(info)
	return interceptor.RTPReaderFunc(func(b []byte, a interceptor.Attributes) (int, interceptor.Attributes, error) {
		n, a, err := next.Read(b, a)
		if err != nil {
			return n, a, err
		}
		if stream := of(b[:n]); stream != nil {
			n = stream.packet(b[:n], repair)
		}
		return n, a, nil
	})
}

func (t *tap) UnbindRemoteStream(info *interceptor.StreamInfo) { t.rec.unbind(diag.Inbound, info.SSRC) }

func (t *tap) BindLocalStream(info *interceptor.StreamInfo, next interceptor.RTPWriter) interceptor.RTPWriter {
	stream := t.rec.bindOutbound(info)
	if stream == nil {
		return next
	}
	return interceptor.RTPWriterFunc(func(h *rtp.Header, payload []byte, a interceptor.Attributes) (int, error) {
		p := stream.leaves(h, payload) // before the next may change it in place
		n, err := next.Write(h, payload, a)
		if err == nil && n > 0 { // pion drops what is written before the connection is up, and says 0
			stream.packet(h, payload, p)
		}
		return n, err
	})
}

func (t *tap) UnbindLocalStream(info *interceptor.StreamInfo) { t.rec.unbind(diag.Outbound, info.SSRC) }

// Close forgets what was sent.
func (t *tap) Close() error {
	if t.rec.senders != nil {
		t.rec.senders.Close(t.rec)
	}
	return nil
}

func (t *tap) BindRTCPReader(next interceptor.RTCPReader) interceptor.RTCPReader {
	return interceptor.RTCPReaderFunc(func(b []byte, a interceptor.Attributes) (int, interceptor.Attributes, error) {
		n, a, err := next.Read(b, a)
		if err != nil {
			return n, a, err
		}
		if a == nil {
			a = interceptor.Attributes{} // what is parsed here is parsed for all
		}
		if pkts, err := a.GetRTCPPackets(b[:n]); err == nil {
			t.rec.received(pkts)
		}
		return n, a, nil
	})
}

func (t *tap) BindRTCPWriter(next interceptor.RTCPWriter) interceptor.RTCPWriter {
	return interceptor.RTCPWriterFunc(func(pkts []rtcp.Packet, a interceptor.Attributes) (int, error) {
		now := t.rec.now()
		if pkts = t.rec.pace(pkts, now); len(pkts) == 0 {
			return 0, nil
		}
		t.rec.reports(pkts)
		n, err := next.Write(pkts, a)
		if err == nil && n > 0 {
			t.rec.sent(pkts, now)
		}
		return n, err
	})
}
