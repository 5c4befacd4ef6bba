package nat

import (
	"cmp"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"dialtone/diag"
)

// Side is one side of a pair of users, as the compact result line has it.
type Side struct {
	Mapping, Filtering Value
	Dependent          bool // the mapping depends on the endpoint, when Mapping is unknown
	UDP                bool // UDP gets answers
	TURN               bool // a TURN server gives this side a relay
	IPv6               bool // IPv6 gets answers
	Hairpin            bool // the NAT supports hairpinning
	Public             netip.Addr
	LAN                netip.Prefix // a private network that it is in
}

// Path is how two peers will reach each other.
type Path string

// Paths.
const (
	PathDirect  Path = "direct"  // without a relay
	PathRelay   Path = "relay"   // through a TURN server that works
	PathNone    Path = "none"    // a relay is needed, and there is none
	PathUnknown Path = "unknown" // too little is known of one side
)

// Prediction answers for both peers.
type Prediction struct {
	Path Path    `json:"path"`
	Why  PathWhy `json:"why"`
}

// PathWhy is the reason of a [Prediction].
type PathWhy string

// Reasons of a prediction.
const (
	WhySameNetwork  PathWhy = "same-network"  // both are in one network
	WhyIPv6         PathWhy = "ipv6"          // both have IPv6
	WhyNoUDP        PathWhy = "no-udp"        // one side gets no answer over UDP
	WhyNoHairpin    PathWhy = "no-hairpin"    // both have one public address, and its NAT shows no hairpinning
	WhyNATsAgree    PathWhy = "nats-agree"    // each NAT lets the other's packets in
	WhyNATsDisagree PathWhy = "nats-disagree" // they do not
	WhyTooLittle    PathWhy = "too-little"    // too little is known of the NATs
)

// order9 is the order of the rows and columns of the table.
var order9 = []Value{EndpointIndependent, AddressDependent, AddressAndPortDependent}

// pairs says which pairs find a direct path (D) with host and server-reflexive candidates, and which need a relay
// (R). It was measured with ICE, and the tests of diag/probe hold it to calls. Rows and columns are mapping (slowest)
// and filtering, each in order9.
var pairs = [9]string{
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

// kinds are the rows of the table that a side may be, more than one when something is unknown.
func (s Side) kinds() []int {
	mappings, filterings := []Value{s.Mapping}, []Value{s.Filtering}
	switch {
	case slices.Contains(order9, s.Mapping):
	case s.Dependent:
		mappings = order9[1:]
	default:
		mappings = order9
	}
	if !slices.Contains(order9, s.Filtering) {
		filterings = order9
	}
	var out []int
	for _, m := range mappings {
		for _, f := range filterings {
			out = append(out, 3*slices.Index(order9, m)+slices.Index(order9, f))
		}
	}
	return out
}

// Reach is which of the nine kinds of NAT a side reaches directly: a letter each, in the order of the table, D for
// direct and R for a relay.
type Reach struct {
	Sure  string // whatever the side is
	Maybe string // for some of what it may be
}

// Everyone is the [Reach] of a side that needs no relay.
const Everyone = "DDDDDDDDD"

// Reach reads the table for a side.
func (s Side) Reach() Reach {
	sure, maybe := []byte(Everyone), []byte("RRRRRRRRR")
	for _, row := range s.kinds() {
		for column := range sure {
			if pairs[row][column] == 'D' {
				maybe[column] = 'D'
			} else {
				sure[column] = 'R'
			}
		}
	}
	return Reach{string(sure), string(maybe)}
}

// Predict says how two sides will reach each other.
func Predict(a, b Side) Prediction {
	relay := func(why PathWhy) Prediction {
		if a.TURN || b.TURN {
			return Prediction{PathRelay, why}
		}
		return Prediction{PathNone, why}
	}
	same := a.Public.IsValid() && a.Public == b.Public
	switch {
	case same && a.LAN.IsValid() && a.LAN == b.LAN:
		return Prediction{PathDirect, WhySameNetwork}
	case a.IPv6 && b.IPv6 && a.UDP && b.UDP:
		return Prediction{PathDirect, WhyIPv6}
	case !a.UDP && !a.TURN || !b.UDP && !b.TURN:
		return Prediction{PathNone, WhyNoUDP}
	case !a.UDP || !b.UDP:
		return Prediction{PathRelay, WhyNoUDP}
	case same && !a.Hairpin && !b.Hairpin:
		return relay(WhyNoHairpin)
	}
	direct, relayed := false, false
	for _, row := range a.kinds() {
		for _, column := range b.kinds() {
			if pairs[row][column] == 'D' {
				direct = true
			} else {
				relayed = true
			}
		}
	}
	switch {
	case direct && relayed:
		return Prediction{PathUnknown, WhyTooLittle}
	case direct:
		return Prediction{PathDirect, WhyNATsAgree}
	}
	return relay(WhyNATsDisagree)
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
		{"turn", &s.TURN},
		{"v6", &s.IPv6},
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
