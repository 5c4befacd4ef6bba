package peer

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"dialtone/diag"
	"dialtone/diag/call"
	"dialtone/diag/sdp"
)

// chromium reads a description of a real browser.
func chromium(tb testing.TB, name string) Description {
	tb.Helper()
	b, err := os.ReadFile(filepath.Join("..", "..", "testdata", "sdp", name))
	if err != nil {
		tb.Fatal(err)
	}
	var d struct{ Type, SDP string }
	if err := json.Unmarshal(b, &d); err != nil {
		tb.Fatal(err)
	}
	return Description{Type: d.Type, SDP: d.SDP}
}

// closing closes a peer at the end of a test that looks at something else.
func closing(p *Peer) { _ = p.Close() }

// TestAnswerToABrowser: the offer of a Chromium is understood, with its media.
func TestAnswerToABrowser(t *testing.T) {
	var tracks []diag.TrackAdded
	p, err := New(Options{Loopback: LoopbackOnly, Echo: true, Emit: func(d diag.Data) {
		if track, ok := d.(diag.TrackAdded); ok {
			tracks = append(tracks, track)
		}
	}})
	if err != nil {
		t.Fatal(err)
	}
	defer closing(p)
	answer, err := p.Answer(chromium(t, "chromium-offer.json"))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"opus/48000", "VP8/90000", "m=application"} {
		if !strings.Contains(answer.SDP, want) {
			t.Errorf("the answer has no %s", want)
		}
	}
	for _, kind := range []string{"audio", "video"} {
		if !sdp.Parse(answer.SDP).Sends(kind) {
			t.Errorf("the answer sends no %s", kind)
		}
	}
	if len(tracks) != 2 {
		t.Errorf("tracks told: %+v", tracks)
	}
}

// TestOddOffersAreAnswered: the peculiarities in testdata/sdp stop no call, in whichever direction media flows. What
// cannot be sent or received is declined, and only that.
func TestOddOffersAreAnswered(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob(filepath.Join("..", "..", "testdata", "sdp", "*.sdp"))
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	for _, file := range files {
		name := filepath.Base(file)
		t.Run(name, func(t *testing.T) {
			raw, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			offer := sdp.Parse(string(raw))
			oneWay := Options{Flow: FlowReceive, NoChannels: true}
			if offer.Media[0].Direction == "recvonly" {
				oneWay.Flow = FlowSend
			}
			for _, o := range []Options{{Echo: true}, oneWay} {
				o.Loopback = LoopbackOnly
				p, err := New(o)
				if err != nil {
					t.Fatal(err)
				}
				answer, err := p.Answer(Description{Type: "offer", SDP: string(raw)})
				if name == "no-fingerprint.sdp" {
					if err == nil || !strings.Contains(err.Error(), "no fingerprint") {
						t.Errorf("%v: %v", o.Flow, err)
					}
				} else if err != nil {
					t.Errorf("%v: %v", o.Flow, err)
				}
				got := sdp.Parse(answer.SDP)
				for i, m := range got.Media {
					if m.Rejected() {
						t.Errorf("%v: the answer to %s is %s", o.Flow, offer.Media[i].Kind, m.Lines[0].Text)
					}
				}
				if got.Session.Has("group") && !offer.Session.Has("group") {
					t.Error("the answer has a group that was not offered")
				}
				closing(p)
			}
		})
	}
}

// TestUnbundledOffer: an offer without a BUNDLE group is a call, if its sections share the ICE credentials.
func TestUnbundledOffer(t *testing.T) {
	t.Parallel()
	a, b := pair(t, Options{}, Options{Echo: true})
	offer, err := a.Offer(false)
	if err != nil {
		t.Fatal(err)
	}
	offer.SDP = sdp.Parse(offer.SDP).Without("group")
	answer, err := b.Answer(offer)
	if err != nil {
		t.Fatal(err)
	}
	if sdp.Parse(answer.SDP).Session.Has("group") {
		t.Error("the answer has a group that was not offered")
	}
	if err := a.SetAnswer(answer); err != nil {
		t.Fatal(err)
	}
	a.until(t, "an open channel", func(c *call.Call) bool { return c.OpenAt != nil })
}

func TestDescriptionsThatAreNone(t *testing.T) {
	for name, d := range map[string]Description{
		"an answer":   {Type: "answer", SDP: chromium(t, "chromium-answer.json").SDP},
		"empty":       {Type: "offer"},
		"garbage":     {Type: "offer", SDP: "\x00\x1b[2Jhello"},
		"no sections": {Type: "offer", SDP: "v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\n"},
	} {
		t.Run(name, func(t *testing.T) {
			p, err := New(Options{Loopback: LoopbackOnly, NoMedia: true})
			if err != nil {
				t.Fatal(err)
			}
			defer closing(p)
			if _, err := p.Answer(d); err == nil {
				t.Error("it was answered")
			}
		})
	}
}

func TestUnusableCandidates(t *testing.T) {
	for _, line := range []string{"", "candidate:", "candidate:1 1 udp 1 192.0.2.1 99999 typ host", strings.Repeat("x", maxCandidate+1)} {
		if _, err := parseRemote(line); !errors.Is(err, errCandidate) {
			t.Errorf("%.40q: %v", line, err)
		}
	}
}

func FuzzCandidate(f *testing.F) {
	f.Add("candidate:2729257250 1 udp 2122260223 10.9.0.2 50099 typ host generation 0 ufrag /QEh network-id 1")
	f.Add("candidate:1544027574 1 tcp 1518280447 10.9.0.2 9 typ host tcptype active generation 0")
	f.Add("candidate:1 1 udp 1694498815 203.0.113.7 41822 typ srflx raddr 192.0.2.10 rport 50211")
	f.Add("candidate:1 1 udp 1 3c6a1b2e-0000.local 5000 typ host")
	f.Fuzz(func(t *testing.T, line string) {
		if c, err := parseRemote(line); err == nil && (len(c.Address) > 256 || c.Address == "") {
			t.Errorf("an address of %d bytes was kept", len(c.Address))
		}
	})
}

func FuzzSDP(f *testing.F) {
	f.Add(chromium(f, "chromium-offer.json").SDP)
	f.Add(chromium(f, "chromium-answer.json").SDP)
	f.Add("v=0\r\nm=audio 0 x\r\na=ice-pwd:secret\r\na=fingerprint:\r\n")
	f.Fuzz(func(t *testing.T, description string) {
		parsed := sdp.Parse(description)
		d := parsed.Event(diag.Remote, "offer", false)
		if len(d.SDP) > sdp.MaxEvent {
			t.Errorf("%d bytes were kept", len(d.SDP))
		}
		for line := range strings.Lines(d.SDP) {
			if strings.HasPrefix(line, "a=ice-pwd:") && line != "a=ice-pwd:***\r\n" {
				t.Errorf("a password is kept: %q", line)
			}
		}
		for left := range sdp.Parse(parsed.Without("candidate")).Candidates() {
			t.Errorf("a candidate is left: %q", left)
		}
	})
}
