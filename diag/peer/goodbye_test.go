package peer

import (
	"net"
	"slices"
	"testing"

	"dialtone/diag/call"
	"dialtone/diag/wire"
)

// TestGoodbyeWithoutChannels: who has no data channels learns at once that the other side has closed, whichever was the DTLS client.
func TestGoodbyeWithoutChannels(t *testing.T) {
	for name, publisherLeaves := range map[string]bool{"the publisher leaves": true, "the server leaves": false} {
		t.Run(name, func(t *testing.T) {
			closed := make(chan struct{}, 2)
			tell := func(s State) {
				if s == StateClosed {
					closed <- struct{}{}
				}
			}
			leaving, staying := pair(t, Options{NoChannels: true, Flow: FlowSend, OnState: tell}, Options{NoChannels: true, Flow: FlowReceive, OnState: tell})
			connect(t, leaving, staying)
			if !publisherLeaves {
				leaving, staying = staying, leaving
			}
			connected := func(c *call.Call) bool { return c.DTLS.State == "connected" }
			leaving.until(t, "the handshake", connected)
			staying.until(t, "the handshake", connected)
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

func TestEncryptedAlerts(t *testing.T) {
	alert := []byte{wire.RecordAlert, 0xfe, 0xfd, 0, 1, 0, 0, 0, 0, 0, 5, 0, 2, 1, 0}
	plain := append([]byte{}, alert...)
	plain[4] = 0
	for name, test := range map[string]struct {
		datagram []byte
		want     bool
	}{
		"bare":        {alert, true},
		"ChannelData": {append([]byte{0x40, 0, 0, byte(len(alert))}, alert...), true},
		"plain":       {plain, false},
		"handshake":   {serverHello(0), false},
		"cut":         {alert[:4], false},
		"RTP":         {[]byte{0x80, 96, 0, 1, 0, 1}, false},
		"nothing":     {nil, false},
	} {
		t.Run(name, func(t *testing.T) {
			seen := false
			s := unconnected(nil)
			s.sockets.onAlert = func() { seen = true }
			if _, err := s.WriteTo(test.datagram, &net.UDPAddr{}); err != nil {
				t.Fatal(err)
			}
			if seen != test.want {
				t.Errorf("seen %v", seen)
			}
		})
	}
}
