package probe

import (
	"context"
	"net"
	"net/netip"
	"strings"
	"testing"

	"github.com/pion/stun/v2"

	"dialtone/diag"
	"dialtone/diag/iceurl"
	"dialtone/diag/lab"
	"dialtone/diag/reach"
)

// TestTimes counts what is lost. Where it is the first request, the second one answers the question.
func TestTimes(t *testing.T) {
	t.Parallel()
	for lost, want := range map[int][2]int{-1: {3, 0}, 0: {4, 1}, 1: {3, 1}} {
		var r diag.Server
		for range 5 { // on a busy machine an answer may be read after its time, and a request may be repeated before
			addr := udpServer(t, func(n int, b []byte, _ net.Addr, _ net.PacketConn) []byte {
				if n == lost {
					return nil
				}
				return bindingAnswer(t, b)
			})
			if r = ask(t, Target{URL: addr, Samples: 3}); sampled(r) != nil && sampled(r).Lost == want[1] {
				break
			}
		}
		if !r.OK() || sampled(r) == nil || sampled(r).Sent < want[0] || sampled(r).Lost != want[1] {
			t.Errorf("request %d is lost: %+v", lost, sampled(r))
		}
	}
	addr := udpServer(t, func(_ int, b []byte, _ net.Addr, _ net.PacketConn) []byte { return bindingAnswer(t, b) })
	if r := ask(t, Target{URL: addr}); sampled(r) != nil {
		t.Errorf("nobody asked for %+v", sampled(r))
	}
}

// TestTimesEnd: a connection that ends after the answer is no failure of the server.
func TestTimesEnd(t *testing.T) {
	server := startTURN(t, lab.TURNOptions{TCP: true})
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	to := reach.Endpoint{Addr: netip.MustParseAddrPort(server.Addr(lab.TCP).String())}
	p := newProber(Target{Samples: 3})
	p.url, p.to = iceurl.URL{Scheme: iceurl.STUN}, to
	conn, err := p.dialer.Connect(ctx, p.url, to)
	if err != nil {
		t.Fatal(err)
	}
	_ = conn.Close()
	l := &link{conn: conn, reliable: true}
	if p.sample(ctx, l, nil); sampled(p.server) != nil {
		t.Errorf("%+v", p.server)
	}
}

// TestLocal asks from an address of choice, over every transport, for STUN and for TURN.
func TestLocal(t *testing.T) {
	local := netip.MustParseAddr("127.0.0.2")
	var lc net.ListenConfig
	pc, err := lc.ListenPacket(t.Context(), "udp", local.String()+":0")
	if err != nil {
		t.Skipf("this machine has no second loopback address: %v", err)
	}
	_ = pc.Close()
	s := startTURN(t, lab.TURNOptions{UDP: true, TCP: true, TLS: true, DTLS: true, Username: user, Password: password})
	for _, tr := range transports {
		for _, url := range []string{s.URL(tr), strings.Replace(s.URL(tr), "turn", "stun", 1)} {
			to := target(url, s.Certificate())
			to.Local = local
			if r := ask(t, to); !r.OK() || !strings.HasPrefix(r.Mapped(), "127.0.0.2:") {
				t.Errorf("%s: %+v", url, r)
			}
		}
	}
	to := target(s.URL(lab.UDP), nil)
	to.Local = netip.MustParseAddr("192.0.2.1") // nobody's (RFC 5737)
	if r := ask(t, to); r.Cause() != diag.CauseUnreachable {
		t.Errorf("%+v", r)
	}
}

// TestOwnPeer has no STUN server to ask through the relay: the TURN server itself is asked, where it can be.
func TestOwnPeer(t *testing.T) {
	// An address of its own: over TLS the port of STUN is asked, where on 127.0.0.1 some other server may listen.
	const host = "127.0.47.11"
	c, err := lab.NewCertificate(lab.CertificateOptions{Names: []string{host}})
	if err != nil {
		t.Fatal(err)
	}
	s := startTURN(t, lab.TURNOptions{Listen: host + ":0", Certificate: c, UDP: true, TCP: true, TLS: true, Username: user, Password: password})
	for _, tr := range []lab.Transport{lab.UDP, lab.TCP} {
		r := useRelay(t, target(s.URL(tr), nil))
		peer, own := r.Peer()
		if !r.OK() || stoppedAt(r) != "" || !own || r.Seen() != r.Relayed() || peer != s.Addr(lab.UDP).String() || r.Took(diag.StageRefresh) == nil || r.Took(diag.StageRelease) == nil {
			t.Errorf("%+v", r)
		}
	}
	r := useRelay(t, target(s.URL(lab.TLS), s.Certificate())) // nothing listens to UDP at the port for TLS
	if _, own := r.Peer(); !r.OK() || stoppedAt(r) != "send" || !own || r.Took(diag.StageRelease) == nil {
		t.Errorf("%+v", r)
	}
	if n := s.Allocations(); n != 0 {
		t.Errorf("%d allocations are left behind", n)
	}
}

func TestOwnPeers(t *testing.T) {
	four, six := netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("2001:db8::1")
	relayed := netip.MustParseAddrPort("192.0.2.9:50000")
	for _, tt := range []struct {
		url    string
		server netip.AddrPort
		want   string
	}{
		{"turn:h", netip.AddrPortFrom(four, 3478), "192.0.2.1:3478"},
		{"turn:h:80?transport=tcp", netip.AddrPortFrom(four, 80), "192.0.2.1:80"},
		{"turns:h:443", netip.AddrPortFrom(four, 443), "192.0.2.1:3478 192.0.2.1:443"},
		{"turns:h:3478", netip.AddrPortFrom(four, 3478), "192.0.2.1:3478"},
		{"turn:h", netip.AddrPortFrom(six, 3478), "192.0.2.9:3478"},
	} {
		u, err := iceurl.Parse(tt.url)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, p := range ownPeers(u, tt.server, relayed) {
			got = append(got, p.String())
		}
		if strings.Join(got, " ") != tt.want {
			t.Errorf("%s: %v, want %s", tt.url, got, tt.want)
		}
	}
}

// TestAltered has a relay that carries bytes back, and other ones.
func TestAltered(t *testing.T) {
	var peer stun.XORMappedAddress
	addr := udpServer(t, func(_ int, b []byte, _ net.Addr, _ net.PacketConn) []byte {
		var m stun.Message
		if err := stun.Decode(b, &m); err != nil {
			t.Error(err)
			return nil
		}
		set := []stun.Setter{stun.NewTransactionIDSetter(m.TransactionID), stun.NewType(m.Type.Method, stun.ClassSuccessResponse)}
		switch m.Type.Method {
		case stun.MethodAllocate:
			set = append(set, relayed{stun.XORMappedAddress{IP: net.IPv4(192, 0, 2, 9), Port: 9}})
		case stun.MethodSend:
			data, err := m.Get(stun.AttrData)
			if err != nil || peer.GetFromAs(&m, stun.AttrXORPeerAddress) != nil {
				t.Error(err)
			}
			data[len(data)-1] ^= 1
			set = []stun.Setter{
				stun.TransactionID, stun.NewType(stun.MethodData, stun.ClassIndication), asPeer{peer}, stun.RawAttribute{Type: stun.AttrData, Value: data},
			}
		default:
		}
		a, err := stun.Build(set...)
		if err != nil {
			t.Error(err)
		}
		return a.Raw
	})
	r := useRelay(t, target("turn:"+addr, nil))
	if !r.OK() || stoppedAt(r) != "send" || r.Stopped().Failure.Detail != diag.DetailAltered {
		t.Errorf("%+v", r)
	}
}
