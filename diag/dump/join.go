package dump

import (
	"cmp"
	"slices"
	"time"

	"dialtone/diag"
)

// AreEnds reports whether two connections are the ends of one: each has a user name fragment of ICE that the other
// has in a description of its peer.
func AreEnds(a, b *Connection) bool {
	shared := func(local, remote []string) bool {
		return slices.ContainsFunc(local, func(ufrag string) bool { return slices.Contains(remote, ufrag) })
	}
	return shared(a.LocalUfrags, b.RemoteUfrags) && shared(b.LocalUfrags, a.RemoteUfrags)
}

// Join adds to the events of a connection what the peer reports of it, as one of dialtone does. To a connection without
// events, which has not even an end, there is nothing to add.
func Join(a, b *Connection) []diag.Event {
	if len(a.Events) == 0 {
		return nil
	}
	shift := b.StartedAt.Sub(a.StartedAt) + clocks(a, b)
	var remote []diag.Event
	for _, e := range b.Events {
		if s, ok := e.Data.(diag.Sample); ok {
			at := e.At + shift
			if at < 0 {
				continue
			}
			r := diag.RemoteSample{
				Timestamp: float64(b.StartedAt.Add(e.At).UnixMicro()) / 1000, Inbound: s.Inbound, Outbound: s.Outbound,
				Pair: peerPair(s.Pair, b.Events),
			}
			remote = append(remote, diag.Event{At: at, Data: r})
		}
	}
	all := slices.Concat(a.Events, remote)
	slices.SortStableFunc(all, func(x, y diag.Event) int {
		return cmp.Or(cmp.Compare(isEnd(x), isEnd(y)), cmp.Compare(x.At, y.At))
	})
	last := time.Duration(0)
	for i := range all {
		if r, ok := all[i].Data.(diag.RemoteSample); ok {
			r.Here = countedAt(a.Events, all[i].At)
			all[i].Data = r
		}
		all[i].Seq, last = uint64(i+1), max(last, all[i].At) //nolint:gosec // not negative
		all[i].At = last
	}
	return all
}

// isEnd is 1 for the event that stays last.
func isEnd(e diag.Event) int {
	if _, ok := e.Data.(diag.CallEnded); ok {
		return 1
	}
	return 0
}

// clocks is how much the clock of the peer is behind, if they differ by more than 2 s: both ends connect at nearly
// the same time.
func clocks(a, b *Connection) time.Duration {
	mine, known := connectedAt(a)
	remote, knownToo := connectedAt(b)
	if !known || !knownToo {
		return 0
	}
	if off := mine.Sub(remote); off.Abs() > 2*time.Second {
		return off
	}
	return 0
}

func connectedAt(c *Connection) (time.Time, bool) {
	for _, e := range c.Events {
		if s, ok := e.Data.(diag.ConnectionState); ok && s.State == "connected" {
			return c.StartedAt.Add(e.At), true
		}
	}
	return time.Time{}, false
}

// peerPair is the selected pair as the peer sees it.
func peerPair(p *diag.Pair, events []diag.Event) *diag.PeerPair {
	if p == nil {
		return nil
	}
	out := &diag.PeerPair{
		CurrentRoundTripTime: p.CurrentRoundTripTime, BytesSent: &p.BytesSent, BytesReceived: &p.BytesReceived,
	}
	for _, e := range events {
		c, ok := e.Data.(diag.Candidate)
		switch {
		case ok && c.ID == p.LocalCandidateID:
			out.LocalCandidateType, out.Protocol = string(c.CandidateType), cmp.Or(c.RelayProtocol, c.Protocol)
		case ok && c.ID == p.RemoteCandidateID:
			out.RemoteCandidateType = string(c.CandidateType)
		}
	}
	return out
}

// countedAt is what was counted at this end at a time, between two samples by interpolation.
func countedAt(events []diag.Event, at time.Duration) []diag.StreamCount {
	var before, after *diag.Event
	for i := range events {
		if _, ok := events[i].Data.(diag.Sample); !ok {
			continue
		}
		if events[i].At > at {
			after = &events[i]
			break
		}
		before = &events[i]
	}
	if before == nil {
		return nil
	}
	counts := streamCounts(before)
	if after == nil {
		return counts
	}
	share := float64(at-before.At) / float64(after.At-before.At)
	for _, later := range streamCounts(after) {
		for i := range counts {
			c := &counts[i]
			if c.Direction == later.Direction && c.Kind == later.Kind && c.SSRC == later.SSRC && later.Packets > c.Packets {
				c.Packets += uint64(share * float64(later.Packets-c.Packets))
			}
		}
	}
	return counts
}

func streamCounts(e *diag.Event) []diag.StreamCount {
	s, _ := e.Data.(diag.Sample)
	var out []diag.StreamCount
	for _, in := range s.Inbound {
		if in.PacketsReceived != nil {
			out = append(out, diag.StreamCount{
				Direction: diag.Inbound, Kind: in.Kind, SSRC: in.SSRC, Packets: *in.PacketsReceived,
			})
		}
	}
	for _, o := range s.Outbound {
		if o.PacketsSent != nil {
			out = append(out, diag.StreamCount{
				Direction: diag.Outbound, Kind: o.Kind, SSRC: o.SSRC, Packets: *o.PacketsSent,
			})
		}
	}
	return out
}
