package server

import (
	"log/slog"
	"net/http"
	"time"

	"dialtone/signal/gate"
	"dialtone/signal/page"
)

// DefaultExpiry is how long a party may be silent. Deployed pages rely on it.
const DefaultExpiry = 10 * time.Second

// Limits that are not for choice.
const (
	// maxCode is how many characters a room code may have; it has at least one.
	maxCode = 255
	// maxCandidate bounds the JSON of one candidate, in bytes.
	maxCandidate = 2048
	// maxWait bounds wait_ms.
	maxWait = 25 * time.Second
)

// Options configures a Server. The zero value is a good server: 0 means the
// documented default everywhere. A negative number means "no limit", a negative
// time means the default.
//
// Limits per client address count an IPv6 client by its /64, and with others of its /56, /48 and /32, which have 2, 4
// and 16 times as much together. While their option is 0 they do not apply to loopback addresses: such a client is on
// this host. An explicit value applies to all addresses. Clients of a reverse proxy are distinguished by what it
// forwards, see Proxies. A quarter of Pairs and StoredBytes is kept for clients that have hardly any.
type Options struct {
	// Version is reported by /healthz.
	Version string
	// Logger gets one record per event of a pair (debug: per refused request).
	// Call codes and user IDs appear only as keyed hashes, SDP never. nil: no log.
	Logger *slog.Logger
	// Base is a path below which a proxy serves all this, such as /rtc, whether or not it takes it away. "": none.
	Base string
	// Page answers what lies below /call/ beside the call endpoint, with paths relative to it: "/" is the page.
	// nil: nothing does.
	Page http.Handler
	// ICEServers makes ICE servers with an account for one pair, which its name does not reveal. Parties get them with
	// their dial when they ask for them. nil: there are none.
	ICEServers func(pair string) []page.ICEServer

	// Observe gets each request when it has been answered. It must not block. nil: none.
	Observe func(Access)
	// Metrics answers /metrics. nil: nothing does.
	Metrics http.Handler

	// Store keeps the pairs where several servers find them. nil: in memory.
	Store Store

	// Proxies are the reverse proxies whose X-Forwarded-For or Forwarded says who the client is.
	Proxies gate.Proxies
	// Hosts are further names by which web pages may ask the server, see gate.Hosts.
	Hosts gate.Hosts
	// StrongCodes refuses room codes that could be guessed; /call/code.json gives others.
	StrongCodes bool

	// MaxBody bounds a request's body in bytes. Default 65,536.
	MaxBody int64
	// CandidatesPerSide bounds how many candidates one party may send. Default 256.
	CandidatesPerSide int
	// Pairs bounds the pairs, waiting or complete, at one time. Default 20,000.
	Pairs int
	// PairsPerAddress bounds the pairs that parties of one address have begun and
	// that still live. Default 256.
	PairsPerAddress int
	// StoredBytes bounds the offers, answers and candidates kept at one time, all
	// pairs together. Default 64 MiB.
	StoredBytes int
	// RequestsPerSecond bounds the mean rate of requests from one address.
	// Default 200.
	RequestsPerSecond float64
	// RequestBurst is how many requests an address may make at once beyond the
	// mean rate. Default ten seconds' worth of RequestsPerSecond.
	RequestBurst int
	// MissesPerSecond bounds the mean rate at which one address may dial codes that no peer waits for, as clients do that
	// guess codes. Default 1. The burst is PairsPerAddress (at least 256) and 64 more.
	MissesPerSecond float64
	// Conns bound the connections of Serve.
	Conns gate.ConnLimits

	// Expiry is how long a party may be silent before its pair is deleted.
	// Default 10 s, which the deployed pages rely on. A parked request is no silence.
	Expiry time.Duration
	// HeaderTimeout bounds how long a client may take to send a request's header.
	// Default 5 s.
	HeaderTimeout time.Duration
	// BodyTimeout bounds how long a client may take to send a request's body. Default 10 s.
	BodyTimeout time.Duration
	// IdleTimeout is how long an unused connection is kept. Default 60 s.
	IdleTimeout time.Duration
	// Drain is for how long Serve goes on after its context has ended: Health says so, and a server without a shared
	// store begins no new pairs and ends with the last one. Default 0.
	Drain time.Duration
	// ShutdownTimeout bounds the orderly end of Serve. Default 5 s.
	ShutdownTimeout time.Duration
}

func (o Options) withDefaults() Options {
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	orDefault(&o.MaxBody, 64<<10)
	orDefault(&o.CandidatesPerSide, 256)
	orDefault(&o.Pairs, 20_000)
	orDefault(&o.StoredBytes, 64<<20)
	for _, t := range []struct {
		value    *time.Duration
		standard time.Duration
	}{
		{&o.Expiry, DefaultExpiry},
		{&o.HeaderTimeout, 5 * time.Second},
		{&o.BodyTimeout, 10 * time.Second},
		{&o.IdleTimeout, 60 * time.Second},
		{&o.ShutdownTimeout, 5 * time.Second},
	} {
		if *t.value <= 0 {
			*t.value = t.standard
		}
	}
	return o
}

// exceeds reports whether n is beyond a limit; a negative limit is none.
func exceeds(n, limit int) bool { return limit >= 0 && n > limit }

func orDefault[T comparable](value *T, standard T) {
	var zero T
	if *value == zero {
		*value = standard
	}
}
