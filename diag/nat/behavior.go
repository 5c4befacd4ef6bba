package nat

import (
	"net/netip"
	"slices"

	"dialtone/diag"
)

// Confidence says how far a behavior is known.
type Confidence string

// Confidences. Proven means: what was observed cannot be, or by chance in fewer than one of 10,000 runs, with any
// other value.
const (
	Proven        Confidence = "proven"        // what was seen would happen by chance in fewer than one of 10,000 runs
	Likely        Confidence = "likely"        // nothing else explains it, and it is not a proof
	NotKnown      Confidence = "unknown"       // the value is unknown too
	Contradictory Confidence = "contradictory" // observations contradict each other
)

// Value is what a behavior is, in the terms of RFC 4787 and RFC 5780.
type Value string

// Values of a behavior.
const (
	EndpointIndependent     Value = "endpoint-independent"
	AddressDependent        Value = "address-dependent"
	AddressAndPortDependent Value = "address-and-port-dependent"

	None     Value = "none"      // it is not there: no NAT, no rewriting
	Present  Value = "present"   // it is there
	Unknown  Value = "unknown"   // too little was seen
	NotAsked Value = "not-asked" // the test is made on request only

	PortsOpen     Value = "open"     // different ports get answers
	PortsFiltered Value = "filtered" // only some do

	SizeFull       Value = "full"       // as long as the interface, or Ethernet, allows
	SizeFragmented Value = "fragmented" // longer ones than bytes arrive in fragments
	SizeLimited    Value = "limited"    // longer ones than bytes are lost

	PoolingPaired    Value = "paired"    // RFC 4787 §4.1: one public address per host
	PoolingArbitrary Value = "arbitrary" // several
	PortPreserved    Value = "preserved" // RFC 4787 §4.2.1
	PortNotPreserved Value = "not-preserved"
	UplinksOne       Value = "one"
	UplinksSeveral   Value = "several"

	FragmentsOutgoing Value = "outgoing" // fragmented requests come through, fragmented responses do not

	LifetimeBetween Value = "between"   // from_s to to_s seconds
	LifetimeAtLeast Value = "at-least"  // from_s seconds
	LifetimeLess    Value = "less-than" // to_s seconds
)

// Behavior is one property of the network between this machine and the servers.
type Behavior struct {
	Value      Value      `json:"value"`                // what it is
	FromS      *int       `json:"from_s,omitempty"`     // of the lifetime: seconds that a mapping outlived
	ToS        *int       `json:"to_s,omitempty"`       // of the lifetime: seconds that it did not
	Bytes      *int       `json:"bytes,omitempty"`      // of the packet size: the longest IP packet that arrives
	BytesBack  *int       `json:"bytes_back,omitempty"` // the same of packets to this machine
	Confidence Confidence `json:"confidence"`           // how far it is known
	Evidence   []Evidence `json:"evidence"`             // how it is known
}

// unknown is a behavior that could not be found out, and why.
func unknown(why ...Evidence) Behavior {
	return Behavior{Value: Unknown, Confidence: NotKnown, Evidence: why}
}

// notAsked is a behavior whose test is made on request only.
func notAsked() Behavior {
	return Behavior{Value: NotAsked, Confidence: NotKnown, Evidence: []Evidence{}}
}

// Behaviors are all of them.
type Behaviors struct {
	UDP              Behavior `json:"udp"`               // whether answers come over UDP
	UDPPorts         Behavior `json:"udp_ports"`         // whether UDP leaves to any port, or to some only
	NAT              Behavior `json:"nat"`               // whether addresses are translated at all
	Mapping          Behavior `json:"mapping"`           // RFC 4787 §4.1
	Filtering        Behavior `json:"filtering"`         // RFC 4787 §5
	PortPreservation Behavior `json:"port_preservation"` // RFC 4787 §4.2.1
	Pooling          Behavior `json:"pooling"`           // RFC 4787 §4.1
	TCPMapping       Behavior `json:"tcp_mapping"`       // as mapping, of TCP (RFC 5382 REQ-1)
	Uplinks          Behavior `json:"uplinks"`           // whether the traffic leaves by one interface or by several
	ALG              Behavior `json:"alg"`               // a gateway that rewrites addresses in messages
	CGNAT            Behavior `json:"cgnat"`             // carrier-grade NAT (RFC 6598)
	CLAT             Behavior `json:"clat"`              // 464XLAT: IPv4 over IPv6 within this machine (RFC 6877)
	PacketSize       Behavior `json:"packet_size"`       // which UDP packets arrive without fragmentation
	IPv6             Behavior `json:"ipv6"`              // whether a server answers over IPv6, and not through a NAT64
	NAT64            Behavior `json:"nat64"`             // whether IPv4 is reached through a NAT64 (RFC 6146)
	Lifetime         Behavior `json:"lifetime"`          // how long a silent UDP socket keeps its port; with --deep
	Fragments        Behavior `json:"fragments"`         // whether fragmented packets pass; with --deep
	Hairpin          Behavior `json:"hairpin"`           // hairpinning (RFC 4787 §6); with --hairpin
}

// Name is a behavior's key in JSON.
type Name string

// Names.
const (
	NameUDP              Name = "udp"
	NameUDPPorts         Name = "udp_ports"
	NameNAT              Name = "nat"
	NameMapping          Name = "mapping"
	NameFiltering        Name = "filtering"
	NamePortPreservation Name = "port_preservation"
	NamePooling          Name = "pooling"
	NameTCPMapping       Name = "tcp_mapping"
	NameUplinks          Name = "uplinks"
	NameALG              Name = "alg"
	NameCGNAT            Name = "cgnat"
	NameCLAT             Name = "clat"
	NamePacketSize       Name = "packet_size"
	NameIPv6             Name = "ipv6"
	NameNAT64            Name = "nat64"
	NameLifetime         Name = "lifetime"
	NameFragments        Name = "fragments"
	NameHairpin          Name = "hairpin"
)

// Row is a behavior with its name.
type Row struct {
	Name Name
	Behavior
	Family Family // of a row about another family than the main one
}

// Rows lists the behaviors that were asked for, in the order in which they are shown.
func (b *Behaviors) Rows() []Row {
	rows := []Row{
		{Name: NameUDP, Behavior: b.UDP},
		{Name: NameNAT, Behavior: b.NAT},
		{Name: NameMapping, Behavior: b.Mapping},
		{Name: NameFiltering, Behavior: b.Filtering},
		{Name: NameUDPPorts, Behavior: b.UDPPorts},
		{Name: NamePacketSize, Behavior: b.PacketSize},
		{Name: NamePortPreservation, Behavior: b.PortPreservation},
		{Name: NamePooling, Behavior: b.Pooling},
		{Name: NameTCPMapping, Behavior: b.TCPMapping},
		{Name: NameUplinks, Behavior: b.Uplinks},
		{Name: NameALG, Behavior: b.ALG},
		{Name: NameCGNAT, Behavior: b.CGNAT},
		{Name: NameCLAT, Behavior: b.CLAT},
		{Name: NameIPv6, Behavior: b.IPv6},
		{Name: NameNAT64, Behavior: b.NAT64},
		{Name: NameLifetime, Behavior: b.Lifetime},
		{Name: NameFragments, Behavior: b.Fragments},
		{Name: NameHairpin, Behavior: b.Hairpin},
	}
	return slices.DeleteFunc(rows, func(r Row) bool { return r.Value == "" || r.Value == NotAsked })
}

// Minor reports whether calls hardly depend on the behavior, so that there is little to say when it is not known.
func (r *Row) Minor() bool {
	switch r.Name {
	case NameUDP, NameNAT, NameMapping, NameFiltering, NameLifetime, NameFragments, NameHairpin:
		return false
	default:
		return true
	}
}

// Evidence is one observation that a behavior follows from, or why it is not known.
type Evidence struct {
	Kind      Kind          `json:"kind"`
	Addresses []string      `json:"addresses,omitempty"` // in the order that the kind names
	Counts    []int         `json:"counts,omitempty"`    // in the order that the kind names
	Name      string        `json:"name,omitempty"`      // of an interface, a URL
	Order     Order         `json:"order,omitempty"`     // in which ports are taken
	Tally     *Tally        `json:"tally,omitempty"`     // filtering tests with one server
	Failure   *diag.Failure `json:"failure,omitempty"`   // why a stream said nothing
}

// Kind is what an [Evidence] says.
type Kind string

// Kinds that several behaviors have.
const (
	KindAsking         Kind = "asking"          // the test is in progress
	KindNoMapped       Kind = "no-mapped"       // no server reported the mapped address of the socket that compares them
	KindNotBelieved    Kind = "not-believed"    // no server reported a mapped address that can be that of this machine
	KindAllocateMapped Kind = "allocate-mapped" // addresses: the TURN server, the mapped address when it allocated
	KindNeedsBinding   Kind = "needs-binding"   // no server has answered a Binding request, and nothing else shows it
	KindLoss           Kind = "loss"            // too many packets are lost: silence says nothing
	KindAnswered       Kind = "answered"        // address, or else name: the server answered
	KindView           Kind = "view"            // addresses: the server, the mapped address that it reported
	KindFewAddresses   Kind = "few-addresses"   // fewer than two server addresses were compared
)

// Kinds of udp, nat, alg, cgnat, clat, ipv6, nat64 and uplinks.
const (
	KindUDPSilent     Kind = "udp-silent"      // counts: silent servers, servers, hosts answering over TCP or TLS
	KindUDPUnasked    Kind = "udp-unasked"     // no server could be asked over UDP
	KindUDPOneHost    Kind = "udp-one-host"    // address that answers over TCP or TLS and not over UDP, the only one
	KindUDPNone       Kind = "udp-none"        // no server was named that is asked over UDP
	KindUDPRejected   Kind = "udp-rejected"    // counts: servers to which UDP failed at once, servers, hosts as before
	KindLocalMapped   Kind = "local-mapped"    // addresses: the socket, its mapped address, the server
	KindNoLocal       Kind = "no-local"        // the local address of the sockets is not known
	KindALGDiffers    Kind = "alg-differs"     // addresses: the server, its MAPPED-ADDRESS, its XOR-MAPPED-ADDRESS
	KindALGEqual      Kind = "alg-equal"       // counts: answers in which both forms were equal
	KindALGUnknown    Kind = "alg-unknown"     // no answer had both forms
	KindCarrierShared Kind = "carrier-shared"  // address of 100.64.0.0/10
	KindCarrierCLAT   Kind = "carrier-464xlat" // address of 192.0.0.0/29
	KindCarrierNot    Kind = "carrier-no-sign" // no sign of it, which proves nothing
	KindCLATAddress   Kind = "clat-address"    // address of this machine
	KindCLATInterface Kind = "clat-interface"  // name of the interface
	KindCLATNot       Kind = "clat-no-sign"    // neither address nor interface is a sign of it
	KindUplinks       Kind = "uplinks"         // addresses that this machine sends from
	KindUplinkOne     Kind = "uplink-one"      // address that it sends from; counts: server addresses
	KindUplinksPool   Kind = "uplinks-or-pool" // several uplinks look like a NAT with a pool
	KindIPv6Mapped    Kind = "ipv6-mapped"     // addresses: the socket, its mapped address
	KindIPv6Unasked   Kind = "ipv6-unasked"    // no server was asked over IPv6
	KindIPv6Silent    Kind = "ipv6-silent"     // counts: requests without an answer
	KindNAT64         Kind = "nat64"           // addresses: the server, the mapped address; name: the prefix
	KindNAT64DNS      Kind = "nat64-dns"       // name: the prefix in the answer of DNS for ipv4only.arpa (RFC 7050)
	KindNAT64Not      Kind = "nat64-no-sign"   // no sign of it
)

// Kinds of udp_ports.
const (
	KindPortsOpen    Kind = "ports-open"    // counts: ports from which servers answered over UDP
	KindPortsUsual   Kind = "ports-usual"   // counts: ports that were asked; a firewall may open just these
	KindPortsOnly    Kind = "ports-only"    // counts: ports from which servers answered; no others do
	KindPortsEither  Kind = "ports-either"  // the server may be the cause, or a firewall
	KindPortSilent   Kind = "port-silent"   // address that is silent; counts: requests
	KindPortRejected Kind = "port-rejected" // address whose port is closed, by ICMP
	KindPortStream   Kind = "port-stream"   // address that answers over TCP
	KindPortReached  Kind = "port-reached"  // address whose host rejects TCP there, so that it is reached
	KindRelayArrived Kind = "relay-arrived" // address of a relay that packets reached straight
	KindRelaySilent  Kind = "relay-silent"  // address of a relay that none did; counts: packets
)

// Kinds of packet_size.
const (
	KindSizePassed   Kind = "size-passed"    // address; counts: bytes that were answered
	KindSizeLost     Kind = "size-lost"      // address; counts: bytes that were not, requests
	KindSizeBack     Kind = "size-back"      // address; counts: bytes of an answer that came
	KindSizeBackLost Kind = "size-back-lost" // address; counts: bytes of answers that did not, requests
	KindSizeSplit    Kind = "size-split"     // address; counts: bytes that were answered in fragments
	KindSizeUnasked  Kind = "size-unasked"   // no server answers longer requests
	KindSizeServer   Kind = "size-server"    // a server of basic STUN may be the cause
)

// Kinds of mapping, tcp_mapping, pooling and port_preservation.
const (
	KindViewChanged    Kind = "view-changed"    // addresses: the server, a mapped address, another one a moment later
	KindViewRepeated   Kind = "view-repeated"   // asked again at the end, the first address reported the same
	KindSame           Kind = "same"            // all of them reported the same
	KindByPort         Kind = "by-port"         // two ports of one server address reported different ports
	KindByAddress      Kind = "by-address"      // server addresses reported different ports, ports of one the same
	KindByEither       Kind = "by-either"       // server addresses reported different ports; one port of each was asked
	KindApart          Kind = "apart"           // one of two servers sees neither the address nor the port of the other
	KindAddressDiffers Kind = "address-differs" // reported addresses differ while the port is the same
	KindOneServer      Kind = "one-server"      // fewer than two server addresses answered
	KindStreamFailed   Kind = "stream-failed"   // address of the server, failure
	KindStreamsFew     Kind = "streams-few"     // fewer than two server addresses could be asked over TCP
	KindStreamsNone    Kind = "streams-none"    // no server reported a mapped address over TCP
	KindPool           Kind = "pool"            // addresses that one socket is mapped to
	KindPaired         Kind = "paired"          // address; counts: server addresses that reported it
	KindPortsKept      Kind = "ports-kept"      // counts: local ports that are mapped unchanged, the first of them
	KindPortsChanged   Kind = "ports-changed"   // counts: a local port, its public port, then public less local by socket
	KindPortsPartly    Kind = "ports-partly"    // counts: ports that are kept, of how many
	KindPortSteps      Kind = "port-steps"      // counts: steps of the public port from socket to socket; order
	KindPortParity     Kind = "port-parity"     // counts: ports that are even where the local port is (RFC 4787 §4.2.2)
	KindPortTargets    Kind = "port-by-targets" // likewise of one socket, from destination to destination
)

// Kinds of filtering.
const (
	KindFiltering      Kind = "filtering"       // address of the server; tally
	KindChangeRejected Kind = "change-rejected" // address of the server; counts: error code
	KindDisagree       Kind = "disagree"        // some servers' alternates get through and others' do not
	KindChangeIgnored  Kind = "change-ignored"  // the server ignores CHANGE-REQUEST
	KindChangeNever    Kind = "change-never"    // the server rejects CHANGE-REQUEST
	KindNoRFC5780      Kind = "no-rfc5780"      // no server that supports RFC 5780 answered
	KindUnproven       Kind = "unproven"        // the alternate address was never heard, even where it must be
)

// Kinds of lifetime, fragments and hairpin.
const (
	KindWake           Kind = "wake"            // address of the server that was asked to send to silent sockets
	KindAgain          Kind = "again"           // address of the server that silent sockets asked again
	KindLived          Kind = "lived"           // counts: seconds after which the port was the same
	KindGone           Kind = "gone"            // counts: seconds after which it was not
	KindOpen           Kind = "open"            // counts: seconds after which nothing is known
	KindLongerLived    Kind = "longer-lived"    // a longer pause was outlived than one that was not
	KindLongerAsking   Kind = "longer-asking"   // longer pauses are in progress
	KindServerStopped  Kind = "server-stopped"  // then the server did not answer even where it must
	KindPortReused     Kind = "port-reused"     // this NAT keeps ports, so that a new mapping looks like the old one
	KindPortUnchanged  Kind = "port-unchanged"  // the port never changed
	KindLifetimeSilent Kind = "lifetime-silent" // no answer came, for an unknown reason
	KindNoPause        Kind = "no-pause"        // no server could be asked after a pause

	KindFragmentsBoth  Kind = "fragments-both"  // address: a fragmented request got a fragmented response
	KindFragmentsShort Kind = "fragments-short" // address: a fragmented request got a short response
	KindFragmentsOut   Kind = "fragments-out"   // address; counts: requests for a fragmented response that got none
	KindFragmentsNone  Kind = "fragments-none"  // address; counts: fragmented requests without an answer
	KindLargeMTU       Kind = "large-mtu"       // counts: bytes of the MTU, too many for fragments
	KindNoLong         Kind = "no-long"         // no server was asked with long packets
	KindNoPadding      Kind = "no-padding"      // no server pads its answers
	KindAskTwo         Kind = "ask-two"         // a server's own network may drop fragments

	KindHairpinNoNAT   Kind = "hairpin-no-nat"  // there is no NAT
	KindHairpinArrived Kind = "hairpin-arrived" // address that the packet came from
	KindHairpinNoPair  Kind = "hairpin-no-pair" // no server reported the mapped addresses of two sockets
	KindHairpinSilent  Kind = "hairpin-silent"  // counts: packets, none of which arrived
	KindHairpinPorts   Kind = "hairpin-ports"   // this NAT may use other ports for them
	KindHairpinStopped Kind = "hairpin-stopped" // the servers no longer answered these sockets
	KindHairpinStill   Kind = "hairpin-still"   // the servers went on to answer both
)

// fact makes an evidence of a kind about addresses.
func fact[T interface{ String() string }](kind Kind, addresses ...T) Evidence {
	e := Evidence{Kind: kind}
	for _, a := range addresses {
		e.Addresses = append(e.Addresses, a.String())
	}
	return e
}

// counted makes an evidence of a kind with counts.
func counted(kind Kind, counts ...int) Evidence { return Evidence{Kind: kind, Counts: counts} }

// of makes an evidence of a kind that says it all.
func of(kind Kind) Evidence { return Evidence{Kind: kind} }

// Has reports whether the evidence has one of that kind.
func (b *Behavior) Has(k Kind) bool {
	return slices.ContainsFunc(b.Evidence, func(e Evidence) bool { return e.Kind == k })
}

// at adds the address that an evidence is about.
func (e Evidence) at(a netip.AddrPort) Evidence {
	e.Addresses = append([]string{a.String()}, e.Addresses...)
	return e
}
