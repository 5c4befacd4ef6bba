package nat

import (
	"cmp"
	"errors"
	"fmt"
	"net/netip"
	"strings"

	"dialtone/diag"
)

// Side is one side of a pair of users, as the compact result line has it. Mapping and Filtering are those of IPv4,
// through a NAT64 where that is the way, or of IPv6 when nothing else answers.
type Side struct {
	Mapping, Filtering   Value
	Dependent            bool  // the mapping depends on the endpoint, when Mapping is unknown
	UDP                  bool  // UDP gets answers
	Ports                bool  // UDP leaves for some ports only
	TURN                 bool  // a TURN server gives this side a relay
	IPv6                 bool  // IPv6 gets answers, and not from some ports only
	Mapping6, Filtering6 Value // of IPv6, when a NAT is in its way; else empty
	NoIPv4               bool  // IPv4 cannot be sent
	NAT64                bool  // IPv4 is reached through a NAT64
	Hairpin              bool  // the NAT supports hairpinning
	Public               netip.Addr
	LAN                  netip.Prefix // a private network that it is in
}

// side is this side, as the peer needs to know it.
func (r *Report) side(s *State, public netip.AddrPort) Side {
	b := &r.Behaviors
	out := Side{
		Mapping: b.Mapping.Value, Filtering: b.Filtering.Value, Dependent: r.Dependent && b.Mapping.Value == Unknown,
		UDP: b.UDP.Value == Present, TURN: r.relays(RelayCarries, RelayUntested), IPv6: b.IPv6.Value == Present,
		Hairpin: b.Hairpin.Value == Present, LAN: s.Local.Network,
	}
	if len(r.Families) > 0 {
		out.Public = public.Addr()
		out.NAT64 = r.Families[0].Family == FamilyNAT64
		out.NoIPv4 = r.Families[0].Family != FamilyIPv4 && (s.Machine != nil && !s.Machine.IPv4 || s.deafIPv4())
	}
	out.Ports = b.UDPPorts.Value == PortsFiltered
	for _, f := range r.Families {
		if f.Family != FamilyIPv6 {
			continue
		}
		out.IPv6 = out.IPv6 && f.UDPPorts.Value != PortsFiltered
		if f.NAT.Value == Present {
			out.Mapping6, out.Filtering6 = f.Mapping.Value, f.Filtering.Value
		}
	}
	return out
}

// deafIPv4 reports whether servers were asked over IPv4, and none answered.
func (s *State) deafIPv4() bool {
	asked := false
	for i := range s.Servers {
		if s.FamilyOf(i) == FamilyIPv4 && s.Servers[i].Address.IsValid() {
			asked = true
		}
	}
	return asked && !s.Pending()
}

// resultPrefix begins the compact line and names its form.
const resultPrefix = "nat1"

var short = map[Value]string{
	EndpointIndependent: "ei", AddressDependent: "ad", AddressAndPortDependent: "apd", Unknown: "unknown",
}

// String is the compact result line: words without white space that a person can send to their peer.
func (s Side) String() string {
	words := []string{
		resultPrefix, "map=" + short[cmp.Or(s.Mapping, Unknown)],
		"filter=" + short[cmp.Or(s.Filtering, Unknown)],
	}
	for _, flag := range s.flags() {
		if *flag.set {
			words = append(words, flag.name)
		}
	}
	if s.Mapping6 != "" {
		words = append(words, "map6="+short[s.Mapping6], "filter6="+short[cmp.Or(s.Filtering6, Unknown)])
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
func (s *Side) flags() []sideFlag {
	return []sideFlag{
		{"dependent", &s.Dependent},
		{"udp", &s.UDP},
		{"ports", &s.Ports},
		{"turn", &s.TURN},
		{"v6", &s.IPv6},
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

// ParseSide reads a compact result line. All of it is checked, since it comes from the peer; words that a later
// version may add are ignored.
func ParseSide(text string) (Side, error) {
	text = strings.TrimSpace(strings.TrimPrefix(strings.TrimSpace(text), "result:"))
	words := strings.Split(text, ",")
	if len(text) > maxResult || words[0] != resultPrefix {
		return Side{}, ErrResult
	}
	var s Side
	for _, word := range words[1:] {
		if err := s.set(word); err != nil {
			return Side{}, err
		}
	}
	if s.Mapping == "" || s.Filtering == "" {
		return Side{}, fmt.Errorf("incomplete: %w", ErrResult)
	}
	return s, nil
}

// set reads one word of a result line.
func (s *Side) set(word string) error {
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
		for _, flag := range s.flags() {
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
func long(word string) (Value, error) {
	for value, s := range short {
		if s == word {
			return value, nil
		}
	}
	return "", ErrResult
}
