package probe

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pion/transport/v5"

	"dialtone/diag/lab"
	"dialtone/diag/nat"
	"dialtone/diag/reach"
)

// naive is the classifier that the accuracy is compared with: the tests of RFC 5780 §4.3 and §4.4 as they are written there,
// each request sent once, on a fresh socket for mapping and for filtering, silence taken at its word. It is kind where the
// RFC lets it be: silence where an answer must come makes the result unknown, not "UDP is blocked".
type naive struct {
	net    transport.Net
	server netip.AddrPort
}

// naiveWait is how long it waits for an answer.
const naiveWait = time.Second

// ask sends one request and returns its answer, nil for silence.
func (n naive) ask(ctx context.Context, conn net.PacketConn, to netip.AddrPort, b behavior) (*answer, error) {
	id := newTxID()
	raw, err := encodeBinding(id, b)
	if err != nil {
		return nil, err
	}
	if _, err := conn.WriteTo(raw, net.UDPAddrFromAddrPort(to)); err != nil {
		return nil, err
	}
	if err := conn.SetReadDeadline(time.Now().Add(naiveWait)); err != nil {
		return nil, err
	}
	buffer := make([]byte, maxMessage)
	for ctx.Err() == nil {
		size, _, err := conn.ReadFrom(buffer)
		if reach.IsTimeout(err) {
			return nil, nil //nolint:nilnil // silence
		}
		if err != nil {
			return nil, err
		}
		if a, err := decode(buffer[:size]); err == nil && a.id == id {
			return a, nil
		}
	}
	return nil, ctx.Err()
}

// listen opens a socket.
func (n naive) listen() (net.PacketConn, error) { return n.net.ListenPacket("udp4", "0.0.0.0:0") }

// mapping is RFC 5780 §4.3.
func (n naive) mapping(ctx context.Context) (value nat.Value, err error) {
	conn, err := n.listen()
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, conn.Close()) }()
	first, err := n.ask(ctx, conn, n.server, behavior{})
	if err != nil || first == nil {
		return nat.Unknown, err
	}
	second, err := n.ask(ctx, conn, netip.AddrPortFrom(first.other.Addr(), n.server.Port()), behavior{})
	switch {
	case err != nil || second == nil:
		return nat.Unknown, err
	case second.mapped == first.mapped:
		return nat.EndpointIndependent, nil
	}
	third, err := n.ask(ctx, conn, first.other, behavior{})
	switch {
	case err != nil || third == nil:
		return nat.Unknown, err
	case third.mapped == second.mapped:
		return nat.AddressDependent, nil
	}
	return nat.AddressAndPortDependent, nil
}

// filtering is RFC 5780 §4.4.
func (n naive) filtering(ctx context.Context) (value nat.Value, err error) {
	conn, err := n.listen()
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, conn.Close()) }()
	first, err := n.ask(ctx, conn, n.server, behavior{})
	if err != nil || first == nil {
		return nat.Unknown, err
	}
	second, err := n.ask(ctx, conn, n.server, behavior{changeIP: true, changePort: true})
	if err != nil || second != nil {
		return nat.EndpointIndependent, err
	}
	third, err := n.ask(ctx, conn, n.server, behavior{changePort: true})
	if err != nil || third != nil {
		return nat.AddressDependent, err
	}
	return nat.AddressAndPortDependent, nil
}

// runNaive is [runCell] for it.
func runNaive(t *testing.T, c gridCell, seed uint64) (g gridResult) {
	synctest.Test(t, func(t *testing.T) {
		w := c.world(t, seed)
		n := naive{net: w.Client(0), server: w.Responders()[0].Addr()}
		mapping, mappingErr := n.mapping(t.Context())
		filtering, filteringErr := n.filtering(t.Context())
		if err := errors.Join(mappingErr, filteringErr, w.Close()); err != nil {
			t.Fatal(err)
		}
		g = gridResult{
			runs:      1,
			mapping:   scoreOf(mapping, nat.Value(c.nat.Mapping.String()), nat.Unknown),
			filtering: scoreOf(filtering, nat.Value(c.nat.Filtering.String()), nat.Unknown),
		}
		g.both = worst(g.mapping, g.filtering)
	})
	return g
}

// comparison is what dialtone and the naive classifier say in the same worlds.
type comparison struct {
	what        string
	ours, naive gridResult
}

// misleadingRuns is how often the NAT that misleads is asked through.
const misleadingRuns = 200

// compare runs the naive classifier in the worlds of the rows that have one server, and both in the world that misled others:
// a NAT that lets everything in, with a packet of ten lost in one direction.
func compare(t *testing.T, rows []gridRow, seeds int) []comparison {
	t.Helper()
	var out []comparison
	for _, way := range []lab.LossWay{lab.FromClients, lab.ToClients} {
		cells := []gridCell{{loss: 0.1, way: way, servers: 1}}
		both := comparison{
			what: "endpoint-independent both, " + lossWords(cells[0]),
			ours: runCells(t, runCell, cells, misleadingRuns)[0], naive: runCells(t, runNaive, cells, misleadingRuns)[0],
		}
		if both.ours.both.wrong != 0 || both.naive.both.wrong == 0 {
			t.Errorf("%s: wrong %d, of the naive classifier %d: it should have been misled", both.what, both.ours.both.wrong, both.naive.both.wrong)
		}
		out = append(out, both)
	}
	for _, r := range rows {
		if r.servers != 1 {
			continue
		}
		both := comparison{what: "all nine kinds, " + lossWords(r.gridCell), ours: r.sum, naive: runRow(t, runNaive, r.gridCell, seeds).sum}
		if r.loss == 0 && both.naive.both.right+1 < r.sum.both.right { // a busy machine may lose one to time
			t.Errorf("without loss the naive classifier is not right: %v, dialtone %v", both.naive.both, r.sum.both)
		}
		out = append(out, both)
	}
	return out
}

// lossWords name a cell's loss.
func lossWords(c gridCell) string {
	words := fmt.Sprintf("%.0f %%", 100*c.loss)
	switch c.way {
	case lab.FromClients:
		return words + " of what is sent"
	case lab.ToClients:
		return words + " of what is received"
	case lab.BothWays:
	}
	return words + " each way"
}
