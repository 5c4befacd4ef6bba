package vote

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"
)

// TestOutvotedByTheMajority: more than half of the servers must agree, and the other one differ in address and port.
func TestOutvotedByTheMajority(t *testing.T) {
	const a, b, c, d = "198.51.100.1:1", "198.51.100.2:2", "198.51.100.3:3", "198.51.100.4:4"
	for name, tt := range map[string]struct {
		mapped []string
		want   []int
	}{
		"none":                   {nil, nil},
		"one":                    {[]string{a}, nil},
		"one against one":        {[]string{a, b}, nil},
		"two against one":        {[]string{a, b, a}, []int{1}},
		"two against two":        {[]string{a, b, a, b}, nil},
		"three against two":      {[]string{a, b, a, c, a}, []int{1, 3}},
		"two of five":            {[]string{a, b, a, c, d}, nil},
		"another port":           {[]string{a, "198.51.100.1:9", a}, nil},
		"another address":        {[]string{a, "198.51.100.9:1", a}, nil},
		"its first view decides": {[]string{a, b, a, "1 " + a}, []int{1}},
	} {
		var list []View
		for i, m := range tt.mapped {
			if later, again := strings.CutPrefix(m, "1 "); again {
				i, m = 1, later
			}
			list = append(list, View{Server: i, Mapped: netip.MustParseAddrPort(m)})
		}
		if got := Outvoted(list); !slices.Equal(got, tt.want) {
			t.Errorf("%s: %v, want %v", name, got, tt.want)
		}
	}
}

// TestFickle: a server that contradicts itself is blamed only where a majority, asked as often, does not.
func TestFickle(t *testing.T) {
	for name, tt := range map[string]struct {
		views string // servers and what they report, in the order of the requests
		want  []int
	}{
		"two are steady":            {"0a 1a 2b 0a 1a 2c 0a 1a 2d 0a 1a 2e", []int{2}},
		"the first one lies":        {"0b 1a 2a 0c 1a 2a 0d 1a 2a 0e 1a 2a", []int{0}},
		"once right":                {"0a 1a 2a 0a 1a 2c 0a 1a 2a 0a 1a 2a", []int{2}},
		"the others are asked once": {"0b 1a 2a 0c", nil},
		"or too seldom":             {"0b 1a 2a 0c 1a 2a 0d 1a 2a", nil},
		"one other, too seldom":     {"0b 1a 0c 1a" + strings.Repeat(" 0d 1a", Alone-3), nil},
		"one other":                 {"0b 1a 0c 1a" + strings.Repeat(" 0d 1a", Alone-2), []int{0}},
		"as many lie":               {"0b 1a 2b 3a 0c 1a 2c 3a 0c 1a 2c 3a 0c 1a 2c 3a", []int{0, 2}},
		"more lie":                  {"0b 1b 2b 3a 4a 0c 1c 2c 3a 4a 0c 1a 2c 3a 4a 0c 1a 2c 3a 4a", nil},
		"by destination":            {"0a 1b 2c 0a 1b 2d 0a 1b 2e 0a 1b 2f", []int{2}},
		"the NAT changes":           {"0a 1a 2a 0b 1a 2a 0a 1b 2a 0a 1a 2a", nil},
		"steady, and another":       {"0b 1a 2a 0b 1a 2a 0b 1a 2a 0b 1a 2a", nil},
	} {
		var list []View
		for _, v := range strings.Fields(tt.views) {
			server := int(v[0] - '0')
			list = append(list, View{
				server, netip.MustParseAddrPort(fmt.Sprintf("192.0.2.%d:3478", server+1)),
				netip.MustParseAddrPort(fmt.Sprint("198.51.100.1:", v[1])),
			})
		}
		if got := Fickle(list); !slices.Equal(got, tt.want) {
			t.Errorf("%s: %v, want %v", name, got, tt.want)
		}
	}
}

// TestRounds: servers are asked again where they differ, unless two of them see the same of the NAT by themselves; and
// most often where it is one word against another.
func TestRounds(t *testing.T) {
	for views, want := range map[string]int{
		"": 1, "0a": 1, "0a 0b": 1, "0a 1a 2a": 1, "0a 1b": Often, "0a 1a 2b": Often, "0a 1b 0c": Alone, "0a 1b 2a 0c": Often,
		"0a 0B 1c 1D": 1, "0a 0B 1c": Often, "0a 0B 1c 1D 0b": Alone,
	} {
		var list []View
		for _, v := range strings.Fields(views) {
			at := netip.MustParseAddrPort(fmt.Sprintf("192.0.2.%d:3478", v[0]-'0'))
			if v[1] < 'a' { // its other port
				at = netip.AddrPortFrom(at.Addr(), 3479)
			}
			list = append(list, View{int(v[0] - '0'), at, netip.MustParseAddrPort(fmt.Sprint("198.51.100.1:", v[1]))})
		}
		if got := Rounds(list); got != want {
			t.Errorf("%q: %d, want %d", views, got, want)
		}
	}
}
