package main

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"dialtone/cmd/dialtone/internal/calls"
	"dialtone/cmd/dialtone/internal/settings"
	"dialtone/cmd/dialtone/internal/supply"
	"dialtone/cmd/dialtone/internal/texts"
	"dialtone/diag"
	"dialtone/diag/feed"
	"dialtone/diag/session"
	"dialtone/signal"
)

// reach completes a placement for the way on which the peer is called.
func (w chosen) reach(ctx context.Context, a app, p *calls.Placement) {
	if w.Coded {
		return // the app's own engine does it
	}
	have := p.Config.ICEServers
	named, notes := namedServers(ctx, w.Way, w.setup(p.Config), have)
	p.Config.ICEServers = append(slices.Clone(have), named...)
	w.dial(a, p, false, notes...)
}

// dial lets a placement dial over the way.
func (w chosen) dial(a app, p *calls.Placement, answers bool, notes ...diag.Warning) {
	p.Exchange = w.Carried
	p.Engine = func(config diag.Config, log *feed.Feed) (calls.Caller, error) {
		o, err := sessionOptions(config, log)
		if err != nil {
			return nil, err
		}
		o.Notes = notes
		s := w.setup(config)
		s.Answers = answers
		s.OnICEServers = func(named []signal.ICEServer) { warnLate(log, supply.Usable(named, config.ICEServers)) }
		if w.Carried {
			shown := texts.New(a.Streams, w.answerCommand())
			s.Texts = shown
			if answers {
				o.Carry = carryTime
			} else {
				shown.Say("Gathering the addresses under which this machine can be reached …")
			}
		}
		o.Dial, o.Flow = session.Over(w.Way, s), session.Flow(w.Way, answers)
		return session.New(o), nil
	}
}

// joinRoom is what the peer runs to dial a room.
func joinRoom(code, server string) string {
	return "dialtone call " + settings.ShellQuoted(code) + " --server " + settings.ShellQuoted(server)
}

// answerCommand is what the peer runs to answer an offer on the way.
func (w chosen) answerCommand() string { return "dialtone answer --" + w.Answer[0].Name }

// carryTime is how long a text may be on its way back to the caller.
const carryTime = 30 * time.Minute

// optionsTime bounds the request for ICE servers that precedes a call.
const optionsTime = 3 * time.Second

// namedServers asks an address for its ICE servers. If it refuses there are none; the call itself will find out why. A
// server that does not answer delays every browser and every call, which is worth a note.
func namedServers(ctx context.Context, w signal.Way, s signal.Setup, have []diag.ICEServerAuth) ([]diag.ICEServerAuth,
	[]diag.Warning,
) {
	if w.ICEServers == nil {
		return nil, nil
	}
	ctx, cancel := context.WithTimeout(ctx, optionsTime)
	defer cancel()
	named, err := w.ICEServers(ctx, s)
	var failure *signal.Error
	if errors.As(err, &failure) && failure.Sent && errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return nil, []diag.Warning{{ID: "signal.options_silent"}}
	}
	if err != nil {
		return nil, nil
	}
	usable, near := supply.NotNear(ctx, s.Address, supply.Usable(named, have))
	return usable, serversNote("signal.ice_servers_near", near)
}

// warnLate warns of servers that were named when the candidates had been gathered.
func warnLate(log *feed.Feed, late []diag.ICEServerAuth) {
	urls := make([]string, 0, len(late))
	for _, s := range late {
		urls = append(urls, s.URL)
	}
	for _, note := range serversNote("signal.ice_servers_late", urls) {
		log.Append(note)
	}
}

// serversNote is a note about servers that are not asked; none if there is no such server.
func serversNote(id string, urls []string) []diag.Warning {
	if len(urls) == 0 {
		return nil
	}
	return []diag.Warning{{ID: id, Subject: diag.Clean(strings.Join(urls, " "), 300)}}
}
