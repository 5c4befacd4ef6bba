package peer

import (
	"testing"

	"github.com/pion/webrtc/v4"

	"dialtone/diag"
	"dialtone/diag/call"
	"dialtone/diag/sdp"
)

// TestPartsStay: whoever offers a restart, both answers say the parts of the handshake that there was (RFC 8842 §5.5).
func TestPartsStay(t *testing.T) {
	t.Parallel()
	a, b := pair(t, Options{NoMedia: true}, Options{NoMedia: true})
	connect(t, a, b)
	open := func(c *call.Call) bool { return c.OpenAt != nil }
	if c := a.until(t, "a channel", open); c.DTLS.Role != "server" {
		t.Errorf("who offered is the %s", c.DTLS.Role)
	}
	if c := b.until(t, "a channel", open); c.DTLS.Role != "client" {
		t.Errorf("who answered is the %s", c.DTLS.Role)
	}
	for _, test := range []struct {
		name            string
		offers, answers *side
		want            string
	}{
		{"who answered offers", b, a, setupPassive},
		{"who offered offers", a, b, setupActive},
	} {
		offer, err := test.offers.Offer(true)
		if err != nil {
			t.Fatal(test.name, err)
		}
		answer, err := test.answers.Answer(offer)
		if err != nil {
			t.Fatal(test.name, err)
		}
		for _, text := range []string{answer.SDP, test.answers.Local().SDP} {
			if got, _ := sdp.Parse(text).Attribute(setupAttribute); got != test.want {
				t.Errorf("%s: the answer says %q, want %q", test.name, got, test.want)
			}
		}
		if err := test.offers.SetAnswer(answer); err != nil {
			t.Error(test.name, err)
		}
		test.answers.until(t, "the path", func(c *call.Call) bool { return c.Connection == "connected" })
	}
}

// TestSettleSetup: the first answer settles who is the DTLS client, whichever side gave it.
func TestSettleSetup(t *testing.T) {
	for _, test := range []struct {
		name   string
		side   diag.Side
		answer string
		want   string
	}{
		{"we are active", diag.Local, "a=setup:active\r\n", setupActive},
		{"we are passive", diag.Local, "a=setup:passive\r\n", setupPassive},
		{"they are active", diag.Remote, "a=setup:active\r\n", setupPassive},
		{"they are passive", diag.Remote, "a=setup:passive\r\n", setupActive},
		{"they do not say", diag.Remote, "v=0\r\n", setupPassive},
	} {
		l := &transports{}
		l.settleSetup(test.side, webrtc.SDPTypeOffer, sdp.Parse("a=setup:actpass\r\n"))
		if l.setup != "" {
			t.Errorf("%s: the offer settled it", test.name)
		}
		l.settleSetup(test.side, webrtc.SDPTypeAnswer, sdp.Parse(test.answer))
		l.settleSetup(diag.Local, webrtc.SDPTypeAnswer, sdp.Parse("a=setup:active\r\n")) // of a restart
		if l.setup != test.want {
			t.Errorf("%s: %q, want %q", test.name, l.setup, test.want)
		}
		if got := l.withSetup(webrtc.SDPTypeAnswer, "m=x\r\na=setup:active\r\nm=y\r\na=setup:active\r\n"); got != "m=x\r\na=setup:"+test.want+"\r\nm=y\r\na=setup:"+test.want+"\r\n" {
			t.Errorf("%s: %q", test.name, got)
		}
	}
}
