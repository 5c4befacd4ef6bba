package gate

import (
	"container/list"
	"context"
	"net"
	"net/http"
	"sync"
)

// ConnLimits bound the connections of a server. 0 means the documented default, a negative number none.
type ConnLimits struct {
	// All is how many there may be. Default 12,288, or half of that over TLS, but at most three quarters of the files that
	// may be open. Of them, an eighth is kept for clients that are known.
	All int
	// TLS says that they are encrypted, and cost twice as much.
	TLS bool
	// PerClient is how many a client may have. Default 256, and none for clients on this machine and for proxies.
	PerClient int
	// Idle is how many there may be that have no complete request. Default 512.
	Idle int
	// Proxies speak for many clients.
	Proxies Proxies
}

const (
	defaultConns     = 12 << 10
	defaultPerClient = 256
	defaultIdle      = 512
	reservedPart     = 8 // one part in so many is kept for known clients
	evictedAtOnce    = 16
)

// Conns bounds the connections of an http.Server, whose ConnState and ConnContext it is. When there are too many, the
// one that has been without a complete request for longest is closed; a request in progress never is.
type Conns struct {
	limits   ConnLimits
	explicit bool // PerClient was given
	refusals *Refusals

	mu     sync.Mutex
	open   map[net.Conn]*Conn
	held   Counter
	known  map[string]int        // connections of known clients, by their narrowest group
	idle   [2]*list.List         // *Conn without a complete request, the oldest first: unknown and known ones
	idleOf map[string]*list.List // likewise, by client
	said   []func()              // what is to be logged without the lock
}

// Conn is one connection.
type Conn struct {
	conns       *Conns
	conn        net.Conn
	client      Client
	counted     bool // towards the limit of its client
	known       bool
	idle, idler *list.Element // in both lists; nil while a request is in progress
}

// NewConns makes the bounds of a server. Without refusals there is no log.
func NewConns(l ConnLimits, refusals *Refusals) *Conns {
	if refusals == nil {
		refusals = NewRefusals(nil)
	}
	c := &Conns{
		limits: l, explicit: l.PerClient != 0, refusals: refusals, open: map[net.Conn]*Conn{}, known: map[string]int{},
		idle: [2]*list.List{list.New(), list.New()}, idleOf: map[string]*list.List{},
	}
	if l.All == 0 {
		c.limits.All = min(defaultConns, Files()/4*3)
		if l.TLS {
			c.limits.All = min(defaultConns/2, c.limits.All)
		}
	}
	if l.PerClient == 0 {
		c.limits.PerClient = defaultPerClient
	}
	if l.Idle == 0 {
		c.limits.Idle = defaultIdle
	}
	return c
}

// inner is the connection that a wrapper holds: a connection that comes back to its server is the same one.
func inner(c net.Conn) net.Conn {
	for {
		w, ok := c.(interface{ NetConn() net.Conn })
		if !ok {
			return c
		}
		c = w.NetConn()
	}
}

// State is an http.Server's ConnState. Hijacked connections stay counted until Gone.
func (c *Conns) State(nc net.Conn, state http.ConnState) {
	nc = inner(nc)
	c.mu.Lock()
	defer c.unlock()
	one := c.open[nc]
	switch {
	case state == http.StateNew && one == nil:
		c.join(nc)
	case one == nil:
	case state == http.StateClosed:
		c.leave(one)
	case state == http.StateIdle:
		one.rest()
	case state == http.StateNew, state == http.StateActive, state == http.StateHijacked:
	}
}

// unlock ends a change and logs what it refused. A log may block, and would stop every connection under the lock.
func (c *Conns) unlock() {
	said := c.said
	c.said = nil
	c.mu.Unlock()
	for _, say := range said {
		say()
	}
}

// warn logs a refusal when the lock is given back.
func (c *Conns) warn(kind string, attributes ...any) {
	c.said = append(c.said, func() { c.refusals.Warn(kind, attributes...) })
}

// Gone forgets a connection that was hijacked and has been closed.
func (c *Conns) Gone(nc net.Conn) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if one := c.open[inner(nc)]; one != nil {
		c.leave(one)
	}
}

// join counts a new connection, makes room for it, and closes it if there is none.
func (c *Conns) join(nc net.Conn) {
	client := ClientAt(nc.RemoteAddr().String())
	one := &Conn{conns: c, conn: nc, client: client}
	one.counted = c.explicit || !client.Local && !c.limits.Proxies.Trusts(client.Addr)
	if one.counted && !c.held.Fits(client, 1, c.limits.PerClient) {
		c.warn("closed a connection: the client has as many as it may", "from", client.Addr,
			"limit", c.limits.PerClient, "flag", "--max-connections-per-address")
		c.evict(c.idleOf[client.Groups[0].Key])
		if !c.held.Fits(client, 1, c.limits.PerClient) {
			_ = nc.Close() // the client notices
			return
		}
	}
	if !c.fits(client) {
		c.warn("closed a connection: there are as many as may be", "from", client.Addr, "limit", c.limits.All,
			"flag", "--max-connections")
		if !c.evictOldest() {
			_ = nc.Close()
			return
		}
	}
	if c.limits.Idle >= 0 && c.idle[0].Len()+c.idle[1].Len() >= c.limits.Idle {
		c.evictOldest()
	}
	c.open[nc] = one
	if one.counted {
		c.held.Add(client, 1, -1)
	}
	one.rest()
}

// fits reports whether one more connection of a client may exist: of a known one, also in the part that is kept.
func (c *Conns) fits(client Client) bool {
	most := c.limits.All
	if c.known[client.Groups[0].Key] == 0 {
		most -= most / reservedPart
	}
	return c.limits.All < 0 || len(c.open) < most
}

// evictOldest closes the connection that has been without a request for longest. Some of known clients stay.
func (c *Conns) evictOldest() bool {
	return c.evict(c.idle[0]) || c.idle[1].Len() > c.limits.All/reservedPart && c.evict(c.idle[1])
}

// evict closes the oldest connection of a list.
func (c *Conns) evict(l *list.List) bool {
	if l == nil || l.Len() == 0 {
		return false
	}
	one, _ := l.Front().Value.(*Conn) // the lists hold nothing else
	c.leave(one)
	_ = one.conn.Close() // its server notices
	return true
}

func (c *Conns) leave(one *Conn) {
	one.work()
	one.forget()
	delete(c.open, one.conn)
	if one.counted {
		c.held.Remove(one.client, 1)
	}
}

// rest puts a connection without a complete request at the end of the lists.
func (one *Conn) rest() {
	one.work()
	c, key := one.conns, one.client.Groups[0].Key
	kind := 0
	if one.known {
		kind = 1
	}
	of := c.idleOf[key]
	if of == nil {
		of = list.New()
		c.idleOf[key] = of
	}
	one.idle, one.idler = c.idle[kind].PushBack(one), of.PushBack(one)
}

// work takes a connection out of the lists.
func (one *Conn) work() {
	if one.idle == nil {
		return
	}
	c, key := one.conns, one.client.Groups[0].Key
	for _, l := range c.idle {
		l.Remove(one.idle) // of the other list: nothing happens
	}
	of := c.idleOf[key]
	of.Remove(one.idler)
	if of.Len() == 0 {
		delete(c.idleOf, key)
	}
	one.idle, one.idler = nil, nil
}

func (one *Conn) forget() {
	if one.known {
		one.known = false
		if key := one.client.Groups[0].Key; one.conns.known[key] <= 1 {
			delete(one.conns.known, key)
		} else {
			one.conns.known[key]--
		}
	}
}

// connKey is the context key of a request's connection.
type connKey struct{}

// connRef is that connection. Its context is made before it is counted.
type connRef struct {
	conns *Conns
	conn  net.Conn
}

// Context is an http.Server's ConnContext.
func (c *Conns) Context(ctx context.Context, nc net.Conn) context.Context {
	return context.WithValue(ctx, connKey{}, connRef{c, inner(nc)})
}

// Busy says that the request of a context has arrived completely: its connection is not closed for another. known:
// it belongs to somebody whose connections are kept for longest.
func Busy(ctx context.Context, known bool) {
	ref, ok := ctx.Value(connKey{}).(connRef)
	if !ok {
		return
	}
	c := ref.conns
	c.mu.Lock()
	defer c.mu.Unlock()
	one := c.open[ref.conn]
	if one == nil {
		return
	}
	one.work()
	if known && !one.known {
		one.known = true
		c.known[one.client.Groups[0].Key]++
	}
}

// Arrived says of requests without a body that they are complete, before a handler serves them: their connections are
// closed for others after those that have been without a request for longer. That they are closed at all is for clients
// that do not read the answer; a handler that takes long says that it is [Busy].
func Arrived(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if ref, ok := r.Context().Value(connKey{}).(connRef); ok && r.ContentLength == 0 {
			ref.conns.Rest(ref.conn)
		}
		h.ServeHTTP(w, r)
	})
}

// Rest says that a connection waits for its next request.
func (c *Conns) Rest(nc net.Conn) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if one := c.open[inner(nc)]; one != nil {
		one.rest()
	}
}

// Listener makes a listener whose lack of files is reported and answered by closing connections that rest.
func (c *Conns) Listener(ln net.Listener) net.Listener { return &listener{ln, c} }

type listener struct {
	net.Listener
	conns *Conns
}

// Accept implements net.Listener.
func (l *listener) Accept() (net.Conn, error) {
	for {
		nc, err := l.Listener.Accept()
		if err == nil || !Exhausted(err) {
			return nc, err
		}
		l.conns.refusals.Warn("cannot accept a connection: closing idle ones", "error", err,
			"next", "raise the limit of open files (ulimit -n)")
		l.conns.mu.Lock()
		for range evictedAtOnce {
			_ = l.conns.evict(l.conns.idle[0]) || l.conns.evict(l.conns.idle[1])
		}
		l.conns.mu.Unlock()
		Pause()
	}
}
