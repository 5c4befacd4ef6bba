package arrivals

import (
	"encoding/binary"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pion/interceptor"
	"github.com/pion/rtcp"
	"github.com/pion/rtp"
	"github.com/pion/sdp/v3"
)

// TestReports: what arrives is reported once an interval, all of it and nothing else, and not after the end.
func TestReports(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const interval, extension = 100 * time.Millisecond, 5
		made, err := Factory{interval}.NewInterceptor("")
		if err != nil {
			t.Fatal(err)
		}
		type report struct {
			*rtcp.TransportLayerCC
			at time.Duration
		}
		reports, begun := make(chan report, 8), time.Now()
		made.BindRTCPWriter(interceptor.RTCPWriterFunc(func(pkts []rtcp.Packet, _ interceptor.Attributes) (int, error) {
			for _, p := range pkts {
				reports <- report{p.(*rtcp.TransportLayerCC), time.Since(begun)}
			}
			return 1, nil
		}))
		var next []byte
		source := interceptor.RTPReaderFunc(func(b []byte, a interceptor.Attributes) (int, interceptor.Attributes, error) {
			return copy(b, next), a, nil
		})
		extensions := []interceptor.RTPHeaderExtension{{URI: sdp.TransportCCURI, ID: extension}}
		reader := made.BindRemoteStream(&interceptor.StreamInfo{SSRC: 7, RTPHeaderExtensions: extensions}, source)
		packet := func(numbers ...uint16) {
			h := rtp.Header{Version: 2, SSRC: 7}
			for _, n := range numbers {
				if err := h.SetExtension(extension, binary.BigEndian.AppendUint16(nil, n)); err != nil {
					t.Fatal(err)
				}
			}
			next, _ = (&rtp.Packet{Header: h, Payload: []byte{1}}).Marshal()
			if n, _, err := reader.Read(make([]byte, 1500), nil); err != nil || n != len(next) {
				t.Fatal(n, err)
			}
		}
		packet()
		time.Sleep(time.Second)
		if len(reports) > 0 {
			t.Fatalf("a packet without number was reported: %v", <-reports)
		}
		packet(1)
		time.Sleep(interval / 2)
		packet(3) // 2 is lost
		time.Sleep(time.Second)
		packet(4)
		time.Sleep(time.Second)
		packet(5)
		if err := made.Close(); err != nil {
			t.Fatal(err)
		}
		packet(6)
		time.Sleep(time.Second)
		if len(reports) != 2 {
			t.Fatalf("%d reports", len(reports))
		}
		if r := <-reports; r.at != time.Second+interval || r.MediaSSRC != 7 || r.BaseSequenceNumber != 1 ||
			r.PacketStatusCount != 3 || len(r.RecvDeltas) != 2 {
			t.Errorf("%+v after %v", r, r.at)
		}
		if r := <-reports; r.at != 2*time.Second+interval/2+interval || r.BaseSequenceNumber != 4 || r.PacketStatusCount != 1 {
			t.Errorf("%+v after %v", r, r.at)
		}
		plain := made.BindRemoteStream(&interceptor.StreamInfo{SSRC: 8}, source)
		if _, _, err := plain.Read(make([]byte, 1500), nil); err != nil {
			t.Error(err)
		}
	})
}
