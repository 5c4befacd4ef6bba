package media

import (
	"sync"
	"sync/atomic"
	"time"

	"github.com/pion/interceptor"

	"dialtone/diag"
	"dialtone/diag/media/latency"
)

const (
	// maxStreams is how many streams of a direction are recorded. A call has two; a peer that invents more is not
	// followed.
	maxStreams = 64
	// maxMid bounds what is kept of the peer's name for a media section.
	maxMid = 64
)

// Recorder measures the media of one peer connection from its packets. It is safe for concurrent use; the path of a
// packet neither allocates nor waits for anything but another packet of its stream.
type Recorder struct {
	headersOnly bool // nothing is decoded

	now      func() time.Time
	emit     func(diag.Data)
	codecs   [128]atomic.Pointer[codec] // by payload type
	repaired [128]atomic.Uint32         // by payload type of RTX: 1 + that of what it repairs; 0 for none
	asides   [128]atomic.Pointer[aside] // by payload type: what the peer has besides codecs, agreed or not

	keyFrame func(Frame)      // nil: nothing is looked into
	senders  *latency.Senders // nil: packets are not sought among those that were sent

	negotiated atomic.Bool   // codecs is set
	pathTrip   atomic.Int64  // of connectivity checks, ns
	levels     atomic.Uint32 // number of the header extension with the level of audio; 0 for none
	captures   atomic.Uint32 // likewise, with the time of capture

	transportCC, remb atomic.Uint64 // received

	mu      sync.RWMutex // before the lock of a stream
	in      streams[*inbound]
	out     streams[*outbound]
	repairs map[uint32]*inbound // by SSRC of RTX
	guards  map[uint32]uint32   // SSRC that is protected, by that of FEC
	mids    map[uint32]string   // of media sections, by SSRC
	rids    map[uint32]string   // of layers of simulcast, by SSRC
	newest  *inbound            // the last video stream that was bound, for the RTX stream that follows it
}

// NewRecorder returns a recorder with a clock. It emits [diag.FirstPacket] and [diag.FirstFrame], in both directions;
// emit may be nil. It is called by the goroutine that moves the packet, with no lock held, and should return at once.
func NewRecorder(now func() time.Time, emit func(diag.Data)) *Recorder {
	if emit == nil {
		emit = func(diag.Data) {}
	}
	return &Recorder{
		now: now, emit: emit,
		in:  streams[*inbound]{bySSRC: map[uint32]*inbound{}},
		out: streams[*outbound]{bySSRC: map[uint32]*outbound{}}, repairs: map[uint32]*inbound{},
		guards: map[uint32]uint32{}, mids: map[uint32]string{}, rids: map[uint32]string{},
	}
}

// HeadersOnly makes the recorder decode nothing: what audio holds stays unknown. It must be set before the first
// packet.
func (r *Recorder) HeadersOnly() { r.headersOnly = true }

// OnKeyFrame sets what is called with each key frame that arrived complete. It also makes the recorder compare frames
// with the clip. It must be set before the first packet; the call must return at once, and a stream waits for it.
func (r *Recorder) OnKeyFrame(look func(Frame)) { r.keyFrame = look }

// Tie measures the delay of packets that this process sends: those of all recorders that are tied to the same senders.
// It must be called before the first packet.
func (r *Recorder) Tie(senders *latency.Senders) { r.senders = senders }

// Factory makes the interceptor that feeds the recorder. It must be the first of the registry of one peer connection;
// see the package documentation.
func (r *Recorder) Factory() interceptor.Factory { return factory{r} }

// SetCodec says which codec the peer's packets of a payload type hold. pion announces every inbound stream with the
// first negotiated codec of its kind, whatever the peer sends, so the negotiated codecs are best set (from
// RTPReceiver.GetParameters) when both descriptions are. Once any is set, packets of other payload types are only
// counted.
func (r *Recorder) SetCodec(payloadType uint8, mimeType string, clockRate uint32) {
	if int(payloadType) < len(r.codecs) {
		r.codecs[payloadType].Store(newCodec(mimeType, clockRate))
		r.negotiated.Store(true)
	}
}

// SetLevels says which header extension of audio holds its level (RFC 6464).
func (r *Recorder) SetLevels(id uint8) { r.levels.Store(uint32(id)) }

// SetCaptures says which header extension holds the time of capture ([capture.URI]).
func (r *Recorder) SetCaptures(id uint8) { r.captures.Store(uint32(id)) }

// SetMid says to which media section a stream, of either direction, belongs. It may be known before the stream is.
func (r *Recorder) SetMid(ssrc uint32, mid string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if _, known := r.mids[ssrc]; known || len(r.mids) < 2*maxStreams {
		r.mids[ssrc] = mid[:min(len(mid), maxMid)]
	}
}

// SetRID says which layer of simulcast an inbound stream is (RFC 8851).
func (r *Recorder) SetRID(ssrc uint32, rid string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.rids) < maxStreams {
		r.rids[ssrc] = rid[:min(len(rid), maxMid)]
	}
}

// SetPaused says that the peer stopped or resumed sending a kind of media on purpose, so that what it does not send is
// not taken for a freeze, nor the silence for a dropout.
func (r *Recorder) SetPaused(kind string, paused bool) {
	now := r.now()
	r.mu.RLock()
	defer r.mu.RUnlock()
	for ssrc := range r.in.bySSRC {
		r.in.update(ssrc, func(s *inbound) {
			if s.codec.Kind == kind {
				s.pause(paused, now)
			}
		})
	}
}

// Snapshot returns the streams in the order in which they appeared. Bitrate, frame rate and fraction lost are of the
// time since the Snapshot before; there is none before the second, and one that follows within 200 ms repeats them. One
// reader should take all the snapshots of a recorder.
func (r *Recorder) Snapshot() (in []diag.InboundRTP, out []diag.OutboundRTP) {
	now := r.now()
	r.mu.RLock()
	defer r.mu.RUnlock()
	for _, s := range r.in.order {
		row := s.stats(now, r.mids[s.ssrc])
		row.RID = r.rids[s.ssrc]
		in = append(in, row)
	}
	for _, s := range r.out.order {
		out = append(out, s.stats(now, r.mids[s.ssrc]))
	}
	return in, out
}

// VideoCount is what a video stream has had by now.
type VideoCount struct {
	SSRC     uint32
	MimeType string
	Frames   uint32 // complete
	Bytes    uint64 // of payload
	Pixels   int    // of its picture; 0 while that is unknown
}

// Videos returns what each inbound stream of video has had by now.
func (r *Recorder) Videos() []VideoCount {
	r.mu.RLock()
	defer r.mu.RUnlock()
	var out []VideoCount
	for _, s := range r.in.order {
		r.in.update(s.ssrc, func(s *inbound) {
			if s.codec.Kind == KindVideo && !s.ended {
				out = append(out, VideoCount{
					s.ssrc, s.codec.mime, s.frames.complete, s.payloadBytes, int(s.frames.width) * int(s.frames.height),
				})
			}
		})
	}
	return out
}

// Counts returns how many packets each stream has had, as Snapshot would, and leaves its rates alone.
func (r *Recorder) Counts() []diag.StreamCount {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return r.in.counts(r.out.counts([]diag.StreamCount{}))
}

// Receives reports whether a stream is recorded now.
func (r *Recorder) Receives(ssrc uint32) bool {
	r.mu.RLock()
	defer r.mu.RUnlock()
	if s := r.repairs[ssrc]; s != nil {
		return true
	}
	s := r.in.bySSRC[ssrc]
	return s != nil && !s.hasEnded()
}

// Quiet is how long a stream has had no packet; false if it is not recorded.
func (r *Recorder) Quiet(ssrc uint32) (quiet time.Duration, known bool) {
	now := r.now()
	r.mu.RLock()
	defer r.mu.RUnlock()
	r.in.update(ssrc, func(s *inbound) { quiet, known = now.Sub(s.presence.Last), s.presence.Packets > 0 })
	return quiet, known
}

// CodecName is the name of the negotiated codec of a payload type, and its kind; empty if there is none.
func (r *Recorder) CodecName(payloadType uint8) (name, kind string) {
	if c := r.codecs[payloadType&0x7f].Load(); c != nil {
		return c.Name, c.Kind
	}
	return "", ""
}
