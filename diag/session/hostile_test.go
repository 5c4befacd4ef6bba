package session

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"dialtone/diag"
	"dialtone/diag/call"
	"dialtone/diag/peer"
	"dialtone/diag/words/verdict"
	"dialtone/signal"
)

// forged changes the certificate that descriptions announce, as somebody between the parties would.
type forged struct{ signal.Channel }

var fingerprintValue = regexp.MustCompile(`(a=fingerprint:sha-256 )[0-9A-F:]+`)

func (f forged) Send(ctx context.Context, m signal.Message) error {
	if m.Description != nil {
		d := *m.Description
		d.SDP = fingerprintValue.ReplaceAllString(d.SDP, "${1}"+strings.Repeat("AB:", 31)+"AB")
		m.Description = &d
	}
	return f.Channel.Send(ctx, m)
}

func TestForgedCertificate(t *testing.T) {
	t.Parallel()
	dialA, dialB := piped()
	a := start(t, "a", Options{Config: diag.Config{Code: "w1"}, Dial: dialA, Timeouts: peer.Timeouts{DTLS: 2 * time.Second}})
	start(t, "b", Options{Config: diag.Config{Code: "w1", Echo: true}, Timeouts: peer.Timeouts{DTLS: 2 * time.Second}, Dial: func(ctx context.Context, f func(diag.SignalRequest)) (signal.Channel, error) {
		c, err := dialB(ctx, f)
		return forged{c}, err
	}})
	v := a.ended()
	if v.Exit != diag.ExitDTLS {
		t.Errorf("%s %q %q", v.Exit, verdict.Of(v).Headline, verdict.Of(v).Why)
	}
	if a.call.DTLS.State != "failed" || a.call.DTLS.RemoteFingerprint == a.call.Announced() {
		t.Errorf("DTLS: %+v", a.call.DTLS)
	}
}

// TestBadDescription: an offer that is none ends the call with a reason.
func TestBadDescription(t *testing.T) {
	t.Parallel()
	a, b := signal.Pipe()
	s := start(t, "answer", Options{
		Config: diag.Config{Code: "w1", Echo: true},
		Dial:   func(context.Context, func(diag.SignalRequest)) (signal.Channel, error) { return b, nil },
	})
	defer func() { _ = a.Close(context.Background()) }()
	if err := a.Send(t.Context(), signal.Message{Kind: signal.KindOffer, Description: &signal.Description{Type: "offer", SDP: "v=\x1b[31m nonsense"}}); err != nil {
		t.Fatal(err)
	}
	v := s.ended()
	if v.Exit != diag.ExitSignaling || s.call.Ended.Cause == "" || strings.ContainsRune(s.call.Ended.Cause, '\x1b') {
		t.Errorf("%s %q %+v", v.Exit, verdict.Of(v).Headline, s.call.Ended)
	}
}

// TestPeerLeavesDuringSetup: a goodbye before anything was negotiated.
func TestPeerLeavesDuringSetup(t *testing.T) {
	t.Parallel()
	a, b := signal.Pipe()
	s := start(t, "call", Options{
		Config: diag.Config{Code: "w1"},
		Dial:   func(context.Context, func(diag.SignalRequest)) (signal.Channel, error) { return a, nil },
	})
	s.until("an offer", func(c *call.Call) bool { return len(c.Descriptions) > 0 })
	if err := b.Close(context.Background()); err != nil {
		t.Fatal(err)
	}
	if v := s.ended(); v.Exit != diag.ExitSignaling || s.call.Ended.Reason != diag.EndPeerLeft {
		t.Errorf("%s %q %+v", v.Exit, verdict.Of(v).Headline, s.call.Ended)
	}
}

// TestFlood: a peer that sends without end is counted, not logged one by one, and everything else goes on.
func TestFlood(t *testing.T) {
	now := time.Unix(0, 0)
	f := newFlood(func() time.Time { return now })
	told := 0
	for range 1000 {
		if f.admit("chat", 10) {
			told++
		}
	}
	if told != floodLimit {
		t.Errorf("%d messages were told", told)
	}
	if got := f.sum(); len(got) != 1 || got[0].Messages != 1000-floodLimit || got[0].Bytes != 10*(1000-floodLimit) {
		t.Errorf("summed up: %+v", got)
	}
	if got := f.sum(); len(got) != 0 {
		t.Errorf("told twice: %+v", got)
	}
	now = now.Add(time.Second)
	if !f.admit("chat", 10) {
		t.Error("the next second is closed too")
	}
}

// TestFloodOfLabels: many channels together get no more than one, by the second and in all, and what is not logged is
// counted.
func TestFloodOfLabels(t *testing.T) {
	now := time.Unix(0, 0)
	f := newFlood(func() time.Time { return now })
	sent, kept, counted := 0, 0, uint64(0)
	second := func() (bytes int) {
		now = now.Add(time.Second)
		for label := range 58 {
			for range 20 {
				sent++
				if f.admit(fmt.Sprint("label", label), 4000) {
					kept++
					bytes += 4000
				}
			}
		}
		dropped := f.sum()
		if len(dropped) > floodLabels+1 {
			t.Fatalf("%d events say what was left out", len(dropped))
		}
		for _, d := range dropped {
			counted += d.Messages
		}
		return bytes
	}
	first := second()
	if first < burstBytes*9/10 || first > burstBytes {
		t.Errorf("%d bytes in the first second", first)
	}
	if next := second(); next > floodBytes || next < floodBytes*8/10 {
		t.Errorf("%d bytes in the next second", next)
	}
	all := 0
	for range 1000 {
		all += second()
	}
	if all > callBytes+2*floodBytes {
		t.Errorf("%d bytes in all", all)
	}
	if last := second() + second() + second(); last > 4*floodBytes/32+4000 {
		t.Errorf("%d bytes in three seconds at the end", last)
	}
	if kept+int(counted) != sent {
		t.Errorf("%d kept and %d counted of %d", kept, counted, sent)
	}
}

// TestChattyPeer: messages of any kind on any channel are shown and crash nothing.
func TestChattyPeer(t *testing.T) {
	t.Parallel()
	dialA, dialB := piped()
	a := start(t, "a", Options{Config: diag.Config{Code: "w1", NoMedia: true}, Dial: dialA})
	b := start(t, "b", Options{Config: diag.Config{Code: "w1", NoMedia: true}, Dial: dialB})
	everything := func(c *call.Call) bool { return isConnected(c) && len(c.Channels) == 5 }
	a.until("every channel", everything)
	b.until("every channel", everything)
	send := func(label string, text bool, data string) {
		t.Helper()
		if err := b.peer.Send(label, text, []byte(data)); err != nil {
			t.Fatal(err)
		}
	}
	send(diag.LabelControl, true, `{"code":"dance"}`)
	send(diag.LabelControl, true, `{"code":"mute_microphone","value":true}`)
	send(diag.LabelControl, true, "\x1b[2J")
	send(diag.LabelControl, false, "\x00\x01")
	send(diag.LabelPing, true, `{"pong":99}`)
	send(diag.LabelPing, true, `{"ping":`)
	send(diag.LabelChat, true, strings.Repeat("ü", 40000))
	send(diag.LabelChat, true, "last")
	// Channels are independent of each other: what came on another one may arrive after it.
	c := a.until("the last message and the mute", func(c *call.Call) bool {
		last := slices.ContainsFunc(c.Messages, func(m call.MessageRow) bool { return m.Text == "last" })
		return last && c.RemoteMuted["audio"]
	})
	for _, m := range c.Messages {
		if m.Bytes == 80000 && (!m.Truncated || len(m.Text) > diag.MaxMessageText) {
			t.Errorf("a long message was kept with %d bytes", len(m.Text))
		}
	}
	send(diag.LabelControl, true, `{"code":"reject"}`)
	if v := a.ended(); v.Exit != diag.ExitPass || a.call.Ended.Reason != diag.EndPeerHangup {
		t.Errorf("%s %q %+v", v.Exit, verdict.Of(v).Headline, a.call.Ended)
	}
}
