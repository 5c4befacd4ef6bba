package main

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"time"

	"dialtone/cmd/dialtone/internal/endpoint"
	"dialtone/cmd/dialtone/internal/icelist"
	"dialtone/cmd/dialtone/internal/natrun"
	"dialtone/diag"
	"dialtone/diag/nat"
	"dialtone/diag/nat/pair"
	"dialtone/diag/probe"
	"dialtone/diag/reach"
	"dialtone/tui/pane"
)

// natCommand is dialtone nat.
type natCommand struct {
	Servers []string       `arg:"" optional:"" name:"server" help:"STUN and TURN servers to ask: stun:HOST, turns:HOST:443?transport=tcp, HOST:PORT, or iceServers in JSON, as text or @FILE. Default: those of --ice."`
	ICE     []icelist.List `form:"nat" label:"STUN, TURN" hint:"the servers to ask, such as stun.example.org" sep:"none" name:"ice" placeholder:"URL" help:"A STUN or TURN server to ask if none is named: for the configuration file. Repeatable."`
	accountFlags
	secretFlag
	Public    bool          `form:"nat" label:"public" hint:"ask public STUN servers too, which then see your address" help:"Ask public STUN servers too, which then see your address; docs/reference/configuration.md lists them."`
	IPv4      bool          `name:"ipv4" short:"4" xor:"family" help:"Ask over IPv4 only."`
	IPv6      bool          `name:"ipv6" short:"6" xor:"family" help:"Ask over IPv6 only."`
	Bind      netip.Addr    `placeholder:"ADDRESS" help:"Send from this local address."`
	Interface string        `placeholder:"NAME" help:"Send from the address of this network interface; instead of --bind."`
	Deep      bool          `help:"Also measure how long the NAT keeps idle mappings, and test whether IP fragments pass. Takes up to two minutes more."`
	Hairpin   bool          `help:"Also test hairpinning: whether hosts behind the NAT reach each other at its public address. Some firewalls report this as an attack."`
	Watch     bool          `help:"Repeat the diagnosis and report what changes."`
	Every     time.Duration `default:"30s" placeholder:"DURATION" help:"Pause of --watch between two diagnoses. Default: ${default}."`
	Peer      *nat.Side     `placeholder:"RESULT" help:"The result line of the peer's dialtone nat: predicts whether both peers reach each other."`
	Output    string        `oneof:"text,json" short:"o" default:"text" placeholder:"FORMAT" help:"Format: text or json. Default: ${default}."`
	Verbose   bool          `short:"v" help:"In text, also explain why a behavior is unknown."`
	Plain     bool          `help:"Text instead of the screen. The default if stdin or stdout is not a terminal, and with -o json."`
	glyphFlags
	recordFlags
	trustFlags
	configurable
}

// Help implements kong.HelpProvider.
func (natCommand) Help() string {
	return detail("It asks STUN servers how your NAT maps and filters UDP, tests TURN servers, and reports what that "+
		"means for calls. Use STUN servers on two addresses, or one that supports RFC 5780.\n\n"+
		"On a terminal it shows a screen until you press q; otherwise text. The exit code is that of the last diagnosis: "+
		"0 if direct calls are likely to work; with --peer, between both networks; if only servers are named that show "+
		"nothing of the network, such as turns:, 0 if all of them work.",
		[]string{
			"dialtone nat stun.example.org stun2.example.org",
			"dialtone nat --public",
			"DIALTONE_ICE_PASS=secret dialtone nat turn:turn.example.org --ice-user ann",
			"dialtone nat stun.example.org stun2.example.org -o json",
			"dialtone nat stun.example.org stun2.example.org --peer nat1,map=ei,filter=apd,udp",
			"dialtone nat stun.example.org stun2.example.org --watch --every 1m --plain",
		},
		diag.ExitPass, diag.ExitUsage, diag.ExitCannotRun, diag.ExitRelay, diag.ExitNoRelay, diag.ExitInconclusive,
		diag.ExitNoConnectivity,
		diag.ExitInterrupted)
}

func (c *natCommand) run(ctx context.Context, a app) (diag.Exit, error) {
	q, err := c.inquiry()
	if err = a.checked(errors.Join(err, c.checkEvery())); err != nil {
		return diag.ExitUsage, err
	}
	ctx, restore := a.Interruptible(ctx)
	defer restore()
	return c.diagnose(ctx, a, q)
}

// inquiry is what is asked; the error names all that is wrong with it.
func (c *natCommand) inquiry() (probe.Inquiry, error) {
	c.sign(&c.accountFlags)
	list, err := c.servers()
	from, bindErr := c.Bind, error(nil)
	if c.Interface != "" && !from.IsValid() {
		from, bindErr = endpoint.AddressOf(c.Interface, c.IPv6)
	}
	trust, trustErr := endpoint.Trust(c.Insecure, string(c.CA))
	proxies, proxyErr := reach.NewProxies(c.Proxy.Reveal())
	families := reach.BothFamilies
	switch {
	case c.IPv4 || from.Is4():
		families = reach.OnlyIPv4
	case c.IPv6 || from.Is6():
		families = reach.OnlyIPv6
	}
	q := probe.Inquiry{
		URLs: list.URLs(), Accounts: list.Accounts(), Families: families, Bind: from, TLS: trust,
		Proxies: proxies, Deep: c.Deep, Hairpin: c.Hairpin, Limiter: &strangers,
	}
	if c.Peer != nil {
		q.Peer = pair.Line(*c.Peer)
	}
	return q, errors.Join(err, bindErr, trustErr, proxyErr)
}

// diagnose runs the diagnoses behind the screen, or as text.
func (c *natCommand) diagnose(ctx context.Context, a app, q probe.Inquiry) (diag.Exit, error) {
	config := diag.Config{
		Command: "nat", Code: "nat", NoMedia: true, Version: readVersion().Version, Insecure: c.Insecure,
		CAFile: string(c.CA),
	}
	secrets := []diag.Secret{c.ICEPass, c.TURNSecret}
	for _, u := range q.URLs {
		server := diag.ICEServerAuth{URL: u.Short()}
		if account := q.Accounts[u]; u.Scheme.TURN() {
			server.Username, server.Credential = account.Username, diag.Secret(account.Password)
			secrets = append(secrets, server.Credential)
		}
		config.ICEServers = append(config.ICEServers, server)
	}
	panes := a.panes
	if panes == nil {
		panes = pane.Diagnosis()
	}
	return natrun.Run(ctx, natrun.Options{
		Streams: a.Streams, Config: config, Secrets: secrets, Inquiry: q, Watch: c.Watch,
		Every: c.Every, Record: c.Record, Redact: c.Redact, Room: c.room(),
		Screen: a.Terminal && !c.Plain && c.Output == "text", ASCII: c.ascii(a.streams), Panes: panes,
		JSON: c.Output == "json", Verbose: c.Verbose,
	})
}

// shortestWatch keeps --watch from being a burden for the servers.
const shortestWatch = time.Second

// checkEvery reports what is wrong with --every, or nil.
func (c *natCommand) checkEvery() error {
	if c.Watch && c.Every < shortestWatch {
		return fmt.Errorf("--every %v asks the servers too often: wait a second at least", c.Every)
	}
	return nil
}

// parseNATSide reads the result line of the peer's network.
func parseNATSide(raw string) (*nat.Side, error) {
	side, err := pair.Parse(raw)
	if err != nil {
		return nil, err
	}
	return &side, nil
}

// publicServers are STUN servers that let everybody ask; --public asks them. Never without it: anyone who is asked
// learns the address of this machine, and when it was there. No one has measured them here, and no test asks them.
// docs/reference/configuration.md has the same list.
var publicServers = []string{
	"stun:stun.l.google.com:19302",
	"stun:stun1.l.google.com:19302",
	"stun:stun.cloudflare.com:3478",
	"stun:stun.nextcloud.com:443",
	"stun:stunserver2025.stunprotocol.org:3478",
}

// servers are those to ask; the error names all that is wrong with them.
func (c *natCommand) servers() (icelist.List, error) {
	list, flag := icelist.Joined(c.ICE), "--ice "
	named := c.Servers
	if len(named) > 0 {
		list, flag = nil, ""
	}
	if c.Public {
		named = append(named, publicServers...)
	}
	var errs []error
	for _, s := range named {
		l, err := icelist.Parse(s)
		errs = append(errs, err)
		if err == nil {
			list = append(list, l...)
		}
	}
	if len(list) == 0 && errors.Join(errs...) == nil {
		errs = append(errs, errors.New(`no server to ask: name some, such as dialtone nat stun.example.org; `+
			`or list them in the configuration file: ice = ["stun:…"]; `+
			`or add --public to ask public ones, which then see your address`))
	}
	list = list.With(c.ICEUser, c.ICEPass)
	return list, errors.Join(append(errs, list.Complete(flag))...)
}
