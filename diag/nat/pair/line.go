package pair

import (
	"cmp"
	"errors"
	"fmt"
	"net/netip"
	"strings"

	"dialtone/diag"
	"dialtone/diag/nat"
)

// resultPrefix begins the compact line and names its form.
const resultPrefix = "nat1"

var short = map[nat.Value]string{
	nat.EndpointIndependent: "ei", nat.AddressDependent: "ad", nat.AddressAndPortDependent: "apd", nat.Unknown: "unknown",
}

// Line is the compact result line: words without white space that a person can send to their peer.
func Line(s nat.Side) string {
	words := []string{
		resultPrefix, "map=" + short[cmp.Or(s.Mapping, nat.Unknown)],
		"filter=" + short[cmp.Or(s.Filtering, nat.Unknown)],
	}
	for _, flag := range flags(&s) {
		if *flag.set {
			words = append(words, flag.name)
		}
	}
	if s.Mapping6 != "" {
		words = append(words, "map6="+short[s.Mapping6], "filter6="+short[cmp.Or(s.Filtering6, nat.Unknown)])
	}
	if s.Public.IsValid() {
		words = append(words, "ip="+s.Public.String())
	}
	if s.LAN.IsValid() {
		words = append(words, "lan="+s.LAN.String())
	}
	return strings.Join(words, ",")
}

type sideFlag struct {
	name string
	set  *bool
}

// flags are the words that are there or not.
func flags(s *nat.Side) []sideFlag {
	return []sideFlag{
		{"dependent", &s.Dependent},
		{"udp", &s.UDP},
		{"ports", &s.Ports},
		{"ports-unknown", &s.PortsUnknown},
		{"turn", &s.TURN},
		{"v6", &s.IPv6},
		{"v6-unknown", &s.IPv6Unknown},
		{"no4", &s.NoIPv4},
		{"nat64", &s.NAT64},
		{"hairpin", &s.Hairpin},
	}
}

// ErrResult is returned (wrapped) for a text that is not a compact result line.
var ErrResult = errors.New("not a result of dialtone nat: " +
	`paste the line that begins with "nat1," from the peer's output`)

// maxResult is how many bytes a result line may have.
const maxResult = 256

// Parse reads a compact result line. All of it is checked, since it comes from the peer; words that a later
// version may add are ignored.
func Parse(text string) (nat.Side, error) {
	text = strings.TrimSpace(strings.TrimPrefix(strings.TrimSpace(text), "result:"))
	words := strings.Split(text, ",")
	if len(text) > maxResult || words[0] != resultPrefix {
		return nat.Side{}, ErrResult
	}
	var s nat.Side
	for _, word := range words[1:] {
		if err := set(&s, word); err != nil {
			return nat.Side{}, err
		}
	}
	if s.Mapping == "" || s.Filtering == "" {
		return nat.Side{}, fmt.Errorf("incomplete: %w", ErrResult)
	}
	if s.Mapping6 == "" { // a filter alone says nothing
		s.Filtering6 = ""
	} else {
		s.Filtering6 = cmp.Or(s.Filtering6, nat.Unknown)
	}
	return s, nil
}

// set reads one word of a result line.
func set(s *nat.Side, word string) error {
	key, value, _ := strings.Cut(word, "=")
	var err error
	switch key {
	case "map":
		s.Mapping, err = long(value)
	case "filter":
		s.Filtering, err = long(value)
	case "map6":
		s.Mapping6, err = long(value)
	case "filter6":
		s.Filtering6, err = long(value)
	case "ip":
		s.Public, err = netip.ParseAddr(value)
	case "lan":
		s.LAN, err = netip.ParsePrefix(value)
	default:
		for _, flag := range flags(s) {
			if flag.name == word {
				*flag.set = true
			}
		}
	}
	if err != nil {
		return fmt.Errorf("%q: %w", diag.Clean(word, 80), ErrResult)
	}
	return nil
}

// long is the value of a short word.
func long(word string) (nat.Value, error) {
	for value, s := range short {
		if s == word {
			return value, nil
		}
	}
	return "", ErrResult
}
