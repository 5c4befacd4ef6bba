package record

import (
	"fmt"
	"net/netip"
	"strconv"
	"strings"
)

// maxPseudonyms bounds each table: beyond it all further addresses share one pseudonym. No ordinary call has so many.
const maxPseudonyms = 0xfffe

// class is the kind of network of an address; its pseudonym has the same class.
type class uint8

const (
	public    class = iota
	private         // RFC 1918, RFC 4193; of IPv4 also link-local
	shared          // RFC 6598: CGNAT
	linkLocal       // of IPv6
	classes
)

// The documentation ranges, by class. After the end of an IPv4 range, addresses of the reserved 240.0.0.0/4 follow.
var (
	ranges4 = [classes]string{public: "203.0.113.", private: "192.0.2.", shared: "198.51.100."}
	ranges6 = [classes]string{public: "2001:db8::", private: "2001:db8:1::", linkLocal: "2001:db8:2::"}
)

// masker assigns pseudonyms. The same value always has the same pseudonym within one masker.
type masker struct {
	ip4, ip6    [classes]table[netip.Addr]
	macs        table[string] // 12 hex digits
	mdns        table[string]
	foundations table[string]
}

func newMasker() *masker { return &masker{} }

// table numbers values in the order of their first use, from 1.
type table[K comparable] map[K]int

func (t *table[K]) number(k K) int {
	if n, known := (*t)[k]; known {
		return n
	}
	if *t == nil {
		*t = table[K]{}
	}
	n := len(*t) + 1
	if n <= maxPseudonyms {
		(*t)[k] = n
	}
	return n
}

// addr returns the pseudonym of an address without its zone; false for those that identify no one.
func (m *masker) addr(a netip.Addr) (string, bool) {
	mapped := a.Is4In6()
	a = a.Unmap().WithZone("")
	if a.IsLoopback() || a.IsUnspecified() || a.IsMulticast() || a == netip.AddrFrom4([4]byte{255, 255, 255, 255}) {
		return "", false
	}
	c := classOf(a)
	if a.Is6() {
		return ranges6[c] + strconv.FormatInt(int64(m.ip6[c].number(a)), 16), true
	}
	n := m.ip4[c].number(a)
	text := ranges4[c] + strconv.Itoa(n)
	if n > 254 {
		text = fmt.Sprintf("%d.0.%d.%d", 240+int(c), n>>8, n&0xff)
	}
	if mapped {
		text = "::ffff:" + text
	}
	return text, true
}

var sharedRange = netip.MustParsePrefix("100.64.0.0/10")

func classOf(a netip.Addr) class {
	switch {
	case a.IsPrivate():
		return private
	case a.IsLinkLocalUnicast() && a.Is4():
		return private
	case a.IsLinkLocalUnicast():
		return linkLocal
	case sharedRange.Contains(a):
		return shared
	}
	return public
}

// hexMAC returns the pseudonym of a MAC address, both as 12 hex digits in lower case: of the documentation range
// (RFC 9542 §2.1.1), then locally administered ones.
func (m *masker) hexMAC(digits string) string {
	n := m.macs.number(strings.ToLower(digits))
	if n <= 0xff {
		return fmt.Sprintf("00005e0053%02x", n)
	}
	return fmt.Sprintf("02005e00%04x", n)
}

// foundation returns the pseudonym of an ICE foundation. Agents compute it from the address, often by a CRC-32, from
// which an IPv4 address can be found by trying all of them.
func (m *masker) foundation(s string) string {
	return strconv.Itoa(m.foundations.number(s))
}
