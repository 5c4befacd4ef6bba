// Package pair predicts how two users will reach each other through their NATs. It also writes and reads the line that
// one user sends to the other. It is pure.
package pair

import (
	"slices"

	"dialtone/diag/nat"
)

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
	// what of each side stands in the way, or is not known; empty: nothing
	Local  Lack `json:"local,omitempty"`
	Remote Lack `json:"remote,omitempty"`
}

// Lack is what one side lacks for a direct path, or its result for a prediction.
type Lack string

// Lacks.
const (
	LackUDP       Lack = "udp"                   // no answer over UDP
	LackPorts     Lack = "ports"                 // UDP to some ports, or whether it reaches them
	LackIPv4      Lack = "ipv4"                  // it has only IPv6
	LackMapping   Lack = "mapping"               // what its NAT does is not known
	LackFiltering Lack = "filtering"             // likewise
	LackBoth      Lack = "mapping and filtering" // likewise
)

// lackOf is what a side lacks, if that is the reason.
func lackOf(s nat.Side, why PathWhy) Lack {
	mapping, filtering := slices.Contains(order9, s.Mapping), slices.Contains(order9, s.Filtering)
	switch {
	case why == WhyNoUDP && !s.UDP:
		return LackUDP
	case why == WhyPorts && s.Ports:
		return LackPorts
	case why == WhyFamilies && s.NoIPv4:
		return LackIPv4
	case why != WhyTooLittle:
	case s.PortsUnknown || s.IPv6Unknown:
		return LackPorts
	case !mapping && !filtering:
		return LackBoth
	case !mapping:
		return LackMapping
	case !filtering:
		return LackFiltering
	}
	return ""
}

// PathWhy is the reason of a [Prediction].
type PathWhy string

// Reasons of a prediction.
const (
	WhySameNetwork  PathWhy = "same-network"  // both are in one network
	WhyIPv6         PathWhy = "ipv6"          // both have IPv6, and it lets both in
	WhyNoUDP        PathWhy = "no-udp"        // one side gets no answer over UDP
	WhyPorts        PathWhy = "udp-ports"     // one side's UDP leaves for some ports only
	WhyFamilies     PathWhy = "families"      // one side has only IPv6, and the other has shown no IPv6
	WhyNoHairpin    PathWhy = "no-hairpin"    // both have one public address, and its NAT shows no hairpinning
	WhyNATsAgree    PathWhy = "nats-agree"    // each NAT lets the other's packets in
	WhyNATsDisagree PathWhy = "nats-disagree" // they do not
	WhyTooLittle    PathWhy = "too-little"    // too little is known of the NATs
)

// order9 is the order of the rows and columns of the table.
var order9 = []nat.Value{nat.EndpointIndependent, nat.AddressDependent, nat.AddressAndPortDependent}

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
func kinds(s nat.Side) []int { return kindsOf(s.Mapping, s.Filtering, s.Dependent) }

// kinds6 are those of its IPv6: without a word about it there is no NAT, and a firewall at most.
func kinds6(s nat.Side) []int {
	if s.Mapping6 == "" {
		return kindsOf(nat.EndpointIndependent, nat.AddressAndPortDependent, false)
	}
	return kindsOf(s.Mapping6, s.Filtering6, false)
}

// kindsOf are the rows of the table that a NAT may be.
func kindsOf(mapping, filtering nat.Value, dependent bool) []int {
	mappings, filterings := []nat.Value{mapping}, []nat.Value{filtering}
	switch {
	case slices.Contains(order9, mapping):
	case dependent:
		mappings = order9[1:]
	default:
		mappings = order9
	}
	if !slices.Contains(order9, filtering) {
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

// ReachOf reads the table for a side.
func ReachOf(s nat.Side) Reach {
	sure, maybe := []byte(Everyone), []byte("RRRRRRRRR")
	for _, row := range kinds(s) {
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

// Predict says how two sides will reach each other: a is the local one.
func Predict(a, b nat.Side) Prediction {
	p := predict(a, b)
	if p.Path != predict(filtered(a), filtered(b)).Path {
		p = Prediction{Path: PathUnknown, Why: WhyTooLittle}
	}
	p.Local, p.Remote = lackOf(a, p.Why), lackOf(b, p.Why)
	return p
}

// filtered is a side whose UDP may leave for some ports only, if it does.
func filtered(s nat.Side) nat.Side {
	s.Ports, s.IPv6 = s.Ports || s.PortsUnknown, s.IPv6 && !s.IPv6Unknown
	return s
}

func predict(a, b nat.Side) Prediction {
	same := a.Public.IsValid() && a.Public == b.Public
	if same && a.LAN.IsValid() && a.LAN == b.LAN {
		return Prediction{Path: PathDirect, Why: WhySameNetwork}
	}
	six := PathNone
	if a.IPv6 && b.IPv6 && a.UDP && b.UDP {
		six = meet(kinds6(a), kinds6(b))
	}
	four, why := direct4(a, b, same)
	switch {
	case six == PathDirect:
		return Prediction{Path: PathDirect, Why: WhyIPv6}
	case four == PathDirect:
		return Prediction{Path: PathDirect, Why: WhyNATsAgree}
	case four == PathUnknown || six == PathUnknown:
		return Prediction{Path: PathUnknown, Why: WhyTooLittle}
	case relayed(a, b):
		return Prediction{Path: PathRelay, Why: why}
	}
	return Prediction{Path: PathNone, Why: why}
}

// direct4 reports whether two sides meet over IPv4, or why they do not.
func direct4(a, b nat.Side, same bool) (Path, PathWhy) {
	switch {
	case !a.UDP || !b.UDP:
		return PathNone, WhyNoUDP
	case a.Ports || b.Ports:
		return PathNone, WhyPorts
	case a.NoIPv4 && b.NoIPv4 || a.NoIPv4 && !welcomes(a) || b.NoIPv4 && !welcomes(b):
		return PathNone, WhyFamilies
	case same && !a.Hairpin && !b.Hairpin:
		return PathNone, WhyNoHairpin
	case a.NoIPv4 && a.Filtering != nat.EndpointIndependent || b.NoIPv4 && b.Filtering != nat.EndpointIndependent:
		return PathUnknown, WhyTooLittle
	}
	return meet(kinds(a), kinds(b)), WhyNATsDisagree
}

// welcomes reports whether a side without IPv4 may be reached by it: through a NAT64 that lets in packets from
// anywhere. It cannot begin by itself, because an ICE agent does not know the prefix.
func welcomes(s nat.Side) bool {
	return s.NAT64 && (s.Filtering == nat.EndpointIndependent || !slices.Contains(order9, s.Filtering))
}

// meet reads the table for what two sides may be.
func meet(rows, columns []int) Path {
	direct, relayed := false, false
	for _, row := range rows {
		for _, column := range columns {
			if pairs[row][column] == 'D' {
				direct = true
			} else {
				relayed = true
			}
		}
	}
	switch {
	case direct && relayed:
		return PathUnknown
	case direct:
		return PathDirect
	}
	return PathNone
}

// relayed reports whether a TURN server carries the call. One side's relay is enough, unless the other cannot send to
// it: then it needs one of its own.
func relayed(a, b nat.Side) bool {
	return (a.TURN || b.TURN) && (a.TURN || !confined(a)) && (b.TURN || !confined(b))
}

// confined reports whether a side cannot send to a relay of its peer, which has any port, and an IPv4 address.
func confined(s nat.Side) bool { return !s.UDP || s.Ports || s.NoIPv4 }
