package main

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"dialtone/cmd/dialtone/internal/calls"
	"dialtone/diag"
	"dialtone/diag/feed"
	"dialtone/diag/probe"
	"dialtone/diag/session"
	"dialtone/signal/offer"
	"dialtone/signal/whip"
)

// reach completes a placement for the way on which the other party is called.
func (w way) reach(ctx context.Context, a app, p *calls.Placement, texts pasteFlags) {
	switch w.kind {
	case diag.SignalingOffer:
		p.Engine = sessionOver(session.Offer(offer.Options{URL: w.value, Options: webOptions(p.Config)}), w.flow(true))
	case diag.SignalingWHIP, diag.SignalingWHEP:
		o := whip.Options{URL: w.value, Play: w.kind == diag.SignalingWHEP, Options: webOptions(p.Config)}
		p.Config.ICEServers = append(slices.Clone(p.Config.ICEServers), namedServers(ctx, o, p.Config.ICEServers)...)
		p.Engine = func(config diag.Config, log *feed.Feed) (calls.Caller, error) {
			o := o
			o.OnICEServers = func(named []whip.ICEServer) { tellLate(log, usable(named, config.ICEServers)) }
			return sessionOver(session.WHIP(o), w.flow(true))(config, log)
		}
	case diag.SignalingPaste:
		p.Engine = newDesk(a.streams, texts, p.Screen).engine(true)
		p.Exchange = true
	}
}

// optionsTime bounds the question for ICE servers that comes before a call.
const optionsTime = 3 * time.Second

// namedServers asks an endpoint for its ICE servers. When it does not tell there are none; why, the call itself will
// find out.
func namedServers(ctx context.Context, o whip.Options, have []diag.ICEServerAuth) []diag.ICEServerAuth {
	ctx, cancel := context.WithTimeout(ctx, optionsTime)
	defer cancel()
	o.Patience = -1
	named, err := whip.ICEServers(ctx, o)
	if err != nil {
		return nil
	}
	return usable(named, have)
}

// usable are the servers that a peer can ask and does not ask already.
func usable(named []whip.ICEServer, have []diag.ICEServerAuth) []diag.ICEServerAuth {
	var out []diag.ICEServerAuth
	for _, n := range named {
		u, err := probe.ParseURL(n.URL)
		known := func(s diag.ICEServerAuth) bool { return s.URL == u.String() }
		if err != nil || u.Scheme.TURN() && (n.Username == "" || n.Credential == "") || slices.ContainsFunc(have, known) ||
			slices.ContainsFunc(out, known) {
			continue
		}
		server := diag.ICEServerAuth{URL: u.String()}
		if u.Scheme.TURN() {
			server.Username, server.Credential = n.Username, diag.Secret(n.Credential)
		}
		out = append(out, server)
	}
	return out
}

// tellLate remarks on servers that were named when the candidates had been gathered.
func tellLate(log *feed.Feed, late []diag.ICEServerAuth) {
	if len(late) == 0 {
		return
	}
	urls := make([]string, 0, len(late))
	for _, s := range late {
		urls = append(urls, s.URL)
	}
	log.Append(diag.Warning{ID: "signal.ice_servers_late", Subject: diag.Clean(strings.Join(urls, " "), 300)})
}

// errOnce is what a second dial of a pasted call ends with.
var errOnce = errors.New("texts are carried once a call: it cannot be negotiated anew")
