package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"

	"dialtone/cmd/dialtone/internal/settings"
	"dialtone/diag"
	"dialtone/signal"
	"dialtone/signal/web"
)

// host is a signaling server of this process, whose calls are answered one after another.
type host struct {
	signal.Server
	url, join string // how it is reached, and by which command
	stop      context.CancelFunc
	ended     chan error
}

// open starts the server and prints where it is.
func (w chosen) open(ctx context.Context, a app, f *answeringFlags) (*host, error) {
	var lc net.ListenConfig
	ln, err := lc.Listen(ctx, "tcp", w.value)
	if err != nil {
		return nil, listenError("--"+w.flag, w.value, err)
	}
	own, err := f.identity(w.value, ln.Addr())
	if err != nil {
		return nil, errors.Join(err, ln.Close())
	}
	var urls []string
	for _, page := range pageURLs(own.scheme(), ln.Addr()) {
		urls = append(urls, strings.TrimSuffix(page, "/call/")+w.Path)
	}
	h := &host{Server: w.Listen(signal.Setup{Token: f.Token.Reveal()}), url: urls[0], ended: make(chan error, 1)}
	h.join = w.join(h.url, own, f.Token)
	if err := a.print("%s%s", w.invitation(urls, h.join), own.describe()); err != nil {
		return nil, errors.Join(err, ln.Close())
	}
	ctx, h.stop = context.WithCancel(context.WithoutCancel(ctx))
	go func() { h.ended <- web.Serve(ctx, own.wrap(ln), h.Server) }()
	return h, nil
}

// join is the command for the peer.
func (w chosen) join(url string, own *identity, token diag.Secret) string {
	command := "dialtone call --" + w.Call[0].Name + " " + shellQuoted(url) + own.arguments()
	if token != "" {
		command = settings.EnvName("token") + "=… " + command
	}
	return command
}

// invitation says where the server listens, and what to type at the other end.
func (w chosen) invitation(urls []string, join string) string {
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
