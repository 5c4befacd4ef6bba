package compare

import (
	"dialtone/diag"
	"dialtone/diag/nat"
)

// Prediction says in a sentence how two peers will reach each other.
func Prediction(p nat.Prediction) string {
	end := "."
	switch p.Path {
	case nat.PathRelay:
		end = "; a TURN server carries the call."
	case nat.PathNone:
		end = ", and no TURN server works for both peers."
	case nat.PathDirect, nat.PathUnknown:
	}
	switch p.Why {
	case nat.WhySameNetwork:
		return "Both peers are in one network."
	case nat.WhyIPv6:
		return "Both peers have IPv6."
	case nat.WhyNoUDP:
		if p.Path == nat.PathNone {
			end = " and has no working TURN server."
		}
		return "One peer gets no answer over UDP" + end
	case nat.WhyPorts:
		return "UDP of one peer leaves for some ports only" + end
	case nat.WhyFamilies:
		return "One peer has only IPv6, and the other has shown no IPv6" + end
	case nat.WhyNoHairpin:
		return "Both peers have one public address, and its NAT shows no hairpinning" + end
	case nat.WhyNATsAgree:
		return "Each NAT lets the packets of the other peer in."
	case nat.WhyNATsDisagree:
		return "The two NATs do not let each other's packets in" + end
	case nat.WhyTooLittle:
		return "Too little is known about the NATs."
	}
	return diag.Clean(string(p.Why), 60)
}
