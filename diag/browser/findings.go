package browser

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"time"

	"dialtone/diag"
	"dialtone/diag/finding"
)

// Facts are what a rule needs to know of the call beyond the browser's part.
type Facts struct {
	Samples   []diag.Sample // in their order
	Times     []time.Duration
	Ended     time.Duration
	RelayOnly bool
	TURN      bool // a TURN server is configured
	Waiting   bool // a TURN server has not failed, as far as is known, and had less than GatherPatience
	Relay     bool // there is a local relay candidate
	Gathered  bool // gathering is complete
	Connected bool // it ever was
	NoPath    bool
	Uncounted bool     // media was agreed on, and which of it flowed is unknown
	Unsent    []string // kinds that the latest descriptions do not let it send
	// until the end, how long an offer had no answer, and how long two descriptions had no candidate of the peer
	Unanswered, Unreached time.Duration
}

// GatherPatience is how long a TURN server may take: Chromium gives up after 9.5 s.
const GatherPatience = 10 * time.Second

// peerPatience is how long an answer, or a candidate of the peer, may take.
const peerPatience = 10 * time.Second

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
		Kind   string           `json:"kind"`
		SSRC   uint32           `json:"ssrc"`
		OverMs diag.Millis      `json:"over_ms"`
		Later  bool             `json:"later,omitempty"`  // it gave something before that
		Change diag.TrackChange `json:"change,omitempty"` // what the page did to a track of the kind last
	}
	// CallRejected means that the browser rejected calls of the API.
	CallRejected struct {
		Call     diag.APICall `json:"call"`
		Error    string       `json:"error,omitempty"` // of the last
		Times    int          `json:"times"`
		Overcome bool         `json:"overcome,omitempty"` // a later one succeeded
	}
	// Limited means that the quality of a stream was reduced.
	Limited struct {
		SSRC    uint32      `json:"ssrc"`
		ForMs   diag.Millis `json:"for_ms"`
		OfMs    diag.Millis `json:"of_ms"`
		Changes *uint32     `json:"resolutionChanges,omitempty"`
		Encoder string      `json:"encoder,omitempty"`
		// bit/s of the path as the browser expected, and the target of all its encoders; absent unless the first is much
		// more for most of that time
		Available *float64 `json:"availableOutgoingBitrate,omitempty"`
		Wanted    *float64 `json:"targetBitrate,omitempty"`
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
	// PeerSilent means that something of the peer did not come.
	PeerSilent struct {
		ForMs diag.Millis `json:"for_ms"`
		Later bool        `json:"later,omitempty"` // it was connected before
	}
)

// Bounds of the rules.
const (
	stoppedAfter   = 2500 * time.Millisecond // Chromium takes a sample each second
	silentFor      = 3.0                     // seconds of a source
	silentLater    = 5.0                     // seconds of one that gave something before
	limitedFor     = 2 * time.Second
	limitedShare   = 0.2
	concealedShare = 0.05
	concealedLeast = 96_000 // samples: two seconds
	undecodedLeast = 50     // packets
	longBuffer     = 0.4    // seconds
	stormRestarts  = 3
	stormWithin    = 30 * time.Second
)

// Findings are what a dump shows beside [Captures].
func Findings(s *State, f Facts) (out finding.List) {
	if s == nil {
		return nil
	}
	for _, rule := range []func(*finding.List, *State, Facts){
		rejections, tracksGone, sendingStopped, sources, limits, undecoded, concealed, buffers, codecs,
		restarts, relays, silences, uncounted,
	} {
		rule(&out, s, f)
	}
	return out
}

// captureIDs are the findings of a request that failed, by the name of the DOMException (W3C Media Capture §10.3).
var captureIDs = map[string]string{
	"NotAllowedError": "browser.capture_denied", "PermissionDeniedError": "browser.capture_denied",
	"SecurityError": "browser.capture_denied", "NotFoundError": "browser.capture_no_device",
	"DevicesNotFoundError": "browser.capture_no_device", "OverconstrainedError": "browser.capture_no_device",
	"OverConstrainedError": "browser.capture_no_device", // as Chromium dumps it
	"NotReadableError":     "browser.capture_in_use", "TrackStartError": "browser.capture_in_use",
	"AbortError": "browser.capture_in_use",
}

// Captures names the devices that the page asked for and did not get by any later request. The requests may be those of
// another connection of the page, so they count less for one that sends what was asked for; and less if the page went
// on without the device.
func Captures(s *State, f Facts) (out finding.List) {
	if s == nil {
		return nil
	}
	for _, request := range []string{"getUserMedia", "getDisplayMedia"} {
		lacks := lacking(s.Captures, request)
		for _, kind := range []string{"audio", "video", ""} {
			l := lacks[kind]
			if l.Error == "" {
				continue
			}
			id := cmp.Or(captureIDs[l.Error], "browser.capture_failed")
			i := slices.IndexFunc(out, func(f finding.Finding) bool { return f.ID == id && f.Subject == request })
			if i < 0 {
				i = len(out)
				out.Add(id, diag.Warn, request, nil)
			}
			e, _ := out[i].Evidence.(CaptureFailed)
			out[i].Evidence = CaptureFailed{
				request, e.Audio || kind == "audio", e.Video || kind == "video", diag.Clean(l.Error, 100),
				diag.Clean(l.Message, 200),
			}
			if !l.resumed && (kind == "" || !f.sends(kind)) {
				out[i].Severity = diag.Problem
			}
		}
	}
	return out
}

// lack is a failed request for a kind of media of which none was granted later.
type lack struct {
	diag.CaptureRequest
	resumed bool // another one was granted later, for another kind
}

// lacking are the kinds that requests failed for last, "" if that is unknown. The screen is one, with its sound or not.
func lacking(rows []CaptureRow, request string) map[string]lack {
	out := map[string]lack{}
	for _, r := range rows {
		if r.Request != request {
			continue
		}
		var kinds []string
		if r.Audio && request == "getUserMedia" {
			kinds = append(kinds, "audio")
		}
		if r.Video && request == "getUserMedia" {
			kinds = append(kinds, "video")
		}
		switch {
		case r.Error != "" && len(kinds) == 0:
			out[""] = lack{CaptureRequest: r.CaptureRequest}
		case r.Error != "":
			for _, kind := range kinds {
				out[kind] = lack{CaptureRequest: r.CaptureRequest}
			}
		case r.Granted:
			delete(out, "")
			for _, kind := range kinds {
				delete(out, kind)
			}
			for kind, l := range out {
				l.resumed = true
				out[kind] = l
			}
		}
	}
	return out
}

// rejections name calls of the API that the browser rejected, once for each method.
func rejections(out *finding.List, s *State, f Facts) {
	last := map[diag.APICall]CallRejected{}
	var calls []diag.APICall // each once
	for _, r := range s.Failures {
		if last[r.Call].Times == 0 {
			calls = append(calls, r.Call)
		}
		last[r.Call] = CallRejected{r.Call, diag.Clean(r.Error, 300), last[r.Call].Times + 1, r.Overcome}
	}
	for _, call := range calls {
		id, severity := "browser.description_rejected", finding.Graver(!last[call].Overcome && !f.Connected)
		if call == diag.AddICECandidate {
			id, severity = "browser.candidate_rejected", diag.Warn
		}
		out.Add(id, severity, string(call), last[call])
	}
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

// streamName names a stream for people.
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

// codecs names implementations that gave way to another one.
func codecs(out *finding.List, s *State, _ Facts) {
	add := func(what, kind string, ssrc uint32, before, now string) {
		fallback := strings.Contains(strings.ToLower(now), "fallback from")
		if now == "" || !fallback && (before == "" || before == now || before == "unknown") {
			return
		}
		if before == now {
			before = ""
		}
		out.Add("browser."+what+"_changed", diag.Info, streamName(kind, ssrc, ""), CodecChanged{ssrc, before, now})
	}
	for _, o := range s.Outbound {
		add("encoder", o.Latest.Kind, o.Latest.SSRC, o.First.Encoder, o.Latest.Encoder)
	}
	for _, in := range s.Inbound {
		add("decoder", in.Latest.Kind, in.Latest.SSRC, in.First.Decoder, in.Latest.Decoder)
	}
}

// restarts names many ICE restarts in a short time.
func restarts(out *finding.List, s *State, _ Facts) {
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
		return
	}
	out.Add("browser.restart_storm", diag.Warn, "", worst)
}

// relays names a relay that is missing.
func relays(out *finding.List, _ *State, f Facts) {
	switch {
	case f.RelayOnly && (f.Gathered || !f.Waiting) && !f.Relay && !f.Connected && !f.NoPath: // which another finding names
		out.Add("browser.no_relay", diag.Problem, "", NoRelay{f.TURN})
		return
	case f.NoPath && !f.TURN:
		out.Add("browser.turn_missing", diag.Warn, "", NoRelay{})
	}
}

// silences name an answer, or candidates, that were awaited in vain.
func silences(out *finding.List, _ *State, f Facts) {
	switch {
	case f.Unanswered >= peerPatience:
		out.Add("browser.no_answer", diag.Warn, "", PeerSilent{diag.Millis(f.Unanswered), f.Connected})
	case f.Unreached >= peerPatience && (f.Relay || !f.RelayOnly): // else it could use none
		out.Add("browser.no_remote_candidate", diag.Warn, "", PeerSilent{diag.Millis(f.Unreached), false})
	}
}
