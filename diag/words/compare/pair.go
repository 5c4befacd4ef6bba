package compare

import (
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
			end = " and has no working TURN server."
		}
		return "One peer gets no answer over UDP" + end
	case pair.WhyPorts:
		return "UDP of one peer leaves for some ports only" + end
	case pair.WhyFamilies:
		return "One peer has only IPv6, and the other has shown no IPv6" + end
	case pair.WhyNoHairpin:
		return "Both peers have one public address, and its NAT shows no hairpinning" + end
	case pair.WhyNATsAgree:
		return "Each NAT lets the packets of the other peer in."
	case pair.WhyNATsDisagree:
		return "The two NATs do not let each other's packets in" + end
	case pair.WhyTooLittle:
		return "Too little is known about the NATs."
	}
	return diag.Clean(string(p.Why), 60)
}
