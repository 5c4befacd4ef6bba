package judge

import (
	"dialtone/diag"
	"dialtone/diag/call"
	"dialtone/diag/finding"
)

// LongPackets is the evidence that the loss of sent packets depends on their length.
type LongPackets struct {
	Over        int    `json:"over"` // bytes of RTP, from which on packets are lost
	Long        uint32 `json:"long"` // packets that were as long
	LongMissed  uint32 `json:"long_missed"`
	Short       uint32 `json:"short"`
	ShortMissed uint32 `json:"short_missed"`
}

// fewSizes is how many packets each side of a bound on the length must have.
const fewSizes = 8

// longPackets finds the length from which on nine of ten sent packets are missed by the peer, while nine of ten shorter
// ones arrive; nil when there is none.
func longPackets(sizes []diag.PacketSizes) *LongPackets {
	for i := 1; i < len(sizes); i++ {
		e := LongPackets{Over: sizes[i].Bytes}
		for j, s := range sizes {
			if j < i {
				e.Short, e.ShortMissed = e.Short+s.Sent, e.ShortMissed+s.Missed
			} else {
				e.Long, e.LongMissed = e.Long+s.Sent, e.LongMissed+s.Missed
			}
		}
		if e.Long >= fewSizes && e.Short >= fewSizes && 10*e.LongMissed >= 9*e.Long && 10*e.ShortMissed <= e.Short {
			return &e
		}
	}
	return nil
}

// sizeFindings are about packets that are lost because they are long.
func sizeFindings(out *finding.List, c *call.Call, _ Expectation) {
	sample := c.Latest()
	if sample == nil {
		return
	}
	for _, sent := range sample.Outbound {
		if e := longPackets(sent.Sizes); e != nil {
			out.Add("path.long_packets_lost", Warn, "", *e)
			return
		}
	}
}
