package check

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http/httptest"
	"net/netip"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pion/ice/v4"
	"github.com/pion/rtp"
	"github.com/pion/webrtc/v4"
	"github.com/pion/webrtc/v4/pkg/media/oggwriter"

	"dialtone/diag"
	"dialtone/diag/call"
	"dialtone/diag/feed"
	"dialtone/diag/judge"
	"dialtone/diag/lab"
	"dialtone/diag/media"
	"dialtone/diag/peer"
	"dialtone/diag/report"
	"dialtone/diag/session"
	"dialtone/diag/words"
	"dialtone/signal"
	"dialtone/signal/room"
	"dialtone/signal/server"
)

// faultRow is a row of testdata/faults.json, of which docs/reference/findings.md is made too.
type faultRow struct {
	Fault   string `json:"fault"`
	Exit    string `json:"exit"`
	Finding string `json:"finding"`
	Words   string `json:"words"` // in the headline
	Note    string `json:"note"`
}

// TestFaults: each fault has its exit code, its finding and its words.
func TestFaults(t *testing.T) {
	t.Parallel()
	raw, err := os.ReadFile("../../testdata/faults.json")
	if err != nil {
		t.Fatal(err)
	}
	var rows []faultRow
	if err := json.Unmarshal(raw, &rows); err != nil {
		t.Fatal(err)
	}
	made := faults()
	for _, row := range rows {
		prepare, ok := made[row.Fault]
		if !ok {
			t.Errorf("nobody knows how to make %q", row.Fault)
			continue
		}
		delete(made, row.Fault)
		t.Run(row.Fault, func(t *testing.T) {
			t.Parallel()
			o := prepare(t)
			o.unwatched = true
			r, err := Run(t.Context(), o)
			if err != nil {
				t.Fatal(err)
			}
			row.compare(t, r)
		})
	}
	for name := range made {
		t.Errorf("%q is in no row", name)
	}
}

func (row faultRow) compare(t *testing.T, r *report.Report) {
	t.Helper()
	if r.Exit.Name != row.Exit || !strings.Contains(r.Headline, row.Words) {
		t.Errorf("%s, %q", r.Exit.Name, r.Headline)
	}
	told := false
	for _, f := range r.Findings {
		told = told || f.ID == row.Finding
		if _, ok := words.Explain(f.ID); !ok {
			t.Errorf("%s is not explained", f.ID)
		}
	}
	if !told {
		t.Errorf("%s was not found", row.Finding)
	}
	if r.Exit.Code != 0 && len(r.Next) == 0 {
		t.Error("nothing is said of what to do next")
	}
	if t.Failed() {
		t.Log(written(t, r))
	}
}

// faults make what each row speaks of.
func faults() map[string]func(t *testing.T) Options {
	return map[string]func(t *testing.T) Options{
		"no signaling server": func(t *testing.T) Options {
			s := httptest.NewServer(nil)
			s.Close()
			return inRoom(s.URL)
		},
		"DNS failure": func(*testing.T) Options { return inRoom("http://nowhere.invalid/call/") },
		"STUN silent": func(t *testing.T) Options {
			s := fault(t, lab.Fault{Behavior: lab.Silent})
			o := here(200*time.Millisecond, diag.ICEServerAuth{URL: s.STUN()})
			o.Config.NoMedia, o.Config.For = true, 7*time.Second // the probe gives a silent server some seconds
			return o
		},
		"TURN wrong password":      func(t *testing.T) Options { return relayed(turn(t, lab.TURNOptions{}), "wrong") },
		"TURN credentials expired": expired,
		"TURN quota": func(t *testing.T) Options {
			s := fault(t, lab.Fault{Behavior: lab.AuthError, Code: 486, Reason: "Allocation Quota Reached"})
			return relayed(s.TURN(), "right")
		},
		"TURN private relay": func(t *testing.T) Options {
			return relayed(turn(t, lab.TURNOptions{RelayIP: netip.MustParseAddr("10.255.255.1")}), "right")
		},
		"two relays that do not reach each other": func(t *testing.T) Options {
			return relayed(turn(t, lab.TURNOptions{RelayIP: netip.MustParseAddr("198.51.100.9")}), "right")
		},
		"TURN relay at 0.0.0.0": func(t *testing.T) Options {
			return relayed(turn(t, lab.TURNOptions{RelayIP: netip.IPv4Unspecified()}), "right")
		},
		"TURN refuses the peer": func(t *testing.T) Options {
			return relayed(turn(t, lab.TURNOptions{Faults: lab.TURNFaults{Permission: 403}}), "right")
		},
		"TURN redirects": func(t *testing.T) Options {
			to := strings.TrimSuffix(strings.TrimPrefix(turn(t, lab.TURNOptions{}), "turn:"), "?transport=udp")
			s := fault(t, lab.Fault{Behavior: lab.AuthError, Code: 300, Alternate: netip.MustParseAddrPort(to)})
			return relayed(s.TURN(), "right")
		},
		"TURN silent over TLS": func(t *testing.T) Options {
			s := fault(t, lab.Fault{Network: lab.TLS, Behavior: lab.Silent})
			o := relayed(s.TURN(), "right")
			o.TLS = &tls.Config{RootCAs: s.Certificate().Pool, MinVersion: tls.VersionTLS12}
			return o
		},
		"UDP blocked": func(t *testing.T) Options {
			s := fault(t, lab.Fault{Behavior: lab.Silent})
			o := here(time.Second, diag.ICEServerAuth{URL: s.STUN()})
			return through(t, o, func([]byte) bool { return true })
		},
		"the peer never comes": func(t *testing.T) Options {
			o := inRoom(rooms(t))
			o.Config.Wait = 300 * time.Millisecond
			return o
		},
		"the peer leaves before the call is connected": leaver,
		"the peer vanishes":                            vanisher,
		"the peer hangs up early": func(t *testing.T) Options {
			url := rooms(t)
			other(t, url, diag.Config{Echo: true, For: time.Second}, nil)
			o := inRoom(url)
			o.Config.For, o.Config.NoMedia = 20*time.Second, true
			return o
		},
		"the wrong role": func(t *testing.T) Options {
			url := rooms(t)
			other(t, url, diag.Config{Echo: true}, nil)
			o := inRoom(url)
			target, _ := o.Target.(Remote)
			target.Role = RoleOffer
			o.Target = target
			return o
		},
		"DTLS fingerprint wrong": func(*testing.T) Options {
			o := here(time.Second)
			o.Target = tampered{change: otherFingerprint}
			return o
		},
		"DTLS gets no answer": func(t *testing.T) Options {
			return briefDTLS(through(t, here(time.Second), func(b []byte) bool { return isDTLS(b, 22) }))
		},
		"long DTLS packets are lost": func(t *testing.T) Options {
			return briefDTLS(through(t, here(time.Second), func(b []byte) bool { return isDTLS(b, 22) && len(b) > 400 }))
		},
		"two DTLS clients": func(*testing.T) Options {
			o := here(time.Second)
			o.Target = tampered{change: func(sdp string) string { return strings.ReplaceAll(sdp, "a=setup:active", "a=setup:passive") }}
			return briefDTLS(o)
		},
		"the channel never opens": func(t *testing.T) Options {
			return fromOther(t, here(60*time.Second), func(b []byte) bool { return isDTLS(b, 23) })
		},
		"the channel never echoes": func(t *testing.T) Options {
			o := here(2 * time.Second)
			o.Target, o.Config.NoMedia = deaf{t: t, takes: true}, true
			return o
		},
		"the peer closes the channels": func(t *testing.T) Options {
			o := here(2 * time.Second)
			o.Target, o.Config.NoMedia = deaf{t: t}, true
			return o
		},
		"media stops after 3 s": func(t *testing.T) Options { return fromOther(t, here(9*time.Second), after(3*time.Second, isRTP)) },
		"media silent": func(t *testing.T) Options {
			url := rooms(t)
			other(t, url, diag.Config{}, peer.Clips{"audio": silence(t)})
			o := inRoom(url)
			o.Config.For = 5 * time.Second
			return o
		},
		"media one way": func(t *testing.T) Options { return fromOther(t, here(3*time.Second), isRTP) },
		"30 % loss":     func(t *testing.T) Options { return fromOther(t, here(4*time.Second), threeOfTen(isRTP)) },
		"a relay where a direct path was expected": func(t *testing.T) Options {
			o := relayed(turn(t, lab.TURNOptions{}), "right")
			o.Config.For, o.Expect = 300*time.Millisecond, judge.ExpectDirect
			return o
		},
	}
}

// silence is a second of Opus that holds none: what a microphone without power sends.
func silence(t *testing.T) *media.Clip {
	t.Helper()
	var file bytes.Buffer
	w, err := oggwriter.NewWith(&file, 48000, 2)
	if err != nil {
		t.Fatal(err)
	}
	for n := range uint32(50) {
		p := &rtp.Packet{Header: rtp.Header{Version: 2, Timestamp: n * 960}, Payload: []byte{0xf8, 0xff, 0xfe}}
		if err := w.WriteRTP(p); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	clip, err := media.ReadFile(bytes.NewReader(file.Bytes()))
	if err != nil {
		t.Fatal(err)
	}
	return clip
}

// here is a loopback check.
func here(d time.Duration, servers ...diag.ICEServerAuth) Options {
	return Options{Target: Loopback{}, Config: diag.Config{For: d, ICEServers: servers, LoopbackOnly: true}}
}

// relayed is one through a TURN server alone.
func relayed(url, password string) Options {
	o := here(time.Second, diag.ICEServerAuth{URL: url, Username: "dialtone", Credential: diag.Secret(password)})
	o.Config.RelayOnly, o.Config.NoMedia = true, true
	return o
}

func inRoom(url string) Options {
	return Options{
		Target: Remote{Way: room.Way, Setup: signal.Setup{Address: url, Code: "w1"}, Shown: url, Role: RoleAny},
		Config: diag.Config{For: time.Second, Wait: 20 * time.Second, LoopbackOnly: true},
	}
}

// through drops datagrams of both sides.
func through(t *testing.T, o Options, drop func([]byte) bool) Options {
	n := newSieve(t, drop)
	o.Tune = func(_ bool, s *session.Options) { s.Net = n }
	return o
}

// fromOther drops datagrams of the answering side alone.
func fromOther(t *testing.T, o Options, drop func([]byte) bool) Options {
	n := newSieve(t, drop)
	o.Tune = func(answering bool, s *session.Options) {
		if answering {
			s.Net = n
		}
	}
	return o
}

func fault(t *testing.T, f lab.Fault) *lab.FaultServer {
	t.Helper()
	s, err := lab.StartFault(f)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

// turn starts a server with the account dialtone/right and returns its URL over UDP.
func turn(t *testing.T, o lab.TURNOptions) string {
	t.Helper()
	o.UDP, o.Username, o.Password = true, "dialtone", "right"
	s, err := lab.StartTURN(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s.URL(lab.UDP)
}

func expired(t *testing.T) Options {
	s := fault(t, lab.Fault{Behavior: lab.AuthError, Code: 401, Reason: "Unauthorized"})
	o := relayed(s.TURN(), "right")
	o.Config.ICEServers[0].Username = fmt.Sprintf("%d:ann", time.Now().Add(-time.Hour).Unix())
	return o
}

// rooms starts a signaling server.
func rooms(t *testing.T) string {
	t.Helper()
	s := httptest.NewServer(server.New(server.Options{}))
	t.Cleanup(s.Close)
	return s.URL + "/call/"
}

// other is a peer that waits in the room w1, and sends these clips.
func other(t *testing.T, url string, config diag.Config, clips peer.Clips) {
	t.Helper()
	config.Code, config.LoopbackOnly, config.Command = "w1", true, "answer"
	log := feed.New(time.Now)
	s := session.New(session.Options{Config: config, Clips: clips, Feed: log, Dial: session.Over(room.Way, signal.Setup{Address: url, Code: "w1"})})
	ctx, cancel := context.WithCancel(context.Background())
	ended, read := make(chan struct{}), make(chan struct{})
	waiting := make(chan struct{})
	events := log.Reader()
	go func() {
		defer close(ended)
		s.Run(ctx)
	}()
	go func() {
		defer close(read)
		placed := &call.Call{}
		for waited := false; ; {
			batch, err := events.Next(context.Background())
			if err != nil {
				return
			}
			for _, e := range batch {
				placed.Apply(e)
			}
			if placed.Signal.State == diag.SignalWaiting && !waited {
				waited = true
				close(waiting)
			}
		}
	}()
	<-waiting
	t.Cleanup(func() {
		cancel()
		<-ended
		<-read
	})
}

// leaver meets a party that leaves as soon as somebody comes.
func leaver(t *testing.T) Options {
	url := rooms(t)
	c, err := room.Dial(t.Context(), room.Options{Server: url, Code: "w1"})
	if err != nil {
		t.Fatal(err)
	}
	gone := make(chan struct{})
	go func() {
		defer close(gone)
		_, _ = c.Receive(context.Background()) // paired, or the end of the test
		_ = c.Close(context.Background())
	}()
	t.Cleanup(func() {
		_ = c.Close(context.Background())
		<-gone
	})
	return inRoom(url)
}

// vanisher meets a party of which nothing arrives any more after a second.
func vanisher(t *testing.T) Options {
	var connected atomic.Bool
	o := through(t, here(30*time.Second), after(time.Second, func([]byte) bool { return connected.Load() }))
	o.Config.NoMedia = true
	o.Progress = func(p Progress) {
		if p.State == call.StateConnected.String() {
			connected.Store(true)
		}
	}
	inner := o.Tune
	o.Tune = func(answering bool, s *session.Options) {
		inner(answering, s)
		s.Timeouts = peer.Timeouts{Disconnected: 400 * time.Millisecond, Failed: 400 * time.Millisecond, KeepAlive: 100 * time.Millisecond}
		s.Redial = 300 * time.Millisecond
	}
	return o
}

// deaf is a party of bare pion that answers no message: it takes data channels, or closes them, as pion does without a
// handler.
type deaf struct {
	t     *testing.T
	takes bool
}

// Describe implements Target.
func (deaf) Describe() report.Target { return report.Target{Kind: "deaf"} }

// Place implements Target.
func (d deaf) Place(int) Placement {
	offerer, answerer := signal.Pipe()
	pc, err := webrtc.NewAPI(webrtc.WithSettingEngine(loopbackEngine())).NewPeerConnection(webrtc.Configuration{})
	if err != nil {
		d.t.Fatal(err)
	}
	if d.takes {
		pc.OnDataChannel(func(*webrtc.DataChannel) {})
	}
	pc.OnICECandidate(func(c *webrtc.ICECandidate) {
		if c != nil {
			init := c.ToJSON()
			_ = answerer.Send(context.Background(), signal.Message{Kind: signal.KindCandidate, Candidate: &signal.Candidate{
				Candidate: init.Candidate, SDPMid: init.SDPMid, SDPMLineIndex: init.SDPMLineIndex, UsernameFragment: init.UsernameFragment,
			}})
		}
	})
	done := make(chan struct{})
	go func() {
		defer close(done)
		d.answer(pc, answerer)
	}()
	d.t.Cleanup(func() {
		_ = answerer.Close(context.Background())
		<-done
		_ = pc.GracefulClose()
	})
	return Placement{Dial: func(context.Context, func(diag.SignalRequest)) (signal.Channel, error) { return offerer, nil }}
}

// loopbackEngine is pion on the loopback interface alone.
func loopbackEngine() webrtc.SettingEngine {
	var se webrtc.SettingEngine
	se.SetIncludeLoopbackCandidate(true)
	se.SetIPFilter(func(ip net.IP) bool { return ip.IsLoopback() && ip.To4() != nil })
	se.SetNetworkTypes([]webrtc.NetworkType{webrtc.NetworkTypeUDP4})
	se.SetICEMulticastDNSMode(ice.MulticastDNSModeDisabled)
	return se
}

// answer takes the offer and the candidates until the exchange ends.
func (d deaf) answer(pc *webrtc.PeerConnection, c signal.Channel) {
	for {
		m, err := c.Receive(context.Background())
		if err != nil {
			return
		}
		switch m.Kind {
		case signal.KindOffer:
			errs := pc.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeOffer, SDP: m.Description.SDP})
			answer, err := pc.CreateAnswer(nil)
			if err = errors.Join(errs, err, pc.SetLocalDescription(answer)); err != nil {
				d.t.Error(err)
				return
			}
			_ = c.Send(context.Background(), signal.Message{Kind: signal.KindAnswer, Description: &signal.Description{Type: "answer", SDP: answer.SDP}})
		case signal.KindCandidate:
			_ = pc.AddICECandidate(webrtc.ICECandidateInit{Candidate: m.Candidate.Candidate, SDPMid: m.Candidate.SDPMid, SDPMLineIndex: m.Candidate.SDPMLineIndex})
		default:
		}
	}
}

// briefDTLS lets the offerer give a handshake up after a second, and before the answerer does.
func briefDTLS(o Options) Options {
	inner := o.Tune
	o.Tune = func(answering bool, s *session.Options) {
		if inner != nil {
			inner(answering, s)
		}
		s.Timeouts.DTLS = time.Second
		if answering {
			s.Timeouts.DTLS = 20 * time.Second
		}
	}
	return o
}

// tampered is a loopback whose answer is changed on its way.
type tampered struct {
	Loopback
	change func(sdp string) string
}

// Place implements Target.
func (t tampered) Place(int) Placement {
	p := t.Loopback.Place(0)
	inner := p.Answer
	p.Answer = func(ctx context.Context, observe func(diag.SignalRequest)) (signal.Channel, error) {
		c, err := inner(ctx, observe)
		return forger{c, t.change}, err
	}
	return p
}

type forger struct {
	signal.Channel
	change func(sdp string) string
}

// Send changes the description.
func (f forger) Send(ctx context.Context, m signal.Message) error {
	if m.Description != nil {
		d := *m.Description
		d.SDP = f.change(d.SDP)
		m.Description = &d
	}
	return f.Channel.Send(ctx, m)
}

// otherFingerprint changes one digit of the fingerprint.
func otherFingerprint(sdp string) string {
	i := strings.Index(sdp, "a=fingerprint:sha-256 ") + len("a=fingerprint:sha-256 ")
	digit := "0"
	if sdp[i] == '0' {
		digit = "1"
	}
	return sdp[:i] + digit + sdp[i+1:]
}
