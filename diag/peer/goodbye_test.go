package peer

import (
	"slices"
	"testing"

	"dialtone/diag/call"
)

// TestGoodbyeWithoutChannels: who has no data channels learns at once that the other side has closed, whichever was the DTLS client.
func TestGoodbyeWithoutChannels(t *testing.T) {
	t.Parallel()
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
