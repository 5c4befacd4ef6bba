package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"dialtone/cmd/dialtone/internal/endpoint"
	"dialtone/cmd/dialtone/internal/settings"
	"dialtone/diag"
	"dialtone/diag/session"
	"dialtone/signal/offer"
	"dialtone/signal/web"
	"dialtone/signal/whip"
)

// paths of the endpoints.
var paths = map[diag.Signaling]string{diag.SignalingOffer: "/offer", diag.SignalingWHIP: "/whip",
	diag.SignalingWHEP: "/whep"}

// host is a signaling server of our own, whose calls are taken one after another.
type host struct {
	session.Server
	url, join string // how it is reached, and by which command
	stop      context.CancelFunc
	ended     chan error
}

// listens reports whether the way needs a server here.
func (w way) listens() bool { return paths[w.kind] != "" }

// checkAddress tells what is wrong with the address to listen on.
func (w way) checkAddress() error {
	if !w.listens() {
		return nil
	}
	if _, err := parseListenAddress(w.value); err != nil {
		return fmt.Errorf("--%s: %w", w.flag, err)
	}
	return nil
}

// open starts the server and tells where it is.
func (w way) open(ctx context.Context, a app, f *answeringFlags) (*host, error) {
	e, err := endpoint.Listen(ctx, "--"+w.flag, w.value, f.endpoint())
	if err != nil {
		return nil, err
	}
	var urls []string
	for _, u := range e.URLs {
		urls = append(urls, u+paths[w.kind])
	}
	h := &host{url: urls[0], ended: make(chan error, 1)}
	h.join = w.join(h.url, e, f.Token)
	if err := a.Print("%s%s", w.invitation(urls, h.join), e.Describe()); err != nil {
		return nil, errors.Join(err, e.Close())
	}
	var handler http.Handler
	h.Server, handler = w.server(f.Token)
	ctx, h.stop = context.WithCancel(context.WithoutCancel(ctx))
	go func() { h.ended <- web.Serve(ctx, e, handler) }()
	return h, nil
}

// server makes the endpoint.
func (w way) server(token diag.Secret) (session.Server, http.Handler) {
	if w.kind == diag.SignalingOffer {
		s := offer.NewServer(offer.ServerOptions{Token: token.Reveal()})
		return s, s
	}
	s := whip.NewServer(whip.ServerOptions{Play: w.kind == diag.SignalingWHEP, Token: token.Reveal()})
	return s, s
}

// join is the command for the other end.
func (w way) join(url string, e *endpoint.Endpoint, token diag.Secret) string {
	command := "dialtone call --" + strings.TrimPrefix(paths[w.kind], "/") + " " + shellQuoted(url) + e.Arguments()
	if token != "" {
		command = settings.EnvName("token") + "=… " + command
	}
	return command
}

// invitation says where the server listens, and what to type on the other end.
func (w way) invitation(urls []string, join string) string {
	var b strings.Builder
	for _, u := range urls {
		fmt.Fprintf(&b, "listening on %s\n", u)
	}
	fmt.Fprintf(&b, "the other end: %s\n", join)
	return b.String()
}

// close stops the server when its requests have been answered.
func (h *host) close() error {
	h.stop()
	if err := <-h.ended; err != nil {
		return fmt.Errorf("the signaling server ended: %w", err)
	}
	return nil
}
