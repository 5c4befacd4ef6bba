package browser

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"time"

	"dialtone/diag"
)

// Finding is one conclusion: a finding of package judge but for its type.
type Finding struct {
	ID       string
	Severity diag.Severity
	Subject  string
	Evidence any
}

// Facts are what a rule needs to know of the call beyond the browser's part.
type Facts struct {
	Samples   []diag.Sample // in their order
	Times     []time.Duration
	Ended     time.Duration
	RelayOnly bool
	TURN      bool // a TURN server is configured
	Waiting   bool // a TURN server has not failed, as far as is known
	Relay     bool // there is a local relay candidate
	Gathered  bool // gathering is complete
	Connected bool // it ever was
	NoPath    bool
	Uncounted bool // media was agreed on, and which of it flowed is unknown
}

// Evidence of the findings.
type (
	// CaptureFailed means that the page got no device.
	CaptureFailed struct {
		Request string `json:"request"` // getUserMedia or getDisplayMedia
		Audio   bool   `json:"audio,omitempty"`
		Video   bool   `json:"video,omitempty"`
		Error   string `json:"error,omitempty"`
		Message string `json:"message,omitempty"`
	}
	// TrackGone means that a track that is sent ended and was not replaced.
	TrackGone struct {
		Kind  string      `json:"kind"`
		AgoMs diag.Millis `json:"ago_ms"` // before the end
	}
	// SendingStopped means that no more packets of a stream were sent.
	SendingStopped struct {
		Kind    string           `json:"kind"`
		SSRC    uint32           `json:"ssrc"`
		Packets uint64           `json:"packetsSent"`
		AgoMs   diag.Millis      `json:"ago_ms"`
		Change  diag.TrackChange `json:"change,omitempty"` // what the page did to a track of the kind last
	}
	// SourceSilent means that the source of a stream gives nothing.
	SourceSilent struct {
		Kind   string      `json:"kind"`
		SSRC   uint32      `json:"ssrc"`
		OverMs diag.Millis `json:"over_ms"`
	}
	// Limited means that the quality of a stream was reduced.
	Limited struct {
		SSRC    uint32      `json:"ssrc"`
		ForMs   diag.Millis `json:"for_ms"`
		OfMs    diag.Millis `json:"of_ms"`
		Changes *uint32     `json:"resolutionChanges,omitempty"`
		Encoder string      `json:"encoder,omitempty"`
	}
	// Concealed means that much of the audio that is heard was made up.
	Concealed struct {
		SSRC     uint32  `json:"ssrc"`
		Share    float64 `json:"share"`   // 0–1
		Samples  uint64  `json:"samples"` // received
		Events   *uint64 `json:"events,omitempty"`
		LossSeen *int64  `json:"packetsLost,omitempty"`
	}
	// Buffered means that the jitter buffer is long.
	Buffered struct {
		SSRC   uint32      `json:"ssrc"`
		MeanMs diag.Millis `json:"mean_ms"`
	}
	// CodecChanged means that another implementation codes a stream than at first.
	CodecChanged struct {
		SSRC   uint32 `json:"ssrc"`
		Before string `json:"before,omitempty"`
		Now    string `json:"now"`
	}
	// Undecoded means that video came, and none of it was decoded.
	Undecoded struct {
		SSRC    uint32      `json:"ssrc"`
		Packets uint64      `json:"packetsReceived"`
		Frames  *uint32     `json:"framesReceived,omitempty"`
		OverMs  diag.Millis `json:"over_ms"`
	}
	// Uncounted means that which media flowed is unknown.
	Uncounted struct {
		Partial bool `json:"partial,omitempty"` // the statistics could not be read
	}
	// RestartStorm means many ICE restarts in a short time.
	RestartStorm struct {
		Restarts int         `json:"restarts"`
		WithinMs diag.Millis `json:"within_ms"`
	}
	// NoRelay means that only relays may be used, or that one is missing.
	NoRelay struct {
		Configured bool `json:"configured,omitempty"` // a TURN server is
	}
)

// Bounds of the rules.
const (
	stoppedAfter   = 2500 * time.Millisecond // Chromium takes a sample each second
	silentFor      = 3.0                     // seconds of a source
	limitedFor     = 2 * time.Second
	limitedShare   = 0.2
	concealedShare = 0.05
	concealedLeast = 96_000 // samples: two seconds
	undecodedLeast = 50     // packets
	longBuffer     = 0.4    // seconds
	stormRestarts  = 3
	stormWithin    = 30 * time.Second
)

// Findings are what a dump shows.
func Findings(s *State, f Facts) []Finding {
	if s == nil {
		return nil
	}
	var out []Finding
	for _, rule := range []func(*State, Facts) []Finding{
		captures, tracksGone, sendingStopped, sources, limits, undecoded, concealed, buffers, codecs, restarts, relays,
		uncounted,
	} {
		out = append(out, rule(s, f)...)
	}
	return out
}

// captureIDs are the findings of a request that failed, by the name of the DOMException (W3C Media Capture §10.3).
var captureIDs = map[string]string{
	"NotAllowedError": "browser.capture_denied", "PermissionDeniedError": "browser.capture_denied",
	"SecurityError": "browser.capture_denied", "NotFoundError": "browser.capture_no_device",
	"DevicesNotFoundError": "browser.capture_no_device", "OverconstrainedError": "browser.capture_no_device",
	"NotReadableError": "browser.capture_in_use", "TrackStartError": "browser.capture_in_use",
	"AbortError": "browser.capture_in_use",
}

// captures names the last request of each kind, if it failed. It may be that of another connection of the page, so it
// counts less for one that sends what was asked for.
func captures(s *State, f Facts) []Finding {
	var out []Finding
	for _, request := range []string{"getUserMedia", "getDisplayMedia"} {
		var asked diag.CaptureRequest
		var failed *diag.CaptureRequest
		for _, r := range s.Captures {
			if r.Request != request {
				continue
			}
			switch {
			case r.Error != "":
				failed = &r.CaptureRequest
			case r.Granted:
				failed = nil
			default:
				asked = r.CaptureRequest
			}
		}
		if failed != nil {
			severity := diag.Problem
			audio, video := f.sends("audio"), f.sends("video")
			if (audio || video) && (audio || !asked.Audio) && (video || !asked.Video) {
				severity = diag.Warn
			}
			out = append(out, Finding{
				ID: cmp.Or(captureIDs[failed.Error], "browser.capture_failed"), Severity: severity, Subject: request,
				Evidence: CaptureFailed{
					request, asked.Audio, asked.Video, diag.Clean(failed.Error, 100), diag.Clean(failed.Message, 200),
				},
			})
		}
	}
	return out
}

// sends reports whether packets of a kind were sent.
func (f Facts) sends(kind string) bool {
	if len(f.Samples) == 0 {
		return false
	}
	return slices.ContainsFunc(f.Samples[len(f.Samples)-1].Outbound, func(o diag.OutboundRTP) bool {
		return o.Kind == kind && diag.OrZero(o.PacketsSent) > 0
	})
}

// tracksGone names tracks that ended without the page's doing.
func tracksGone(s *State, f Facts) []Finding {
	var out []Finding
	for i, c := range s.Changes {
		if c.Side != diag.Local || c.Change != diag.TrackEnded || grantedAfter(s, c.Kind, c.At) {
			continue
		}
		if stoppedByPage(s.Changes[:i], c.TrackID) {
			continue
		}
		out = append(out, Finding{
			ID: "browser.track_ended", Severity: diag.Warn, Subject: diag.Clean(c.Kind, 20),
			Evidence: TrackGone{diag.Clean(c.Kind, 20), diag.Millis(f.Ended - c.At)},
		})
	}
	return out
}

func grantedAfter(s *State, kind string, at time.Duration) bool {
	for _, r := range s.Captures {
		if r.Granted && r.At > at && (kind == "audio" && r.Audio || kind == "video" && r.Video) {
			return true
		}
	}
	return false
}

func stoppedByPage(changes []ChangeRow, id string) bool {
	for _, c := range changes {
		if c.TrackID == id && c.Change == diag.TrackStopped {
			return true
		}
	}
	return false
}

// sendingStopped names streams whose counter of packets stands still since some time before the end.
func sendingStopped(s *State, f Facts) []Finding {
	if len(f.Samples) == 0 || !f.Connected {
		return nil
	}
	var out []Finding
	last := len(f.Samples) - 1
	for _, o := range f.Samples[last].Outbound {
		now := diag.OrZero(o.PacketsSent)
		first := last // sample since which nothing was sent
		for first > 0 {
			before, known := packetsSent(f.Samples[first-1], o)
			if !known || before != now {
				break
			}
			first--
		}
		still := f.Times[last] - f.Times[first]
		if now == 0 || still < stoppedAfter || inactive(s, o) {
			continue
		}
		out = append(out, Finding{
			ID: "browser.sending_stopped", Severity: diag.Warn, Subject: streamName(o.Kind, o.SSRC, o.Mid),
			Evidence: SendingStopped{o.Kind, o.SSRC, now, diag.Millis(still), lastChange(s, o.Kind)},
		})
	}
	return out
}

func packetsSent(sample diag.Sample, o diag.OutboundRTP) (uint64, bool) {
	for _, other := range sample.Outbound {
		if other.Kind == o.Kind && other.SSRC == o.SSRC && other.PacketsSent != nil {
			return *other.PacketsSent, true
		}
	}
	return 0, false
}

// inactive reports whether the browser says that the stream is turned off, as a layer of simulcast may be.
func inactive(s *State, o diag.OutboundRTP) bool {
	for _, b := range s.Outbound {
		if b.Latest.Kind == o.Kind && b.Latest.SSRC == o.SSRC && b.Latest.Active != nil && !*b.Latest.Active {
			return true
		}
	}
	return false
}

func lastChange(s *State, kind string) diag.TrackChange {
	for i := len(s.Changes) - 1; i >= 0; i-- {
		if c := s.Changes[i]; c.Side == diag.Local && c.Kind == kind {
			return c.Change
		}
	}
	return ""
}

func streamName(kind string, ssrc uint32, mid string) string {
	kind, mid = diag.Clean(kind, 20), diag.Clean(mid, 40)
	switch {
	case mid != "":
		return kind + " mid " + mid
	case ssrc != 0:
		return kind + " " + strconv.FormatUint(uint64(ssrc), 10)
	}
	return kind
}

// sources names sources that give nothing: a microphone without any sound, a camera without frames.
func sources(s *State, _ Facts) []Finding {
	var out []Finding
	for _, o := range s.Outbound {
		first, last := o.First, o.Latest
		silent := func(id string, over float64) {
			out = append(out, Finding{
				ID: id, Severity: diag.Warn, Subject: streamName(last.Kind, last.SSRC, ""),
				Evidence: SourceSilent{last.Kind, last.SSRC, diag.Millis(diag.SecondsOf(over))},
			})
		}
		switch {
		case last.Kind == "audio" && first.SourceDuration != nil && last.SourceDuration != nil && last.SourceEnergy != nil:
			over := *last.SourceDuration
			if over >= silentFor && *last.SourceEnergy == 0 {
				silent("browser.source_silent_audio", over)
			}
		case last.Kind == "video" && last.SourceTrackID != "" && first.SourceFrames != nil && *first.SourceFrames == 0 &&
			last.SourceFrames != nil && *last.SourceFrames == 0 && (o.At-o.Since).Seconds() >= silentFor:
			silent("browser.source_silent_video", (o.At - o.Since).Seconds())
		}
	}
	return out
}

// limits names video whose quality the browser reduced.
func limits(s *State, _ Facts) []Finding {
	var out []Finding
	for _, o := range s.Outbound {
		if o.Latest.Kind != "video" {
			continue
		}
		durations := map[string]time.Duration{}
		if d := o.Latest.LimitationDurations; d != nil {
			durations["cpu"], durations["bandwidth"] = diag.SecondsOf(d.CPU), diag.SecondsOf(d.Bandwidth)
			durations["none"], durations["other"] = diag.SecondsOf(d.None), diag.SecondsOf(d.Other)
		} else {
			durations = o.Reasons
		}
		all := durations["cpu"] + durations["bandwidth"] + durations["none"] + durations["other"]
		for _, reason := range []string{"cpu", "bandwidth"} {
			if d := durations[reason]; d >= limitedFor && d.Seconds() >= limitedShare*all.Seconds() {
				out = append(out, Finding{
					ID: "browser.limited_" + reason, Severity: diag.Warn, Subject: streamName("video", o.Latest.SSRC, ""),
					Evidence: Limited{
						o.Latest.SSRC, diag.Millis(d), diag.Millis(all), o.Latest.ResolutionChanges, o.Latest.Encoder,
					},
				})
			}
		}
	}
	return out
}

// undecoded names video that comes without a picture.
func undecoded(_ *State, f Facts) []Finding {
	if len(f.Samples) == 0 {
		return nil
	}
	var out []Finding
	last := len(f.Samples) - 1
	for _, in := range f.Samples[last].Inbound {
		if in.Kind != "video" || in.FramesDecoded == nil || *in.FramesDecoded > 0 {
			continue
		}
		first := last // sample since which packets come
		for first > 0 && packetsReceived(f.Samples[first-1], in.SSRC) > 0 {
			first--
		}
		if over := f.Times[last] - f.Times[first]; over >= stoppedAfter && diag.OrZero(in.PacketsReceived) >= undecodedLeast {
			out = append(out, Finding{
				ID: "browser.undecoded", Severity: diag.Warn, Subject: streamName("video", in.SSRC, in.Mid),
				Evidence: Undecoded{in.SSRC, *in.PacketsReceived, in.FramesReceived, diag.Millis(over)},
			})
		}
	}
	return out
}

func packetsReceived(sample diag.Sample, ssrc uint32) uint64 {
	for _, in := range sample.Inbound {
		if in.Kind == "video" && in.SSRC == ssrc {
			return diag.OrZero(in.PacketsReceived)
		}
	}
	return 0
}

// uncounted reports that the dump does not show which media flowed.
func uncounted(s *State, f Facts) []Finding {
	if !f.Uncounted {
		return nil
	}
	return []Finding{{ID: "browser.uncounted", Severity: diag.Info, Evidence: Uncounted{s.Start.Partial}}}
}

// concealed names audio of which much was made up, because packets were lost or late.
func concealed(s *State, f Facts) []Finding {
	if len(f.Samples) == 0 {
		return nil
	}
	var out []Finding
	for _, in := range f.Samples[len(f.Samples)-1].Inbound {
		if in.Kind != "audio" || in.ConcealedSamples == nil || in.TotalSamplesReceived == nil {
			continue
		}
		e := Concealed{SSRC: in.SSRC, Samples: *in.TotalSamplesReceived, LossSeen: in.PacketsLost}
		made := *in.ConcealedSamples
		for _, b := range s.Inbound {
			if b.Latest.Kind == "audio" && b.Latest.SSRC == in.SSRC {
				e.Events = b.Latest.ConcealmentCount
				made -= min(made, diag.OrZero(b.Latest.SilentConcealed)) // silence for a sender that is quiet
			}
		}
		if e.Samples < concealedLeast || diag.OrZero(in.PacketsReceived) == 0 {
			continue
		}
		if e.Share = float64(made) / float64(e.Samples); e.Share > concealedShare {
			out = append(out, Finding{
				ID: "browser.concealment", Severity: diag.Warn, Subject: streamName("audio", in.SSRC, in.Mid), Evidence: e,
			})
		}
	}
	return out
}

// buffers names streams that wait long in the jitter buffer.
func buffers(s *State, _ Facts) []Finding {
	var out []Finding
	for _, b := range s.Inbound {
		in := b.Latest
		if in.JitterBuffer == nil || in.Emitted == nil || *in.Emitted < 30 {
			continue
		}
		if mean := *in.JitterBuffer / float64(*in.Emitted); mean > longBuffer {
			out = append(out, Finding{
				ID: "browser.jitter_buffer", Severity: diag.Warn, Subject: streamName(in.Kind, in.SSRC, ""),
				Evidence: Buffered{in.SSRC, diag.Millis(diag.SecondsOf(mean))},
			})
		}
	}
	return out
}

// codecs names implementations that gave way to another one.
func codecs(s *State, _ Facts) []Finding {
	var out []Finding
	add := func(what, kind string, ssrc uint32, before, now string) {
		fallback := strings.Contains(strings.ToLower(now), "fallback from")
		if now == "" || !fallback && (before == "" || before == now || before == "unknown") {
			return
		}
		if before == now {
			before = ""
		}
		out = append(out, Finding{
			ID: "browser." + what + "_changed", Severity: diag.Info, Subject: streamName(kind, ssrc, ""),
			Evidence: CodecChanged{ssrc, before, now},
		})
	}
	for _, o := range s.Outbound {
		add("encoder", o.Latest.Kind, o.Latest.SSRC, o.First.Encoder, o.Latest.Encoder)
	}
	for _, in := range s.Inbound {
		add("decoder", in.Latest.Kind, in.Latest.SSRC, in.First.Decoder, in.Latest.Decoder)
	}
	return out
}

// restarts names many ICE restarts in a short time.
func restarts(s *State, _ Facts) []Finding {
	var worst RestartStorm
	for i, at := range s.Restarts {
		first := i
		for first > 0 && at-s.Restarts[first-1] <= stormWithin {
			first--
		}
		if n := i - first + 1; n > worst.Restarts {
			worst = RestartStorm{n, diag.Millis(at - s.Restarts[first])}
		}
	}
	if worst.Restarts < stormRestarts {
		return nil
	}
	return []Finding{{ID: "browser.restart_storm", Severity: diag.Warn, Evidence: worst}}
}

// relays names a relay that is missing.
func relays(_ *State, f Facts) []Finding {
	switch {
	case f.RelayOnly && (f.Gathered || !f.Waiting) && !f.Relay && !f.Connected:
		return []Finding{{ID: "browser.no_relay", Severity: diag.Problem, Evidence: NoRelay{f.TURN}}}
	case f.NoPath && !f.TURN:
		return []Finding{{ID: "browser.turn_missing", Severity: diag.Warn, Evidence: NoRelay{}}}
	}
	return nil
}
