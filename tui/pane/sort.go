package pane

import (
	"cmp"
	"math"
	"net/netip"
	"strings"
)

// sorting is how a table is sorted: by a column, from 1; 0 is as the rows came.
type sorting struct {
	column  int
	reverse bool
}

func (s *sorting) next(columns int) { *s = sorting{column: (s.column + 1) % (columns + 1)} }

// sortKey is what rows are compared by: a number, then a text.
type sortKey struct {
	number float64
	text   string
}

func (k sortKey) compare(other sortKey) int {
	return cmp.Or(cmp.Compare(k.number, other.number), strings.Compare(k.text, other.text))
}

// unmeasured comes last.
var unmeasured = sortKey{number: math.Inf(1)}

// byText sorts by a text.
func byText(s string) sortKey { return sortKey{text: s} }

// byAddress sorts addresses by their numbers: IPv4, IPv6, then names; none comes last.
func byAddress(host string, port uint16) sortKey {
	suffix := string([]byte{byte(port >> 8), byte(port)})
	a, err := netip.ParseAddr(host)
	switch {
	case host == "":
		return unmeasured
	case err != nil:
		return sortKey{6, host + suffix}
	case a.Is4():
		return sortKey{4, string(a.AsSlice()) + suffix}
	}
	return sortKey{5, string(a.AsSlice()) + suffix}
}
