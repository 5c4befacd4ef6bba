package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"slices"
	"sync"
	"time"

	"dialtone/diag"
	"dialtone/diag/feed"
	"dialtone/diag/lab"
	"dialtone/signal/server"
)

// demoCommand is dialtone demo.
type demoCommand struct {
	networkFlags
	mediaFlags
	lengthFlags
	recordFlags
	screenFlags
	Wait time.Duration `default:"2m" placeholder:"DURATION" help:"How long to wait for the peer; 0: no limit. Default: ${default}."`
	configurable
}

// Help implements kong.HelpProvider.
func (demoCommand) Help() string {
	return detail("The signaling server, STUN, TURN and the peer run inside dialtone, on this machine's loopback interface. The call between them is a real one.\n\n"+
		"With --server, that server carries the signaling instead. Servers given with --ice are used in addition.",
		[]string{
			"dialtone demo",
			"dialtone demo --plain --for 4s",
			"dialtone demo --relay-only --record demo.jsonl",
			"dialtone demo --relay-only --ice-pass wrong   # what a refused relay looks like",
		},
		callExits...)
}

func (c *demoCommand) run(ctx context.Context, a app) (diag.Exit, error) {
	config := c.networkFlags.config(c.mediaFlags, c.For)
	config.Command, config.Code, config.Wait = "demo", "demo", c.Wait
	config.LoopbackOnly = len(config.ICEServers) == 0 && c.Server == defaultServer
	withOwn := config
	withOwn.ICEServers = append(withOwn.ICEServers, diag.ICEServerAuth{}) // the one inside, which does not run yet
	if err := a.checked(errors.Join(withOwn.Validate(), c.complete())); err != nil {
		return diag.ExitUsage, err
	}
	ctx, restore := a.interruptible(ctx)
	defer restore()
	for n := 1; ; n++ {
		result, err := c.once(ctx, a, config, n)
		if !result.again || err != nil {
			return result.exit, err
		}
	}
}

// once places the n-th call, with servers and another party of its own.
func (c *demoCommand) once(ctx context.Context, a app, config diag.Config, n int) (outcome, error) {
	box, err := openBox(&config)
	if err != nil {
		return outcome{exit: diag.ExitCannotRun}, fmt.Errorf("the demo cannot start its servers: %w", err)
	}
	box.start(ctx, a, config)
	if len(c.ICE) == 0 {
		config.ICEServers = slices.Clone(config.ICEServers) // the other party reads its own
		c.overrideAccount(config.ICEServers)
	}
	result, err := a.place(ctx, c.placement(a, config, c.recordFlags, n))
	if closeErr := box.close(); err == nil && closeErr != nil {
		err = fmt.Errorf("the demo's servers did not end in order: %w", closeErr)
	}
	return result, err
}

// overrideAccount uses the name and password that were given without a server of their own for the relay inside: that
// is how one sees what a wrong password looks like.
func (c *demoCommand) overrideAccount(servers []diag.ICEServerAuth) {
	for i := range servers {
		if servers[i].Username == "" {
			continue
		}
		if c.ICEUser != "" {
			servers[i].Username = c.ICEUser
		}
		if c.ICEPass != "" {
			servers[i].Credential = c.ICEPass
		}
	}
}

// box holds what a demo's call needs: a signaling server, a STUN and TURN server, and the other party.
type box struct {
	turn     *lab.TURN
	listener net.Listener // nil where a signaling server was given
	stop     context.CancelFunc
	parts    sync.WaitGroup
	mu       sync.Mutex
	errs     []error
}

// openBox opens the sockets, and writes their addresses into the configuration.
func openBox(config *diag.Config) (*box, error) {
	password := rand.Text()
	turn, err := lab.StartTURN(lab.TURNOptions{UDP: true, TCP: true, Username: "demo", Password: password})
	if err != nil {
		return nil, err
	}
	b := &box{turn: turn}
	own := []diag.ICEServerAuth{
		{URL: turn.STUN()},
		{URL: turn.URL(lab.UDP), Username: "demo", Credential: diag.Secret(password)},
	}
	config.ICEServers = append(own, config.ICEServers...)
	if config.Server != defaultServer {
		config.Code = "demo-" + rand.Text()[:10] // a stranger's server may know other demos
		return b, nil
	}
	b.listener, err = (&net.ListenConfig{}).Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, errors.Join(err, turn.Close())
	}
	config.Server = pageURL("http", b.listener.Addr().String())
	return b, nil
}

// start runs the signaling server and the other party until close.
func (b *box) start(ctx context.Context, a app, config diag.Config) {
	ctx, b.stop = context.WithCancel(context.WithoutCancel(ctx)) // they outlive the call, which says goodbye to them
	if b.listener != nil {
		b.parts.Go(func() {
			b.note(server.New(server.Options{Version: config.Version}).Serve(ctx, b.listener))
		})
	}
	config.ICEServers = slices.Clone(config.ICEServers)
	b.parts.Go(func() { b.note(echo(ctx, a, config)) })
}

func (b *box) note(err error) {
	if err == nil {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.errs = append(b.errs, err)
}

// echo is the demo's other party: it takes one call and sends back what comes.
func echo(ctx context.Context, a app, config diag.Config) error {
	config.Command, config.Echo, config.For, config.Wait = "answer", true, 0, 0
	log := feed.New(time.Now)
	other, err := a.engine(config, log)
	if err == nil {
		other.Run(ctx)
	}
	return err
}

// close ends everything and waits for it.
func (b *box) close() error {
	b.stop()
	b.parts.Wait()
	return errors.Join(append(b.errs, b.turn.Close())...)
}
