package session

import (
	"context"
	"net"
	"time"

	"dialtone/diag"
	"dialtone/diag/peer"
	"dialtone/diag/probe"
	"dialtone/signal/room"
)

const (
	// beginTime is how long the beginning of a call is waited for: a probe that asks before the other party is there takes
	// nothing away.
	beginTime = 100 * time.Millisecond
	// agentTime is how long the agent is left alone with the TURN servers.
	agentTime = 300 * time.Millisecond
	// probeTime is how long a call that has found no path stays for probes that have not ended.
	probeTime = 2 * time.Second
)

// probing is how the probes stand beside the agent: an account at a TURN server may allow few allocations, and those of
// the call come first. It belongs to the goroutine of Run, but for the channels.
type probing struct {
	begun    chan struct{}            // closed when the agent begins to gather
	settled  chan struct{}            // closed when the call is connected, or has found no path
	unserved map[string]chan struct{} // by URL: closed when the agent got no relay there
	left     int                      // probes that have not ended
}

func newProbing(servers []diag.ICEServerAuth) *probing {
	p := &probing{begun: make(chan struct{}), settled: make(chan struct{}), unserved: map[string]chan struct{}{},
		left: len(servers)}
	for _, server := range servers {
		p.unserved[server.URL] = make(chan struct{})
	}
	return p
}

// tell closes a channel that may be closed already; nil is no channel.
func tell(c chan struct{}) {
	if c == nil {
		return
	}
	select {
	case <-c:
	default:
		close(c)
	}
}

// wait returns when an allocation at a TURN server takes none away from the agent, which it has by then or was refused;
// or when nobody can tell how long that takes.
func (p *probing) wait(ctx context.Context, url string) {
	select {
	case <-ctx.Done():
		return
	case <-p.begun:
	case <-time.After(beginTime):
		return // nobody is there yet
	}
	select {
	case <-ctx.Done():
	case <-p.settled:
	case <-p.unserved[url]:
	case <-time.After(agentTime):
	}
}

// probeServers asks every ICE server, beside the agent, and tells both the feed and the peer what came of it. TURN
// servers are asked when the agent has been served.
func (s *Session) probeServers(ctx context.Context) {
	var others []probe.Target
	for _, server := range s.o.Config.ICEServers {
		t := probe.Target{URL: server.URL, Username: server.Username, Password: server.Credential.Reveal(), TLS: s.o.TLS,
			Report: func(d diag.ServerStage) { s.o.Feed.Append(d) }}
		if u, err := probe.ParseURL(server.URL); err != nil || !u.Scheme.TURN() {
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

func (s *Session) probe(ctx context.Context, targets ...probe.Target) {
	probe.All(ctx, targets, func(r diag.Server) {
		if r.State() != diag.ServerUnknown { // the end of the call has not cut it short
			s.inbox.put(func() { s.probed(r) })
		}
	})
}

// probed continues after a probe.
func (s *Session) probed(r diag.Server) {
	s.peer.ServerProbed(r)
	s.probes.left--
	s.explained()
}

// loopbackPolicy includes the loopback interface where both parties may well sit on this machine: the signaling server
// is local, or there is no other interface.
func loopbackPolicy(c diag.Config) peer.Loopback {
	switch {
	case c.LoopbackOnly:
		return peer.LoopbackOnly
	case isLocalServer(c.Server) || !hasOtherInterface():
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

func hasOtherInterface() bool {
	interfaces, err := net.Interfaces()
	if err != nil {
		return false
	}
	for _, i := range interfaces {
		if i.Flags&net.FlagUp == 0 || i.Flags&net.FlagLoopback != 0 {
			continue
		}
		if addrs, err := i.Addrs(); err == nil && len(addrs) > 0 {
			return true
		}
	}
	return false
}
