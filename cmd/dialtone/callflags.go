package main

import (
	"cmp"
	"errors"
	"fmt"
	"time"

	"dialtone/cmd/dialtone/internal/files"
	"dialtone/cmd/dialtone/internal/icelist"
	"dialtone/diag"
	"dialtone/diag/impair"
	"dialtone/diag/probe"
	"dialtone/diag/reach"
	"dialtone/diag/record"
)

// networkFlags name the servers that a call uses.
type networkFlags struct {
	Server serverURL      `own:"demo" form:"call,answer,check" label:"server" hint:"the address of the signaling server's page" default:"${server}" placeholder:"URL" help:"The signaling server: the address of its page. Default: ${default}."`
	ICE    []icelist.List `own:"demo" form:"call,answer,check" label:"STUN, TURN" hint:"not needed within one network; stun:HOST turn:HOST" name:"ice" sep:"none" placeholder:"URL" help:"A STUN or TURN server, such as stun:HOST or turn:HOST:3478?transport=tcp, or iceServers in JSON, as text or @FILE. Repeatable."`
	accountFlags
	iceFromFlags
	trustFlags
	evidenceFlags
	Redial time.Duration     `own:"demo" default:"60s" placeholder:"DURATION" help:"How long to dial again after the path was lost, such as by a change of networks; 0: end the call. Default: ${default}."`
	Impair []diag.Impairment `whole:"" sep:"none" placeholder:"SPEC" help:"Impair this call's own UDP packets: loss=5%,dup=1%,delay=80ms,jitter=20ms,reorder=1%,rate=1M,gap=3s@5s,dir=in|out|both,seed=7, or some of these. Repeatable, once for each direction."`
}

// evidenceFlags are the files of packets and media.
type evidenceFlags struct {
	KeyLog string `path:"writes" name:"keylog" placeholder:"FILE" help:"Write the keys of DTLS to this file (NSS format), which Wireshark decrypts the call with. It is a secret."`
	PCAPNG string `path:"writes" name:"pcapng" placeholder:"FILE" help:"Write the packets of the call, and the keys of DTLS, to this file for Wireshark, up to 1 GiB. It is a secret."`
	Plain  string `path:"writes" name:"pcapng-decrypted" placeholder:"FILE" help:"Write RTP, RTCP and SCTP of the call, decrypted, to this file for Wireshark, up to 1 GiB. It is a secret."`
	Save   string `path:"fills" name:"save-media" placeholder:"DIR" help:"Write the media that is received to files in this directory: Ogg, IVF, H264, AU and rtpdump, up to 1 GiB and an hour. They hold what is said and shown."`
}

// accountFlags are the credentials for the TURN servers.
type accountFlags struct {
	ICEUser string      `own:"demo" form:"call,answer,check,nat" label:"user" hint:"for the TURN servers" private:"" name:"ice-user" placeholder:"NAME" help:"User name for the TURN servers."`
	ICEPass diag.Secret `own:"demo" form:"call,answer,check,nat" label:"password" hint:"for the TURN servers; it is not saved" name:"ice-pass" placeholder:"PASSWORD" help:"Password for the TURN servers. Process lists show it: prefer DIALTONE_ICE_PASS or the file."`
}

// secretFlag makes the credentials of those who know the secret of the TURN servers.
type secretFlag struct {
	TURNSecret diag.Secret `name:"turn-secret" placeholder:"SECRET" help:"Secret shared with the TURN servers, from which credentials are made; instead of --ice-pass."`
}

// trustFlags say how servers are reached, and which are trusted.
type trustFlags struct {
	Insecure bool        `own:"demo" help:"Accept any TLS certificate from signaling and TURN servers."`
	Proxy    diag.Secret `own:"demo" name:"proxy" placeholder:"URL" help:"Proxy for signaling and for TURN over TCP and TLS: http://HOST:PORT (CONNECT), https:// or socks5://. Default: HTTPS_PROXY or ALL_PROXY. NO_PROXY names hosts to reach without it."`
	CA       caFile      `own:"demo" path:"reads" name:"ca" placeholder:"FILE" help:"PEM file with additional certificate authorities to trust."`
}

// Authorities is the file of authorities, for the receiver of --otlp too.
func (t *trustFlags) Authorities() string { return string(t.CA) }

// checkProxy reports what is wrong with the proxy, or nil.
func (t *trustFlags) checkProxy() error {
	_, err := reach.NewProxies(t.Proxy.Reveal())
	return err
}

// lengthFlags say how long the call lasts.
type lengthFlags struct {
	For time.Duration `form:"call,demo" label:"length" hint:"10s, 1m30s; empty: until you hang up" placeholder:"DURATION" help:"Hang up this long after connecting. Default: no limit."`
}

// recordFlags say what is kept of the call.
type recordFlags struct {
	Record string `form:"call,demo" label:"record to" hint:"a file, for dialtone replay" private:"" path:"writes" placeholder:"FILE" help:"Write every event to this file (JSON lines)."`
	Redact bool   `help:"Mask addresses in the recording. Passwords are never written."`
	recordLimitFlag
}

// recordLimitFlag bounds what recordings take on the disk.
type recordLimitFlag struct {
	RecordLimit files.Size `scenario:"-" default:"1GiB" placeholder:"SIZE" help:"End recording, and not the call, when all recordings of this command together have this size, such as 500MB. Default: ${default}."`

	shared *record.Room
}

// room is the same for all recordings of the command.
func (f *recordLimitFlag) room() *record.Room {
	if f.shared == nil {
		f.shared = record.NewRoom(int64(f.RecordLimit))
	}
	return f.shared
}

// config is what the flags ask of a call.
func (n *networkFlags) config(m mediaFlags, length time.Duration) diag.Config {
	c := diag.Config{
		Server: string(n.Server), Insecure: n.Insecure, CAFile: string(n.CA), Proxy: n.Proxy,
		RelayOnly: m.RelayOnly, PionDefaults: m.PionDefaults, Patient: m.Patient, For: length, Impair: n.Impair,
		Version: readVersion().Version, NamesServers: n.ICEFrom.url != "",
		KeyLog: n.KeyLog, PCAPNG: n.PCAPNG, Decrypted: n.Plain, SaveMedia: n.Save,
		Redial: cmp.Or(n.Redial, -1),
	}
	m.apply(&c)
	for _, h := range n.ICEHeader {
		c.Secrets = append(c.Secrets, h.Value)
	}
	c.ICEServers = n.servers().Auth()
	return c
}

// complete says what contradicts itself, or lacks what it needs, or nil.
func (n *networkFlags) complete() error {
	err := impair.Check(n.Impair)
	if err != nil {
		err = fmt.Errorf("--impair: %w", err)
	}
	return errors.Join(n.servers().Complete("--ice "), err)
}

// servers are those of --ice, with their accounts.
func (n *networkFlags) servers() icelist.List {
	return icelist.Joined(n.ICE).With(n.ICEUser, n.ICEPass)
}

// secretValid is how long the credentials that are made of a shared secret are valid.
const secretValid = time.Hour

// sign replaces the credentials by those that the secret makes, if there is one.
func (s *secretFlag) sign(a *accountFlags) {
	if s.TURNSecret != "" {
		user, pass := probe.SharedSecret(s.TURNSecret.Reveal(), a.ICEUser, time.Now().Add(secretValid))
		a.ICEUser, a.ICEPass = user, diag.Secret(pass)
	}
}
