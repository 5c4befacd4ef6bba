package record

import (
	"fmt"
	"net/netip"
	"strconv"
	"strings"

	"dialtone/diag"
)

// maxPseudonyms bounds each table: beyond it all further addresses share one pseudonym. No ordinary call has so many.
const maxPseudonyms = 0xfffe

// class is the kind of network of an address. A pseudonym has the class of its address, because verdicts depend on it:
// a private relay, a CGNAT.
type class uint8

const (
	public    class = iota
	private         // RFC 1918, RFC 4193
	shared          // RFC 6598: CGNAT
	linkLocal       // RFC 3927, RFC 4291
	classes
)

// The pseudonyms by class. Public IPv4 addresses are of a documentation range, and after its end of the reserved
// 240.0.0.0/4; private ones, which identify no network, have 113 in the place that shows pseudonyms.
const documentation4 = "203.0.113."

var (
	ranges4 = [classes]string{public: "240.0", private: "10.113", shared: "100.113", linkLocal: "169.254"}
	ranges6 = [classes]string{public: "2001:db8::", private: "fd00:113::", linkLocal: "fe80::113:"}
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
	if a.IsLoopback() || a.IsUnspecified() || a.IsMulticast() || a == netip.AddrFrom4([4]byte{255, 255, 255, 255}) ||
		diag.CLATSpace.Contains(a) {
		return "", false
	}
	c := classOf(a)
	if a.Is6() {
		return ranges6[c] + strconv.FormatInt(int64(m.ip6[c].number(a)), 16), true
	}
	n := m.ip4[c].number(a)
	text := fmt.Sprintf("%s.%d.%d", ranges4[c], n>>8, n&0xff)
	if c == public && n <= 254 {
		text = documentation4 + strconv.Itoa(n)
	}
	if mapped {
		text = "::ffff:" + text
	}
	return text, true
}

func classOf(a netip.Addr) class {
	switch {
	case a.IsPrivate():
		return private
	case a.IsLinkLocalUnicast():
		return linkLocal
	case diag.SharedSpace.Contains(a):
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
