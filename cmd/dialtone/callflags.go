package main

import (
	"errors"
	"fmt"
	"time"

	"dialtone/cmd/dialtone/internal/settings"
	"dialtone/diag"
	"dialtone/diag/iceurl"
	"dialtone/diag/reach"
)

// networkFlags name the servers that a call uses.
type networkFlags struct {
	Server   serverURL    `own:"demo" form:"call,answer,check" label:"server" hint:"the address of the signaling server's page" default:"${server}" placeholder:"URL" help:"The signaling server: the address of its page. Default: ${default}."`
	ICE      []iceurl.URL `own:"demo" form:"call,answer,check" label:"STUN, TURN" hint:"not needed within one network; stun:HOST turn:HOST" name:"ice" sep:"none" placeholder:"URL" help:"A STUN or TURN server, such as stun:HOST or turn:HOST:3478?transport=tcp. Repeatable."`
	ICEUser  string       `own:"demo" form:"call,answer,check" label:"user" hint:"for the TURN servers" private:"" name:"ice-user" placeholder:"NAME" help:"User name for the TURN servers."`
	ICEPass  diag.Secret  `own:"demo" form:"call,answer,check" label:"password" hint:"for the TURN servers; it is not saved" name:"ice-pass" placeholder:"PASSWORD" help:"Password for the TURN servers. Process lists show it: prefer DIALTONE_ICE_PASS or the file."`
	Insecure bool         `own:"demo" help:"Accept any TLS certificate from signaling and TURN servers."`
	proxyFlag
	CA caFile `own:"demo" name:"ca" placeholder:"FILE" help:"PEM file with additional certificate authorities to trust."`
}

// proxyFlag names the way out of a network that has no other.
type proxyFlag struct {
	Proxy diag.Secret `own:"demo" name:"proxy" placeholder:"URL" help:"Proxy for signaling and for TURN over TCP and TLS: http://HOST:PORT (CONNECT), https:// or socks5://. Default: HTTPS_PROXY or ALL_PROXY. NO_PROXY names hosts to reach without it."`
}

// checkProxy reports what is wrong with the proxy, or nil.
func (p *proxyFlag) checkProxy() error {
	_, err := reach.NewProxies(p.Proxy.Reveal())
	return err
}

// mediaFlags say what the call is made of.
type mediaFlags struct {
	RelayOnly    bool `form:"call,demo,check" label:"relay only" hint:"tests whether a TURN server carries a call" help:"Use relay candidates only: tests whether a TURN server carries a call."`
	PionDefaults bool `help:"Wait before accepting a candidate pair as long as pion does by default, instead of not at all."`
	NoMedia      bool `form:"call,demo,check" label:"no media" hint:"messages only, no audio and no video" help:"Data channels only, no audio and no video."`
}

// lengthFlags say how long the call lasts.
type lengthFlags struct {
	For time.Duration `form:"call,demo" label:"length" hint:"10s, 1m30s; empty: until you hang up" placeholder:"DURATION" help:"Hang up this long after connecting. Default: no limit."`
}

// recordFlags say what is kept of the call.
type recordFlags struct {
	Record string `form:"call,demo" label:"record to" hint:"a file, for dialtone replay" private:"" placeholder:"FILE" help:"Write every event to this file (JSON lines)."`
	Redact bool   `help:"Mask addresses in the recording. Passwords are never written."`
}

// config is what the flags ask of a call.
func (n *networkFlags) config(m mediaFlags, length time.Duration) diag.Config {
	c := diag.Config{
		Server: string(n.Server), Insecure: n.Insecure, CAFile: string(n.CA), Proxy: n.Proxy,
		RelayOnly: m.RelayOnly, PionDefaults: m.PionDefaults, NoMedia: m.NoMedia, For: length,
		Version: readVersion().Version,
	}
	for _, u := range n.ICE {
		server := diag.ICEServerAuth{URL: u.String()}
		if u.Scheme.TURN() {
			server.Username, server.Credential = n.ICEUser, n.ICEPass
		}
		c.ICEServers = append(c.ICEServers, server)
	}
	return c
}

// complete says which servers lack what they need, or nil.
func (n *networkFlags) complete() error {
	var errs []error
	for _, u := range n.ICE {
		if u.Scheme.TURN() && (n.ICEUser == "" || n.ICEPass == "") {
			errs = append(errs, fmt.Errorf("--ice %v requires a user name and a password: add --ice-user NAME, and the "+
				"password as %s",
				u, settings.EnvName("ice-pass")))
		}
	}
	return errors.Join(errs...)
}

// shellQuoted is an argument that can be pasted into a shell.
func shellQuoted(arg string) string { return settings.ShellQuoted(arg) }
