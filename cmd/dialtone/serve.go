package main

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"dialtone/cmd/dialtone/internal/endpoint"
	"dialtone/cmd/dialtone/internal/iceservers"
	"dialtone/cmd/dialtone/internal/rooms"
	"dialtone/cmd/dialtone/internal/settings"
	"dialtone/cmd/dialtone/internal/texts"
	"dialtone/diag"
	"dialtone/signal/gate"
	"dialtone/signal/page"
	"dialtone/signal/server"
	"dialtone/signal/web"
)

// serveCommand is dialtone serve.
type serveCommand struct {
	Listen listenAddress `default:"${listen}" placeholder:"HOST:PORT" help:"Where to listen. Port 0 picks a free one. Default: ${default}."`
	endpoint.TLSFlags
	iceservers.Flags
	configurable
	Rooms        rooms.Flags    `embed:""`
	PublicURL    string         `name:"public-url" placeholder:"URL" help:"Address of the server for browsers, such as https://call.example.org behind a reverse proxy. Web pages may use its name."`
	AllowedHost  []string       `name:"allowed-host" placeholder:"NAME" help:"Let web pages of this host name use the server. Addresses, localhost, the name of this machine and names of local networks need none. Repeatable."`
	TrustedProxy []netip.Prefix `name:"trusted-proxy" placeholder:"CIDR" help:"Believe what a reverse proxy in this network says in X-Forwarded-For or Forwarded, so that limits count its clients apart. Repeatable."`
	Codes        string         `name:"codes" oneof:"any,strong" default:"any" placeholder:"KIND" help:"Room codes to accept: any, or strong ones that cannot be guessed, which /call/code.json gives. Default: ${default}."`
	LogLevel     string         `oneof:"debug,info,warn,error" default:"info" placeholder:"LEVEL" help:"Lowest level to log to stderr: debug, info, warn or error. Default: ${default}."`

	MaxBody                  settings.Limit `placeholder:"BYTES" group:"limits" help:"Largest request body. Default: 65536."`
	MaxCandidates            settings.Limit `placeholder:"N" group:"limits" help:"Candidates that one peer may send. Default: 256."`
	MaxPairs                 settings.Limit `placeholder:"N" group:"limits" help:"Pairs of peers at one time. Default: 20000."`
	MaxPairsPerAddress       settings.Limit `placeholder:"N" group:"limits" help:"Pairs of peers from one address. Default: 256, for loopback addresses none."`
	MaxRequestsPerSecond     settings.Rate  `placeholder:"N" group:"limits" help:"Mean request rate from one address. Default: 200, for loopback addresses none."`
	MaxRequestBurst          settings.Limit `placeholder:"N" group:"limits" help:"Burst of requests beyond that rate. Default: ten seconds' worth."`
	MaxMissesPerSecond       settings.Rate  `placeholder:"N" group:"limits" help:"Mean rate at which one address may dial codes that no peer waits for, beyond a burst of 320. Default: 1, for loopback addresses none."`
	MaxConnections           settings.Limit `placeholder:"N" group:"limits" help:"Connections at one time. Default: 12288, with TLS 6144, or three quarters of the open files that the system allows."`
	MaxConnectionsPerAddress settings.Limit `placeholder:"N" group:"limits" help:"Connections of one address. Default: 256, for loopback addresses and trusted proxies none."`
	MaxIdleConnections       settings.Limit `placeholder:"N" group:"limits" help:"Connections without a request in progress. The one that has been idle for longest is closed for a new one. Default: 512."`
	Expiry                   time.Duration  `placeholder:"DURATION" group:"limits" help:"How long a peer may be silent before its pair is deleted. Default: 10s, which deployed pages rely on."`
	HeaderTimeout            time.Duration  `placeholder:"DURATION" group:"limits" help:"Time to receive a request header. Default: 5s."`
	BodyTimeout              time.Duration  `placeholder:"DURATION" group:"limits" help:"Time to receive a request body. Default: 10s."`
	IdleTimeout              time.Duration  `placeholder:"DURATION" group:"limits" help:"Time that a connection may be idle. Default: 60s."`
	ShutdownTimeout          time.Duration  `placeholder:"DURATION" group:"limits" help:"Time that pending requests have at shutdown. Default: 5s."`
}

// Help implements kong.HelpProvider.
func (serveCommand) Help() string {
	return detail("It runs until Ctrl-C, SIGTERM or SIGHUP, and then exits with 0. "+
		"Browsers open the call page at the same address; they allow camera and microphone only over https and on "+
		"localhost. A limit in numbers can be none.\n\n"+
		"The call page gets short-lived accounts of --turn. It relays between its clients, and to peers on the Internet; "+
		"name other networks with --turn-allow.\n\n"+
		"IPv6 clients count by their /64, and with others of their /56, /48 and /32, which have 2, 4 and 16 times as much.",
		[]string{
			"dialtone serve",
			"dialtone serve --listen :8000 --log-level info",
			"dialtone serve --listen :8443 --tls",
			"dialtone serve --public-url https://call.example.org --trusted-proxy 127.0.0.1 --codes strong",
			"dialtone serve --listen :8000 --store redis://redis.example.org",
			"dialtone serve --listen :8000 --stun 192.0.2.7,192.0.2.8",
			"DIALTONE_TURN_PASS=secret dialtone serve --turn 192.0.2.7:3479 --turn-user ann",
			"DIALTONE_LISTEN=[::1]:0 dialtone serve",
		},
		diag.ExitPass, diag.ExitUsage, diag.ExitCannotRun)
}

func (c *serveCommand) run(ctx context.Context, a app) (diag.Exit, error) {
	err := errors.Join(c.Flags.Complete(), c.TLSFlags.Complete(), c.Rooms.Complete(), c.checkURL())
	if err = a.checked(err); err != nil {
		return diag.ExitUsage, err
	}
	ctx, restore := a.Interruptible(ctx)
	defer restore()
	ice, err := c.Start(a.logger(c.LogLevel))
	if err != nil {
		return diag.ExitCannotRun, err
	}
	return done(errors.Join(c.serve(ctx, a, ice), ice.Close()))
}

// checkURL reports what is wrong with --public-url, or nil.
func (c *serveCommand) checkURL() error {
	if c.PublicURL == "" {
		return nil
	}
	if err := web.Valid(c.PublicURL); err != nil || !strings.Contains(c.PublicURL, "://") {
		return errors.New("--public-url is not a URL: write it as https://call.example.org")
	}
	return nil
}

// serve runs the signaling server until the context ends.
func (c *serveCommand) serve(ctx context.Context, a app, ice *iceservers.Servers) (err error) {
	options := c.options(a)
	end, err := c.Rooms.Open(ctx, &options)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, end()) }()
	e, err := endpoint.Listen(ctx, "--listen", string(c.Listen), c.Wanted())
	if err != nil {
		return err
	}
	a.Warn(e.Warning)
	text := c.invitation(e, ice)
	if c.Wanted() != (endpoint.TLS{}) {
		text += texts.PageQR(a.Streams, e.URLs[0]+"/call/")
	}
	if err := a.Print("%s", text); err != nil {
		return errors.Join(err, e.Close())
	}
	options.ICEServers = ice.ForPair
	options.Page = page.New(page.Options{
		ICEServers: ice.ForBrowsers(), Arguments: strings.TrimSpace(e.Arguments() + ice.Arguments()),
	})
	var s *server.Server
	c.Rooms.Observe(&options, a.Err, c.LogLevel, func() server.Health { return s.Health() })
	s = server.New(options)
	if err := s.Serve(ctx, e); err != nil {
		return fmt.Errorf("the server ended: %w", err)
	}
	return nil
}

// public is the address for browsers; one of the page is that of the server.
func (c *serveCommand) public() string {
	return strings.TrimSuffix(strings.TrimRight(c.PublicURL, "/"), "/call")
}

func (c *serveCommand) options(a app) server.Options {
	base := ""
	if u, err := url.Parse(c.public()); err == nil {
		base = u.Path
	}
	return server.Options{
		Version: readVersion().Version, Logger: a.logger(c.LogLevel), Base: base,
		MaxBody: int64(c.MaxBody), CandidatesPerSide: int(c.MaxCandidates), Pairs: int(c.MaxPairs),
		PairsPerAddress: int(c.MaxPairsPerAddress), RequestsPerSecond: float64(c.MaxRequestsPerSecond),
		RequestBurst: int(c.MaxRequestBurst), MissesPerSecond: float64(c.MaxMissesPerSecond),
		Conns: gate.ConnLimits{
			All: int(c.MaxConnections), PerClient: int(c.MaxConnectionsPerAddress), Idle: int(c.MaxIdleConnections),
			TLS: c.Wanted() != (endpoint.TLS{}),
		},
		Hosts: gate.HostsOf(append(c.AllowedHost, c.PublicURL)...), Proxies: c.TrustedProxy,
		StrongCodes: c.Codes == "strong", Expiry: c.Expiry, HeaderTimeout: c.HeaderTimeout,
		BodyTimeout: c.BodyTimeout, IdleTimeout: c.IdleTimeout, ShutdownTimeout: c.ShutdownTimeout,
	}
}

// invitation says where the servers listen, and what to type on both ends.
func (c *serveCommand) invitation(e *endpoint.Endpoint, ice *iceservers.Servers) string {
	var b strings.Builder
	address, code := e.URLs[0]+"/call/", "w1"
	for _, u := range e.URLs {
		fmt.Fprintf(&b, "listening on %s/call/\n", u)
	}
	if c.PublicURL != "" {
		address = c.public() + "/call/"
	}
	if c.Codes == "strong" {
		code = server.NewCode()
	}
	b.WriteString(e.Describe())
	b.WriteString(ice.Describe())
	b.WriteString(c.Rooms.Describe())
	use := e.Arguments() + ice.Arguments()
	fmt.Fprintf(&b, "in a browser:  %s#%s\n", address, code)
	fmt.Fprintf(&b, "one peer:      dialtone answer %s --server %s%s\n", code, address, use)
	fmt.Fprintf(&b, "other peer:    dialtone call %s --server %s%s\n", code, address, use)
	if command := ice.Diagnosis(); command != "" {
		fmt.Fprintf(&b, "the network:   %s\n", command)
	}
	return b.String()
}
