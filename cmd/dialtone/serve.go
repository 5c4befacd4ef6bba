package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"dialtone/cmd/dialtone/internal/endpoint"
	"dialtone/cmd/dialtone/internal/texts"
	"dialtone/diag"
	"dialtone/signal/page"
	"dialtone/signal/server"
)

// serveCommand is dialtone serve.
type serveCommand struct {
	Listen listenAddress `default:"${listen}" placeholder:"HOST:PORT" help:"Where to listen. Port 0 picks a free one. Default: ${default}."`
	tlsFlags
	iceServerFlags
	configurable
	LogLevel string `oneof:"debug,info,warn,error" default:"info" placeholder:"LEVEL" help:"Lowest level to log to stderr: debug, info, warn or error. Default: ${default}."`

	MaxBody              limit         `placeholder:"BYTES" group:"limits" help:"Largest request body. Default: 65536."`
	MaxCandidates        limit         `placeholder:"N" group:"limits" help:"Candidates that one peer may send. Default: 256."`
	MaxPairs             limit         `placeholder:"N" group:"limits" help:"Pairs of peers at one time. Default: 20000."`
	MaxPairsPerAddress   limit         `placeholder:"N" group:"limits" help:"Pairs of peers from one address. Default: 256, for loopback addresses none."`
	MaxRequestsPerSecond rate          `placeholder:"N" group:"limits" help:"Mean request rate from one address. Default: 200, for loopback addresses none."`
	MaxRequestBurst      limit         `placeholder:"N" group:"limits" help:"Burst of requests beyond that rate. Default: ten seconds' worth."`
	Expiry               time.Duration `placeholder:"DURATION" group:"limits" help:"How long a peer may be silent before its pair is deleted. Default: 10s, which deployed pages rely on."`
	HeaderTimeout        time.Duration `placeholder:"DURATION" group:"limits" help:"Time to receive a request header. Default: 5s."`
	BodyTimeout          time.Duration `placeholder:"DURATION" group:"limits" help:"Time to receive a request body. Default: 10s."`
	IdleTimeout          time.Duration `placeholder:"DURATION" group:"limits" help:"Time that a connection may be idle. Default: 60s."`
	ShutdownTimeout      time.Duration `placeholder:"DURATION" group:"limits" help:"Time that pending requests have at shutdown. Default: 5s."`
}

// Help implements kong.HelpProvider.
func (serveCommand) Help() string {
	return detail("It runs until Ctrl-C, SIGTERM or SIGHUP, and then exits with 0. "+
		"Browsers open the call page at the same address; they allow camera and microphone only over https and on "+
		"localhost. A limit in numbers can be none.\n\n"+
		"Use --stun and --turn for tests in a trusted network only: the call page contains the account of --turn, "+
		"which gives access to every host that this machine reaches.",
		[]string{
			"dialtone serve",
			"dialtone serve --listen :8000 --log-level info",
			"dialtone serve --listen :8443 --tls",
			"dialtone serve --listen :8000 --stun 192.0.2.7,192.0.2.8",
			"DIALTONE_TURN_PASS=secret dialtone serve --turn 192.0.2.7:3479 --turn-user ann",
			"DIALTONE_LISTEN=[::1]:0 dialtone serve",
		},
		diag.ExitPass, diag.ExitUsage, diag.ExitCannotRun)
}

func (c *serveCommand) run(ctx context.Context, a app) (diag.Exit, error) {
	if err := a.checked(errors.Join(c.iceServerFlags.complete(), c.tlsFlags.complete())); err != nil {
		return diag.ExitUsage, err
	}
	ctx, restore := a.Interruptible(ctx)
	defer restore()
	ice, err := c.start()
	if err != nil {
		return diag.ExitCannotRun, err
	}
	if err := errors.Join(c.serve(ctx, a, ice), ice.close()); err != nil {
		return diag.ExitCannotRun, err
	}
	return diag.ExitPass, nil
}

// serve runs the signaling server until the context ends.
func (c *serveCommand) serve(ctx context.Context, a app, ice *iceServers) error {
	e, err := endpoint.Listen(ctx, "--listen", string(c.Listen), c.endpoint())
	if err != nil {
		return err
	}
	text := invitation(e, ice)
	if c.endpoint() != (endpoint.TLS{}) {
		text += texts.PageQR(a.Streams, e.URLs[0]+"/call/")
	}
	if err := a.Print("%s", text); err != nil {
		return errors.Join(err, e.Close())
	}
	options := c.options(a)
	options.Page = page.New(page.Options{
		ICEServers: ice.forBrowsers(c.TURNPass.Reveal()), Arguments: strings.TrimSpace(e.Arguments() + ice.arguments()),
	})
	if err := server.New(options).Serve(ctx, e); err != nil {
		return fmt.Errorf("the server ended: %w", err)
	}
	return nil
}

func (c *serveCommand) options(a app) server.Options {
	return server.Options{
		Version: readVersion().Version, Logger: a.logger(c.LogLevel),
		MaxBody: int64(c.MaxBody), CandidatesPerSide: int(c.MaxCandidates), Pairs: int(c.MaxPairs),
		PairsPerAddress: int(c.MaxPairsPerAddress), RequestsPerSecond: float64(c.MaxRequestsPerSecond),
		RequestBurst: int(c.MaxRequestBurst), Expiry: c.Expiry, HeaderTimeout: c.HeaderTimeout,
		BodyTimeout: c.BodyTimeout, IdleTimeout: c.IdleTimeout, ShutdownTimeout: c.ShutdownTimeout,
	}
}

// invitation says where the servers listen, and what to type on both ends.
func invitation(e *endpoint.Endpoint, ice *iceServers) string {
	var b strings.Builder
	address := e.URLs[0] + "/call/"
	for _, u := range e.URLs {
		fmt.Fprintf(&b, "listening on %s/call/\n", u)
	}
	b.WriteString(e.Describe())
	b.WriteString(ice.describe())
	use := e.Arguments() + ice.arguments()
	fmt.Fprintf(&b, "in a browser:  %s#w1\n", address)
	fmt.Fprintf(&b, "one peer:      dialtone answer w1 --server %s%s\n", address, use)
	fmt.Fprintf(&b, "other peer:    dialtone call w1 --server %s%s\n", address, use)
	if command := ice.diagnosis(); command != "" {
		fmt.Fprintf(&b, "the network:   %s\n", command)
	}
	return b.String()
}
