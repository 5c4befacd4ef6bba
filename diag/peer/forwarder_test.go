package peer

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"net/netip"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"dialtone/diag"
	"dialtone/diag/call"
	"dialtone/diag/lab"
)

// TestRelayTransports: a call through a relay over each transport, with a private authority: the relay's server and the
// connection to it are known, and so is the cipher of the call itself.
func TestRelayTransports(t *testing.T) {
	s, err := lab.StartTURN(lab.TURNOptions{UDP: true, TCP: true, TLS: true, DTLS: true, Username: "u", Password: "p"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	trust := &tls.Config{RootCAs: s.Certificate().Pool, MinVersion: tls.VersionTLS12}
	for tr, version := range map[lab.Transport]string{lab.UDP: "", lab.TCP: "", lab.TLS: "TLS 1.3", lab.DTLS: "DTLS 1.2"} {
		t.Run(string(tr), func(t *testing.T) {
			o := Options{
				NoMedia: true, RelayOnly: true, Loopback: LoopbackInclude, TLS: trust,
				ICEServers: []diag.ICEServerAuth{{URL: s.URL(tr), Username: "u", Credential: "p"}},
			}
			a, b := pair(t, o, o)
			connect(t, a, b)
			c := a.until(t, "a channel", func(c *call.Call) bool { return c.OpenAt != nil })
			if c.DTLS.Cipher == "" || c.DTLS.Version != "DTLS 1.2" {
				t.Errorf("%+v", c.DTLS)
			}
			relays := 0
			for _, l := range c.Local {
				if l.CandidateType != diag.Relay {
					continue
				}
				relays++
				if l.URL != s.URL(tr) || l.RelayProtocol != string(tr) || l.RelatedAddress != "127.0.0.1" || l.Server == nil {
					t.Fatalf("%+v", l.Candidate)
				}
				if l.Server.Address != s.Addr(tr).String() || l.Server.TLSVersion != version || (l.Server.TLSCipher == "") != (version == "") {
					t.Errorf("%+v", l.Server)
				}
			}
			if relays == 0 {
				t.Error("no relay")
			}
			if local := a.Local().SDP; !strings.Contains(local, "raddr 0.0.0.0 ") {
				t.Errorf("the peer gets the local address:\n%s", local)
			}
		})
	}
}

// TestUntrustedServer: a certificate of an unknown authority is not accepted over DTLS either.
func TestUntrustedServer(t *testing.T) {
	s, err := lab.StartTURN(lab.TURNOptions{TLS: true, DTLS: true, Username: "u", Password: "p"})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	for _, tr := range []lab.Transport{lab.TLS, lab.DTLS} {
		for _, insecure := range []bool{false, true} {
			found := relaysOf(t, Options{
				TLS:        &tls.Config{InsecureSkipVerify: insecure, MinVersion: tls.VersionTLS12},
				ICEServers: []diag.ICEServerAuth{{URL: s.URL(tr), Username: "u", Credential: "p"}},
			})
			if (len(found) > 0) != insecure {
				t.Errorf("%s, insecure %t: %+v", tr, insecure, found)
			}
		}
	}
}

// TestIPv4First: where the account has room for one relay, it is one of IPv4.
func TestIPv4First(t *testing.T) {
	for range 5 {
		s, err := lab.StartTURN(lab.TURNOptions{Username: "u", Password: "p", MaxAllocations: 1})
		if err != nil {
			t.Fatal(err)
		}
		found := relaysOf(t, Options{ICEServers: []diag.ICEServerAuth{{URL: s.URL(lab.UDP), Username: "u", Credential: "p"}}})
		if len(found) != 1 || !netip.MustParseAddr(found[0].Address).Is4() {
			t.Errorf("%+v", found)
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
}

// relaysOf gathers the relay candidates that options give.
func relaysOf(t *testing.T, o Options) []diag.Candidate {
	t.Helper()
	var found []diag.Candidate
	done := make(chan struct{})
	o.NoMedia, o.RelayOnly, o.Loopback = true, true, LoopbackInclude
	o.OnGathered = func() { close(done) }
	o.Emit = func(d diag.Data) {
		if c, ok := d.(diag.Candidate); ok {
			found = append(found, c)
		}
	}
	p, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.Offer(false); err != nil {
		t.Fatal(err)
	}
	<-done
	closing(p)
	return found
}

// TestFrames: what a server sends becomes messages of a stream, and nothing else does.
func TestFrames(t *testing.T) {
	stun := append([]byte{1, 1, 0, 4}, make([]byte, 20)...)
	data := []byte{0x40, 0, 0, 5, 'h', 'e', 'l', 'l', 'o', 0, 0, 0}
	for name, tt := range map[string]struct{ datagram, want []byte }{
		"STUN":                      {stun, stun},
		"STUN with bytes after it":  {append(bytes.Clone(stun), 9, 9), stun},
		"STUN cut short":            {stun[:22], nil},
		"STUN of another length":    {append([]byte{1, 1, 0, 3}, make([]byte, 19)...), nil},
		"ChannelData":               {data[:9], data},
		"ChannelData, padded":       {data, data},
		"ChannelData cut short":     {data[:8], nil},
		"ChannelData, empty":        {[]byte{0x40, 0, 0, 0}, []byte{0x40, 0, 0, 0}},
		"DTLS":                      {[]byte{22, 254, 253, 0, 0}, nil},
		"nothing":                   {nil, nil},
		"channel beyond the last":   {[]byte{0x50, 0, 0, 0}, nil},
		"three bytes":               {[]byte{1, 1, 0}, nil},
		"ChannelData of other size": {[]byte{0x40, 0, 255, 255, 1}, nil},
	} {
		if got := padded(bytes.Clone(tt.datagram)); !bytes.Equal(got, tt.want) {
			t.Errorf("%s: %x, want %x", name, got, tt.want)
		}
	}
	stream := bufio.NewReader(bytes.NewReader(append(append(bytes.Clone(stun), data...), 22, 1, 1, 1)))
	for _, want := range [][]byte{stun, data} {
		if got, err := readFrame(stream); err != nil || !bytes.Equal(got, want) {
			t.Errorf("%x, %v, want %x", got, err, want)
		}
	}
	if got, err := readFrame(stream); err == nil {
		t.Errorf("%x is a message", got)
	}
}

// FuzzFrames: a datagram becomes a whole message or none, and the stream of it is read as the same message.
func FuzzFrames(f *testing.F) {
	f.Add([]byte{0x40, 0, 0, 5, 'h', 'e', 'l', 'l', 'o'})
	f.Add(append([]byte{1, 1, 0, 4}, make([]byte, 20)...))
	f.Add([]byte{0x40, 0, 255, 255})
	f.Fuzz(func(t *testing.T, b []byte) {
		m := padded(bytes.Clone(b))
		if m == nil {
			return
		}
		again, err := readFrame(bufio.NewReader(bytes.NewReader(m)))
		if err != nil || !bytes.Equal(m, again) || len(m)-len(b) > 3 {
			t.Fatal(cmp.Diff(m, again), err)
		}
	})
}
