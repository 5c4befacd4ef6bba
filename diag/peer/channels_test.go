package peer

import (
	"fmt"
	"testing"

	"github.com/pion/webrtc/v4"

	"dialtone/diag"
)

// TestBriefChannels: a channel that is closed as soon as it is open is reported as opened and then as closed.
func TestBriefChannels(t *testing.T) {
	const brief = 60
	events := make(chan diag.Data, 4096)
	p, err := New(Options{Loopback: LoopbackOnly, NoMedia: true, Emit: func(d diag.Data) { events <- d }})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { closing(p) })
	pc := bare(t)
	first, err := pc.CreateDataChannel("first", nil)
	if err != nil {
		t.Fatal(err)
	}
	first.OnOpen(func() {
		for i := range brief {
			if dc, err := pc.CreateDataChannel(fmt.Sprint(i), nil); err == nil {
				dc.OnOpen(func() { _ = dc.Close() })
			}
		}
	})
	answered(t, p, pc)
	open := map[string]bool{}
	for closed := 0; closed < brief; {
		switch e := (<-events).(type) {
		case diag.ChannelOpen:
			open[e.Label] = true
		case diag.ChannelClose:
			closed++
			if !open[e.Label] {
				t.Errorf("channel %s is closed before it is open", e.Label)
			}
		}
	}
}

// bare is a connection of pion without anything around it.
func bare(t *testing.T) *webrtc.PeerConnection {
	t.Helper()
	var se webrtc.SettingEngine
	se.SetIncludeLoopbackCandidate(true)
	pc, err := webrtc.NewAPI(webrtc.WithSettingEngine(se)).NewPeerConnection(webrtc.Configuration{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = pc.GracefulClose() })
	return pc
}
