package media

import (
	"slices"
	"strings"

	"github.com/pion/interceptor"
)

// bindInbound starts or goes on recording a stream. It returns nil for a stream that is not recorded, and whether the
// stream holds the retransmissions of the one returned.
func (r *Recorder) bindInbound(info *interceptor.StreamInfo) (s *inbound, repair bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case info.SSRC == 0:
		return nil, false // the bandwidth probes of Chrome
	case strings.EqualFold(info.MimeType, mimeRTX):
		return r.bindRepair(info.SSRC), true
	}
	if s = r.in[info.SSRC]; s == nil {
		if len(r.inOrder) >= maxStreams && !r.forgetInbound() {
			return nil, false
		}
		s = newInbound(r, info)
		r.in[info.SSRC] = s
		r.inOrder = append(r.inOrder, s)
	}
	s.setGone(false)
	if s.bound.kind == KindVideo {
		r.newest = s
	}
	return s, false
}

// bindRepair finds the stream that an RTX stream repairs. pion does not say, but binds it right after that one.
func (r *Recorder) bindRepair(ssrc uint32) *inbound {
	if s := r.repairs[ssrc]; s != nil {
		return s
	}
	s := r.newest
	if s == nil || s.repairSSRC != 0 {
		return nil
	}
	s.repairSSRC = ssrc
	r.repairs[ssrc] = s
	return s
}

func (r *Recorder) bindOutbound(info *interceptor.StreamInfo) *outbound {
	r.mu.Lock()
	defer r.mu.Unlock()
	s := r.out[info.SSRC]
	if s == nil {
		if len(r.outOrder) >= maxStreams && !r.forgetOutbound() {
			return nil
		}
		s = newOutbound(r, info)
		r.out[info.SSRC] = s
		r.outOrder = append(r.outOrder, s)
	}
	s.setGone(false)
	return s
}

// unbindInbound keeps what was measured of a stream that ended, for the last Snapshot of a call; a stream that never
// came is forgotten.
func (r *Recorder) unbindInbound(ssrc uint32) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if s := r.in[ssrc]; s != nil && s.setGone(true) == 0 {
		r.removeInbound(s)
	}
}

func (r *Recorder) unbindOutbound(ssrc uint32) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if s := r.out[ssrc]; s != nil && s.setGone(true) == 0 {
		r.removeOutbound(s)
	}
}

// forgetInbound makes room by forgetting the oldest stream that ended.
func (r *Recorder) forgetInbound() bool {
	i := slices.IndexFunc(r.inOrder, (*inbound).isGone)
	if i >= 0 {
		r.removeInbound(r.inOrder[i])
	}
	return i >= 0
}

func (r *Recorder) forgetOutbound() bool {
	i := slices.IndexFunc(r.outOrder, (*outbound).isGone)
	if i >= 0 {
		r.removeOutbound(r.outOrder[i])
	}
	return i >= 0
}

func (r *Recorder) removeInbound(s *inbound) {
	delete(r.in, s.ssrc)
	delete(r.repairs, s.repairSSRC)
	delete(r.mids, s.ssrc)
	r.inOrder = slices.DeleteFunc(r.inOrder, func(t *inbound) bool { return t == s })
	if r.newest == s {
		r.newest = nil
	}
}

func (r *Recorder) removeOutbound(s *outbound) {
	delete(r.out, s.ssrc)
	delete(r.mids, s.ssrc)
	r.outOrder = slices.DeleteFunc(r.outOrder, func(t *outbound) bool { return t == s })
}
