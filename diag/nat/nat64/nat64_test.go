package nat64

import (
	"net/netip"
	"slices"
	"testing"
)

// TestEmbed has the examples of RFC 6052 §2.4.
func TestEmbed(t *testing.T) {
	four := netip.MustParseAddr("192.0.2.33")
	for prefix, want := range map[string]string{
		"2001:db8::/32":         "2001:db8:c000:221::",
		"2001:db8:100::/40":     "2001:db8:1c0:2:21::",
		"2001:db8:122::/48":     "2001:db8:122:c000:2:2100::",
		"2001:db8:122:300::/56": "2001:db8:122:3c0:0:221::",
		"2001:db8:122:344::/64": "2001:db8:122:344:c0:2:2100:0",
		"2001:db8:122:344::/96": "2001:db8:122:344::192.0.2.33",
		"64:ff9b::/96":          "64:ff9b::192.0.2.33",
	} {
		p, six := netip.MustParsePrefix(prefix), netip.MustParseAddr(want)
		if got := Embed(p, four); got != six {
			t.Errorf("%s: %s, want %s", prefix, got, six)
		}
		if got, ok := Embedded(p, six); got != four || !ok {
			t.Errorf("%s in %s: %s, %v", six, prefix, got, ok)
		}
		if got, ok := Between(six, four); !ok || got != p {
			t.Errorf("%s stands for %s by %s, %v", six, four, got, ok)
		}
		for _, own := range Only4 {
			if got := PrefixesOf([]netip.Addr{Embed(p, own)}); !slices.Equal(got, []netip.Prefix{p}) {
				t.Errorf("ipv4only.arpa at %s: %v", Embed(p, own), got)
			}
		}
	}
	for _, a := range []string{"2001:db8::1", "192.0.0.170", "::ffff:192.0.2.1"} {
		if got := PrefixesOf([]netip.Addr{netip.MustParseAddr(a)}); a != "::ffff:192.0.2.1" && got != nil {
			t.Errorf("%s: %v", a, got)
		}
	}
}
