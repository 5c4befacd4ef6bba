package peer

import (
	"net"
	"net/netip"
	"slices"
	"testing"

	"dialtone/diag"
	"dialtone/diag/call"
)

// TestGoodbyeWithoutChannels: who has no data channels learns at once that the other side has closed, whichever was the
// DTLS client, and also while the one that leaves waits for a STUN server.
func TestGoodbyeWithoutChannels(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ publisherLeaves, gathers bool }{
		"the publisher leaves":                  {publisherLeaves: true},
		"the publisher leaves while it gathers": {publisherLeaves: true, gathers: true},
		"the server leaves":                     {},
	} {
		t.Run(name, func(t *testing.T) {
			closed := make(chan struct{}, 2)
			tell := func(s State) {
				if s == StateClosed {
					closed <- struct{}{}
				}
			}
			publisher := Options{NoChannels: true, Flow: FlowSend, OnState: tell}
			if c.gathers {
				publisher.ICEServers = []diag.ICEServerAuth{{URL: "stun:" + silentServer(t)}}
			}
			leaving, staying := pair(t, publisher, Options{NoChannels: true, Flow: FlowReceive, OnState: tell})
			connect(t, leaving, staying)
			if !c.publisherLeaves {
				leaving, staying = staying, leaving
			}
			connected := func(c *call.Call) bool { return c.DTLS.State == "connected" }
			leaving.until(t, "the handshake", connected)
			staying.until(t, "the handshake", connected)
			if c.gathers && !leaving.gather.waiting() {
				t.Fatal("it does not wait for the server")
			}
			if err := leaving.Close(); err != nil {
				t.Fatal(err)
			}
			c := staying.until(t, "the goodbye", func(c *call.Call) bool { return c.DTLS.State == "closed" })
			if slices.Contains([]string{"disconnected", "failed"}, c.ICE) {
				t.Errorf("it was noticed by silence: %s", c.ICE)
			}
			<-closed
			if len(closed) != 0 {
				t.Error("who left takes its own goodbye for the other side's")
			}
		})
	}
}

// silentServer is the address of a server that never answers.
func silentServer(t *testing.T) string {
	t.Helper()
	server, err := net.ListenUDP("udp4", net.UDPAddrFromAddrPort(netip.MustParseAddrPort("127.0.0.1:0")))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Close() })
	return server.LocalAddr().String()
}
