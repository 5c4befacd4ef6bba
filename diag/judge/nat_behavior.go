package judge

import "dialtone/diag/nat"

// BehaviorFound is the evidence of a finding about the network.
type BehaviorFound struct {
	Behavior nat.Behavior `json:"behavior"`
	Relay    bool         `json:"relay"` // a TURN server works
}

// enough is how many seconds a NAT must remember a silent port (RFC 4787 REQ-5).
const enough = 120

// mediaSize is how long the packets of a call are at most, in bytes: RTP and SCTP of 1,200 bytes and what goes around
// them.
const mediaSize = 1280

// behaviorFindings are those about this machine's network.
func behaviorFindings(s *nat.State, n *Network) []Finding {
	b := &n.Behaviors
	var out []Finding
	if way := onlyProxy(s); way != nil {
		out = append(out, Finding{ID: "nat.only_proxy", Severity: Warn, Subject: way.Through.Proxy, Evidence: *way})
	}
	note := func(when bool, id string, severity Severity, from nat.Behavior) {
		if when {
			out = append(out, Finding{ID: id, Severity: severity, Evidence: BehaviorFound{from, n.Side.TURN}})
		}
	}
	arbitrary := b.Pooling.Value == nat.PoolingArbitrary
	short := b.Lifetime.Confidence == nat.Proven && b.Lifetime.ToS != nil && *b.Lifetime.ToS <= enough
	lost := b.Fragments.Value == nat.None || b.Fragments.Value == nat.FragmentsOutgoing
	note(b.UDP.Value == nat.None && n.Outcome != NetworkOnlyProxy, "nat.udp_blocked", Problem, b.UDP)
	note(b.UDPPorts.Value == nat.PortsFiltered && !n.Pending, "nat.ports_filtered", Problem, b.UDPPorts)
	note(n.Dependent, "nat.endpoint_dependent_mapping", Warn, b.Mapping)
	note(b.Mapping.Confidence == nat.Contradictory && !arbitrary, "nat.mapping_unstable", Warn, b.Mapping)
	note(arbitrary, "nat.pooling", Warn, b.Pooling)
	small := b.PacketSize.Bytes != nil && *b.PacketSize.Bytes < mediaSize ||
		b.PacketSize.BytesBack != nil && *b.PacketSize.BytesBack < mediaSize
	note(small && b.PacketSize.Value == nat.SizeLimited, "nat.packets_limited", Warn, b.PacketSize)
	note(b.ALG.Value == nat.Present, "nat.alg", Warn, b.ALG)
	note(b.CGNAT.Value == nat.Present, "nat.cgnat", Info, b.CGNAT)
	note(n.Main() == nat.FamilyNAT64, "nat.nat64", Info, b.NAT64)
	note(b.Uplinks.Value == nat.UplinksSeveral, "nat.uplinks", Info, b.Uplinks)
	note(short, "nat.lifetime_short", Info, b.Lifetime)
	note(lost, "nat.fragments_lost", Info, b.Fragments)
	return out
}
