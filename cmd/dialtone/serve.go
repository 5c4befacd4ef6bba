package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"
	"syscall"
	"time"

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
	LogLevel string `oneof:"debug,info,warn,error" default:"info" placeholder:"LEVEL" help:"What to log to stderr: debug, info, warn or error. Default: ${default}."`

	MaxBody              limit         `placeholder:"BYTES" group:"limits" help:"Largest body of a request. Default: 65536."`
	MaxCandidates        limit         `placeholder:"N" group:"limits" help:"Candidates that one party may send. Default: 256."`
	MaxPairs             limit         `placeholder:"N" group:"limits" help:"Pairs at one time. Default: 20000."`
	MaxPairsPerAddress   limit         `placeholder:"N" group:"limits" help:"Pairs begun by parties of one address. Default: 256, for loopback addresses none."`
	MaxRequestsPerSecond rate          `placeholder:"N" group:"limits" help:"Mean rate of requests from one address. Default: 200, for loopback addresses none."`
	MaxRequestBurst      limit         `placeholder:"N" group:"limits" help:"Requests at once beyond that rate. Default: what ten seconds bring."`
	Expiry               time.Duration `placeholder:"DURATION" group:"limits" help:"How long a party may be silent before its pair is deleted. Default: 10s, which pages in the wild rely on."`
	HeaderTimeout        time.Duration `placeholder:"DURATION" group:"limits" help:"For the header of a request. Default: 5s."`
	BodyTimeout          time.Duration `placeholder:"DURATION" group:"limits" help:"For the body of a request. Default: 10s."`
	IdleTimeout          time.Duration `placeholder:"DURATION" group:"limits" help:"For a connection without a request. Default: 60s."`
	ShutdownTimeout      time.Duration `placeholder:"DURATION" group:"limits" help:"For requests that run when the server is stopped. Default: 5s."`
}

// Help implements kong.HelpProvider.
func (serveCommand) Help() string {
	return detail("It answers until it is stopped by Ctrl-C, SIGTERM or SIGHUP, which is its ordinary end. "+
		"Limits that count take the word none. "+
		"Browsers open the call page at the same address; camera and microphone they give to https alone, and to localhost. "+
		"STUN and TURN are for tests in a network that you trust: whoever has the account of --turn reaches through it whatever this machine reaches, and the call page tells it to whoever opens the page.",
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
	var lc net.ListenConfig
	ln, err := lc.Listen(ctx, "tcp", string(c.Listen))
	if err != nil {
		return listenError("--listen", string(c.Listen), err)
	}
	own, err := c.identity(string(c.Listen), ln.Addr())
	if err != nil {
		return errors.Join(err, ln.Close())
	}
	if err := a.Print("%s", invitation(ln.Addr(), own, ice)); err != nil {
		return errors.Join(err, ln.Close())
	}
	if own != nil {
		if err := a.Print("%s", qrOf(a.streams, pageURLs(own.scheme(), ln.Addr())[0])); err != nil {
			return errors.Join(err, ln.Close())
		}
	}
	options := c.options(a)
	options.Page = page.New(page.Options{
		ICEServers: ice.forBrowsers(c.TURNPass.Reveal()), Arguments: strings.TrimSpace(own.arguments() +
			ice.arguments()),
	})
	if err := server.New(options).Serve(ctx, own.wrap(ln)); err != nil {
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

// listenError says why the address of a flag could not be had, and what to do.
func listenError(flag, address string, err error) error {
	var op *net.OpError
	if errors.As(err, &op) {
		err = op.Err // without the address, which is told already
	}
	next := "give another address with " + flag
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		next = "another program has that port: stop it, or choose another with " + flag + ", such as " + flag + " 127.0.0.1:0"
	case errors.Is(err, syscall.EACCES):
		next = "ports below 1024 need privileges: choose a higher one with " + flag
	case errors.Is(err, syscall.EADDRNOTAVAIL):
		next = "this machine does not have that address: give one that it has with " + flag
		if flag == "--listen" {
			next = "this machine does not have that address: listen on :PORT for all that it has"
		}
	}
	return fmt.Errorf("cannot listen on %s: %w; %s", address, err, next)
}

// invitation says where the servers listen, and what to type on both ends.
func invitation(listening net.Addr, own *identity, ice *iceServers) string {
	var b strings.Builder
	urls := pageURLs(own.scheme(), listening)
	for _, u := range urls {
		fmt.Fprintf(&b, "listening on %s\n", u)
	}
	b.WriteString(own.describe())
	b.WriteString(ice.describe())
	use := own.arguments() + ice.arguments()
	fmt.Fprintf(&b, "in a browser:  %s#w1\n", urls[0])
	fmt.Fprintf(&b, "one end:       dialtone answer w1 --server %s%s\n", urls[0], use)
	fmt.Fprintf(&b, "the other end: dialtone call w1 --server %s%s\n", urls[0], use)
	if command := ice.diagnosis(); command != "" {
		fmt.Fprintf(&b, "the network:   %s\n", command)
	}
	return b.String()
}

// pageURLs lists the addresses of the call page, the one to recommend first.
func pageURLs(scheme string, listening net.Addr) []string {
	tcp, ok := listening.(*net.TCPAddr)
	if !ok || !tcp.IP.IsUnspecified() {
		return []string{pageURL(scheme, listening.String())}
	}
	port := strconv.Itoa(tcp.Port)
	addrs, err := net.InterfaceAddrs()
	if err != nil {
		addrs = nil // the list is a courtesy
	}
	var v4, v6 []string
	for _, addr := range addrs {
		network, ok := addr.(*net.IPNet)
		switch {
		case !ok || !network.IP.IsGlobalUnicast():
		case network.IP.To4() != nil:
			v4 = append(v4, pageURL(scheme, net.JoinHostPort(network.IP.String(), port)))
		case tcp.IP.To4() == nil: // a socket of the IPv4 wildcard hears no IPv6
			v6 = append(v6, pageURL(scheme, net.JoinHostPort(network.IP.String(), port)))
		}
	}
	return append(append(v4, v6...), pageURL(scheme, net.JoinHostPort("localhost", port)))
}

func pageURL(scheme, hostPort string) string { return scheme + "://" + hostPort + "/call/" }
