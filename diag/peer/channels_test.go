package peer

import (
	"fmt"
	"testing"
	"time"

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

// TestOpeningWhileClosing: the report of an opening waits for no lock that pion holds while it closes, for it closes
// when all messages have been handled, and they are handled after that report.
func TestOpeningWhileClosing(t *testing.T) {
	kept := make(chan *Channel, 1)
	handling, release := make(chan struct{}), make(chan struct{})
	p, err := New(Options{
		Loopback: LoopbackOnly, NoMedia: true,
		OnChannel: func(_ *Connection, dc *Channel) bool { kept <- dc; return true },
		OnMessage: func(string, bool, []byte) { close(handling); <-release },
	})
	if err != nil {
		t.Fatal(err)
	}
	pc := bare(t)
	sent, err := pc.CreateDataChannel("one", nil)
	if err != nil {
		t.Fatal(err)
	}
	answered(t, p, pc)
	dc := <-kept
	p.channels.wire(dc, diag.Remote)
	sent.OnOpen(func() { _ = sent.SendText("a message whose handling takes its time") })
	<-handling
	closed := make(chan error, 1)
	go func() { closed <- p.Close() }()
	for tellsState(p) {
	}
	reported := make(chan struct{})
	go func() { p.channels.onOpen(dc, diag.Remote, "another"); close(reported) }()
	select {
	case <-reported:
	case err := <-closed:
		t.Errorf("the report waited for the end: %v", err)
	}
	close(release)
}

// tellsState reports whether pion tells the state of the association.
func tellsState(p *Peer) bool {
	known := make(chan struct{})
	go func() {
		p.pc.SCTP().State()
		close(known)
	}()
	select {
	case <-known:
		return true
	case <-time.After(100 * time.Millisecond):
		return false
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
