package media

import (
	"github.com/pion/rtcp"

	"dialtone/diag"
)

const (
	sizeStep  = 100  // bytes by which packet sizes are grouped
	sizeCount = 16   // groups; the last holds all longer ones
	sizeRing  = 1024 // packets that are remembered until the peer misses them
)

// sizes counts the packets of a stream by their length, and those that the peer has missed. Loss that depends on the
// length shows what no packet alone does: a path that drops long packets.
type sizes struct {
	sent, missed [sizeCount]uint32
	ring         [sizeRing]struct {
		seq   uint16
		group uint8 // 1 more than its group; 0: there is none, or it has been counted
	}
}

// packet counts a packet that went out for the first time.
func (s *sizes) packet(seq uint16, bytes int) {
	group := min(bytes/sizeStep, sizeCount-1)
	s.sent[group]++
	at := &s.ring[seq%sizeRing]
	at.seq, at.group = seq, uint8(group+1)
}

// nack counts the packets that the peer requests again, each once.
func (s *sizes) nack(pairs []rtcp.NackPair) {
	for _, pair := range pairs {
		for _, seq := range pair.PacketList() {
			if at := &s.ring[seq%sizeRing]; at.seq == seq && at.group > 0 {
				s.missed[at.group-1]++
				at.group = 0
			}
		}
	}
}

// stats lists the groups that have packets.
func (s *sizes) stats() []diag.PacketSizes {
	var out []diag.PacketSizes
	for i, sent := range s.sent {
		if sent > 0 {
			out = append(out, diag.PacketSizes{Bytes: i * sizeStep, Sent: sent, Missed: s.missed[i]})
		}
	}
	return out
}
