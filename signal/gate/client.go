package gate

import "net/netip"

// Group is a client, or clients that count together: an IPv4 address, or the IPv6 addresses of a prefix. What is
// given to a site is a /64, a /56 or a /48 (RFC 6177), and to a provider a /32, with all of the addresses in it.
type Group struct {
	Key string
	// Share is how many times the limit of one client the group has.
	Share int
}

// levels are the prefixes that IPv6 clients count by.
var levels = []struct{ bits, share int }{{64, 1}, {56, 2}, {48, 4}, {32, 16}}

// Client is the one that a request counts for.
type Client struct {
	Addr netip.Addr
	// Groups are all that it counts in, the narrowest first; there is at least one.
	Groups []Group
	// Local: the request comes from this machine, without another client that it is passed on for.
	Local bool
}

// clientOf makes the client of an address; text stands for one that is no IP address (a Unix socket, a test).
func clientOf(a netip.Addr, text string) Client {
	a = a.Unmap().WithZone("")
	if !a.IsValid() {
		return Client{Groups: []Group{{text, 1}}}
	}
	c := Client{Addr: a, Local: a.IsLoopback()}
	if a.Is4() || a.IsLoopback() {
		c.Groups = []Group{{a.String(), 1}}
		return c
	}
	for _, l := range levels {
		if p, err := a.Prefix(l.bits); err == nil {
			c.Groups = append(c.Groups, Group{p.String(), l.share})
		}
	}
	return c
}

// ClientAt is the client of a connection, from its text "address:port".
func ClientAt(remote string) Client {
	addr, err := netip.ParseAddrPort(remote)
	if err != nil {
		return clientOf(netip.Addr{}, remote)
	}
	return clientOf(addr.Addr(), remote)
}

// ClientOf is the client with an address.
func ClientOf(a netip.Addr) Client { return clientOf(a, "unknown") }

// Counter counts what clients hold. Its zero value is empty; its user guards it.
type Counter struct{ held map[string]int }

// Add counts n more for a client, unless one of its groups would hold more than it may. A negative limit is none.
func (c *Counter) Add(who Client, n, limit int) bool {
	if !c.Fits(who, n, limit) {
		return false
	}
	if c.held == nil {
		c.held = map[string]int{}
	}
	for _, g := range who.Groups {
		c.held[g.Key] += n
	}
	return true
}

// Fits reports whether Add would count n more.
func (c *Counter) Fits(who Client, n, limit int) bool {
	for _, g := range who.Groups {
		if limit >= 0 && c.held[g.Key]+n > limit*g.Share {
			return false
		}
	}
	return true
}

// Remove takes back what Add counted.
func (c *Counter) Remove(who Client, n int) {
	for _, g := range who.Groups {
		if c.held[g.Key] <= n {
			delete(c.held, g.Key)
		} else {
			c.held[g.Key] -= n
		}
	}
}

// Held is what a client itself holds.
func (c *Counter) Held(who Client) int { return c.held[who.Groups[0].Key] }

// IsEmpty reports whether no client holds anything.
func (c *Counter) IsEmpty() bool { return len(c.held) == 0 }
