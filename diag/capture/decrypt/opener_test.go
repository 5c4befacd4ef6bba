package decrypt

import (
	"bytes"
	"net"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/pion/dtls/v3"
	"github.com/pion/dtls/v3/pkg/crypto/selfsign"
	"github.com/pion/rtcp"
	"github.com/pion/rtp"
	"github.com/pion/srtp/v3"

	"dialtone/diag"
)

// wiretap is a socket of which each packet is seen.
type wiretap struct {
	net.PacketConn
	mu   sync.Mutex
	seen []seen
}

type seen struct {
	way    diag.Direction
	packet []byte
}

func (w *wiretap) note(way diag.Direction, b []byte) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.seen = append(w.seen, seen{way, bytes.Clone(b)})
}

func (w *wiretap) WriteTo(b []byte, to net.Addr) (int, error) {
	w.note(diag.Outbound, b)
	return w.PacketConn.WriteTo(b, to)
}

func (w *wiretap) ReadFrom(b []byte) (int, net.Addr, error) {
	n, from, err := w.PacketConn.ReadFrom(b)
	if err == nil {
		w.note(diag.Inbound, b[:n])
	}
	return n, from, err
}

func socket(t *testing.T) net.PacketConn {
	t.Helper()
	c, err := (&net.ListenConfig{}).ListenPacket(t.Context(), "udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}

// connect shakes hands between a client and a server and returns both, the key log and what the client's socket saw.
func connect(t *testing.T, suite dtls.CipherSuiteID, profile dtls.SRTPProtectionProfile) (client, server *dtls.Conn, keys string, tap *wiretap) {
	t.Helper()
	cert, err := selfsign.GenerateSelfSigned()
	if err != nil {
		t.Fatal(err)
	}
	var log bytes.Buffer
	both := []dtls.Option{
		dtls.WithCertificates(cert), dtls.WithInsecureSkipVerify(true), dtls.WithCipherSuites(suite),
		dtls.WithSRTPProtectionProfiles(profile),
	}
	var ofServer []dtls.ServerOption
	ofClient := []dtls.ClientOption{dtls.WithKeyLogWriter(&log)}
	for _, o := range both {
		ofServer, ofClient = append(ofServer, o), append(ofClient, o)
	}
	own, other := socket(t), socket(t)
	tap = &wiretap{PacketConn: own}
	done := make(chan error, 1)
	if server, err = dtls.ServerWithOptions(other, own.LocalAddr(), ofServer...); err != nil {
		t.Fatal(err)
	}
	go func() { done <- server.HandshakeContext(t.Context()) }()
	if client, err = dtls.ClientWithOptions(tap, other.LocalAddr(), ofClient...); err != nil {
		t.Fatal(err)
	}
	if err := client.HandshakeContext(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _, _ = client.Close(), server.Close() })
	return client, server, log.String(), tap
}

// protect encrypts a packet of RTP and one of RTCP as an end of a connection does.
func protect(t *testing.T, c *dtls.Conn, isClient bool, profile srtp.ProtectionProfile) (packets, plain [][]byte) {
	t.Helper()
	state, _ := c.ConnectionState()
	config := srtp.Config{Profile: profile}
	if err := config.ExtractSessionKeysFromDTLS(&state, isClient); err != nil {
		t.Fatal(err)
	}
	ctx, err := srtp.CreateContext(config.Keys.LocalMasterKey, config.Keys.LocalMasterSalt, profile)
	if err != nil {
		t.Fatal(err)
	}
	media := &rtp.Packet{Header: rtp.Header{Version: 2, PayloadType: 96, Marker: true, SequenceNumber: 65535, SSRC: 5}, Payload: []byte("media")}
	report := &rtcp.ReceiverReport{SSRC: 5}
	one, err := media.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	two, err := report.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	a, err := ctx.EncryptRTP(nil, one, nil)
	if err != nil {
		t.Fatal(err)
	}
	b, err := ctx.EncryptRTCP(nil, two, nil)
	if err != nil {
		t.Fatal(err)
	}
	return [][]byte{a, b}, [][]byte{one, two}
}

// TestOpen: data and media of both ways are opened, of each suite and profile, for the client and for the server.
func TestOpen(t *testing.T) {
	for _, suite := range []dtls.CipherSuiteID{
		dtls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, dtls.TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
		dtls.TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256, dtls.TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA,
	} {
		for _, profile := range []dtls.SRTPProtectionProfile{
			dtls.SRTP_AES128_CM_HMAC_SHA1_80, dtls.SRTP_AES128_CM_HMAC_SHA1_32, dtls.SRTP_AEAD_AES_128_GCM, dtls.SRTP_AEAD_AES_256_GCM,
		} {
			client, server, keys, tap := connect(t, suite, profile)
			if _, err := client.Write([]byte("from the client")); err != nil {
				t.Fatal(err)
			}
			if _, err := server.Write([]byte("from the server")); err != nil {
				t.Fatal(err)
			}
			if n, err := client.Read(make([]byte, 100)); n != 15 || err != nil {
				t.Fatal(n, err)
			}
			sent, wantSent := protect(t, client, true, srtp.ProtectionProfile(profile))
			received, wantReceived := protect(t, server, false, srtp.ProtectionProfile(profile))
			tap.mu.Lock()
			packets := tap.seen
			tap.mu.Unlock()
			for i := range sent {
				packets = append(packets, seen{diag.Outbound, sent[i]}, seen{diag.Inbound, received[i]}, seen{diag.Inbound, received[i]})
			}
			opener, mirror := &Opener{}, &Opener{} // the mirror stands at the server
			var got, gotMirror []Plain
			for _, p := range packets {
				got = append(got, opener.Open(p.way, p.packet)...)
				gotMirror = append(gotMirror, mirror.Open(p.way.Opposite(), p.packet)...)
			}
			if len(got) > 0 || opener.Ready() || opener.Err() != nil {
				t.Fatal("opened without a key")
			}
			opener.Key(keys)
			mirror.Key(keys)
			for _, p := range packets {
				got = append(got, opener.Open(p.way, p.packet)...)
				gotMirror = append(gotMirror, mirror.Open(p.way.Opposite(), p.packet)...)
			}
			want := []Plain{
				{SCTP, []byte("from the client")},
				{SCTP, []byte("from the server")},
				{RTP, wantSent[0]},
				{RTP, wantReceived[0]},
				{RTP, wantReceived[0]},
				{RTP, wantSent[1]},
				{RTP, wantReceived[1]},
				{RTP, wantReceived[1]},
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("%v, %v: (-want +got)\n%s", suite, profile, diff)
			}
			if diff := cmp.Diff(want, gotMirror); diff != "" {
				t.Errorf("%v, %v, server: (-want +got)\n%s", suite, profile, diff)
			}
			sent[0][len(sent[0])-1] ^= 1
			if opened := opener.Open(diag.Outbound, sent[0]); opened != nil {
				t.Error("a forged packet is opened")
			}
		}
	}
}

// TestCannotOpen: what is missing or not known is an error, and no key is none.
func TestCannotOpen(t *testing.T) {
	const line = "CLIENT_RANDOM 00 00\n"
	var o Opener
	for _, other := range []string{"", "EXPORTER_SECRET 00 00", "CLIENT_RANDOM 0 00", "CLIENT_RANDOM 00 x"} {
		if o.Key(other); o.Err() != nil {
			t.Errorf("%q: %v", other, o.Err())
		}
	}
	if o.Key(line); o.Err() == nil || !strings.Contains(o.Err().Error(), "ServerHello") || o.Ready() {
		t.Error(o.Err())
	}
	// A ServerHello with the cipher suite 0x1301, in one record.
	hello := append([]byte{2, 0, 0, 38, 0, 0, 0, 0, 0, 0, 0, 38, 0xfe, 0xfd}, make([]byte, 33)...)
	hello = append(hello, 0x13, 0x01, 0)
	o.Open(diag.Inbound, append([]byte{22, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, byte(len(hello))}, hello...))
	if o.Key(line); o.Err() == nil || !strings.Contains(o.Err().Error(), "0x1301") {
		t.Error(o.Err())
	}
}

// FuzzOpener takes packets of strangers, before and after there is a key.
func FuzzOpener(f *testing.F) {
	f.Add([]byte{22, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 12, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}, "CLIENT_RANDOM 00 00")
	f.Add([]byte{0x80, 96, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}, "")
	f.Fuzz(func(t *testing.T, packet []byte, key string) {
		var o Opener
		o.Open(diag.Inbound, packet)
		o.Key(key)
		o.Open(diag.Inbound, packet)
		o.Open(diag.Outbound, packet)
	})
}
