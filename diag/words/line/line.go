// Package line writes events in one line of words: plain output and the log pane share it.
package line

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"dialtone/diag"
	"dialtone/diag/judge"
	"dialtone/diag/words"
	"dialtone/diag/words/browser"
	"dialtone/diag/words/speed"
	"dialtone/diag/words/term"
	"dialtone/diag/words/video"
)

// Of reports an event in one line of words, without its time: what --plain prints and what the log pane shows. It
// never contains a control character.
func Of(e diag.Event) string {
	name := string(e.Type())
	return diag.Clean(fmt.Sprintf("%-18s %s", name, texts(e.Data)), 600)
}

// texts is the part of a line after the event's name.
func texts(d diag.Data) string {
	switch d := d.(type) {
	case diag.CallStart:
		return startWords(d)
	case diag.PhaseStart:
		return join(string(d.Phase), d.Subject, "begins")
	case diag.PhaseEnd:
		return join(string(d.Phase), d.Subject, string(d.Outcome), brackets(d.Detail))
	case diag.Warning:
		return warningLine(d)
	case diag.CallEnded:
		return join(string(d.Reason), words.Prefixed("by ", string(d.By)), d.Cause)
	case diag.SignalRequest:
		return requestWords(d)
	case diag.ServedRequest:
		return join(d.Method, d.Path, strconv.Itoa(d.Status), fmt.Sprintf("%.1f ms", d.DurationMs.Float()), d.Problem,
			words.Prefixed("from ", d.RemoteAddr), words.Prefixed("for ", d.Origin), unreported(d.Unreported))
	case diag.SignalState:
		return join(string(d.State), string(d.Role), d.Error)
	case diag.SessionDescription:
		return descriptionWords(d)
	}
	if s, ok := transportWords(d); ok {
		return s
	}
	if s, ok := machineLine(d); ok {
		return s
	}
	if s, ok := diagnosisLine(d); ok {
		return s
	}
	if s, ok := speed.Line(d); ok {
		return s
	}
	if s, ok := browser.Line(d); ok {
		return s
	}
	if s, ok := mediaWords(d); ok {
		return s
	}
	raw, err := json.Marshal(d)
	if err != nil {
		return ""
	}
	return string(raw)
}

func transportWords(d diag.Data) (string, bool) {
	switch d := d.(type) {
	case diag.Candidate:
		return join(string(d.Side), candidateWords(d)), true
	case diag.ServerStage:
		return stageLine(d), true
	case diag.Pair:
		return pairEventWords(d), true
	case diag.Selected:
		return d.Local + " ⇄ " + d.Remote, true
	case diag.ICELimits:
		return words.ICELimits(d), true
	case diag.TURNRefused:
		return words.Refused(d), true
	case diag.ICEState:
		return d.State, true
	case diag.GatheringState:
		return d.State, true
	case diag.Restart:
		return join(words.Prefixed("by ", string(d.By)), d.Reason, dialsAgain(d.LimitMs)), true
	case diag.DTLSState:
		return join(d.State, d.Role, d.Version, d.Cipher, words.Prefixed("peer certificate ", d.RemoteFingerprint),
			timing("limit", d.LimitMs)), true
	case diag.SCTPState:
		return join(d.State, d.Error), true
	case diag.ConnectionState:
		return d.State, true
	case diag.SignalingState:
		return d.State, true
	}
	return "", false
}

func mediaWords(d diag.Data) (string, bool) {
	switch d := d.(type) {
	case diag.Impaired:
		return impairedLine("inbound", d.Inbound) + "; " + impairedLine("outbound", d.Outbound), true
	case diag.StressStep:
		return string(d.Step), true
	case diag.KeyFrameRequested:
		return join(fmt.Sprintf("ssrc %d", d.SSRC), timing("last", d.SinceMs)), true
	case diag.KeyFrame:
		return join(fmt.Sprintf("ssrc %d", d.SSRC), timing("after", &d.AfterMs)), true
	case diag.MediaResumed:
		return join(d.Kind, timing("after", &d.AfterMs), "without packets"), true
	case diag.MediaFile:
		return fileWords(d), true
	case diag.ChannelOpen:
		return join(strconv.Quote(d.Label), "opened by", string(d.Side), words.Prefixed("protocol ", d.Protocol),
			term.Delivery(d)), true
	case diag.ChannelClose:
		return join(strconv.Quote(d.Label), d.Error), true
	case diag.Message:
		return messageWords(d), true
	case diag.Control:
		return controlWords(d), true
	case diag.Ping:
		return fmt.Sprintf("%.2f ms", d.RTTMs.Float()), true
	case diag.MessagesDropped:
		label := "other channels"
		if d.Label != "" {
			label = strconv.Quote(d.Label)
		}
		return fmt.Sprintf("%s: %d more messages (%d bytes) came too fast to be reported one by one", label, d.Messages,
			d.Bytes), true
	case diag.TrackAdded:
		return join(string(d.Direction), d.Kind, d.MimeType, words.Prefixed("mid ", d.Mid)), true
	case diag.TrackMuted:
		return join(string(d.Side), mutedWord(d.Muted), d.Kind), true
	case diag.FirstPacket:
		return join(string(d.Direction), d.Kind), true
	case diag.FirstFrame:
		return join(string(d.Direction), d.Kind, words.Size(&d.Width, &d.Height)), true
	case diag.UnannouncedSSRC:
		continues := "belongs to no media section"
		if d.Announced {
			continues = "is not received there"
		}
		if d.Previous != 0 {
			continues = fmt.Sprintf("continues %d", d.Previous)
		}
		return join(fmt.Sprintf("SSRC %d", d.SSRC), d.Kind, words.Prefixed("mid ", d.Mid), continues,
			words.Source(d.From, d.OffPath)), true
	case diag.Picture:
		return video.Picture(d), true
	case diag.VideoEncoding:
		return join(fmt.Sprintf("ssrc %d", d.SSRC), video.Encoding(d), words.Size(&d.Width, &d.Height)), true
	case diag.MediaPause:
		pauses := join(timing("inbound", d.Inbound), timing("outbound", d.Outbound))
		return "longest pause during the ICE restart: " + pauses, true
	case diag.Sample:
		var rtt *float64
		if d.Pair != nil {
			rtt = d.Pair.CurrentRoundTripTime
		}
		return join(sampleWords(d.Inbound, d.Outbound, rtt), words.Unreceived(d.Unreceived)), true
	case diag.RemoteSample:
		var rtt *float64
		if d.Pair != nil {
			rtt = d.Pair.CurrentRoundTripTime
		}
		return join("there: ", sampleWords(d.Inbound, d.Outbound, rtt)), true
	}
	return "", false
}

func startWords(d diag.CallStart) string {
	s := join(d.Command, strconv.Quote(d.Code), words.Prefixed("through ", d.Server))
	if d.Code == "" {
		s = join(d.Title(), words.Prefixed("at ", d.Server))
	}
	for _, ice := range d.ICEServers {
		s += " " + ice.URL
	}
	return join(s, impaired(d.Impair), words.Prefixed("peer: ", d.Join))
}

// impaired says what a call does to its own packets.
func impaired(list []diag.Impairment) string {
	parts := diag.Map(list, func(i diag.Impairment) string { return i.String() })
	return words.Prefixed("impaired: ", strings.Join(parts, " "))
}

// impairedLine sums up what an impairment has done to a direction.
func impairedLine(way string, p diag.ImpairedPackets) string {
	return fmt.Sprintf("%s: %d of %d packets dropped, %d delayed, %d duplicated, %d reordered", way, p.Dropped(),
		p.Packets, p.Delayed, p.Duplicated, p.Reordered)
}

func requestWords(d diag.SignalRequest) string {
	status := "no answer"
	if d.Status != 0 {
		status = strconv.Itoa(d.Status)
	}
	s := join(d.Code, status, fmt.Sprintf("%.1f ms", d.DurationMs.Float()), d.Answer)
	if d.LongPoll {
		s += " (held by the server)"
	}
	if d.Attempt > 1 {
		s += fmt.Sprintf(" attempt %d", d.Attempt)
	}
	return join(s, timing("dns", d.DNSMs), timing("connect", d.ConnectMs), timing("tls", d.TLSMs), d.Error)
}

func descriptionWords(d diag.SessionDescription) string {
	restart := ""
	if d.ICERestart {
		restart = "ICE restart"
	}
	return join(string(d.Side), d.SDPType, fmt.Sprintf("%d media sections", strings.Count(d.SDP, "\nm=")),
		d.Fingerprint, restart)
}

func candidateWords(d diag.Candidate) string {
	return join(words.Candidate(d), fmt.Sprintf("priority %d", d.Priority))
}

func pairEventWords(d diag.Pair) string {
	nominated := ""
	if d.Nominated {
		nominated = "nominated"
	}
	counts := fmt.Sprintf("%d requests, %d responses", d.RequestsSent, d.ResponsesReceived)
	switch succeeded := d.State == diag.PairSucceeded && d.RequestsSent == 0; { // Firefox does not count them all
	case succeeded && d.ResponsesReceived > 0:
		counts = words.Count(int(d.ResponsesReceived), "response", "responses") // #nosec G115 -- a count
	case succeeded:
		counts = ""
	}
	return join(d.ID, string(d.State), nominated, counts) + scaled(", rtt %.2f ms", d.CurrentRoundTripTime, 1e3)
}

func messageWords(d diag.Message) string {
	arrow := "◀"
	if d.Direction == diag.Outbound {
		arrow = "▶"
	}
	text := d.Text
	if d.Binary {
		text = "binary"
	}
	return join(arrow, strconv.Quote(d.Label), fmt.Sprintf("%d bytes:", d.Bytes), text)
}

func controlWords(d diag.Control) string {
	value := ""
	if d.Value != nil {
		value = strconv.FormatBool(*d.Value)
	}
	return join(string(d.Direction), d.Code, value, d.Agent)
}

func mutedWord(muted bool) string {
	if muted {
		return "muted"
	}
	return "unmuted"
}

// sampleWords are the streams and the round-trip time of a sample, of this end or of the peer: ↑ is what it sends.
func sampleWords(in []diag.InboundRTP, out []diag.OutboundRTP, rtt *float64) string {
	var parts []string
	for _, o := range out {
		parts = append(parts, join("↑", diag.Clean(o.Kind, 20), kbits(o.Bitrate), fps(o.FramesPerSecond),
			countWords(o.PacketsSent)))
	}
	for _, i := range in {
		parts = append(parts, join("↓", diag.Clean(i.Kind, 20), kbits(i.Bitrate), fps(i.FramesPerSecond),
			countWords(i.PacketsReceived), known("%d lost", i.PacketsLost), scaled("jitter %.1f ms", i.Jitter, 1e3)))
	}
	return words.Join("  ", append(parts, scaled("rtt %.2f ms", rtt, 1e3))...)
}

// unreported says how many requests have no line; nothing if all have.
func unreported(requests int) string {
	if requests == 0 {
		return ""
	}
	return "after " + words.Count(requests, "request", "requests") + " that came too fast to be reported one by one"
}

// countWords is a number of packets; nothing when it is unknown.
func countWords(packets *uint64) string { return known("%d packets", packets) }

// kbits is a bitrate.
func kbits(v *float64) string { return scaled("%.1f kbit/s", v, 1e-3) }

// fps is a frame rate.
func fps(v *float64) string { return known("%.0f fps", v) }

// scaled writes a value in another unit.
func scaled(format string, v *float64, by float64) string {
	if v == nil {
		return ""
	}
	return fmt.Sprintf(format, *v*by)
}

// known writes a value by a format; nothing when it is unknown.
func known[T any](format string, v *T) string {
	if v == nil {
		return ""
	}
	return fmt.Sprintf(format, *v)
}

func timing(name string, d *diag.Millis) string {
	if d == nil {
		return ""
	}
	return fmt.Sprintf("%s %.1f ms", name, d.Float())
}

// dialsAgain says what follows the loss of a path.
func dialsAgain(limit *diag.Millis) string {
	if limit == nil {
		return ""
	}
	return "(the path is lost: dialing the peer again for " + words.Millis(*limit) + " at most)"
}

func brackets(s string) string {
	if s == "" {
		return ""
	}
	return "(" + s + ")"
}

// join joins what is not empty by spaces.
func join(parts ...string) string { return words.Join(" ", parts...) }

// Time writes a time since the start as the plain output does: seconds with milliseconds, right-aligned to 8 columns.
func Time(at time.Duration) string { return fmt.Sprintf("%8.3f", at.Seconds()) }

// warningLine is a warning with what it says and advises.
func warningLine(w diag.Warning) string {
	t := words.Of(judge.Finding{ID: w.ID, Subject: w.Subject, Evidence: judge.Warning{Cause: w.Cause}})
	return join(w.ID+":", t.Title, brackets(w.Cause), t.Advice)
}
