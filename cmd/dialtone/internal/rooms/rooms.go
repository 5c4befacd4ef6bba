// Package rooms has what several machines need that serve rooms together: where the rooms are kept.
package rooms

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"time"

	"dialtone/diag"
	"dialtone/signal/pairs/redisstore"
	"dialtone/signal/server"
)

// Flags are those of dialtone serve.
type Flags struct {
	Store     diag.Secret   `placeholder:"URL" help:"Keep rooms in Redis, so that several servers share them: redis:// or rediss://[USER:PASSWORD@]HOST[:PORT][/DATABASE]. Process lists show a password: prefer DIALTONE_STORE or the file. Default: in memory."`
	AccessLog string        `oneof:"off,json" default:"off" placeholder:"KIND" help:"Log each answered request to stderr: json, with the other messages of the log in JSON as well, or off. Default: ${default}."`
	Drain     time.Duration `placeholder:"DURATION" help:"At SIGTERM, go on for so long: /healthz reports it, so that a load balancer leaves the server, and no new rooms begin. It ends sooner if no rooms are left and no other server has them. Default: 0, end at once."`
}

// Complete reports what is wrong with the flags.
func (f *Flags) Complete() error {
	if f.Store == "" {
		return nil
	}
	if err := redisstore.Valid(f.Store.Reveal()); err != nil {
		return fmt.Errorf("--store: %w", err)
	}
	return nil
}

// Observe gives the options of a server metrics, for which health is asked, and with --access-log a log in JSON from
// a level on, which is one of slog's names.
func (f *Flags) Observe(o *server.Options, log io.Writer, from string, health func() server.Health) {
	var access *slog.Logger
	if f.AccessLog == "json" {
		var level slog.Level
		_ = level.UnmarshalText([]byte(from)) // the setting takes no other names
		o.Logger = slog.New(slog.NewJSONHandler(log, &slog.HandlerOptions{Level: level}))
		access = slog.New(slog.NewJSONHandler(log, nil))
	}
	observe(o, access, health)
}

// Open applies the flags to the options of a server. End closes what it has opened.
func (f *Flags) Open(ctx context.Context, o *server.Options) (end func() error, err error) {
	o.Drain = f.Drain
	boundGarbage(ctx)
	if f.Store == "" {
		return func() error { return nil }, nil
	}
	expiry := o.Expiry
	if expiry <= 0 {
		expiry = server.DefaultExpiry
	}
	store, err := redisstore.Open(f.Store.Reveal(), expiry)
	if err != nil {
		return nil, err
	}
	bounded, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	if err := store.Check(bounded); err != nil {
		_ = store.Close() // it has kept nothing
		return nil, fmt.Errorf("cannot use the store at %s: %w; check --store, and that Redis runs there and takes writes",
			store.Address(), err)
	}
	o.Store = store
	return store.Close, nil
}

// Describe says where rooms are kept, without a password.
func (f *Flags) Describe() string {
	if f.Store == "" {
		return ""
	}
	return fmt.Sprintf("rooms are in   %s\n", redisstore.Redacted(f.Store.Reveal()))
}
