package network

import (
	"dialtone/diag"
	"dialtone/diag/finding"
	"dialtone/diag/nat"
)

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
func behaviorFindings(out *finding.List, s *nat.State, n *Verdict) {
	b := &n.Behaviors
	if way := onlyProxy(s); way != nil {
		out.Add("nat.only_proxy", diag.Warn, way.Through.Proxy, *way)
	}
	note := func(when bool, id string, severity diag.Severity, from nat.Behavior) {
		if when {
			out.Add(id, severity, "", BehaviorFound{from, n.Side.TURN})
		}
	}
	arbitrary := b.Pooling.Value == nat.PoolingArbitrary
	short := b.Lifetime.Confidence == nat.Proven && b.Lifetime.ToS != nil && *b.Lifetime.ToS <= enough
	lost := b.Fragments.Value == nat.None || b.Fragments.Value == nat.FragmentsOutgoing
	note(b.UDP.Value == nat.None && n.Outcome != OnlyProxy, "nat.udp_blocked", diag.Problem, b.UDP)
	note(b.UDPPorts.Value == nat.PortsFiltered && !n.Pending, "nat.ports_filtered", diag.Problem, b.UDPPorts)
	note(n.Dependent, "nat.endpoint_dependent_mapping", diag.Warn, b.Mapping)
	disagree := b.Mapping.Has(nat.KindApart) || b.Mapping.Has(nat.KindAddressDiffers)
	contradictory := b.Mapping.Confidence == nat.Contradictory && !arbitrary
	note(contradictory && disagree, "nat.servers_disagree", diag.Warn, b.Mapping)
	note(contradictory && !disagree, "nat.mapping_unstable", diag.Warn, b.Mapping)
	note(arbitrary, "nat.pooling", diag.Warn, b.Pooling)
	small := b.PacketSize.Bytes != nil && *b.PacketSize.Bytes < mediaSize ||
		b.PacketSize.BytesBack != nil && *b.PacketSize.BytesBack < mediaSize
	note(small && b.PacketSize.Value == nat.SizeLimited, "nat.packets_limited", diag.Warn, b.PacketSize)
	note(b.ALG.Value == nat.Present, "nat.alg", diag.Warn, b.ALG)
	note(b.CGNAT.Value == nat.Present, "nat.cgnat", diag.Info, b.CGNAT)
	note(n.Main() == nat.FamilyNAT64, "nat.nat64", diag.Info, b.NAT64)
	note(b.Uplinks.Value == nat.UplinksSeveral, "nat.uplinks", diag.Info, b.Uplinks)
	note(short, "nat.lifetime_short", diag.Info, b.Lifetime)
	note(lost, "nat.fragments_lost", diag.Info, b.Fragments)
}
