package session

import (
	"context"
	"net"

	"dialtone/diag"
	"dialtone/diag/peer"
	"dialtone/diag/probe"
	"dialtone/signal/room"
)

// probeServers asks every ICE server, beside the agent, and tells both the feed and the peer what came of it.
func (s *Session) probeServers(ctx context.Context) {
	var targets []probe.Target
	for _, server := range s.o.Config.ICEServers {
		targets = append(targets, probe.Target{
			URL: server.URL, Username: server.Username, Password: server.Credential.Reveal(), TLS: s.o.TLS,
		})
	}
	probe.All(ctx, targets, func(r diag.ServerResult) {
		if ctx.Err() != nil {
			return // cut short by the end of the call: that says nothing of the server
		}
		s.o.Feed.Append(r)
		s.inbox.put(func() { s.peer.ServerProbed(r) })
	})
}

// loopbackPolicy includes the loopback interface where both parties may well sit on this machine: the signaling server is
// local, or there is no other interface.
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
