package probe

import (
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pion/ice/v4"
	"github.com/pion/logging"
	"github.com/pion/turn/v5"
	"github.com/pion/webrtc/v4"

	"dialtone/diag"
	"dialtone/diag/lab"
	"dialtone/diag/nat"
	"dialtone/diag/nat/pair"
)

// TestPairs: what the result lines of two machines predict is what happens between two WebRTC peers on those machines,
// behind each pair of NAT kinds. The first side calls the second. Time is simulated, so that pion may wait for as long as it
// does by default before it calls a path impossible.
func TestPairs(t *testing.T) {
	t.Parallel()
	for i := range 9 {
		for j := range 9 {
			a, b := natSide(i), natSide(j)
			t.Run(fmt.Sprintf("%s to %s", kindName(a), kindName(b)), func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) { checkPair(t, a, b) })
			})
		}
	}
}

// natSide is the i-th kind of NAT.
func natSide(i int) lab.Side { return lab.Side{Mapping: natKinds[i/3], Filtering: natKinds[i%3]} }

// kindName is short.
func kindName(s lab.Side) string {
	short := strings.NewReplacer("endpoint-independent", "EI", "address-dependent", "AD", "address-and-port-dependent", "APD")
	return short.Replace(s.Mapping.String()) + "-" + short.Replace(s.Filtering.String())
}

// checkPair compares prediction and call: without a TURN server, and where that must fail with one on the caller's side.
func checkPair(t *testing.T, a, b lab.Side) {
	w, err := lab.NewWorld(lab.WorldOptions{Sides: []lab.Side{a, b, {NoNAT: true}}, Delay: pairTrip})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := w.Close(); err != nil {
			t.Error(err)
		}
	}()
	relay := startRelay(t, w, 2)
	defer relay.close(t)
	stun := webrtc.ICEServer{URLs: []string{w.Responders()[0].URL()}}

	caller, callee := resultOf(t, w, 0, false), resultOf(t, w, 1, false)
	try := attempt{world: w, servers: []webrtc.ICEServer{stun}, patience: pionPatience}
	if storm(a, b) {
		try.patience = 7 * pairTrip
	}
	alone := pair.Predict(caller, callee)
	if path := try.call(t); path != alone.Path {
		t.Errorf("the call's path is %q; predicted: %q, %s", path, alone.Path, alone.Why)
	}
	if alone.Path == pair.PathDirect {
		return
	}
	caller = resultOf(t, w, 0, true)
	helped := pair.Predict(caller, callee)
	try.relays, try.onlyRelay, try.patience = []webrtc.ICEServer{relay.server}, storm(a, b), pionPatience
	if path := try.call(t); path != helped.Path || path != pair.PathRelay {
		t.Errorf("with a TURN server the call's path is %q; predicted: %q, %s", path, helped.Path, helped.Why)
	}
}

// pionPatience is what pion takes by default: half a minute without a path is a failure.
const pionPatience = 30 * time.Second

// storm reports whether every check of two such peers leads to further ones: both NATs map by port, neither filters by port
// and one of them filters nothing, so that each check arrives, from a port not seen before, which is checked in turn from each
// socket. They never meet, because a response must come from where the request went (RFC 8445 §7.2.5.2.1), and pion knows no
// limit: its checks double with every trip. Such peers get seven trips' time, and no direct checks beside those of the relay.
func storm(a, b lab.Side) bool {
	for _, s := range []lab.Side{a, b} {
		if s.Mapping != lab.AddressAndPortDependent || s.Filtering == lab.AddressAndPortDependent {
			return false
		}
	}
	return a.Filtering == lab.EndpointIndependent || b.Filtering == lab.EndpointIndependent
}

// pairTrip is how long a packet takes between two machines.
const pairTrip = 100 * time.Millisecond

// resultOf is what dialtone nat says on a client's machine, as the peer reads it.
func resultOf(t *testing.T, w *lab.World, client int, relay bool) nat.Side {
	t.Helper()
	o, err := NAT(t.Context(), worldServers(w), NATOptions{Net: w.Client(client)})
	if err != nil {
		t.Fatal(err)
	}
	r := judged(o)
	s, err := pair.Parse(pair.Line(r.Side))
	if err != nil {
		t.Fatal(r.Side, err)
	}
	s.TURN = relay
	return s
}

// worldRelay is a TURN server on a client's machine.
type worldRelay struct {
	turn   *turn.Server
	server webrtc.ICEServer
}

// startRelay starts one. The client has a public address.
func startRelay(t *testing.T, w *lab.World, client int) *worldRelay {
	t.Helper()
	const user, password = "ann", "secret"
	ip := net.IP(w.Public(client).AsSlice())
	pc, err := w.Client(client).ListenPacket("udp4", ip.String()+":3478")
	if err != nil {
		t.Fatal(err)
	}
	s, err := turn.NewServer(turn.ServerConfig{
		Realm: "lab", LoggerFactory: silentLog(),
		AuthHandler: func(ra *turn.RequestAttributes) (string, []byte, bool) {
			return ra.Username, turn.GenerateAuthKey(user, "lab", password), ra.Username == user
		},
		PacketConnConfigs: []turn.PacketConnConfig{{
			PacketConn: pc, RelayAddressGenerator: &turn.RelayAddressGeneratorStatic{RelayAddress: ip, Address: ip.String(), Net: w.Client(client)},
		}},
	})
	if err != nil {
		t.Fatal(err)
	}
	url := "turn:" + pc.LocalAddr().String()
	return &worldRelay{turn: s, server: webrtc.ICEServer{URLs: []string{url}, Username: user, Credential: password}}
}

func (r *worldRelay) close(t *testing.T) {
	if err := r.turn.Close(); err != nil {
		t.Error(err)
	}
}

// attempt is a call from the first client of a world to the second.
type attempt struct {
	world     *lab.World
	servers   []webrtc.ICEServer // of both sides
	relays    []webrtc.ICEServer // of the caller
	onlyRelay bool               // the caller tries nothing else
	patience  time.Duration      // without a path for so long, ICE has failed
}

// call lets two peers exchange descriptions, and then a message and its echo. The path is the one that carried them, or
// none where ICE failed.
func (a attempt) call(t *testing.T) pair.Path {
	t.Helper()
	policy := webrtc.ICETransportPolicyAll
	if a.onlyRelay {
		policy = webrtc.ICETransportPolicyRelay
	}
	caller := a.peer(t, 0, webrtc.Configuration{ICEServers: append(a.relays, a.servers...), ICETransportPolicy: policy})
	callee := a.peer(t, 1, webrtc.Configuration{ICEServers: a.servers})
	defer func() {
		if err := errors.Join(caller.Close(), callee.Close()); err != nil {
			t.Error(err)
		}
	}()
	callee.OnDataChannel(func(dc *webrtc.DataChannel) {
		dc.OnMessage(func(m webrtc.DataChannelMessage) { _ = dc.Send(m.Data) }) // what is lost is missed by the caller
	})
	dc, err := caller.CreateDataChannel("echo", nil)
	if err != nil {
		t.Fatal(err)
	}
	echoed, failed := make(chan struct{}, 1), make(chan struct{}, 2)
	dc.OnOpen(func() { _ = dc.SendText("hello") })
	dc.OnMessage(func(webrtc.DataChannelMessage) { echoed <- struct{}{} })
	for _, pc := range []*webrtc.PeerConnection{caller, callee} {
		pc.OnICEConnectionStateChange(func(s webrtc.ICEConnectionState) {
			if s == webrtc.ICEConnectionStateFailed {
				failed <- struct{}{}
			}
		})
	}
	if err := negotiate(caller, callee); err != nil {
		t.Fatal(err)
	}
	select {
	case <-echoed:
		return pathOf(t, caller)
	case <-failed:
		return pair.PathNone
	case <-time.After(5 * time.Minute):
		t.Error("the call neither worked nor failed")
		return pair.PathUnknown
	}
}

// peer makes a peer on a client's machine. The waits before a candidate may be selected are those of dialtone: none.
func (a attempt) peer(t *testing.T, client int, config webrtc.Configuration) *webrtc.PeerConnection {
	t.Helper()
	s := webrtc.SettingEngine{LoggerFactory: silentLog()}
	s.SetNet(a.world.Client(client))
	s.SetNetworkTypes([]webrtc.NetworkType{webrtc.NetworkTypeUDP4})
	s.SetICEMulticastDNSMode(ice.MulticastDNSModeDisabled)
	s.SetRelayAcceptanceMinWait(0)
	s.SetICETimeouts(a.patience/2, a.patience/2, 200*time.Millisecond) // without an answer for both together it is a failure
	s.SetSrflxAcceptanceMinWait(0)
	s.SetPrflxAcceptanceMinWait(0)
	pc, err := webrtc.NewAPI(webrtc.WithSettingEngine(s)).NewPeerConnection(config)
	if err != nil {
		t.Fatal(err)
	}
	return pc
}

// negotiate exchanges complete descriptions.
func negotiate(caller, callee *webrtc.PeerConnection) error {
	offer, err := caller.CreateOffer(nil)
	if err != nil {
		return err
	}
	gathered := webrtc.GatheringCompletePromise(caller)
	if err := caller.SetLocalDescription(offer); err != nil {
		return err
	}
	<-gathered
	if err := callee.SetRemoteDescription(*caller.LocalDescription()); err != nil {
		return err
	}
	answer, err := callee.CreateAnswer(nil)
	if err != nil {
		return err
	}
	gathered = webrtc.GatheringCompletePromise(callee)
	if err := callee.SetLocalDescription(answer); err != nil {
		return err
	}
	<-gathered
	return caller.SetRemoteDescription(*callee.LocalDescription())
}

// pathOf is what the selected pair of a peer says.
func pathOf(t *testing.T, pc *webrtc.PeerConnection) pair.Path {
	t.Helper()
	selected, err := pc.SCTP().Transport().ICETransport().GetSelectedCandidatePair()
	switch {
	case err != nil || selected == nil:
		t.Errorf("no selected pair: %v", err)
		return pair.PathUnknown
	case selected.Local.Typ == webrtc.ICECandidateTypeRelay || selected.Remote.Typ == webrtc.ICECandidateTypeRelay:
		return pair.PathRelay
	}
	return pair.PathDirect
}

// silentLog keeps pion from the terminal.
func silentLog() logging.LoggerFactory { return &logging.DefaultLoggerFactory{Writer: io.Discard} }

// worldServers are the STUN servers of a world.
func worldServers(w *lab.World) []diag.NATServer {
	var out []diag.NATServer
	for _, r := range w.Responders() {
		out = append(out, diag.NATServer{URL: r.URL(), Address: r.Addr()})
	}
	return out
}
