package wire

import (
	"net"
	"net/netip"
	"slices"
	"testing"

	"github.com/pion/stun/v4"
)

// TestRefusals: each peer is named once, and a request that is to be repeated is no refusal.
func TestRefusals(t *testing.T) {
	at := netip.MustParseAddrPort("203.0.113.80:3478")
	peers := []string{"192.168.1.23", "2001:db8::5"}
	var g Tunnel
	exchange := func(method stun.Method, code stun.ErrorCode, answers func(*stun.Message), peers ...string) []Refusal {
		t.Helper()
		m := stun.MustBuild(stun.TransactionID, stun.NewType(method, stun.ClassRequest))
		for _, p := range peers {
			x := stun.XORMappedAddress{IP: net.ParseIP(p), Port: 9}
			if err := x.AddToAs(m, stun.AttrXORPeerAddress); err != nil {
				t.Fatal(err)
			}
		}
		if e := g.Open(m.Raw, at); e.Refused != nil || e.Relayed || e.Peer != at {
			t.Errorf("a request: %+v", e)
		}
		a := stun.MustBuild(stun.NewTransactionIDSetter(m.TransactionID), stun.NewType(method, stun.ClassErrorResponse), code)
		answers(a)
		return g.Open(a.Raw, at).Refused
	}
	same := func(*stun.Message) {}
	if got := exchange(stun.MethodCreatePermission, stun.CodeStaleNonce, same, peers...); got != nil {
		t.Errorf("stale nonce: %v", got)
	}
	if got := exchange(stun.MethodCreatePermission, stun.CodeForbidden, func(a *stun.Message) {
		a.Raw[19]++ // of another request
	}, peers...); got != nil {
		t.Errorf("not asked: %v", got)
	}
	want := []Refusal{{netip.MustParseAddr(peers[0]), 403}, {netip.MustParseAddr(peers[1]), 403}}
	if got := exchange(stun.MethodCreatePermission, stun.CodeForbidden, same, peers...); !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
	if got := exchange(stun.MethodChannelBind, stun.CodeForbidden, same, peers[0]); got != nil {
		t.Errorf("again: %v", got)
	}
	for n := range 3 * maxAsked {
		exchange(stun.MethodCreatePermission, stun.CodeForbidden, same, netip.AddrFrom4([4]byte{198, 51, 100, byte(n)}).String())
	}
	if len(g.refused) != maxAsked || len(g.asked) > maxAsked {
		t.Errorf("%d refused and %d requests are kept", len(g.refused), len(g.asked))
	}
}
