package main

import (
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/url"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/alecthomas/kong"

	"dialtone/diag"
	"dialtone/diag/probe"
	"dialtone/signal/room"
)

// value is the target of a flag that keeps what is wrong with it instead of ending the parse: all mistakes are told at
// once.
type value interface {
	set(raw string) error // takes what was written; the error becomes the flaw
	flawed() error        // what is wrong, or nil
}

// flaw is embedded by every value.
type flaw struct{ err error }

func (f *flaw) flawed() error { return f.err }

// decode hands the next token, or each of several, to the value. A token that is missing is kong's business.
func (f *flaw) decode(ctx *kong.DecodeContext, set func(string) error) error {
	token, err := ctx.Scan.PopValue("flag")
	if err != nil { // kong's words would quote the token, and it may be a password that begins with a hyphen
		return errors.New("expected a value: write --" + ctx.Value.Name + "=VALUE")
	}
	raws, several := token.Value.([]string)
	if !several {
		raws = []string{fmt.Sprint(token.Value)}
	}
	for _, raw := range raws {
		f.err = errors.Join(f.err, set(raw))
	}
	return nil
}

// duration is a time.Duration that is not negative.
type duration struct {
	time.Duration
	flaw
}

// Decode implements kong.MapperValue.
func (d *duration) Decode(ctx *kong.DecodeContext) error { return d.decode(ctx, d.set) }

func (d *duration) set(raw string) error {
	v, err := time.ParseDuration(raw)
	switch {
	case err != nil:
		return fmt.Errorf("%s is no duration: write it like 500ms, 10s or 1m30s", quote(raw))
	case v < 0:
		return fmt.Errorf("%s is negative: a duration of 0 or more is needed", quote(raw))
	}
	d.Duration = v
	return nil
}

// limit is a count of at least 1; "none" switches the limit off and is -1; 0 where nothing was given.
type limit struct {
	n int64
	flaw
}

// Decode implements kong.MapperValue.
func (l *limit) Decode(ctx *kong.DecodeContext) error { return l.decode(ctx, l.set) }

func (l *limit) set(raw string) error {
	if raw == "none" {
		l.n = -1
		return nil
	}
	v, err := strconv.ParseInt(raw, 10, 32)
	if err != nil || v < 1 {
		return fmt.Errorf("%s is no limit: write a whole number from 1 to %d, or none", quote(raw), 1<<31-1)
	}
	l.n = v
	return nil
}

// rate is a limit that may have a fraction.
type rate struct {
	perSecond float64
	flaw
}

// Decode implements kong.MapperValue.
func (r *rate) Decode(ctx *kong.DecodeContext) error { return r.decode(ctx, r.set) }

func (r *rate) set(raw string) error {
	if raw == "none" {
		r.perSecond = -1
		return nil
	}
	v, err := strconv.ParseFloat(raw, 64)
	if err != nil || !(v > 0 && v <= 1e9) {
		return fmt.Errorf("%s is no rate: write a number above 0, or none", quote(raw))
	}
	r.perSecond = v
	return nil
}

// logLevel is one of slog's levels by its name.
type logLevel struct {
	slog.Level
	flaw
}

// Decode implements kong.MapperValue.
func (l *logLevel) Decode(ctx *kong.DecodeContext) error { return l.decode(ctx, l.set) }

func (l *logLevel) set(raw string) error {
	levels := map[string]slog.Level{"debug": slog.LevelDebug, "info": slog.LevelInfo, "warn": slog.LevelWarn,
		"error": slog.LevelError}
	v, ok := levels[strings.ToLower(raw)]
	if !ok {
		return fmt.Errorf("%s is no log level: write debug, info, warn or error", quote(raw))
	}
	l.Level = v
	return nil
}

// listenAddress is HOST:PORT.
type listenAddress struct {
	hostPort string
	flaw
}

// Decode implements kong.MapperValue.
func (l *listenAddress) Decode(ctx *kong.DecodeContext) error { return l.decode(ctx, l.set) }

func (l *listenAddress) set(raw string) error {
	_, port, err := net.SplitHostPort(raw)
	if err == nil {
		_, err = strconv.ParseUint(port, 10, 16)
	}
	if err != nil {
		return fmt.Errorf("%s is no address to listen on: write HOST:PORT like 127.0.0.1:8000, or :8000 for all interfaces",
			quote(raw))
	}
	l.hostPort = raw
	return nil
}

// serverURL is a signaling server as a person pastes it.
type serverURL struct {
	page string // the address of its page, normalised
	flaw
}

// Decode implements kong.MapperValue.
func (u *serverURL) Decode(ctx *kong.DecodeContext) error { return u.decode(ctx, u.set) }

func (u *serverURL) set(raw string) error {
	endpoint, err := room.Endpoint(raw)
	if err != nil {
		return advised(err)
	}
	u.page = endpoint.ResolveReference(&url.URL{Path: ".."}).String()
	return nil
}

// caFile names a PEM file with at least one certificate.
type caFile struct {
	path string
	flaw
}

// Decode implements kong.MapperValue.
func (c *caFile) Decode(ctx *kong.DecodeContext) error { return c.decode(ctx, c.set) }

func (c *caFile) set(raw string) error {
	pem, err := os.ReadFile(raw)
	if err != nil {
		return fmt.Errorf("the authorities cannot be read: %w", err)
	}
	if !x509.NewCertPool().AppendCertsFromPEM(pem) {
		return fmt.Errorf("%s holds no certificate: give the file of the authority in PEM form", quote(raw))
	}
	c.path = raw
	return nil
}

// lister is a value that grows with each time that it is given.
type lister interface {
	value
	splits() bool // several may stand in one variable, parted by commas or white space
}

func (*iceURLs) splits() bool { return true }

// iceURLs names STUN and TURN servers; it grows with each value.
type iceURLs struct {
	list []probe.URL
	flaw
}

// Decode implements kong.MapperValue.
func (u *iceURLs) Decode(ctx *kong.DecodeContext) error { return u.decode(ctx, u.set) }

func (u *iceURLs) set(raw string) error {
	parsed, err := probe.ParseURL(raw)
	if err != nil {
		return err
	}
	u.list = append(u.list, parsed)
	return nil
}

// secret is a password. Nothing that is said about it contains it.
type secret struct {
	diag.Secret
	flaw
}

// Decode implements kong.MapperValue.
func (s *secret) Decode(ctx *kong.DecodeContext) error { return s.decode(ctx, s.set) }

func (s *secret) set(raw string) error {
	s.Secret = diag.Secret(raw)
	return nil
}

// quote shows what somebody wrote, bounded and harmless.
func quote(raw string) string { return strconv.Quote(diag.Clean(raw, 80)) }
