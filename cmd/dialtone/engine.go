package main

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"time"

	"dialtone/cmd/dialtone/internal/calls"
	"dialtone/cmd/dialtone/internal/clips"
	"dialtone/cmd/dialtone/internal/endpoint"
	"dialtone/cmd/dialtone/internal/files"
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
	trust, err := tlsConfig(config)
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

// tlsConfig is how the certificates of TURN servers are verified; nil for the usual way.
func tlsConfig(config diag.Config) (*tls.Config, error) {
	if !config.Insecure && config.CAFile == "" {
		return nil, nil
	}
	trust := &tls.Config{MinVersion: tls.VersionTLS12, InsecureSkipVerify: config.Insecure}
	if config.CAFile == "" {
		return trust, nil
	}
	roots, err := x509.SystemCertPool()
	if err != nil {
		roots = x509.NewCertPool() // a system without certificates of its own
	}
	pem, err := files.Read(config.CAFile, endpoint.MaxAuthorities)
	if err != nil {
		return nil, fmt.Errorf("cannot read the certificate authorities: %w", err)
	}
	roots.AppendCertsFromPEM(pem) // that there is one was checked with the flag
	trust.RootCAs = roots
	return trust, nil
}
