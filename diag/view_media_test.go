package diag

import (
	"testing"
	"time"
)

func TestFlow(t *testing.T) {
	const answer = "v=0\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=sendrecv\r\n"
	up := func(more ...Data) *Call {
		list := []Event{
			{Data: CallStart{Media: true}},
			{Data: SessionDescription{Side: Remote, SDPType: "answer", SDP: answer}},
			{Data: ConnectionState{State: "connected"}},
			{Data: TrackAdded{Direction: Outbound, Kind: "audio"}},
		}
		for _, d := range more {
			list = append(list, Event{At: 10 * time.Second, Data: d})
		}
		return Fold(list)
	}
	received := func(packets uint64, ago float64) Sample {
		return Sample{Inbound: []InboundRTP{{Kind: "audio", PacketsReceived: Ptr(uint64(packets)), LastPacketReceivedAgo: &ago}}}
	}
	sent := Sample{Outbound: []OutboundRTP{{Kind: "audio", PacketsSent: Ptr(uint64(9))}}}
	tests := []struct {
		name string
		call *Call
		dir  Direction
		kind string
		want Flow
	}{
		{"before the call is up", Fold(nil), Inbound, "audio", FlowUnknown},
		{"before the first sample", up(), Inbound, "audio", FlowUnknown},
		{"nothing came", up(Sample{}), Inbound, "audio", FlowMissing},
		{"nothing was sent", up(Sample{}), Outbound, "audio", FlowMissing},
		{"it arrives", up(received(5, 0.1)), Inbound, "audio", FlowOK},
		{"it stopped", up(received(5, 3)), Inbound, "audio", FlowSilent},
		{"it is sent", up(sent), Outbound, "audio", FlowOK},
		{"the peer muted it", up(received(5, 3), TrackMuted{Side: Remote, Kind: "audio", Muted: true}), Inbound, "audio", FlowMuted},
		{"we muted it", up(sent, TrackMuted{Side: Local, Kind: "audio", Muted: true}), Outbound, "audio", FlowMuted},
		{"never agreed", up(Sample{}), Inbound, "video", FlowNone},
		{"muted what is not there", up(Sample{}, TrackMuted{Side: Remote, Kind: "video", Muted: true}), Inbound, "video", FlowNone},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := tt.call.Flow(tt.dir, tt.kind); got != tt.want {
				t.Errorf("%v, want %v", got, tt.want)
			}
		})
	}
	if got := Flow(99).String(); got != "unknown" {
		t.Errorf("a flow of a later version is called %q", got)
	}
}
