package compare

import (
	"strings"

	"dialtone/diag"
	"dialtone/diag/nat/pair"
)

// Prediction says in a sentence how two peers will reach each other.
func Prediction(p pair.Prediction) string {
	end := "."
	switch p.Path {
	case pair.PathRelay:
		end = "; a TURN server carries the call."
	case pair.PathNone:
		end = ", and no TURN server works for both peers."
	case pair.PathDirect, pair.PathUnknown:
	}
	switch p.Why {
	case pair.WhySameNetwork:
		return "Both peers are in one network."
	case pair.WhyIPv6:
		return "Both peers have IPv6."
	case pair.WhyNoUDP:
		if p.Path == pair.PathNone {
			end = ", and no TURN server works for " + within(p) + "."
		}
		return who(p) + verb(p, " gets no answer over UDP", " get no answer over UDP") + end
	case pair.WhyPorts:
		return who(p) + verb(p, " reaches some UDP ports only", " reach some UDP ports only") + end
	case pair.WhyFamilies:
		return who(p) + verb(p, " has", " have") + " only IPv6, and no common way was shown" + end
	case pair.WhyNoHairpin:
		return "Both peers have one public address, and its NAT shows no hairpinning" + end
	case pair.WhyNATsAgree:
		return "Each NAT lets the packets of the other peer in."
	case pair.WhyNATsDisagree:
		return "The two NATs do not let each other's packets in" + end
	case pair.WhyTooLittle:
		return tooLittle(p)
	}
	return diag.Clean(string(p.Why), 60)
}

// tooLittle says whose result lacks what, and how to get it.
func tooLittle(p pair.Prediction) string {
	var parts []string
	next := " Run dialtone nat there with two STUN servers, one of which supports RFC 5780."
	for _, side := range []struct {
		whose string
		lacks pair.Lack
	}{{"of this machine", p.Local}, {"of the peer", p.Remote}} {
		switch side.lacks {
		case "":
		case pair.LackPorts:
			parts = append(parts, "whether the network "+side.whose+" lets UDP out to any port")
			next = " Run dialtone nat there with a TURN server too: its relays have other ports."
		default:
			parts = append(parts, "the "+string(side.lacks)+" of the NAT "+side.whose)
		}
	}
	if len(parts) == 0 {
		return "Too little is known about the NATs."
	}
	return "Unknown: " + strings.Join(parts, ", and ") + "." + next
}

// who names the side that lacks something.
func who(p pair.Prediction) string {
	switch {
	case p.Local != "" && p.Remote != "":
		return "Both peers"
	case p.Local != "":
		return "This machine"
	case p.Remote != "":
		return "The peer"
	}
	return "One peer"
}

// within is [who] within a sentence.
func within(p pair.Prediction) string {
	name := who(p)
	return strings.ToLower(name[:1]) + name[1:]
}

// verb chooses the form for one side or for both.
func verb(p pair.Prediction, one, both string) string {
	if p.Local != "" && p.Remote != "" {
		return both
	}
	return one
}
