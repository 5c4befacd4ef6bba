package call

import (
	"testing"
	"time"

	"dialtone/diag"
)

func TestFlow(t *testing.T) {
	const answer = "v=0\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=sendrecv\r\n"
	up := func(more ...diag.Data) *Call {
		list := []diag.Event{
			{Data: diag.CallStart{Media: true}},
			{Data: diag.SessionDescription{Side: diag.Remote, SDPType: "answer", SDP: answer}},
			{Data: diag.ConnectionState{State: "connected"}},
			{Data: diag.TrackAdded{Direction: diag.Outbound, Kind: "audio"}},
		}
		for _, d := range more {
			list = append(list, diag.Event{At: 10 * time.Second, Data: d})
		}
		return Fold(list)
	}
	received := func(packets uint64, ago float64) diag.Sample {
		return diag.Sample{Inbound: []diag.InboundRTP{{Kind: "audio", PacketsReceived: new(uint64(packets)), LastPacketReceivedAgo: &ago}}}
	}
	held := diag.SessionDescription{Side: diag.Remote, SDPType: "offer", SDP: "v=0\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=inactive\r\n"}
	sent := diag.Sample{Outbound: []diag.OutboundRTP{{Kind: "audio", PacketsSent: new(uint64(9))}}}
	tests := []struct {
		name string
		call *Call
		dir  diag.Direction
		kind string
		want Flow
	}{
		{"before the call is up", Fold(nil), diag.Inbound, "audio", FlowUnknown},
		{"before the first sample", up(), diag.Inbound, "audio", FlowUnknown},
		{"nothing came", up(diag.Sample{}), diag.Inbound, "audio", FlowMissing},
		{"nothing was sent", up(diag.Sample{}), diag.Outbound, "audio", FlowMissing},
		{"it arrives", up(received(5, 0.1)), diag.Inbound, "audio", FlowOK},
		{"it stopped", up(received(5, 3)), diag.Inbound, "audio", FlowSilent},
		{"the peer holds the call", up(received(5, 3), held), diag.Inbound, "audio", FlowNone},
		{"it is sent", up(sent), diag.Outbound, "audio", FlowOK},
		{"the peer muted it", up(received(5, 3), diag.TrackMuted{Side: diag.Remote, Kind: "audio", Muted: true}), diag.Inbound, "audio", FlowMuted},
		{"we muted it", up(sent, diag.TrackMuted{Side: diag.Local, Kind: "audio", Muted: true}), diag.Outbound, "audio", FlowMuted},
		{"never agreed", up(diag.Sample{}), diag.Inbound, "video", FlowNone},
		{"muted what is not there", up(diag.Sample{}, diag.TrackMuted{Side: diag.Remote, Kind: "video", Muted: true}), diag.Inbound, "video", FlowNone},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := tt.call.Flow(tt.dir, tt.kind); got != tt.want {
				t.Errorf("%v, want %v", got, tt.want)
			}
			if muted := tt.call.StreamOf(tt.dir, tt.kind).Muted; tt.want == FlowMuted && !muted || tt.want == FlowOK && muted {
				t.Errorf("the stream of the report is muted: %t", muted)
			}
		})
	}
	if got := Flow(99).String(); got != "unknown" {
		t.Errorf("a flow of a later version is called %q", got)
	}
}
