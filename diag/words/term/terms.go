// Package term names what a call is made of: phases, channels, flows and ends.
package term

import (
	"cmp"

	"dialtone/diag"
)

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
func Phase(name diag.PhaseName) string { return cmp.Or(phases[name], string(name)) }

var enders = map[diag.EndedBy]string{
	diag.ByLocal: "ended by you", diag.ByRemote: "ended by the peer", diag.ByServer: "ended by the signaling server",
	diag.ByNetwork: "ended by the network",
}

// EndedBy says who ended a call.
func EndedBy(by diag.EndedBy) string { return cmp.Or(enders[by], "ended") }
