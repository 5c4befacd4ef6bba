package main

import (
	"context"
	"errors"

	"dialtone/diag"
	diagcheck "dialtone/diag/check"
	"dialtone/signal/offer"
	"dialtone/signal/whip"
)

// targets names the flags that say what to call.
func (c *checkCommand) targets() []string {
	var out []string
	for _, t := range []struct {
		flag  string
		given bool
	}{{"loopback", c.Loopback}, {"room", c.Room != ""}, {"offer", c.Offer != ""}, {"whip", c.WHIP != ""}, {"whep",
		c.WHEP != ""}} {
		if t.given {
			out = append(out, t.flag)
		}
	}
	return out
}

// prefer gives up the targets of the environment and the file where the command line names one.
func (c *checkCommand) prefer(typed map[string]bool) {
	if !typed["loopback"] && !typed["room"] && !typed["offer"] && !typed["whip"] && !typed["whep"] && !typed["scenario"] {
		return
	}
	for flag, value := range map[string]*string{"room": &c.Room, "offer": &c.Offer, "whip": &c.WHIP, "whep": &c.WHEP,
		"scenario": &c.Scenario} {
		if !typed[flag] {
			*value = ""
		}
	}
	c.Loopback = c.Loopback && typed["loopback"]
}

// aim makes the target of a signaling other than a room.
func (c *checkCommand) aim(o *diagcheck.Options) error {
	ways := given(way{diag.SignalingOffer, "offer", c.Offer}, way{diag.SignalingWHIP, "whip", c.WHIP},
		way{diag.SignalingWHEP, "whep", c.WHEP})
	w := ways[0]
	w.apply(&o.Config, c.Token)
	errs := []error{w.checkURL(), w.checkMedia(mediaFlags{NoMedia: c.NoMedia})}
	shown, options := shownURL(w.value), webOptions(o.Config)
	if w.kind == diag.SignalingOffer {
		o.Target = diagcheck.Offer{Options: offer.Options{URL: w.value, Options: options}, Shown: shown}
		return errors.Join(errs...)
	}
	o.Target = diagcheck.WHIP{Options: whip.Options{URL: w.value, Play: w.kind == diag.SignalingWHEP, Options: options},
		Shown: shown}
	return errors.Join(errs...)
}

// nameServers adds the ICE servers that the endpoints of the plans name.
func nameServers(ctx context.Context, plans []checkPlan) {
	for i := range plans {
		t, ok := plans[i].Target.(diagcheck.WHIP)
		if !ok || ctx.Err() != nil {
			continue
		}
		config := &plans[i].Config
		config.ICEServers = append(config.ICEServers, namedServers(ctx, t.Options, config.ICEServers)...)
	}
}
