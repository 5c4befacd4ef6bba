package media

import (
	"strings"

	"dialtone/diag/media/capture"

	"github.com/pion/interceptor"
	pionsdp "github.com/pion/sdp/v3"
)

// isRepair reports whether a stream holds the retransmissions of another one (RTX, RFC 4588).
func isRepair(info *interceptor.StreamInfo) bool { return strings.EqualFold(info.MimeType, mimeRTX) }

// bindRepair returns what finds the stream that a packet of an RTX stream repairs. That is the layer of simulcast which
// its header extensions name (RFC 8852 §3.2): layers begin in any order. Without them it is the stream that was bound
// before, since pion does not name that, but binds RTX right after it. The caller holds the lock.
func (r *Recorder) bindRepair(info *interceptor.StreamInfo) func(b []byte) *inbound {
	rid, mid := capture.ExtensionID(info, pionsdp.SDESRepairRTPStreamIDURI), capture.ExtensionID(info, pionsdp.SDESMidURI)
	before := r.newest
	if rid == 0 {
		r.setRepair(info.SSRC, before)
	}
	return func(b []byte) *inbound {
		r.mu.RLock()
		s := r.repairs[info.SSRC]
		r.mu.RUnlock()
		if s != nil || rid == 0 {
			return s
		}
		h, _ := parseRTP(b)
		layer, named := h.extension(rid)
		section, _ := h.extension(mid)
		r.mu.Lock()
		defer r.mu.Unlock()
		switch {
		case named:
			r.setRepair(info.SSRC, r.layer(string(section), string(layer)))
		case before != nil && r.rids[before.ssrc] == "": // a section without simulcast
			r.setRepair(info.SSRC, before)
		}
		return r.repairs[info.SSRC]
	}
}

// layer finds a layer of simulcast by its section, "" if that is not known, and its name. The caller holds the lock.
func (r *Recorder) layer(mid, rid string) *inbound {
	for ssrc, name := range r.rids {
		if name == rid && (mid == "" || r.mids[ssrc] == mid) {
			return r.in.bySSRC[ssrc]
		}
	}
	return nil
}

// setRepair notes the stream that an RTX stream repairs; nil for one that is not known yet. The caller holds the lock.
func (r *Recorder) setRepair(ssrc uint32, s *inbound) {
	if s == nil || s.repairSSRC != 0 || r.repairs[ssrc] != nil {
		return
	}
	s.mu.Lock()
	s.repairSSRC = ssrc // written under both locks, so read under either
	s.mu.Unlock()
	r.repairs[ssrc] = s
}
