package diag

// Loss of a stream is counted as RFC 3550 does (appendix A.3): packets lost of packets expected, by their sequence
// numbers, before any retransmission. These functions are the only place where it is computed.

// Expected is how many packets of the stream should have arrived: as counted, or as the counters of a peer imply. Nil
// if they do not.
func (in *InboundRTP) Expected() *int64 {
	switch {
	case in.PacketsExpected != nil:
		return in.PacketsExpected
	case in.PacketsLost == nil || in.PacketsReceived == nil:
		return nil
	}
	return new(int64(*in.PacketsReceived) - int64(OrZero(in.RetransmittedPackets)) + max(0, *in.PacketsLost))
}

// Expected is how many packets of the stream the last report of its receiver is about. Of a report without any such
// number it is taken to be all that were sent. Nil before the first report.
func (o *OutboundRTP) Expected() *int64 {
	switch r := o.Remote; {
	case r == nil || r.PacketsLost == nil:
		return nil
	case r.PacketsReceived != nil:
		return new(int64(*r.PacketsReceived) + max(0, *o.Lost()))
	case r.PacketsExpected != nil:
		return r.PacketsExpected
	case o.PacketsSent == nil:
		return nil
	default:
		return new(max(int64(*o.PacketsSent)-int64(OrZero(o.RetransmittedPacketsSent)), *r.PacketsLost))
	}
}

// Lost is how many packets of the stream its receiver reported lost, without those that were never sent; nil before its
// first report.
func (o *OutboundRTP) Lost() *int64 {
	switch r := o.Remote; {
	case r == nil:
		return nil
	case r.PacketsLost == nil || r.PacketsSkipped == nil:
		return r.PacketsLost
	default:
		return new(max(0, *r.PacketsLost-*r.PacketsSkipped))
	}
}

// LossShare is lost of expected, 0–1. A receiver that counts duplicates reports less than nothing lost (RFC 3550, A.3):
// that is 0. Nil if one of them is unknown or nothing was expected.
func LossShare(lost, expected *int64) *float64 {
	if lost == nil || expected == nil || *expected <= 0 {
		return nil
	}
	return new(min(1, float64(max(0, *lost))/float64(*expected)))
}
