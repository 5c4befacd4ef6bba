package session

import (
	"context"
	"net"
	"slices"
	"time"

	"dialtone/diag"
	"dialtone/diag/iceurl"
	"dialtone/diag/peer"
	"dialtone/diag/probe"
	"dialtone/signal/room"
)

// probing is how the probes stand beside the agent: an account at a TURN server may allow few allocations, and those of
// the call come first. It belongs to the goroutine of Run, but for the gates.
type probing struct {
	begun    gate            // the agent begins to gather
	settled  gate            // the call is connected, or has found no path
	unserved map[string]gate // by URL: the agent got no relay there
	left     int             // probes that have not ended
	yield    time.Duration   // how long the agent has the TURN servers for itself
}

func newProbing(servers []diag.ICEServerAuth, yield time.Duration) *probing {
	p := &probing{begun: make(gate), settled: make(gate), unserved: map[string]gate{}, left: len(servers), yield: yield}
	for _, server := range servers {
		p.unserved[server.URL] = make(gate)
	}
	return p
}

// gate is a channel that is closed once; nil: nothing waits for it.
type gate chan struct{}

func (g gate) open() {
	if g == nil {
		return
	}
	select {
	case <-g:
	default:
		close(g)
	}
}

// wait returns when an allocation at a TURN server takes none away from the agent, which has its own by then or was
// refused; or when it is unknown how long that takes.
func (p *probing) wait(ctx context.Context, url string) {
	select {
	case <-ctx.Done():
		return
	case <-p.begun:
	case <-time.After(p.yield / 10):
		return // the peer is not there yet: this takes nothing away
	}
	select {
	case <-ctx.Done():
	case <-p.settled:
	case <-p.unserved[url]:
	case <-time.After(p.yield):
	}
}

// probeServers asks every ICE server, beside the agent, and reports its stages to the feed and its result to the
// peer connection. TURN servers are asked when the agent has been served.
func (s *Session) probeServers(ctx context.Context, servers []diag.ICEServerAuth) {
	var others []probe.Target
	for _, server := range servers {
		t := probe.Target{
			URL: server.URL, Username: server.Username, Password: server.Credential.Reveal(), TLS: s.o.TLS,
			Proxies: s.o.Proxies, Dial: s.dialServer,
			Report: func(d diag.ServerStage) { s.o.Feed.Append(d) },
		}
		if u, err := iceurl.Parse(server.URL); err != nil || !u.Scheme.TURN() {
			others = append(others, t)
			continue
		}
		s.wg.Go(func() {
			s.probes.wait(ctx, t.URL)
			s.probe(ctx, t)
		})
	}
	s.probe(ctx, others...)
}

// dialServer opens a socket to a server, which the peer or its signaling may have named.
func (s *Session) dialServer(ctx context.Context, d *net.Dialer, network, address string) (net.Conn, error) {
	system := func(ctx context.Context, d *net.Dialer, network, address string) (net.Conn, error) {
		return d.DialContext(ctx, network, address)
	}
	return s.o.Limiter.Servers(system, time.Now)(ctx, d, network, address)
}

func (s *Session) probe(ctx context.Context, targets ...probe.Target) {
	probe.All(ctx, targets, func(r diag.Server) {
		if r.State() == diag.ServerUnknown {
			return // cut short by the end of the call: that says nothing about the server
		}
		s.do(func() {
			s.peer.ServerProbed(r)
			s.probes.left--
			s.handle(input{kind: inProbed})
		})
	})
}

// loopbackPolicy includes the loopback interface if both peers may well run on this machine: the signaling server is
// local, or there is no other interface.
func loopbackPolicy(c diag.Config, interfaces func() ([]net.Addr, error)) peer.Loopback {
	switch {
	case c.LoopbackOnly:
		return peer.LoopbackOnly
	case isLocalServer(c.Server) || !hasOther(interfaces()):
		return peer.LoopbackInclude
	}
	return peer.LoopbackOff
}

func isLocalServer(server string) bool {
	endpoint, err := room.Endpoint(server)
	if err != nil {
		return false
	}
	host := endpoint.Hostname()
	ip := net.ParseIP(host)
	return host == "localhost" || (ip != nil && ip.IsLoopback())
}

func hasOther(addrs []net.Addr, err error) bool {
	return err == nil && slices.ContainsFunc(addrs, func(a net.Addr) bool {
		n, ok := a.(*net.IPNet)
		return ok && !n.IP.IsLoopback()
	})
}
