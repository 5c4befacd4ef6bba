package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"time"

	"github.com/alecthomas/kong"

	"dialtone/diag"
	"dialtone/diag/nat"
	"dialtone/diag/probe"
)

// natCommand is dialtone nat.
type natCommand struct {
	Servers    []string  `arg:"" optional:"" name:"server" help:"STUN and TURN servers to ask: stun:HOST, turns:HOST:443?transport=tcp, or HOST:PORT. Default: those of --ice."`
	ICE        iceURLs   `name:"ice" placeholder:"URL" help:"A STUN or TURN server to ask where none is named: for the configuration file. May be repeated."`
	ICEUser    string    `name:"ice-user" placeholder:"NAME" help:"User name for the TURN servers."`
	ICEPass    secret    `name:"ice-pass" placeholder:"PASSWORD" help:"Password for the TURN servers. Others can read it in the list of processes: better give it as DIALTONE_ICE_PASS or in the file."`
	TURNSecret secret    `name:"turn-secret" placeholder:"SECRET" help:"Secret that the TURN servers share with whoever makes their credentials; instead of --ice-pass."`
	Public     bool      `help:"Ask public STUN servers too, which then see your address; docs/configuration.md lists them."`
	IPv4       bool      `name:"ipv4" short:"4" xor:"family" help:"Ask over IPv4 only."`
	IPv6       bool      `name:"ipv6" short:"6" xor:"family" help:"Ask over IPv6 only."`
	Bind       localAddr `placeholder:"ADDRESS" help:"Ask from this address of this machine."`
	Interface  string    `placeholder:"NAME" help:"Ask from the address of this network interface; instead of --bind."`
	Deep       bool      `help:"Also find out how long the NAT keeps a silent port, and whether fragments pass. It takes up to two minutes more."`
	Hairpin    bool      `help:"Also find out whether hosts behind the NAT reach each other by its public address. Some firewalls take that for an attack."`
	Watch      bool      `help:"Ask again and again, and tell what changes."`
	Every      duration  `default:"30s" placeholder:"DURATION" help:"How long --watch waits between two diagnoses. Default: ${default}."`
	Peer       peerLine  `placeholder:"RESULT" help:"The result line of dialtone nat on the other side: tells whether the two will reach each other."`
	Output     format    `short:"o" default:"text" placeholder:"FORMAT" help:"text or json. Default: ${default}."`
	Verbose    bool      `short:"v" help:"In text also tell why something is not known."`
	Plain      bool      `help:"Text instead of the screen. It is the default where stdin or stdout is no terminal, and with -o json."`
	glyphFlags
	recordFlags
	Insecure bool   `help:"Accept any TLS certificate, of signaling and of TURN servers."`
	CA       caFile `name:"ca" placeholder:"FILE" help:"PEM file with further certificate authorities to trust."`
	configurable
}

// Help implements kong.HelpProvider.
func (natCommand) Help() string {
	return detail("It asks the servers what your network does to UDP, and TURN servers for a relay, and says what that means for calls. "+
		"To know what the NAT does it needs STUN servers on two addresses, best one with the usage of RFC 5780. "+
		"On a terminal it shows a screen until q is pressed; otherwise text. The exit code is that of the last diagnosis: "+
		"0 where direct calls are likely to work, with --peer between the two.",
		[]string{
			"dialtone nat stun.example.org stun2.example.org",
			"dialtone nat --public",
			"DIALTONE_ICE_PASS=secret dialtone nat turn:turn.example.org --ice-user ann",
			"dialtone nat stun.example.org stun2.example.org -o json",
			"dialtone nat stun.example.org stun2.example.org --peer nat1,map=ei,filter=apd,udp",
			"dialtone nat stun.example.org stun2.example.org --watch --every 1m --plain",
		},
		diag.ExitPass, diag.ExitUsage, diag.ExitCannotRun, diag.ExitRelay, diag.ExitNoRelay, diag.ExitInconclusive, diag.ExitNoConnectivity,
		diag.ExitInterrupted)
}

func (c *natCommand) run(ctx context.Context, a app) (diag.Exit, error) {
	urls, err := c.urls()
	from, bindErr := c.localAddr()
	if err = a.checked(errors.Join(err, bindErr, c.checkEvery())); err != nil {
		return diag.ExitUsage, err
	}
	trust, err := tlsConfig(diag.Config{Insecure: c.Insecure, CAFile: c.CA.path})
	if err != nil {
		return diag.ExitCannotRun, err
	}
	ctx, restore := a.interruptible(ctx)
	defer restore()
	families := probe.BothFamilies
	switch {
	case c.IPv4 || from.Is4():
		families = probe.OnlyIPv4
	case c.IPv6 || from.Is6():
		families = probe.OnlyIPv6
	}
	q := probe.Inquiry{URLs: urls, Families: families, Bind: from, TLS: trust, Peer: c.Peer.line, Deep: c.Deep,
		Hairpin: c.Hairpin}
	q.Username, q.Password = c.credentials()
	return c.diagnose(ctx, a, q)
}

// shortestWatch keeps --watch from being a burden for the servers.
const shortestWatch = time.Second

// checkEvery tells what is wrong with --every, or nil.
func (c *natCommand) checkEvery() error {
	if c.Watch && c.Every.Duration < shortestWatch {
		return fmt.Errorf("--every %v asks the servers too often: wait a second at least", c.Every.Duration)
	}
	return nil
}

// secretValid is how long the credentials that are made of a shared secret are valid.
const secretValid = time.Hour

// credentials are those for the TURN servers.
func (c *natCommand) credentials() (username, password string) {
	if c.TURNSecret.Secret != "" {
		return probe.SharedSecret(c.TURNSecret.Secret.Reveal(), c.ICEUser, time.Now().Add(secretValid))
	}
	return c.ICEUser, c.ICEPass.Secret.Reveal()
}

// format is how a result is written.
type format struct {
	name string
	flaw
}

// Decode implements kong.MapperValue.
func (f *format) Decode(ctx *kong.DecodeContext) error { return f.decode(ctx, f.set) }

func (f *format) set(raw string) error {
	if raw != "text" && raw != "json" {
		return fmt.Errorf("%s is no format: write text or json", quote(raw))
	}
	f.name = raw
	return nil
}

// localAddr is an address of this machine.
type localAddr struct {
	addr netip.Addr
	flaw
}

// Decode implements kong.MapperValue.
func (l *localAddr) Decode(ctx *kong.DecodeContext) error { return l.decode(ctx, l.set) }

func (l *localAddr) set(raw string) error {
	a, err := netip.ParseAddr(raw)
	if err != nil {
		return fmt.Errorf("%s is no IP address: write one that this machine has, such as 192.168.1.5", quote(raw))
	}
	own, err := net.InterfaceAddrs()
	if err != nil {
		return fmt.Errorf("the addresses of this machine cannot be read: %w", err)
	}
	for _, o := range own {
		if p, err := netip.ParsePrefix(o.String()); err == nil && (p.Addr() == a || a.IsLoopback()) {
			l.addr = a
			return nil
		}
	}
	return fmt.Errorf("%s is no address of this machine", quote(raw))
}

// peerLine is the result line of the peer.
type peerLine struct {
	line string
	flaw
}

// Decode implements kong.MapperValue.
func (p *peerLine) Decode(ctx *kong.DecodeContext) error { return p.decode(ctx, p.set) }

func (p *peerLine) set(raw string) error {
	side, err := nat.ParseSide(raw)
	if err != nil {
		return err
	}
	p.line = side.String()
	return nil
}
