package probe

import (
	"context"
	"net"
	"net/netip"
	"sync"
	"time"

	"dialtone/diag"
	"dialtone/diag/reach"
)

const (
	tcpTime    = time.Second // for the mapping test over TCP
	maxStreams = 4           // servers that are asked in it
)

// tcpMapping asks servers over TCP, all from one local port, how they see it. Fewer than two addresses can be compared
// with nothing: then no one is asked.
func tcpMapping(ctx context.Context, servers []diag.NATServer, d *reach.Dialer) []diag.NATStream {
	targets := streamTargets(servers, d.Local)
	local, err := localPort(ctx, targets, d.Local)
	if err != nil || len(targets) < 2 {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, tcpTime)
	defer cancel()
	out := make([]diag.NATStream, len(targets))
	var all sync.WaitGroup
	for i, to := range targets {
		all.Go(func() { out[i] = askStream(ctx, d, net.Dialer{LocalAddr: local, Control: sharePort}, to) })
	}
	all.Wait()
	return out
}

// streamTargets picks servers on different addresses, of the family that has more of them: IPv4 where both have as
// many.
func streamTargets(servers []diag.NATServer, bind netip.Addr) []netip.AddrPort {
	families := map[bool][]netip.AddrPort{} // by whether it is IPv4
	seen := map[netip.Addr]bool{}
	for _, s := range servers {
		a := s.Address.Addr()
		if !a.IsValid() || seen[a] || bind.IsValid() && bind.Is4() != a.Is4() {
			continue
		}
		seen[a] = true
		if list := families[a.Is4()]; len(list) < maxStreams {
			families[a.Is4()] = append(list, s.Address)
		}
	}
	if len(families[false]) > len(families[true]) {
		return families[false]
	}
	return families[true]
}

// localPort finds a local port that no TCP socket has. Somebody may take it before it is used; then the test fails, and
// says so.
func localPort(ctx context.Context, targets []netip.AddrPort, bind netip.Addr) (*net.TCPAddr, error) {
	local := net.TCPAddr{IP: bind.AsSlice()}
	network := "tcp4"
	if len(targets) > 0 && targets[0].Addr().Is6() {
		network = "tcp6"
	}
	var config net.ListenConfig
	l, err := config.Listen(ctx, network, local.String())
	if err != nil {
		return nil, err
	}
	if own, ok := l.Addr().(*net.TCPAddr); ok {
		local.Port = own.Port
	}
	return &local, l.Close()
}

// maxBeside bounds how many silent ports are asked over TCP.
const maxBeside = 6

// besideUDP asks over TCP at ports that are silent over UDP: whether a host is reached there distinguishes a filter on
// the path from a server that is not there.
func besideUDP(
	ctx context.Context, silent []netip.AddrPort, d *reach.Dialer, timeout time.Duration,
) []diag.NATStream {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	out := make([]diag.NATStream, min(len(silent), maxBeside))
	var all sync.WaitGroup
	for i, to := range silent[:len(out)] {
		all.Go(func() {
			out[i] = askStream(ctx, d, net.Dialer{}, to)
			out[i].Beside = true
		})
	}
	all.Wait()
	return out
}

// askStream asks one server over TCP.
func askStream(ctx context.Context, d *reach.Dialer, how net.Dialer, to netip.AddrPort) diag.NATStream {
	out := diag.NATStream{To: to}
	fail := func(err error) diag.NATStream {
		out.Failure = reach.Classify(diag.StageConnect, err)
		return out
	}
	conn, err := d.Socket(ctx, how, "tcp", to.String())
	if err != nil {
		return fail(err)
	}
	defer func() { _ = conn.Close() }() // what it says no longer matters
	stop := context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Unix(1, 0)) })
	defer stop()
	l := &link{conn: conn, reliable: true}
	r, err := l.exchange(ctx, methodBinding, true, func(id txID) ([]byte, error) { return encode(methodBinding, id, nil) })
	switch {
	case err != nil:
		return fail(err)
	case !r.ok || !r.mapped.IsValid():
		return fail(unusable(diag.DetailMapped))
	}
	out.Mapped = r.mapped
	return out
}
