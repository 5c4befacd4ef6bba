package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"

	"dialtone/cmd/dialtone/internal/calls"
	"dialtone/cmd/dialtone/internal/endpoint"
	"dialtone/cmd/dialtone/internal/settings"
	"dialtone/diag"
	"dialtone/diag/feed"
	"dialtone/signal"
	"dialtone/signal/web"
)

// host is a signaling server of this process, whose calls are answered one after another.
type host struct {
	signal.Server
	url, join string                    // how it is reached, and by which command
	log       atomic.Pointer[feed.Feed] // of the call that waits or is in progress
	nuisances web.Nuisances
	stop      context.CancelFunc
	ended     chan error
}

// open starts the server and prints where it is.
func (w chosen) open(ctx context.Context, a app, f *answeringFlags) (*host, error) {
	e, err := endpoint.Listen(ctx, "--"+w.flag, w.value, f.Wanted())
	if err != nil {
		return nil, err
	}
	a.Warn(e.Warning)
	var urls []string
	for _, u := range e.URLs {
		urls = append(urls, u+w.Path)
	}
	h := &host{Server: w.Listen(signal.Setup{Token: f.Token.Reveal()}), url: urls[0], ended: make(chan error, 1)}
	h.join = w.join(h.url, e, f.Token)
	if err := a.Print("%s%s", w.invitation(urls, h.join, f.Token), e.Describe()); err != nil {
		return nil, errors.Join(err, e.Close())
	}
	ctx, h.stop = context.WithCancel(context.WithoutCancel(ctx))
	go func() { h.ended <- web.Serve(ctx, e, web.Watched(h.nuisances.Handler(h.Server), h.served)) }()
	return h, nil
}

// engine is that of a call, in whose log the requests of clients are from then on.
func (h *host) engine(e calls.Engine) calls.Engine {
	return func(config diag.Config, log *feed.Feed) (calls.Caller, error) {
		h.log.Store(log)
		return e(config, log)
	}
}

// served reports a request of a client.
func (h *host) served(r web.Served) {
	if log := h.log.Load(); log != nil {
		log.Append(diag.ServedRequest{
			Method: diag.Clean(r.Method, 20), Path: diag.Clean(r.Path, 100), Status: r.Status,
			Problem: diag.Clean(r.Problem, 300), Origin: diag.Clean(r.Origin, 100),
			RemoteAddr: diag.Clean(r.Remote, 64), DurationMs: diag.Millis(r.Duration), Unreported: r.Unreported,
		})
	}
}

// join is the command for the peer.
func (w chosen) join(url string, e *endpoint.Endpoint, token diag.Secret) string {
	command := "dialtone call --" + w.Call[0].Name + " " + settings.ShellQuoted(url) + e.Arguments()
	if token != "" {
		command = settings.EnvName("token") + "=… " + command
	}
	return command
}

// invitation says where the server listens, and what to type at the peer.
func (w chosen) invitation(urls []string, join string, token diag.Secret) string {
	var b strings.Builder
	for _, u := range urls {
		fmt.Fprintf(&b, "listening on %s\n", u)
	}
	fmt.Fprintf(&b, "the peer: %s\n", join)
	if w.Others != nil {
		fmt.Fprintln(&b, w.Others(urls[0], token != ""))
	}
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
