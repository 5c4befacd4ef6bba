// Package agents lets several machines place one load test together, over a NATS broker. A controller gives each agent
// its part of the schedule, begins all parts at the same moment, and joins their reports. Each agent has its own
// target and credentials: nothing of that is sent.
//
// Each side sends its whole state again and again (an order to each agent, a status of each agent), so that a message
// that is lost, or a broker that is restarted, costs nothing but time:
//
//	SUBJECT.status    from all agents: see status
//	SUBJECT.order.ID  to the agent with this ID: see order
//
// Who may use these subjects can make the agents call their targets, and the report wrong. The broker's accounts decide
// who that is. Everything that arrives is bounded and verified.
package agents

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"regexp"
	"strings"
	"time"

	"github.com/nats-io/nats.go"

	"dialtone/diag"
)

// Broker says how a broker is reached.
type Broker struct {
	URL     diag.Secret // nats:// or tls://, with user and password, or a token; several are separated by commas
	Creds   string      // a file with the seed of a key, and the JWT of its user if the broker wants one; "": none
	Subject string      // before all subjects of the test
	TLS     *tls.Config // nil: the authorities of the system
}

// connectTime bounds the first connection, and each further one.
const connectTime = 5 * time.Second

var errURL = errors.New("use nats://HOST:PORT or tls://HOST:PORT")

// subjects are those that --nats-subject takes: tokens without wildcards.
var subjects = regexp.MustCompile(`^[A-Za-z0-9_-]{1,60}(\.[A-Za-z0-9_-]{1,60}){0,7}$`)

// Check reports what is wrong with the settings, or nil. No error contains a password.
func (b Broker) Check() error {
	if !subjects.MatchString(b.Subject) {
		return fmt.Errorf("invalid subject %q: use letters, digits, - and _, in up to eight tokens with dots between",
			diag.Clean(b.Subject, 60))
	}
	_, err := b.hosts()
	if err == nil && b.Creds != "" {
		_, err = b.credentials()
	}
	return err
}

// credentials are those of the file: of a JWT, or of a key that the broker itself knows.
func (b Broker) credentials() (nats.Option, error) {
	raw, err := os.ReadFile(b.Creds)
	if err != nil {
		return nil, fmt.Errorf("cannot read the credentials for the broker: %w", err)
	}
	key, err := nats.NkeyOptionFromSeed(b.Creds)
	if err != nil {
		return nil, fmt.Errorf("no credentials in %q: give the file that nsc generate creds writes, or one with the seed of "+
			"a user's key (SU…)", diag.Clean(b.Creds, 200))
	}
	if bytes.Contains(raw, []byte("BEGIN NATS USER JWT")) {
		return nats.UserCredentials(b.Creds), nil
	}
	return key, nil
}

// hosts are the addresses of the broker without its credentials.
func (b Broker) hosts() (string, error) {
	var hosts []string
	for one := range strings.SplitSeq(b.URL.Reveal(), ",") {
		u, err := url.Parse(strings.TrimSpace(one))
		if err != nil || u.Scheme != "nats" && u.Scheme != "tls" || u.Hostname() == "" || u.Path != "" {
			return "", errURL // the error of url.Parse contains the password
		}
		hosts = append(hosts, u.Host)
	}
	return diag.Clean(strings.Join(hosts, ", "), 200), nil
}

// secure reports whether a connection is encrypted in any case.
func (b Broker) secure() bool { return strings.HasPrefix(b.URL.Reveal(), "tls:") }

// dial connects. Later it connects again by itself, for as long as the connection is not closed.
func (b Broker) dial(ctx context.Context, name string) (*nats.Conn, error) {
	hosts, err := b.hosts()
	if err != nil {
		return nil, err
	}
	o := []nats.Option{
		nats.Name(name), nats.Timeout(connectTime), nats.MaxReconnects(-1), nats.ReconnectWait(200 * time.Millisecond),
		nats.ReconnectJitter(300*time.Millisecond, 300*time.Millisecond),
		nats.ReconnectBufSize(-1), // what is old is sent anew
		nats.PingInterval(2 * time.Second), nats.MaxPingsOutstanding(2), nats.NoEcho(),
		nats.ErrorHandler(func(*nats.Conn, *nats.Subscription, error) {}), // the default one writes to stderr
		nats.SetCustomDialer(dialer{ctx}),
	}
	if b.Creds != "" {
		credentials, err := b.credentials()
		if err != nil {
			return nil, err
		}
		o = append(o, credentials)
	}
	if b.TLS != nil {
		o = append(o, func(n *nats.Options) error {
			n.TLSConfig, n.Secure = b.TLS.Clone(), b.secure()
			return nil
		})
	}
	conn, err := nats.Connect(b.URL.Reveal(), o...)
	if err == nil {
		return conn, nil
	}
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	return nil, &UnreachableError{Hosts: hosts, Err: err}
}

// dialer connects until the context ends.
type dialer struct{ ctx context.Context } //nolint:containedctx // the interface of nats.go has none

// Dial implements nats.CustomDialer.
func (d dialer) Dial(network, address string) (net.Conn, error) {
	return (&net.Dialer{Timeout: connectTime}).DialContext(d.ctx, network, address)
}

// UnreachableError is why no broker was reached.
type UnreachableError struct {
	Hosts string
	Err   error
}

// Error implements error.
func (e *UnreachableError) Error() string {
	next := "check the address, and that nats-server runs"
	var unknown *tls.CertificateVerificationError
	switch {
	case errors.Is(e.Err, nats.ErrAuthorization), errors.Is(e.Err, nats.ErrAuthExpired):
		next = "check the user and the password in --nats, or --nats-creds"
	case errors.As(e.Err, &unknown):
		next = "give the authority of its certificate by --ca"
	case errors.Is(e.Err, nats.ErrSecureConnWanted), errors.Is(e.Err, nats.ErrSecureConnRequired):
		next = "use nats:// for a broker without TLS, and tls:// for one with it"
	}
	return fmt.Sprintf("cannot connect to the NATS broker %s: %s; %s", e.Hosts,
		diag.Clean(strings.TrimPrefix(e.Err.Error(), "nats: "), 300), next)
}

// Unwrap implements errors.
func (e *UnreachableError) Unwrap() error { return e.Err }

// newID makes the name of an agent's subject, or of a test, which cannot be guessed.
func newID() string { return rand.Text() }

// ids are what newID makes.
var ids = regexp.MustCompile(`^[A-Z2-7]{26}$`)

// names are those of agents.
var names = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$`)

// ParseName reads the name of an agent.
func ParseName(text string) (string, error) {
	if !names.MatchString(text) {
		return "", fmt.Errorf("invalid agent name %q: use up to 63 letters, digits, dots, - and _", diag.Clean(text, 60))
	}
	return text, nil
}
