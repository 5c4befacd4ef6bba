package peer

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/pion/webrtc/v4"

	"dialtone/diag"
	"dialtone/diag/peer/association"
)

const (
	maxIncoming  = 64      // channels of the peer that are open at a time; further ones are closed
	maxRefused   = 256     // that were closed so, until no more are accepted
	maxOpened    = 4096    // channels of the peer in a call, of which pion keeps something for ever
	maxRows      = 128     // channels in a sample
	maxBuffered  = 1 << 20 // bytes that may wait for a peer that does not read
	flushPolling = 2 * time.Millisecond
)

// channels holds the data channels by label.
type channels struct {
	p       *Peer
	mu      sync.Mutex
	created bool
	byLabel map[string]*webrtc.DataChannel
	opened  int  // how many of the peer were kept
	open    int  // of them, by now
	refused int  // how many were closed at once
	full    bool // no more are accepted
}

// ownLabels are the channels that an offerer opens: both names of the control channel, chat, ping, and statistics.
var ownLabels = []string{diag.LabelControl, diag.LabelControlLegacy, diag.LabelChat, diag.LabelPing, diag.LabelStats}

// labels are the channels that this peer opens as the offerer. pion has a buffer of 64 kB for each.
func (c *channels) labels() []string {
	switch {
	case c.p.o.Channel != "":
		return []string{c.p.o.Channel}
	case c.p.o.OneOfMany:
		return []string{diag.LabelControl, diag.LabelPing}
	default:
		return ownLabels
	}
}

// create opens the offerer's channels, once.
func (c *channels) create() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.created {
		return nil
	}
	c.created = true
	for _, label := range c.labels() {
		dc, err := c.p.pc.CreateDataChannel(label, nil)
		if err != nil {
			return err
		}
		c.wire(dc, diag.Local)
	}
	return nil
}

// associated starts the spans of the channels that wait for their opening.
func (c *channels) associated() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.created {
		for _, label := range c.labels() {
			c.p.o.Phases.Start(diag.PhaseChannel, label)
		}
	}
}

// incoming is pion's OnDataChannel. While it does not return, pion accepts no other channel, and drops what it cannot
// queue: the one way to bound what a peer costs that opens channels without end.
func (c *channels) incoming(dc *webrtc.DataChannel) {
	if c.p.o.OnChannel(c.p.pc, dc) {
		return
	}
	c.mu.Lock()
	kept := c.open < maxIncoming && c.opened < maxOpened
	if kept {
		c.opened++
		c.open++
		c.wire(dc, diag.Remote)
	} else {
		c.refuse(dc)
	}
	full := c.full
	c.mu.Unlock()
	if full {
		<-c.p.done
	}
}

// refuse closes a channel before pion reads from it.
func (c *channels) refuse(dc *webrtc.DataChannel) {
	_ = dc.Close() // it is not open yet, and pion does the rest
	c.refused++
	c.full = c.refused >= maxRefused || c.opened >= maxOpened
	switch {
	case c.full:
		cause := fmt.Sprintf("%d were closed, and no more are accepted", c.refused)
		c.p.o.Emit(diag.Warning{ID: "channel.too_many", Cause: cause})
	case c.refused == 1:
		c.p.o.Emit(diag.Warning{ID: "channel.too_many"})
	}
}

// wire listens to a channel. The handlers are set before pion reads the first message.
func (c *channels) wire(dc *webrtc.DataChannel, side diag.Side) {
	label := diag.Clean(dc.Label(), 128)
	if c.byLabel[label] == nil {
		c.byLabel[label] = dc
	}
	opening := association.NewOpening(func() { c.onOpen(dc, side, label) })
	dc.OnOpen(func() {
		c.p.transports.pollSCTP() // not in the opening: it waits while pion closes, which waits for messages
		opening.Happened()
	})
	var once sync.Once // a channel that ends by an error also closes
	closed := func(cause string) {
		once.Do(func() {
			if side == diag.Remote {
				opening.Happened() // or it would not be here
			}
			opening.End(c.p.done)
			c.forget(dc, side, label)
			if !c.p.closing() {
				c.p.o.Emit(diag.ChannelClose{ID: dc.ID(), Label: label, Error: cause})
			}
		})
	}
	dc.OnClose(func() { closed("") })
	dc.OnError(func(err error) { closed(diag.Clean(err.Error(), 200)) })
	dc.OnMessage(func(m webrtc.DataChannelMessage) {
		opening.Happened()
		c.p.o.OnMessage(label, m.IsString, m.Data)
	})
}

// forget makes room for another channel when one has closed.
func (c *channels) forget(dc *webrtc.DataChannel, side diag.Side, label string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if side == diag.Remote {
		c.open--
	}
	if c.byLabel[label] == dc {
		delete(c.byLabel, label)
	}
}

// rows sorts the channels of a sample and keeps those that are not closed, or else the latest; omitted is how many more
// there are.
func rows(list []diag.DataChannelRow) (kept []diag.DataChannelRow, omitted int) {
	closed := webrtc.DataChannelStateClosed.String()
	slices.SortFunc(list, func(a, b diag.DataChannelRow) int {
		switch {
		case a.State != closed && b.State == closed:
			return -1
		case a.State == closed && b.State != closed:
			return 1
		}
		return strings.Compare(a.Label, b.Label)
	})
	n := min(len(list), maxRows)
	kept = list[:n:n]
	slices.SortStableFunc(kept, func(a, b diag.DataChannelRow) int { return strings.Compare(a.Label, b.Label) })
	return kept, len(list) - n
}

func (c *channels) onOpen(dc *webrtc.DataChannel, side diag.Side, label string) {
	if side == diag.Local {
		c.p.o.Phases.End(diag.PhaseChannel, label, diag.OutcomeOK, "")
	}
	c.p.o.Emit(diag.ChannelOpen{
		Side: side, ID: dc.ID(), Label: label, Protocol: diag.Clean(dc.Protocol(), 128), Ordered: dc.Ordered(),
		MaxRetransmits: dc.MaxRetransmits(), MaxPacketLifeTime: dc.MaxPacketLifeTime(), Negotiated: dc.Negotiated(),
	})
	c.p.o.OnOpen(label)
}

func (c *channels) get(label string) *webrtc.DataChannel {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.byLabel[label]
}

// Send puts a message on the channel of a label. It returns ErrNoChannel if that is not open and ErrChannelFull if
// the peer does not read.
func (p *Peer) Send(label string, text bool, data []byte) error {
	dc := p.channels.get(label)
	if dc == nil || dc.ReadyState() != webrtc.DataChannelStateOpen {
		return ErrNoChannel
	}
	if dc.BufferedAmount() > maxBuffered {
		return ErrChannelFull
	}
	if text {
		return dc.SendText(string(data))
	}
	return dc.Send(data)
}

// Waiting is how many bytes wait to be sent on the channel of a label; 0 without one.
func (p *Peer) Waiting(label string) uint64 {
	dc := p.channels.get(label)
	if dc == nil {
		return 0
	}
	return dc.BufferedAmount()
}

// Flush waits until what was sent on a label has been acknowledged or its channel is closed. It reports false if ctx
// ends before.
func (p *Peer) Flush(ctx context.Context, label string) bool {
	dc := p.channels.get(label)
	tick := time.NewTicker(flushPolling)
	defer tick.Stop()
	for dc != nil && dc.ReadyState() == webrtc.DataChannelStateOpen && dc.BufferedAmount() > 0 {
		select {
		case <-ctx.Done():
			return false
		case <-tick.C:
		}
	}
	return true
}
