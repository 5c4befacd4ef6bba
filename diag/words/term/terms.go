// Package term names what a call is made of: phases, channels, flows and ends.
package term

import "dialtone/diag"

// phases name the phases of a setup.
var phases = map[diag.PhaseName]string{
	diag.PhaseDial:        "dial",
	diag.PhaseWait:        "wait for the peer",
	diag.PhaseGather:      "gather",
	diag.PhaseOfferAnswer: "offer/answer",
	diag.PhaseICE:         "ICE checks",
	diag.PhaseNomination:  "nomination",
	diag.PhaseDTLS:        "DTLS handshake",
	diag.PhaseSCTP:        "SCTP association",
	diag.PhaseChannel:     "data channel",
	diag.PhaseFirstPacket: "first packet",
	diag.PhaseFirstFrame:  "first frame",
	diag.PhaseRestart:     "ICE restart",
}

// Phase names a phase of a setup; an unknown one is named by itself.
func Phase(name diag.PhaseName) string {
	if text, ok := phases[name]; ok {
		return text
	}
	return string(name)
}

// EndedBy says who ended a call.
func EndedBy(by diag.EndedBy) string {
	switch by {
	case diag.ByLocal:
		return "ended by you"
	case diag.ByRemote:
		return "ended by the peer"
	case diag.ByServer:
		return "ended by the signaling server"
	case diag.ByNetwork:
		return "ended by the network"
	}
	return "ended"
}
