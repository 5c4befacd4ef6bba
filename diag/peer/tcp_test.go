package peer

import (
	"net"
	"strings"
	"testing"
	"time"

	"github.com/pion/webrtc/v4"

	"dialtone/diag"
	"dialtone/diag/call"
	"dialtone/diag/feed"
)

// tcpOnly is a peer of pion alone that can be reached over TCP and in no other way, as media servers are behind a
// firewall.
func tcpOnly(t *testing.T, listen string) *webrtc.PeerConnection {
	t.Helper()
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp4", listen)
	if err != nil {
		t.Fatal(err)
	}
	var se webrtc.SettingEngine
	mux := webrtc.NewICETCPMux(nil, listener, 8)
	se.SetICETCPMux(mux)
	se.SetNetworkTypes([]webrtc.NetworkType{webrtc.NetworkTypeTCP4})
	se.SetIncludeLoopbackCandidate(true)
	se.SetIPFilter(func(ip net.IP) bool { return ip.IsLoopback() })
	pc, err := webrtc.NewAPI(webrtc.WithSettingEngine(se)).NewPeerConnection(webrtc.Configuration{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = pc.GracefulClose()
		_ = mux.Close()
		_ = listener.Close()
	})
	return pc
}

// answerWhole sets an offer and returns the answer with its candidates.
func answerWhole(t *testing.T, pc *webrtc.PeerConnection, offer Description) Description {
	t.Helper()
	gathered := webrtc.GatheringCompletePromise(pc)
	if err := pc.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeOffer, SDP: offer.SDP}); err != nil {
		t.Fatal(err)
	}
	answer, err := pc.CreateAnswer(nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := pc.SetLocalDescription(answer); err != nil {
		t.Fatal(err)
	}
	<-gathered
	return Description{Type: "answer", SDP: pc.LocalDescription().SDP}
}

// alone is a peer with its log, whose counterpart is another program.
func alone(t *testing.T, o Options) *side {
	t.Helper()
	s := &side{feed: feed.New(time.Now), call: &call.Call{}}
	s.reader = s.feed.Reader()
	o.Emit = s.feed.Append
	p, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	s.Peer = p
	t.Cleanup(func() { _ = p.Close(); s.feed.Close() })
	return s
}

// TestTCPOnlyPeer: a peer with a TCP candidate alone is reached over TCP.
func TestTCPOnlyPeer(t *testing.T) {
	t.Parallel()
	a := alone(t, Options{NoMedia: true, Loopback: LoopbackOnly})
	offer, err := a.Offer(false)
	if err != nil {
		t.Fatal(err)
	}
	answer := answerWhole(t, tcpOnly(t, "127.0.0.1:0"), offer)
	if strings.Contains(strings.ToLower(answer.SDP), " udp 2") || !strings.Contains(answer.SDP, "tcptype passive") {
		t.Fatalf("not only TCP: %s", answer.SDP)
	}
	if err := a.SetAnswer(answer); err != nil {
		t.Fatal(err)
	}
	c := a.until(t, "a channel", func(c *call.Call) bool { return c.OpenAt != nil && c.Selected != nil })
	local := c.LocalCandidate(c.Selected.LocalCandidateID)
	if local == nil || local.Protocol != "tcp" || local.TCPType != "active" || local.CandidateType != diag.Host {
		t.Errorf("local candidate: %+v", local)
	}
	if pair := a.Sample(true).Pair; pair == nil || pair.ResponsesReceived == 0 {
		t.Errorf("pair: %+v", pair)
	}
}

// TestRelayOnlyUsesNoTCP: an active candidate would show the peer this machine's address.
func TestRelayOnlyUsesNoTCP(t *testing.T) {
	a := alone(t, Options{NoMedia: true, Loopback: LoopbackOnly, RelayOnly: true, Timeouts: Timeouts{LastPair: time.Millisecond}})
	offer, err := a.Offer(false)
	if err != nil {
		t.Fatal(err)
	}
	if err := a.SetAnswer(answerWhole(t, tcpOnly(t, "127.0.0.1:0"), offer)); err != nil {
		t.Fatal(err)
	}
	c := a.until(t, "the end of gathering", func(c *call.Call) bool { return c.Gathering == "complete" && len(c.Remote) > 0 })
	if len(c.Local) > 0 {
		t.Errorf("local candidates: %v", c.Local)
	}
}
