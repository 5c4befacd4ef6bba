package media

import (
	"time"

	"github.com/pion/interceptor"
	"github.com/pion/rtcp"

	"dialtone/diag"
	"dialtone/diag/media/audio"
	"dialtone/diag/media/capture"
	"dialtone/diag/media/clock"
	"dialtone/diag/media/latency"
	"dialtone/diag/media/redundancy"
	"dialtone/diag/media/reports"
	"dialtone/diag/media/sequence"
	"dialtone/diag/media/video"
)

// inbound is one stream that arrives, with the retransmissions that repair it.
type inbound struct {
	stream
	fallback   uint8 // payload type of the codec that pion announced
	fec        fec
	unagreed   diag.UnagreedPayload
	repeats    [4]redundancy.Repeat // of earlier packets, in the one that arrives
	step       uint32               // of the timestamps of the last two packets in succession
	lastExt    int64
	lastTS     uint32
	duplicates uint64
	meter      *audio.Meter // nil of video
	presence   clock.Presence
	seq        sequence.Sequence
	jitter     clock.Jitter
	timing     clock.Timing
	pace       audio.Pace // of audio
	frames     frames
	playout    clock.Playout // of audio
	mapping    clock.Mapping
	latency    latency.Receiver
	sent       reports.Sent
	goodbye    bool   // its sender has said that it ends
	name       string // canonical, of its sender
	layers     video.Layers
	collector  collector
	clip       follower
	encoding   encoding      // of video
	sawFrame   bool          // FirstFrame was emitted
	asks       map[int64]ask // by extended sequence number, for packets that are missing
}

func newInbound(r *Recorder, info *interceptor.StreamInfo) *inbound {
	return &inbound{stream: newStream(r, diag.Inbound, info), fallback: info.PayloadType, asks: map[int64]ask{}}
}

// nack counts one NACK packet that was sent, as nackCount of webrtc-stats counts them.
func (s *inbound) nack(pairs []rtcp.NackPair) {
	s.nacks++
	for _, pair := range pairs {
		for _, seq := range pair.PacketList() {
			s.seq.Ask(seq)
		}
	}
}

// packet counts a packet as it came from the network, and leaves in b what pion has a codec for: it returns the length
// of that. A repair came on the SSRC for retransmissions.
func (s *inbound) packet(b []byte, repair bool) int {
	h, ok := parseRTP(b)
	if !ok {
		return len(b)
	}
	now := s.rec.now()
	s.mu.Lock()
	var left rest
	begin := h.start
	if repair {
		h, left = s.unwrapRepair(h)
		begin += 2
	} else {
		h, left = s.unwrap(h)
	}
	first := s.packets == 0
	var event *diag.FirstFrame
	if frame := s.count(h, left, repair, now); frame != nil && !s.sawFrame {
		s.sawFrame = true
		event = &diag.FirstFrame{Width: frame.Width, Height: frame.Height, KeyFrame: frame.Key}
	}
	kind := s.codec.Kind
	key, resumed := s.frames.requests.answered(), s.presence.Resumed()
	length := len(b)
	if left.changed {
		length = rewrite(b, begin, left.payloadType, left.payload)
	}
	encoding := s.encodes()
	s.mu.Unlock()
	s.counted(first, kind, event)
	if resumed != nil {
		s.rec.emit(diag.MediaResumed{Kind: kind, SSRC: s.ssrc, AfterMs: *resumed})
	}
	if encoding != nil {
		s.rec.emit(*encoding)
	}
	if key != nil {
		s.rec.emit(diag.KeyFrame{SSRC: s.ssrc, AfterMs: *key})
	}
	return length
}

// pause notes that the peer stopped or resumed sending on purpose.
func (s *inbound) pause(paused bool, now time.Time) {
	s.presence.Pause(paused, now)
	s.frames.freezes.Pause(paused)
	if s.meter != nil {
		s.meter.Pause(paused)
	}
}

// count does the arithmetic of packet. It returns a frame that is now complete, or nil.
func (s *inbound) count(h header, left rest, repair bool, now time.Time) *openFrame {
	h, media := s.weigh(h, left, repair)
	if !media {
		return nil
	}
	ext, arrival := s.seq.Add(h.seq, repair)
	switch arrival {
	case sequence.Odd, sequence.Unknown:
		return nil
	case sequence.Duplicate:
		if !repair {
			s.duplicates++
		}
		return nil
	case sequence.Restart:
		s.restart()
	case sequence.Repair:
		if !repair && s.repairSSRC == 0 { // beside RTX, the media's SSRC carries no repairs
			s.seq.Repair()
		}
	case sequence.New, sequence.Late:
	}
	s.times(ext, h, arrival, repair, now)
	s.listen(ext, h, now)
	return s.sees(ext, h, arrival, repair, now)
}

// weigh counts a packet and its bytes, and returns the one that a retransmission repairs: false if it is only padding.
func (s *inbound) weigh(h header, left rest, repair bool) (header, bool) {
	s.packets++
	s.sent.Arrived()
	s.goodbye = false
	if repair {
		original, ok := h.original()
		if !ok { // padding
			s.headerBytes += uint64(h.overhead + h.carried)
			return h, false
		}
		h = original
		if left.changed { // it was RED
			h.payload = left.payload
		}
		s.repairs++
	} else {
		s.holds(h.payloadType)
		s.frames.starts = s.codec.starts
	}
	s.headerBytes += uint64(h.overhead)
	s.payloadBytes += uint64(h.carried)
	return h, true
}

// restart forgets what depends on the packets before: a sender began anew.
func (s *inbound) restart() {
	for _, part := range []interface{ Restart() }{&s.jitter, &s.timing, &s.mapping, &s.playout, &s.pace} {
		part.Restart()
	}
	s.frames.restart()
	if s.meter != nil {
		s.meter.Restart()
	}
}

// times notes when a packet came, by the clocks of the stream.
func (s *inbound) times(ext int64, h header, arrival sequence.Arrival, repair bool, now time.Time) {
	media := h.carried > 0 // the timestamp of padding is of no media
	if media {
		s.presence.Add(now, s.frames.freezes.Longest(clock.Average))
	}
	if media && !repair && arrival != sequence.Repair { // jitter is of the network, not of the time that a repair takes
		s.jitter.Add(now, ext, h.timestamp, s.codec.rate)
	}
	if arrival == sequence.New {
		if ext == s.lastExt+1 {
			s.step = h.timestamp - s.lastTS
		}
		s.lastExt, s.lastTS = ext, h.timestamp
		if !repair {
			s.restore(ext, h, now)
		}
		if media {
			s.keepTime(ext, h, now)
		}
	}
	if s.rec.senders != nil && (arrival == sequence.New || arrival == sequence.Late) && !repair {
		s.latency.Packet(s.rec.senders, s.rec, s.codec.Kind, s.ssrc, now, h.timestamp, s.codec.body(h.payload))
	}
}

// sees looks at the payload of a packet of video. It returns a frame that is now complete, or nil.
func (s *inbound) sees(ext int64, h header, arrival sequence.Arrival, repair bool, now time.Time) *openFrame {
	if s.codec.Kind != KindVideo {
		return nil
	}
	if len(h.payload) == 0 {
		s.frames.between(ext, h.timestamp)
		return nil
	}
	s.layers.Add(s.codec.Name, ext, h.payload)
	if arrival == sequence.New && !repair {
		s.encoding.add(s.codec, ext, h.payload)
	}
	late := arrival == sequence.Late || arrival == sequence.Repair || repair
	frame := s.frames.add(ext, h, s.codec.picture(h.payload), &s.seq, late, now)
	s.collect(ext, h)
	return frame
}

// keepTime notes when a packet with media arrived, by its timestamp.
func (s *inbound) keepTime(ext int64, h header, now time.Time) {
	jumps := s.timing.Jumps
	if s.timing.Add(now, ext, h.timestamp, s.codec.rate); s.timing.Jumps != jumps {
		s.mapping.Restart()
	}
	if s.codec.Kind == KindAudio {
		s.pace.Add(now, ext, h.timestamp, s.codec.Name, h.payload)
		s.playout.Add(now, ext, h.timestamp, s.codec.rate, s.jitter.Seconds())
	}
	s.travels(h, now)
}

// travels notes how long after its capture a packet arrived.
func (s *inbound) travels(h header, now time.Time) {
	id := uint8(s.rec.captures.Load()) // #nosec G115 -- as it was stored
	if b, there := h.extension(id); there {
		if ntp, own, ok := capture.Parse(b); ok {
			s.mapping.Capture(ntp, own, h.timestamp, s.codec.rate)
		}
	}
	transit, known := s.mapping.Arrival(now, h.timestamp, s.codec.rate)
	if !known {
		return
	}
	s.latency.Transit(transit)
	if transit, known = s.mapping.Captured(now, h.timestamp, s.codec.rate); known {
		s.latency.Captured(transit)
	}
}

// senderReport notes what the sender says of its clock.
func (s *inbound) senderReport(r *rtcp.SenderReport, now time.Time) {
	s.sent.Report(now, r.PacketCount)
	transit, known := s.mapping.Report(now, r.NTPTime, r.RTPTime)
	if trip := time.Duration(s.rec.pathTrip.Load()); known && trip > 0 {
		s.latency.SenderReport(now, transit, trip)
	}
}

// collect keeps the payload of a packet until its frame is complete, and looks at the frames that are.
func (s *inbound) collect(ext int64, h header) {
	if s.rec.keyFrame == nil {
		return
	}
	if at := s.frames.place(h.timestamp); at >= 0 && !s.frames.open[at].given {
		s.collector.keep(at, h.timestamp, ext, s.codec.body(h.payload))
	}
	s.frames.each(func(at int, fr *openFrame) {
		whole := s.collector.take(at, fr)
		s.clip.follow(s.codec, fr, whole)
		if fr.Key && len(whole) > 0 {
			s.rec.keyFrame(Frame{s.ssrc, s.codec.mime, whole})
		}
	})
}

// listen hands a packet of audio to the meter.
func (s *inbound) listen(ext int64, h header, now time.Time) {
	if s.codec.Kind != KindAudio || s.rec.headersOnly {
		return
	}
	if s.meter == nil {
		s.meter = audio.NewMeter(s.rec.now)
	}
	p := audio.Packet{
		At: now, Seq: ext, Timestamp: h.timestamp, Codec: s.codec.Name, ClockRate: s.codec.rate, Payload: h.payload,
	}
	if s.codec.Name == "" && s.rec.asides[h.payloadType&0x7f].Load().isComfortNoise(h.payloadType) {
		p.Codec = "CN"
		if c := s.rec.codecs[s.fallback&0x7f].Load(); c != nil {
			p.ClockRate = c.rate // that of the codec beside it (RFC 3389 §4)
		}
	}
	level, stated := h.extension(uint8(s.rec.levels.Load())) // #nosec G115 -- as it was stored
	if stated && len(level) > 0 {
		p.Level, p.LevelStated = level[0]&0x7f, true
	}
	s.meter.Add(p)
}

// stats is the stream at a time, as part of a media section. Rates are those since the call before.
func (s *inbound) stats(now time.Time, mid string) diag.InboundRTP {
	s.mu.Lock()
	defer s.mu.Unlock()
	d := diag.InboundRTP{
		Kind: s.codec.Kind, SSRC: s.ssrc, Mid: mid, MimeType: s.codec.mime,
		PacketsReceived: new(s.packets), BytesReceived: new(s.payloadBytes),
		HeaderBytesReceived: new(s.headerBytes), PacketsDuplicated: new(s.duplicates),
		RetransmittedPackets: new(s.repairs),
		NACKCount:            new(s.nacks), PLICount: new(s.plis), FIRCount: new(s.firs),
		RoundTripTime: s.roundTrips.Seconds(now),
	}
	s.fec.report(&d)
	d.Goodbye = s.goodbye
	if packets, over := s.sent.Since(); over > 0 {
		d.SentSince = &diag.SentSince{Packets: packets, Over: over.Seconds()}
	}
	if s.unagreed.Packets > 0 && s.rec.codecs[s.unagreed.PayloadType].Load() == nil { // else it is agreed on by now
		d.Unagreed = new(s.unagreed)
	}
	if s.packets == 0 {
		return d
	}
	s.rates.update(now, s.payloadBytes, s.frames.complete, s.seq.Expected(), s.seq.Lost())
	d.PacketsLost, d.PacketsRepaired = new(s.seq.Lost()), new(s.seq.Repaired())
	d.PacketsExpected = new(s.seq.Expected())
	if d.Kind == KindAudio {
		missing := s.seq.Lost() - s.seq.Repaired()
		d.TotalSamplesReceived, d.ConcealedSamples = s.playout.Samples(uint64(max(s.seq.Expected(), 0)), missing)
	}
	d.LastPacketReceivedAgo = s.presence.Ago(now)
	if s.presence.Longest > 0 {
		d.LongestPacketGap = new(s.presence.Longest.Seconds())
	}
	d.Jitter = s.jitter.Seconds()
	d.OneWayDelay, d.EchoDelay = s.latency.Report(now), s.latency.Echo()
	d.ClockRate, d.TimestampJumps = s.codec.rate, new(s.timing.Jumps)
	d.TimestampRate, d.TimestampRateMargin, d.TimestampRateOver = s.timing.Rate(s.codec.rate)
	if hz := s.pace.Rate(s.codec.rate); hz > 0 {
		d.TimestampRate, d.TimestampRateMargin, d.TimestampRateOver = &hz, new(float64), nil
	}
	d.Bitrate, d.FractionLost = s.rates.bits(), s.rates.fractionLost()
	if d.Kind == KindVideo {
		s.video(&d)
	} else if s.meter != nil {
		s.meter.Report(&d)
	}
	return d
}

func (s *inbound) video(d *diag.InboundRTP) {
	f := &s.frames
	d.FramesReceived = new(f.complete)
	d.FramesPerSecond = s.rates.framesPerSecond()
	d.FreezeCount = new(f.freezes.Count)
	d.TotalFreezesDuration = new(f.freezes.Total.Seconds())
	d.RecentFrameGap = f.freezes.Recent()
	d.TotalGapsDuration, d.ClipFrames = new(f.freezes.Gapped.Seconds()), s.clip.stats()
	if s.codec.hasKeys() {
		d.KeyFramesReceived = new(f.keys)
	}
	d.Layers = s.layers.Stats()
	if f.width != 0 {
		d.FrameWidth, d.FrameHeight = new(f.width), new(f.height)
	}
}
