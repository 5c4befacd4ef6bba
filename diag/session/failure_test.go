package session

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pion/transport/v5"
	"github.com/pion/transport/v5/stdnet"

	"dialtone/diag"
	"dialtone/diag/call"
	"dialtone/diag/judge"
	"dialtone/diag/lab"
	"dialtone/diag/peer"
	"dialtone/diag/words/verdict"
	"dialtone/signal"
	"dialtone/signal/room"
	"dialtone/signal/server"
	"dialtone/signal/web"
)

// misled passes everything on but candidates, which all point at a port where nobody is.
type misled struct{ signal.Channel }

func (m misled) Send(ctx context.Context, msg signal.Message) error {
	if msg.Kind == signal.KindCandidate {
		fields := strings.Fields(msg.Candidate.Candidate)
		fields[5] = "9"
		c := *msg.Candidate
		c.Candidate = strings.Join(fields, " ")
		msg.Candidate = &c
	}
	return m.Channel.Send(ctx, msg)
}

func mislead(d Dialer) Dialer {
	return func(ctx context.Context, f func(diag.SignalRequest)) (signal.Channel, error) {
		c, err := d(ctx, f)
		return misled{c}, err
	}
}

// quick gives up half a second after the last pair. Of two parties one has it, so that the other does not leave first.
var quick = peer.Timeouts{LastPair: 500 * time.Millisecond}

// TestICEFailureIsDeclaredEarly: every pair fails, and the call says so before the agent does.
func TestICEFailureIsDeclaredEarly(t *testing.T) {
	t.Parallel()
	dialA, dialB := piped()
	a := start(t, "a", Options{Timeouts: quick, Probes: 300 * time.Millisecond, Config: diag.Config{Code: "w1"}, Dial: mislead(dialA)})
	b := start(t, "b", Options{Config: diag.Config{Code: "w1"}, Dial: mislead(dialB)})
	for _, p := range []*party{a, b} {
		v := p.ended()
		if p.call.ICE == "failed" {
			t.Errorf("%s: the agent was quicker", p.name)
		}
		if p == a && (v.Exit != diag.ExitICE || !strings.Contains(strings.Join(verdict.Of(v).Why, " "), "none answered")) {
			t.Errorf("%s: %s %q %q", p.name, v.Exit, verdict.Of(v).Headline, verdict.Of(v).Why)
		}
		if len(p.call.Pairs) == 0 {
			t.Errorf("%s: no pair was told", p.name)
		}
	}
}

func relayConfig(s *lab.TURN, password string) diag.Config {
	return diag.Config{Code: "w1", RelayOnly: true, ICEServers: []diag.ICEServerAuth{
		{URL: s.URL(lab.UDP), Username: "dialtone", Credential: diag.Secret(password)},
	}}
}

func startTURN(t *testing.T) *lab.TURN {
	t.Helper()
	s, err := lab.StartTURN(lab.TURNOptions{UDP: true, TCP: true, TLS: true, Username: "dialtone", Password: "right"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func TestRelayOnly(t *testing.T) {
	t.Parallel()
	s := startTURN(t)
	dialA, dialB := piped()
	a := start(t, "a", Options{Config: relayConfig(s, "right"), Dial: dialA})
	b := start(t, "b", Options{Config: diag.Config{Code: "w1", Echo: true}, Dial: dialB})
	b.until("a connection", isConnected)
	c := a.until("a connection", func(c *call.Call) bool { return isConnected(c) && c.DTLS.State == "connected" })
	if local := c.LocalCandidate(c.Selected.LocalCandidateID); local == nil || local.CandidateType != diag.Relay || local.URL != s.URL(lab.UDP) || local.RelayProtocol != "udp" {
		t.Errorf("the path begins at %+v", local)
	}
	if c.DTLS.Cipher == "" {
		t.Error("the cipher was not seen inside the relay's messages")
	}
	a.Hangup()
	if v := a.ended(); v.Exit != diag.ExitPass {
		t.Errorf("%s %s", v.Exit, verdict.Of(v).Headline)
	}
}

func TestRelayOnlyWrongPassword(t *testing.T) {
	t.Parallel()
	s := startTURN(t)
	dialA, dialB := piped()
	a := start(t, "a", Options{Config: relayConfig(s, "wrong"), Dial: dialA})
	start(t, "b", Options{Config: diag.Config{Code: "w1", Echo: true}, Dial: dialB})
	v := a.ended()
	if v.Exit != diag.ExitICE || !slices.ContainsFunc(v.Findings, func(f judge.Finding) bool { return f.ID == "turn.unauthorized" }) {
		t.Errorf("%s %q findings %+v", v.Exit, verdict.Of(v).Headline, v.Findings)
	}
	if a.call.Servers[0].At > a.call.EndedAt {
		t.Error("the server's error came after the end")
	}
}

// TestSilentServersHoldNothingUp: gathering ends without them, the call works, and the end does not wait for them.
func TestSilentServersHoldNothingUp(t *testing.T) {
	t.Parallel()
	var servers []diag.ICEServerAuth
	for _, network := range []lab.Transport{lab.UDP, lab.TCP, lab.TLS} {
		s, err := lab.StartFault(lab.Fault{Network: network, Behavior: lab.Mute})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = s.Close() })
		servers = append(servers, diag.ICEServerAuth{URL: s.TURN(), Username: "u", Credential: "p"})
	}
	dialA, dialB := piped()
	a := start(t, "a", Options{Config: diag.Config{Code: "w1", ICEServers: servers}, Dial: dialA})
	start(t, "b", Options{Config: diag.Config{Code: "w1", Echo: true}, Dial: dialB})
	asked := func(s call.ServerRow) bool { return s.OK() || s.Failed() != nil }
	c := a.until("gathering and the probes to end", func(c *call.Call) bool {
		return c.Gathering == "complete" && isConnected(c) && len(c.Servers) == len(servers) &&
			!slices.ContainsFunc(c.Servers, func(s call.ServerRow) bool { return !asked(s) })
	})
	for _, s := range c.Servers {
		if s.OK() || s.Cause() != diag.CauseTimeout {
			t.Errorf("%s: ok %v, cause %s", s.URL, s.OK(), s.Cause())
		}
	}
	a.Hangup()
	if v := a.ended(); v.Exit != diag.ExitPass {
		t.Errorf("%s %s", v.Exit, verdict.Of(v).Headline)
	}
}

func TestNobodyCame(t *testing.T) {
	t.Parallel()
	a := start(t, "a", Options{Config: diag.Config{Code: "w1", Wait: 50 * time.Millisecond}, Dial: through(roomServer(t), "w1")})
	if v := a.ended(); v.Exit != diag.ExitNoPeer {
		t.Errorf("%s %s", v.Exit, verdict.Of(v).Headline)
	}
}

func TestInterrupted(t *testing.T) {
	t.Parallel()
	a := start(t, "a", Options{Config: diag.Config{Code: "w1"}, Dial: through(roomServer(t), "w1")})
	a.until("the wait", func(c *call.Call) bool { return c.State() == call.StateWaiting })
	a.cancel()
	if v := a.ended(); v.Exit != diag.ExitInterrupted {
		t.Errorf("%s %s", v.Exit, verdict.Of(v).Headline)
	}
}

func TestDialFails(t *testing.T) {
	t.Parallel()
	bad := errors.New("no such server")
	a := start(t, "a", Options{
		Config: diag.Config{Code: "w1"},
		Dial:   func(context.Context, func(diag.SignalRequest)) (signal.Channel, error) { return nil, bad },
	})
	v := a.ended()
	if v.Exit != diag.ExitSignaling || !strings.Contains(strings.Join(verdict.Of(v).Why, " "), bad.Error()) {
		t.Errorf("%s %q %q", v.Exit, verdict.Of(v).Headline, verdict.Of(v).Why)
	}
}

// cable is a network that can be cut.
type cable struct {
	transport.Net
	cut atomic.Bool
}

func newCable(t *testing.T) *cable {
	t.Helper()
	n, err := stdnet.NewNet()
	if err != nil {
		t.Fatal(err)
	}
	return &cable{Net: n}
}

func (c *cable) ListenUDP(network string, addr *net.UDPAddr) (transport.UDPConn, error) {
	conn, err := c.Net.ListenUDP(network, addr)
	return &cutConn{conn, c}, err
}

type cutConn struct {
	transport.UDPConn
	cable *cable
}

func (c *cutConn) WriteTo(b []byte, to net.Addr) (int, error) {
	if c.cable.cut.Load() {
		return len(b), nil
	}
	return c.UDPConn.WriteTo(b, to)
}

var hasty = peer.Timeouts{Disconnected: 1500 * time.Millisecond, Failed: 1500 * time.Millisecond, KeepAlive: 200 * time.Millisecond}

// TestPathLostAndBack: the cable is cut until both sides have given the path up; then they dial again and go on.
func TestPathLostAndBack(t *testing.T) {
	t.Parallel()
	wire := newCable(t)
	dialA, dialB := piped()
	o := Options{Config: diag.Config{Code: "w1", NoMedia: true}, Timeouts: hasty, Net: wire}
	o.Dial = dialA
	a := start(t, "a", o)
	o.Dial, o.Config.Echo = dialB, true
	b := start(t, "b", o)
	knows := func(c *call.Call) bool { return isConnected(c) && c.PeerAgent != "" }
	a.until("a hello", knows)
	b.until("a hello", knows)
	wire.cut.Store(true)
	redialled := func(c *call.Call) bool { return c.Restarts > 0 }
	a.until("a new dial", redialled)
	b.until("a new dial", redialled)
	wire.cut.Store(false)
	back := func(c *call.Call) bool { return c.State() == call.StateConnected }
	a.until("the path again", back)
	b.until("the path again", back)
	if err := a.Chat("still there?"); err != nil {
		t.Fatal(err)
	}
	a.until("an echo", func(c *call.Call) bool {
		for _, m := range c.Messages {
			if m.Direction == diag.Inbound && m.Text == "still there?" {
				return true
			}
		}
		return false
	})
}

// TestPeerVanishes: a side without network for good is lost, and says so.
func TestPeerVanishes(t *testing.T) {
	t.Parallel()
	wire := newCable(t)
	dialA, dialB := piped()
	o := Options{Config: diag.Config{Code: "w1", NoMedia: true}, Timeouts: hasty, Net: wire, Redial: 300 * time.Millisecond}
	o.Dial = dialA
	a := start(t, "a", o)
	o.Dial, o.Config.Echo = dialB, true
	b := start(t, "b", o)
	a.until("a connection", isConnected)
	b.until("a connection", isConnected)
	wire.cut.Store(true)
	b.cancel()
	v := a.ended()
	if v.Exit != diag.ExitICE || a.call.Ended.Reason != diag.EndPeerLost {
		t.Errorf("%s %q %+v", v.Exit, verdict.Of(v).Headline, a.call.Ended)
	}
}

// roomServer serves rooms until the test cuts it off.
func roomServer(t testing.TB) *httptest.Server {
	t.Helper()
	s := httptest.NewServer(server.New(server.Options{RequestsPerSecond: -1, PairsPerAddress: -1}))
	t.Cleanup(s.Close)
	return s
}

// kill ends a server as kill -9 would: no goodbye, nobody listens any more.
func kill(t *testing.T, s *httptest.Server) {
	t.Helper()
	if err := s.Listener.Close(); err != nil {
		t.Fatal(err)
	}
	s.CloseClientConnections()
}

func through(s *httptest.Server, code string) Dialer {
	return overRoom(room.Options{Server: s.URL + "/call/", Code: code, GiveUp: time.Second})
}

func TestServerDiesDuringSetup(t *testing.T) {
	t.Parallel()
	s := roomServer(t)
	a := start(t, "a", Options{Config: diag.Config{Code: "w1"}, Dial: through(s, "w1")})
	a.until("the wait", func(c *call.Call) bool { return c.State() == call.StateWaiting })
	kill(t, s)
	v := a.ended()
	if v.Exit != diag.ExitSignaling || a.call.Ended.Signal == nil {
		t.Errorf("%s %q %+v", v.Exit, verdict.Of(v).Headline, a.call.Ended)
	}
}

func TestServerDiesDuringCall(t *testing.T) {
	t.Parallel()
	s := roomServer(t)
	a := start(t, "a", Options{Config: diag.Config{Code: "w1", NoMedia: true}, Linger: time.Hour, Dial: through(s, "w1")})
	b := start(t, "b", Options{Config: diag.Config{Code: "w1", NoMedia: true, Echo: true}, Linger: time.Hour, Dial: through(s, "w1")})
	a.until("a connection", isConnected)
	b.until("a connection", isConnected)
	kill(t, s)
	a.until("a warning", func(c *call.Call) bool { return len(c.Warnings) > 0 })
	a.Hangup()
	if v := a.ended(); v.Exit != diag.ExitPass {
		t.Errorf("%s %q %q", v.Exit, verdict.Of(v).Headline, verdict.Of(v).Why)
	}
	if a.call.Warnings[0].ID != "signal.server_lost" {
		t.Errorf("warnings: %+v", a.call.Warnings)
	}
}

func TestServersThatAreNone(t *testing.T) {
	t.Parallel()
	for name, handler := range map[string]http.HandlerFunc{
		"500":     func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "boom", http.StatusInternalServerError) },
		"html":    func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("<html>hi</html>")) },
		"garbage": func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("\x00\x1b[31m\xff")) },
		"hangs up": func(w http.ResponseWriter, _ *http.Request) {
			if conn, _, err := http.NewResponseController(w).Hijack(); err == nil {
				_ = conn.Close()
			}
		},
		"nothing": func(_ http.ResponseWriter, r *http.Request) {
			_, _ = io.Copy(io.Discard, r.Body) // the server notices that its client goes away only once the body is read
			<-r.Context().Done()
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := httptest.NewServer(handler)
			defer s.Close()
			a := start(t, "a", Options{
				Config: diag.Config{Code: "w1"},
				Dial:   overRoom(room.Options{Server: s.URL + "/call/", Code: "w1", GiveUp: time.Second, Options: web.Options{Timeout: time.Second}}),
			})
			v := a.ended()
			if v.Exit != diag.ExitSignaling || a.call.Ended.Cause == "" {
				t.Errorf("%s %q %+v", v.Exit, verdict.Of(v).Headline, a.call.Ended)
			}
			if strings.ContainsRune(a.call.Ended.Cause, '\x1b') {
				t.Errorf("the server's control characters came through: %q", a.call.Ended.Cause)
			}
		})
	}
}
