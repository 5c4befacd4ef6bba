package iceservers

import (
	"crypto/rand"
	"log/slog"
	"net"
	"net/netip"
	"sync"
	"time"

	"github.com/pion/turn/v5"

	"dialtone/diag/lab"
	"dialtone/signal/gate"
)

// RelayOptions describe a TURN server that strangers may reach.
type RelayOptions struct {
	Listen         netip.AddrPort
	User, Password string // the operator's account
	// Allow are the networks of peers that may be reached although they are not on the Internet.
	Allow []netip.Prefix
	// STUN are the addresses of STUN servers beside it: Binding requests may be relayed to them, which a diagnosis does.
	STUN []netip.AddrPort
	// TCP offers TCP allocations (RFC 6062), with which a client can talk to any TCP server that may be reached.
	TCP bool
	// Allocations at one time: in all, of one client address, and of one account. 0: 1,000 (but at most a quarter of the
	// open files), 64 and 32; negative: no limit.
	// The operator's account, which many share, has the limit of an address times 8.
	Allocations, PerAddress, PerUser int
	// Connections over TCP at one time: in all and of one client address. 0: 1,024 and 64; negative: no limit. For a new
	// one, the oldest without an allocation is closed.
	Connections, ConnectionsPerAddress int
	// Bitrate of one allocation in each direction, in bit/s; all together have ten times as much. 0: 20 Mbit/s.
	// Negative: no limit.
	Bitrate float64
	// AccountTime is how long a TCP connection may exist without an allocation. 0: 10 s.
	AccountTime time.Duration
	// Log gets the first refusal of each kind, and then one line a minute; nil: none.
	Log *slog.Logger
}

const (
	defaultAllocations = 1000
	defaultPerAddress  = 64
	defaultPerUser     = 32
	sharedUsers        = 8 // how many addresses' worth of allocations the operator's account has
	defaultBitrate     = 20e6
	bitrateShares      = 10 // how many allocations' worth of bitrate there is
	realm              = "dialtone"
)

// Relay is a TURN server with bounds: which peers, how many allocations, how fast, for how long without an account.
type Relay struct {
	*lab.TURN
	o        RelayOptions
	secret   string // of the accounts of pairs
	refusals *gate.Refusals
	pace     *pace // of all allocations together

	mu        sync.Mutex
	byAddress gate.Counter
	port      uint16 // of the server itself, over UDP
	byUser    map[string]int
	all       int
	clients   map[string]*holder      // by transport address, of live allocations
	sockets   map[uint16]*relaySocket // of live allocations, by port
	listeners map[uint16]*tcpRelay    // of live TCP allocations, by port
	streams   map[string]*stream      // by address of the client
	streaming gate.Counter            // connections by client
	expecting map[string]*reservation // between the check of the quota and the allocation, by transport address
}

// reservation is what an allocation in the making has been counted for.
type reservation struct {
	client gate.Client
	user   string
}

// StartRelay starts a TURN server over UDP and TCP. The caller closes it.
func StartRelay(o RelayOptions) (*Relay, error) {
	o.complete()
	r := &Relay{
		o: o, secret: rand.Text(), refusals: gate.NewRefusals(o.Log), pace: newPace(o.Bitrate * bitrateShares),
		byUser: map[string]int{}, clients: map[string]*holder{}, sockets: map[uint16]*relaySocket{},
		listeners: map[uint16]*tcpRelay{},
		streams:   map[string]*stream{}, expecting: map[string]*reservation{},
	}
	server, err := lab.StartTURN(lab.TURNOptions{
		Listen: o.Listen.String(), UDP: true, TCP: true, Username: o.User, Password: o.Password, Realm: realm,
		Configure: r.configure,
	})
	if err != nil {
		return nil, err
	}
	r.TURN = server
	if udp, ok := server.Addr(lab.UDP).(*net.UDPAddr); ok {
		r.mu.Lock()
		r.port = udp.AddrPort().Port()
		r.mu.Unlock()
	}
	return r, nil
}

func (o *RelayOptions) complete() {
	for _, l := range []struct {
		value    *int
		standard int
	}{
		{&o.Allocations, min(defaultAllocations, gate.Files()/4)},
		{&o.PerAddress, defaultPerAddress},
		{&o.PerUser, defaultPerUser},
		{&o.Connections, defaultConnections},
		{&o.ConnectionsPerAddress, defaultConnectionsOf},
	} {
		if *l.value == 0 {
			*l.value = l.standard
		}
	}
	if o.AccountTime == 0 {
		o.AccountTime = defaultAccountTime
	}
	if o.Bitrate == 0 {
		o.Bitrate = defaultBitrate
	}
}

// configure puts the bounds into pion's server.
func (r *Relay) configure(c *turn.ServerConfig) {
	created, deleted := c.EventHandler.OnAllocationCreated, c.EventHandler.OnAllocationDeleted
	c.AuthHandler = r.authenticate
	c.QuotaHandler = func(user, _ string, from net.Addr) bool { return r.reserve(user, from) }
	c.EventHandler.OnAllocationCreated = func(
		from, to net.Addr, protocol, user, realm string, relay net.Addr, port int,
	) {
		created(from, to, protocol, user, realm, relay, port)
		r.created(from, user, relay)
	}
	c.EventHandler.OnAllocationDeleted = func(from, to net.Addr, protocol, user, realm string) {
		deleted(from, to, protocol, user, realm)
		r.deleted(from, user)
	}
	c.EventHandler.OnAllocationError = func(from, _ net.Addr, _, _ string) { r.cancelled(from) }
	c.EventHandler.OnAuth = func(from, _ net.Addr, _, _, _, method string, ok bool) {
		switch {
		case !ok:
			r.refusals.Warn("TURN refused an account: wrong password", "from", from.String())
		case method == "ConnectionBind": // its connection carries data from now on
			r.settle(from, true)
		}
	}
	r.observeGrants(&c.EventHandler)
	for i := range c.PacketConnConfigs {
		one := &c.PacketConnConfigs[i]
		one.RelayAddressGenerator = &generator{one.RelayAddressGenerator, r}
		one.PermissionHandler = r.permits
	}
	for i := range c.ListenerConfigs {
		one := &c.ListenerConfigs[i]
		one.Listener = &listener{one.Listener, r}
		one.RelayAddressGenerator = &generator{one.RelayAddressGenerator, r}
		one.PermissionHandler = r.permits
	}
}

// excess is a limit that a client has reached.
type excess struct {
	why, flag string
	limit     int
}

// warn logs it. A log may block: the caller does not hold the lock.
func (e excess) warn(r *gate.Refusals, what string, client gate.Client) {
	r.Warn(what+": "+e.why, "from", client.Addr, "limit", e.limit, "flag", e.flag)
}

// reserve counts an allocation that is about to be made, unless it is one too many.
func (r *Relay) reserve(user string, from net.Addr) bool {
	client := gate.ClientOf(gate.AddrOf(from))
	e, ok := r.count(user, from, client)
	if !ok {
		e.warn(r.refusals, "TURN refused an allocation", client)
	}
	return ok
}

func (r *Relay) count(user string, from net.Addr, client gate.Client) (e excess, ok bool) {
	perUser := r.o.PerUser
	if user == r.o.User && r.o.PerAddress > 0 {
		perUser = sharedUsers * r.o.PerAddress
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.cancelledLocked(from)
	switch {
	case r.o.Allocations >= 0 && r.all >= r.o.Allocations:
		return excess{"as many exist as may", "--turn-max-allocations", r.o.Allocations}, false
	case perUser >= 0 && r.byUser[user] >= perUser:
		return excess{"the account holds as many as it may", "--turn-max-per-user", perUser}, false
	case !r.byAddress.Add(client, 1, r.o.PerAddress):
		return excess{"the address holds as many as it may", "--turn-max-per-address", r.o.PerAddress}, false
	}
	r.all++
	r.byUser[user]++
	r.expecting[from.String()] = &reservation{client, user}
	return excess{}, true
}

// cancelled takes back what was counted for an allocation that could not be made.
func (r *Relay) cancelled(from net.Addr) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.cancelledLocked(from)
}

func (r *Relay) cancelledLocked(from net.Addr) {
	if one := r.expecting[from.String()]; one != nil {
		delete(r.expecting, from.String())
		r.release(one.client, one.user)
	}
}

func (r *Relay) release(client gate.Client, user string) {
	r.all--
	r.byAddress.Remove(client, 1)
	if r.byUser[user]--; r.byUser[user] <= 0 {
		delete(r.byUser, user)
	}
}

func (r *Relay) created(from net.Addr, user string, relay net.Addr) {
	client := gate.AddrOf(from)
	r.mu.Lock()
	if udp, ok := relay.(*net.UDPAddr); ok {
		if s := r.sockets[udp.AddrPort().Port()]; s != nil {
			s.client.Store(&client)
		}
	}
	delete(r.expecting, from.String())
	r.clients[from.String()] = &holder{user: user, peers: map[netip.Addr]bool{}}
	r.mu.Unlock()
	r.settle(from, true)
}

func (r *Relay) deleted(from net.Addr, user string) {
	r.mu.Lock()
	delete(r.clients, from.String())
	r.release(gate.ClientOf(gate.AddrOf(from)), user)
	r.mu.Unlock()
	r.settle(from, false)
}
