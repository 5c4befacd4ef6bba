// Package demo runs everything that a call needs on the loopback interface: a signaling server, a STUN and TURN
// server, and the peer.
package demo

import (
	"context"
	"crypto/rand"
	"errors"
	"net"
	"slices"
	"sync"

	"dialtone/diag"
	"dialtone/diag/lab"
	"dialtone/signal/server"
)

// Servers are those of one call.
type Servers struct {
	turn      *lab.TURN
	listener  net.Listener // nil if the call uses another signaling server
	stop      context.CancelFunc
	parts     sync.WaitGroup
	serveErr  error
	answerErr error
}

// Open opens the sockets and adds their addresses to the configuration; signaling says that a signaling server is
// needed.
func Open(config *diag.Config, signaling bool) (*Servers, error) {
	password := rand.Text()
	turn, err := lab.StartTURN(lab.TURNOptions{UDP: true, TCP: true, Username: "demo", Password: password})
	if err != nil {
		return nil, err
	}
	s := &Servers{turn: turn}
	own := []diag.ICEServerAuth{
		{URL: turn.STUN()},
		{URL: turn.URL(lab.UDP), Username: "demo", Credential: diag.Secret(password)},
	}
	config.ICEServers = append(own, config.ICEServers...)
	if !signaling {
		config.Code = "demo-" + rand.Text()[:10] // that server may have other demos
		return s, nil
	}
	s.listener, err = (&net.ListenConfig{}).Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, errors.Join(err, turn.Close())
	}
	config.Server = "http://" + s.listener.Addr().String() + "/call/"
	return s, nil
}

// Start runs the signaling server and the peer until Close; answer takes one call of a configuration.
func (s *Servers) Start(ctx context.Context, config diag.Config, answer func(context.Context, diag.Config) error) {
	ctx, s.stop = context.WithCancel(context.WithoutCancel(ctx)) // they outlive the call, which says goodbye to them
	if s.listener != nil {
		s.parts.Go(func() { s.serveErr = server.New(server.Options{Version: config.Version}).Serve(ctx, s.listener) })
	}
	config.ICEServers = slices.Clone(config.ICEServers)
	if config.LoopbackOnly && !config.RelayOnly {
		config.ICEServers = nil // with only its host addresses, each demo takes the same path
	}
	config.Command, config.Echo, config.For, config.Wait, config.Impair = "answer", true, 0, 0, nil
	config.WithoutFiles() // the caller writes what is between both
	s.parts.Go(func() { s.answerErr = answer(ctx, config) })
}

// Close ends everything and waits for it.
func (s *Servers) Close() error {
	s.stop()
	s.parts.Wait()
	return errors.Join(s.serveErr, s.answerErr, s.turn.Close())
}
