package lab

import (
	"net/netip"
	"testing"
)

// TestLossWay: where one direction loses everything, the other loses nothing.
func TestLossWay(t *testing.T) {
	for name, tt := range map[string]struct {
		way       LossWay
		out, home bool // arrives
	}{
		"both ways":    {BothWays, false, false},
		"from clients": {FromClients, false, true},
		"to clients":   {ToClients, true, false},
	} {
		client, server := netip.MustParseAddrPort("1.2.4.1:0"), netip.MustParseAddrPort("1.2.3.10:3478")
		l := newLinks(WorldOptions{Loss: 1, Way: tt.way}, []netip.Addr{client.Addr()})
		if out, home := l.arrives(flow{client, server}), l.arrives(flow{server, client}); out != tt.out || home != tt.home {
			t.Errorf("%s: out %t, home %t", name, out, home)
		}
	}
}
