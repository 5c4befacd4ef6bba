package main

import (
	"time"

	"dialtone/cmd/dialtone/internal/calls"
	"dialtone/cmd/dialtone/internal/clips"
	"dialtone/cmd/dialtone/internal/endpoint"
	"dialtone/diag"
	"dialtone/diag/feed"
	"dialtone/diag/guard"
	"dialtone/diag/peer"
	"dialtone/diag/reach"
	"dialtone/diag/session"
	"dialtone/diag/watch"
)

// explainTime is how long a call without a path stays to ask its servers why.
const explainTime = 3 * time.Second

// strangers bounds what all calls of this process send to hosts that do not answer: many calls make it send no more
// than one could.
var strangers guard.Limiter

// newSession is the engine of real calls.
func newSession(config diag.Config, log *feed.Feed) (calls.Caller, error) {
	room := inRoom(config.Code)
	return sessionOver(session.Over(room.Way, room.setup(config)), session.Flow(room.Way, false))(config, log)
}

// sessionOver is the engine of real calls over another signaling.
func sessionOver(dial session.Dialer, flow peer.Flow) calls.Engine {
	return func(config diag.Config, log *feed.Feed) (calls.Caller, error) {
		o, err := sessionOptions(config, log)
		if err != nil {
			return nil, err
		}
		o.Dial, o.Flow = dial, flow
		return session.New(o), nil
	}
}

// sessionOptions are those of a session but for its signaling.
func sessionOptions(config diag.Config, log *feed.Feed) (session.Options, error) {
	trust, err := endpoint.Trust(config.Insecure, config.CAFile)
	if err != nil {
		return session.Options{}, err
	}
	proxies, err := reach.NewProxies(config.Proxy.Reveal())
	if err != nil {
		return session.Options{}, err
	}
	greeting := "hello from dialtone " + config.Version
	if config.Echo {
		greeting = "" // it only echoes
	}
	sent, err := clips.Read(config.SendMedia)
	if err != nil {
		return session.Options{}, err
	}
	return session.Options{
		Config: config, Feed: log, TLS: trust, Proxies: proxies, Greeting: greeting, Explain: explainTime,
		Limiter: &strangers, Clips: sent, Watch: watch.Machine, Redial: config.Redial,
	}, nil
}
