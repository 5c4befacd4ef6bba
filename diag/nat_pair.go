package diag

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
)

// NATSide is one side of a pair, as the compact result line tells it.
type NATSide struct {
	Mapping, Filtering string // values of a behavior
	Dependent          bool   // the mapping depends on the endpoint, where Mapping is unknown
	UDP                bool   // UDP gets answers
	TURN               bool   // a TURN server gives this side a relay
	IPv6               bool   // IPv6 gets answers
	Hairpin            bool   // the NAT sends packets to its public address back inside
	Public             netip.Addr
	LAN                netip.Prefix // a private network that it is in
}

// NATPath is how a pair will reach each other.
type NATPath string

// Paths.
const (
	PathDirect  NATPath = "direct"  // without a relay
	PathRelay   NATPath = "relay"   // through a TURN server that works
	PathNone    NATPath = "none"    // a relay is needed, and there is none
	PathUnknown NATPath = "unknown" // too little is known of one side
)

// NATPrediction answers for a pair.
type NATPrediction struct {
	Path NATPath `json:"path"` // how they will reach each other
	Why  string  `json:"why"`  // in a sentence
}

// natOrder is the order of the rows and columns of the table.
var natOrder = []string{EndpointIndependent, AddressDependent, AddressAndPortDependent}

// natPairs tells which pairs find a direct path (D) with host and server-reflexive candidates, and which need a relay
// (R). It was measured with ICE, and the tests of diag/probe hold it to calls. Rows and columns are mapping (slowest)
// and filtering, each in natOrder.
var natPairs = [9]string{
	"DDDDDDDDD",
	"DDDDDDDDD",
	"DDDRRRRRR",
	"DDRDDRDDR",
	"DDRDRRDRR",
	"DDRRRRRRR",
	"DDRDDRRRR",
	"DDRDRRRRR",
	"DDRRRRRRR",
}

// kinds are the rows of the table that a side may be, more than one where something is unknown.
func (s NATSide) kinds() []int {
	mappings := []string{s.Mapping}
	switch {
	case slices.Contains(natOrder, s.Mapping):
	case s.Dependent:
		mappings = natOrder[1:]
	default:
		mappings = natOrder
	}
	filterings := []string{s.Filtering}
	if !slices.Contains(natOrder, s.Filtering) {
		filterings = natOrder
	}
	var out []int
	for _, m := range mappings {
		for _, f := range filterings {
			out = append(out, 3*slices.Index(natOrder, m)+slices.Index(natOrder, f))
		}
	}
	return out
}

// PredictPair says how two sides will reach each other.
func PredictPair(a, b NATSide) NATPrediction {
	relay := func(why string) NATPrediction {
		if a.TURN || b.TURN {
			return NATPrediction{PathRelay, why + "; a TURN server carries the call"}
		}
		return NATPrediction{PathNone, why + ", and neither side has a working TURN server"}
	}
	same := a.Public.IsValid() && a.Public == b.Public
	switch {
	case same && a.LAN.IsValid() && a.LAN == b.LAN:
		return NATPrediction{PathDirect, "both are in one network"}
	case a.IPv6 && b.IPv6 && a.UDP && b.UDP:
		return NATPrediction{PathDirect, "both have IPv6"}
	case !a.UDP && !a.TURN || !b.UDP && !b.TURN:
		return NATPrediction{PathNone, "one side gets no answer over UDP and has no working TURN server of its own"}
	case !a.UDP || !b.UDP:
		return NATPrediction{PathRelay, "one side gets no answer over UDP; its TURN server carries the call"}
	case same && !a.Hairpin && !b.Hairpin:
		return relay("both have one public address, and nothing shows that its NAT sends packets back inside")
	}
	direct, relayed := false, false
	for _, row := range a.kinds() {
		for _, column := range b.kinds() {
			if natPairs[row][column] == 'D' {
				direct = true
			} else {
				relayed = true
			}
		}
	}
	switch {
	case direct && relayed:
		return NATPrediction{PathUnknown, "too little is known of the NATs"}
	case direct:
		return NATPrediction{PathDirect, "the two NATs let each other in"}
	}
	return relay("the two NATs do not let each other in")
}

// resultPrefix begins the compact line and names its form.
const resultPrefix = "nat1"

var natShort = map[string]string{
	EndpointIndependent: "ei", AddressDependent: "ad", AddressAndPortDependent: "apd", BehaviorUnknown: "unknown",
}

// String is the compact result line: words without white space that a person can paste to the other side.
func (s NATSide) String() string {
	words := []string{resultPrefix, "map=" + natShort[OrUnknown(s.Mapping)], "filter=" + natShort[OrUnknown(s.Filtering)]}
	for _, flag := range s.flags() {
		if *flag.set {
			words = append(words, flag.name)
		}
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
func (s *NATSide) flags() []sideFlag {
	return []sideFlag{{"dependent", &s.Dependent}, {"udp", &s.UDP}, {"turn", &s.TURN}, {"v6", &s.IPv6},
		{"hairpin", &s.Hairpin}}
}

// ErrNATResult is returned (wrapped) for a text that is no compact result line.
var ErrNATResult = errors.New(`no result of dialtone nat: paste the line that begins with "nat1," from the other side's output`)

// maxResult is how many bytes a result line may have.
const maxResult = 256

// ParseNATSide reads a compact result line. It comes from somebody else, so all of it is checked; words that a later
// version may add are ignored.
func ParseNATSide(text string) (NATSide, error) {
	text = strings.TrimSpace(strings.TrimPrefix(strings.TrimSpace(text), "result:"))
	words := strings.Split(text, ",")
	if len(text) > maxResult || words[0] != resultPrefix {
		return NATSide{}, ErrNATResult
	}
	var s NATSide
	for _, word := range words[1:] {
		if err := s.take(word); err != nil {
			return NATSide{}, err
		}
	}
	if s.Mapping == "" || s.Filtering == "" {
		return NATSide{}, fmt.Errorf("its end is missing: %w", ErrNATResult)
	}
	return s, nil
}

// take reads one word of a result line.
func (s *NATSide) take(word string) error {
	key, value, _ := strings.Cut(word, "=")
	var err error
	switch key {
	case "map":
		s.Mapping, err = natLong(value)
	case "filter":
		s.Filtering, err = natLong(value)
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
		return fmt.Errorf("%q: %w", Clean(word, 80), ErrNATResult)
	}
	return nil
}

// natLong is the value of a short word.
func natLong(short string) (string, error) {
	for long, s := range natShort {
		if s == short {
			return long, nil
		}
	}
	return "", ErrNATResult
}
