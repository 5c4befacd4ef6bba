package transfer

import (
	"context"
	"encoding/json"
	"sync"
	"time"

	"github.com/pion/webrtc/v4"

	"dialtone/diag"
)

// Times of the protocol.
const (
	every      = 100 * time.Millisecond // between counts
	answerTime = 8 * time.Second        // for an answer of the peer, behind whatever waits in the path
	drainTime  = 8 * time.Second        // for what waits when a test is over
)

// Connection is the peer connection that is measured.
type Connection = webrtc.PeerConnection

// Channel is a data channel that the peer has opened.
type Channel = webrtc.DataChannel

// Options of an endpoint.
type Options struct {
	Emit  func(diag.Data) // gets every event
	Serve bool            // let the peer measure; otherwise it is refused
}

// Endpoint is one end of a call, which can serve the measurement of its peer, and measure.
type Endpoint struct {
	o      Options
	wg     sync.WaitGroup
	stop   context.CancelFunc
	start  func(job func(context.Context))
	server *server
}

// New makes an endpoint. Close ends what it does.
func New(o Options) *Endpoint {
	ctx, stop := context.WithCancel(context.Background())
	e := &Endpoint{o: o, stop: stop}
	e.start = func(job func(context.Context)) { e.wg.Go(func() { job(ctx) }) }
	e.server = newServer(o, e.start)
	return e
}

// Close ends everything and waits for it.
func (e *Endpoint) Close() {
	e.stop()
	e.server.close()
	e.wg.Wait()
}

// Incoming takes a data channel that the peer opened, if it is one of a measurement. It is pion's callback.
func (e *Endpoint) Incoming(c *Connection, dc *Channel) bool { return e.server.incoming(c, dc) }

// sctpOf reads the state of the association.
func sctpOf(c *Connection) func() sctpState {
	return func() sctpState {
		s := c.SCTP().Stats()
		return sctpState{s.CongestionWindow, diag.SecondsOf(s.SmoothedRoundTripTime)}
	}
}

// idleQueue is what may wait on a channel of messages that a peer does not read, in bytes.
const idleQueue = 64 << 10

// pairStats are those of the selected candidate pair.
func pairStats(c *Connection) (webrtc.ICECandidatePairStats, bool) {
	return c.SCTP().Transport().ICETransport().GetSelectedCandidatePairStats()
}

// arrived counts what arrives on the selected candidate pair.
func arrived(c *Connection) wireCount {
	return func() *pairCount {
		s, ok := pairStats(c)
		if !ok {
			return nil
		}
		return &pairCount{uint64(s.PacketsReceived), s.BytesReceived}
	}
}

// post sends a message of the protocol, unless the peer does not read.
func post(dc *webrtc.DataChannel, m message) {
	if data, err := json.Marshal(m); err == nil && dc.BufferedAmount() < idleQueue {
		_ = dc.SendText(string(data)) // the end of a channel is reported by itself
	}
}
