//go:build unix

package main

import (
	"bytes"
	"context"
	"encoding/binary"
	"math"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/pion/transport/v5"
	"github.com/pion/transport/v5/stdnet"

	"dialtone/diag"
	"dialtone/diag/call"
	"dialtone/diag/feed"
	"dialtone/diag/lab/labtest"
	"dialtone/diag/peer"
	"dialtone/diag/session"
	"dialtone/signal"
	presets "dialtone/signal/post"
)

const (
	heldBack   = 60 * time.Millisecond // by the sockets of the sender, each packet
	latencyOff = 1e-3                  // s
	fewCompare = 40                    // packets that are compared, of each kind
)

// TestLatency compares the one-way delay that calls of this process report with what their sockets see of the same
// packets in the same call: on a direct path, and with Janus between two calls. A busy machine is late to see a packet
// by itself, so that the fastest packets are compared, and more closely on a quiet one, with the mean.
func TestLatency(t *testing.T) {
	labtest.NeedTime(t)
	t.Run("direct", func(t *testing.T) {
		to, from := signal.Pipe()
		given := func(c signal.Channel) session.Dialer {
			return func(context.Context, func(diag.SignalRequest)) (signal.Channel, error) { return c, nil }
		}
		compareLatency(t, true, given(to), given(from))
	})
	t.Run("janus", func(t *testing.T) {
		url := janus(t)
		dial := func(preset string) session.Dialer {
			return session.Over(presets.Over(presets.Way, presets.Builtin(preset)), signal.Setup{Address: url, UserAgent: "dialtone"})
		}
		compareLatency(t, false, dial("janus-publish"), dial("janus-subscribe"))
	})
}

// compareLatency places the call of a sender, and that of a receiver: at once if they wait for each other, else when the
// first is connected.
func compareLatency(t *testing.T, together bool, send, receive session.Dialer) {
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	var parts sync.WaitGroup
	defer parts.Wait()
	defer cancel()
	wire := &timedWire{sent: map[string][]timedPacket{}, received: map[string][]timedPacket{}}
	place := func(dial session.Dialer, flow peer.Flow) *feed.Reader {
		system, err := stdnet.NewNet()
		if err != nil {
			t.Fatal(err)
		}
		log := feed.New(time.Now)
		s := session.New(session.Options{
			Config: diag.Config{LoopbackOnly: together, MediaOnly: true, Server: "http://127.0.0.1/"}, Feed: log, Dial: dial, Flow: flow,
			Net: &timedNet{Net: system, wire: wire, sends: flow == peer.FlowSend},
		})
		events := log.Reader()
		parts.Go(func() { s.Run(ctx) })
		return events
	}
	sender := place(send, peer.FlowSend)
	defer sender.Close()
	if !together {
		followUntil(ctx, t, sender, func(c *call.Call) bool { // Janus has the feed a little later than the connection
			return c.StreamOf(diag.Outbound, "audio").Packets > fewCompare/2
		})
	}
	receiver := place(receive, peer.FlowReceive)
	defer receiver.Close()
	least, means := map[string]float64{}, map[string]float64{}
	followUntil(ctx, t, receiver, func(c *call.Call) bool {
		enough := 0
		for _, in := range latest(c) {
			d := in.OneWayDelay
			if d == nil || d.Delay == nil || d.Source != diag.DelayPayload { // by the reports, until packets have confirmed their sender
				continue
			}
			if d.Uncertainty != 0 {
				t.Errorf("%+v", d)
			}
			if old, known := least[in.Kind]; !known || *d.Min < old {
				least[in.Kind] = *d.Min
			}
			means[in.Kind] = d.Mean
			if d.Measurements >= fewCompare {
				enough++
			}
		}
		return enough == 2
	})
	wire.mu.Lock()
	defer wire.mu.Unlock()
	off := 10 * latencyOff
	if labtest.Nightly() {
		off = latencyOff
	}
	for _, kind := range diag.Kinds {
		truth, mean, ok := aligned(wire.sent[kind], wire.received[kind])
		if !ok || math.Abs(least[kind]-truth) > off {
			t.Errorf("%s: a delay of at least %.2f ms, and %.2f ms at the sockets", kind, least[kind]*1e3, truth*1e3)
		}
		t.Logf("%s: mean %.2f ms, %.2f ms at the sockets; least %.2f and %.2f ms", kind, means[kind]*1e3, mean*1e3, least[kind]*1e3, truth*1e3)
		if labtest.Nightly() && math.Abs(means[kind]-mean) > latencyOff {
			t.Errorf("%s: a mean of %.2f ms, and %.2f ms at the sockets", kind, means[kind]*1e3, mean*1e3)
		}
	}
}

// aligned is the least and the mean delay in seconds. Janus changes SSRC, sequence number and timestamp of what it
// forwards. Of all ways to lay the received numbers on those that were sent, the one counts whose packets were the
// fastest, but none faster than they can be.
func aligned(sent, received []timedPacket) (least, mean float64, ok bool) {
	at := map[uint16]time.Time{}
	for _, p := range sent {
		at[p.seq] = p.at
	}
	mean = math.Inf(1)
	for _, first := range sent {
		sum, count, fastest := 0.0, 0, math.Inf(1)
		for _, p := range received {
			if from, known := at[p.seq-received[0].seq+first.seq]; known {
				took := p.at.Sub(from).Seconds()
				sum, count, fastest = sum+took, count+1, min(fastest, took)
			}
		}
		if count >= fewCompare && fastest >= heldBack.Seconds() && sum/float64(count) < mean {
			least, mean, ok = fastest, sum/float64(count), true
		}
	}
	return least, mean, ok
}

// latest are the streams that arrive.
func latest(c *call.Call) []diag.InboundRTP {
	if s := c.Latest(); s != nil {
		return s.Inbound
	}
	return nil
}

// followUntil reads the events of a call until something is so.
func followUntil(ctx context.Context, t *testing.T, events *feed.Reader, so func(*call.Call) bool) {
	t.Helper()
	c := &call.Call{}
	for {
		batch, err := events.Next(ctx)
		if err != nil {
			t.Fatalf("the call ended: %v, %+v", err, c.Ended)
		}
		for _, e := range batch {
			c.Apply(e)
			if so(c) {
				return
			}
		}
	}
}

// timedNet notes when RTP packets are sent and received, and holds back what is sent.
type timedNet struct {
	transport.Net
	wire  *timedWire
	sends bool
}

// timedWire are the packets of each kind of media.
type timedWire struct {
	mu             sync.Mutex
	sent, received map[string][]timedPacket
}

type timedPacket struct {
	seq uint16
	at  time.Time
}

func (w *timedWire) note(to map[string][]timedPacket, b []byte, at time.Time) {
	if len(b) < 12 || b[0]>>6 != 2 {
		return
	}
	kind, media := map[byte]string{111: "audio", 96: "video"}[b[1]&0x7f]
	if !media {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	to[kind] = append(to[kind], timedPacket{binary.BigEndian.Uint16(b[2:]), at})
}

// ListenUDP opens a socket that is watched.
func (n *timedNet) ListenUDP(network string, addr *net.UDPAddr) (transport.UDPConn, error) {
	c, err := n.Net.ListenUDP(network, addr)
	if err != nil {
		return nil, err
	}
	return &timedConn{UDPConn: c, net: n}, nil
}

type timedConn struct {
	transport.UDPConn
	net *timedNet
}

// WriteTo sends a packet, later if it is of the sender.
func (c *timedConn) WriteTo(b []byte, to net.Addr) (int, error) {
	if !c.net.sends {
		return c.UDPConn.WriteTo(b, to)
	}
	c.net.wire.note(c.net.wire.sent, b, time.Now())
	held := bytes.Clone(b)
	time.AfterFunc(heldBack, func() { _, _ = c.UDPConn.WriteTo(held, to) }) // of a closed socket: lost
	return len(b), nil
}

// ReadFrom receives a packet.
func (c *timedConn) ReadFrom(b []byte) (int, net.Addr, error) {
	n, from, err := c.UDPConn.ReadFrom(b)
	if err == nil && !c.net.sends {
		c.net.wire.note(c.net.wire.received, b[:n], time.Now())
	}
	return n, from, err
}
