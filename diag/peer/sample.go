package peer

import (
	"github.com/pion/webrtc/v4"

	"dialtone/diag"
)

// Sample reads the present statistics. Rates are over the time since the last sample. One goroutine takes all samples.
func (p *Peer) Sample(final bool) diag.Sample {
	s := diag.Sample{Final: final}
	s.Unreceived = p.tracks.unreceived(final)
	s.Inbound, s.Outbound = p.recorder.Snapshot()
	s.AudioVideoSkew = p.recorder.Skew()
	s.Feedback = p.recorder.Feedback()
	report := p.pc.GetStats()
	pairs := p.checks.readPairs(report)
	s.Pair = p.checks.selectedPair(pairs)
	if s.Pair != nil && s.Pair.CurrentRoundTripTime != nil {
		p.recorder.SetRoundTrip(diag.SecondsOf(*s.Pair.CurrentRoundTripTime))
	}
	for _, stats := range report {
		switch d := stats.(type) {
		case webrtc.TransportStats:
			if d.BytesSent+d.BytesReceived > 0 {
				s.Transport = &diag.TransportStats{
					PacketsSent: uint64(d.PacketsSent), PacketsReceived: uint64(d.PacketsReceived),
					BytesSent: d.BytesSent, BytesReceived: d.BytesReceived,
				}
			}
		case webrtc.SCTPTransportStats:
			s.SCTP = &diag.SCTPStats{CongestionWindow: d.CongestionWindow, ReceiverWindow: d.ReceiverWindow, MTU: d.MTU}
			if d.SmoothedRoundTripTime > 0 && d.SmoothedRoundTripTime != p.srtt { // else it was not measured since
				s.SCTP.SmoothedRoundTripTime = new(d.SmoothedRoundTripTime)
			}
			p.srtt = d.SmoothedRoundTripTime
		case webrtc.DataChannelStats:
			s.Channels = append(s.Channels, diag.DataChannelRow{
				Label: diag.Clean(d.Label, 128), ID: channelID(d), State: d.State.String(),
				MessagesSent: uint64(d.MessagesSent), BytesSent: d.BytesSent,
				MessagesReceived: uint64(d.MessagesReceived), BytesReceived: d.BytesReceived,
			})
		}
	}
	s.Channels, s.ChannelsOmitted = rows(s.Channels)
	return s
}

// Counts are the packets of each stream by now.
func (p *Peer) Counts() []diag.StreamCount { return p.recorder.Counts() }

// Heard is how many packets and answers to consent checks have come on the path in use. It changes as long as the peer
// is there: a check is sent every two seconds.
func (p *Peer) Heard() uint64 {
	s, _ := p.pc.SCTP().Transport().ICETransport().GetSelectedCandidatePairStats()
	return uint64(s.PacketsReceived) + s.ResponsesReceived
}

// Path is the types of the candidates in use and how the local one is reached, as the statistics of a pair name them;
// empty before there is a path.
func (p *Peer) Path() (local, remote, protocol string) {
	pair, err := p.pc.SCTP().Transport().ICETransport().GetSelectedCandidatePair()
	if err != nil || pair == nil || pair.Local == nil || pair.Remote == nil {
		return "", "", ""
	}
	return pair.Local.Typ.String(), pair.Remote.Typ.String(), pair.Local.Protocol.String()
}

func channelID(d webrtc.DataChannelStats) *uint16 {
	if d.DataChannelIdentifier < 0 {
		return nil
	}
	return new(uint16(d.DataChannelIdentifier)) // #nosec G115 -- an SCTP stream identifier
}
