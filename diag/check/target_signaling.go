package check

import (
	"dialtone/diag/peer"
	"dialtone/diag/report"
	"dialtone/diag/session"
	"dialtone/signal/offer"
	"dialtone/signal/whip"
)

// Offer calls by one POST of the offer. The check's Config.Signaling is to be diag.SignalingOffer.
type Offer struct {
	Options offer.Options
	Shown   string // the address as reports tell it: it may hold a key
}

// Describe implements Target.
func (t Offer) Describe() report.Target {
	return report.Target{Kind: "offer", URL: t.Shown, Role: RoleOffer}
}

// Place implements Target.
func (t Offer) Place() Placement { return Placement{Dial: session.Offer(t.Options)} }

// WHIP publishes to a media server, or plays from it where Options.Play is set (WHEP). The check's Config.MediaOnly is
// to be set, and Config.Signaling to diag.SignalingWHIP or diag.SignalingWHEP.
type WHIP struct {
	Options whip.Options
	Shown   string // as of Offer
}

// Describe implements Target.
func (t WHIP) Describe() report.Target {
	kind := "whip"
	if t.Options.Play {
		kind = "whep"
	}
	return report.Target{Kind: kind, URL: t.Shown, Role: RoleOffer}
}

// Place implements Target.
func (t WHIP) Place() Placement {
	flow := peer.FlowSend
	if t.Options.Play {
		flow = peer.FlowReceive
	}
	return Placement{Dial: session.WHIP(t.Options), Flow: flow}
}
