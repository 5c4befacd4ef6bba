package main

import (
	"errors"
	"fmt"
	"strings"

	"dialtone/diag"
)

// networkFlags name the servers that a call uses.
type networkFlags struct {
	Server   serverURL `default:"${server}" placeholder:"URL" help:"The signaling server: the address of its page. Default: ${default}."`
	ICE      iceURLs   `name:"ice" placeholder:"URL" help:"A STUN or TURN server, such as stun:HOST or turn:HOST:3478?transport=tcp. May be repeated."`
	ICEUser  string    `name:"ice-user" placeholder:"NAME" help:"User name for the TURN servers."`
	ICEPass  secret    `name:"ice-pass" placeholder:"PASSWORD" help:"Password for the TURN servers. Others can read it in the list of processes: better give it as DIALTONE_ICE_PASS or in the file."`
	Insecure bool      `help:"Accept any TLS certificate, of signaling and of TURN servers."`
	CA       caFile    `name:"ca" placeholder:"FILE" help:"PEM file with further certificate authorities to trust."`
}

// mediaFlags say what the call is made of.
type mediaFlags struct {
	RelayOnly    bool     `help:"Use relayed paths alone: proves that a TURN server carries a call."`
	PionDefaults bool     `help:"Wait before a path is accepted as long as pion does by default, instead of not at all."`
	NoMedia      bool     `help:"Data channels only, no audio and no video."`
	For          duration `placeholder:"DURATION" help:"End the call when it has been up this long. Default: when somebody hangs up."`
}

// recordFlags say what is kept of the call.
type recordFlags struct {
	Record string `placeholder:"FILE" help:"Write every event to this file (JSON lines)."`
	Redact bool   `help:"Mask addresses in the recording. Passwords are never written."`
}

// config is what the flags ask of a call.
func (n *networkFlags) config(m mediaFlags) diag.Config {
	c := diag.Config{
		Server: n.Server.page, Insecure: n.Insecure, CAFile: n.CA.path,
		RelayOnly: m.RelayOnly, PionDefaults: m.PionDefaults, NoMedia: m.NoMedia, For: m.For.Duration,
		Version: readVersion().Version,
	}
	for _, u := range n.ICE.list {
		server := diag.ICEServerAuth{URL: u.String()}
		if u.Scheme.TURN() {
			server.Username, server.Credential = n.ICEUser, n.ICEPass.Secret
		}
		c.ICEServers = append(c.ICEServers, server)
	}
	return c
}

// complete tells which servers lack what they need, or nil.
func (n *networkFlags) complete() error {
	var errs []error
	for _, u := range n.ICE.list {
		if u.Scheme.TURN() && (n.ICEUser == "" || n.ICEPass.Secret == "") {
			errs = append(errs, fmt.Errorf("--ice %v asks for a user name and a password: add --ice-user NAME, and the password as %s", u, envName("ice-pass")))
		}
	}
	return errors.Join(errs...)
}

// shellQuoted is an argument as a person can paste it into a shell.
func shellQuoted(arg string) string {
	harmless := func(r rune) bool {
		return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("-_./:@%+,=", r)
	}
	if arg != "" && !strings.HasPrefix(arg, "-") && strings.TrimFunc(arg, harmless) == "" {
		return arg
	}
	return "'" + strings.ReplaceAll(arg, "'", `'\''`) + "'"
}
