package words

import (
	"encoding/json"
	"fmt"
	"net"
	"strconv"
	"strings"
	"time"

	"dialtone/diag"
)

// Line reports an event in one line of words, without its time: what --plain prints and what the log pane shows. It
// never contains a control character.
func Line(e diag.Event) string {
	name := string(e.Data.Type())
	return diag.Clean(fmt.Sprintf("%-18s %s", name, texts(e.Data)), 600)
}

// words is the part of a line after the event's name.
func texts(d diag.Data) string {
	switch d := d.(type) {
	case diag.CallStart:
		return startWords(d)
	case diag.PhaseStart:
		return joinWords(string(d.Phase), d.Subject, "begins")
	case diag.PhaseEnd:
		return joinWords(string(d.Phase), d.Subject, string(d.Outcome), brackets(d.Detail))
	case diag.Warning:
		return warningLine(d)
	case diag.CallEnded:
		return joinWords(string(d.Reason), by(d.By), d.Cause)
	case diag.SignalRequest:
		return requestWords(d)
	case diag.SignalState:
		return joinWords(string(d.State), string(d.Role), d.Error)
	case diag.SessionDescription:
		return descriptionWords(d)
	}
	if s, ok := transportWords(d); ok {
		return s
	}
	if s, ok := diagnosisLine(d); ok {
		return s
	}
	if s, ok := diagnosisLine(d); ok {
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
		return joinWords(string(d.Side), candidateWords(d)), true
	case diag.ServerStage:
		return stageLine(d), true
	case diag.Pair:
		return pairEventWords(d), true
	case diag.Selected:
		return d.Local + " ⇄ " + d.Remote, true
	case diag.ICEState:
		return d.State, true
	case diag.GatheringState:
		return d.State, true
	case diag.Restart:
		return joinWords(by(d.By), d.Reason), true
	case diag.DTLSState:
		return joinWords(d.State, d.Role, d.Version, d.Cipher, prefixed("peer certificate ", d.RemoteFingerprint),
			timing("limit", d.LimitMs)), true
	case diag.SCTPState:
		return joinWords(d.State, d.Error), true
	case diag.ConnectionState:
		return d.State, true
	case diag.SignalingState:
		return d.State, true
	}
	return "", false
}

func mediaWords(d diag.Data) (string, bool) {
	switch d := d.(type) {
	case diag.ChannelOpen:
		return joinWords(strconv.Quote(d.Label), "opened by", string(d.Side), prefixed("protocol ", d.Protocol),
			Delivery(d)), true
	case diag.ChannelClose:
		return joinWords(strconv.Quote(d.Label), d.Error), true
	case diag.Message:
		return messageWords(d), true
	case diag.Control:
		return controlWords(d), true
	case diag.Ping:
		return fmt.Sprintf("%.2f ms", d.RTTMs.Float()), true
	case diag.MessagesDropped:
		return fmt.Sprintf("%q: %d more messages (%d bytes) came too fast to be reported one by one", d.Label, d.Messages,
			d.Bytes), true
	case diag.TrackAdded:
		return joinWords(string(d.Direction), d.Kind, d.MimeType, prefixed("mid ", d.Mid)), true
	case diag.TrackMuted:
		return joinWords(string(d.Side), mutedWord(d.Muted), d.Kind), true
	case diag.FirstPacket:
		return joinWords(string(d.Direction), d.Kind), true
	case diag.FirstFrame:
		return joinWords(string(d.Direction), d.Kind, size(d.Width, d.Height)), true
	case diag.Sample:
		return sampleWords(d), true
	case diag.RemoteSample:
		return theirWords(d), true
	}
	return "", false
}

func startWords(d diag.CallStart) string {
	s := joinWords(d.Command, strconv.Quote(d.Code), prefixed("through ", d.Server))
	if d.Code == "" {
		s = joinWords(d.Title(), prefixed("at ", d.Server))
	}
	for _, ice := range d.ICEServers {
		s += " " + ice.URL
	}
	return joinWords(s, prefixed("peer: ", d.Join))
}

func requestWords(d diag.SignalRequest) string {
	status := "no answer"
	if d.Status != 0 {
		status = strconv.Itoa(d.Status)
	}
	s := joinWords(d.Code, status, fmt.Sprintf("%.1f ms", d.DurationMs.Float()), d.Answer)
	if d.LongPoll {
		s += " (held by the server)"
	}
	if d.Attempt > 1 {
		s += fmt.Sprintf(" attempt %d", d.Attempt)
	}
	return joinWords(s, timing("dns", d.DNSMs), timing("connect", d.ConnectMs), timing("tls", d.TLSMs), d.Error)
}

func descriptionWords(d diag.SessionDescription) string {
	restart := ""
	if d.ICERestart {
		restart = "ICE restart"
	}
	return joinWords(string(d.Side), d.SDPType, fmt.Sprintf("%d media sections", strings.Count(d.SDP, "\nm=")),
		d.Fingerprint, restart)
}

func candidateWords(d diag.Candidate) string {
	related := ""
	if d.RelatedAddress != "" {
		related = "base " + net.JoinHostPort(d.RelatedAddress, strconv.Itoa(int(d.RelatedPort)))
	}
	return joinWords(d.String(), related, prefixed("from ", d.URL), d.NetworkInterface,
		fmt.Sprintf("priority %d", d.Priority))
}

func pairEventWords(d diag.Pair) string {
	nominated := ""
	if d.Nominated {
		nominated = "nominated"
	}
	s := joinWords(d.ID, string(d.State), nominated,
		fmt.Sprintf("%d requests, %d responses", d.RequestsSent, d.ResponsesReceived))
	if d.CurrentRoundTripTime != nil {
		s += fmt.Sprintf(", rtt %.2f ms", *d.CurrentRoundTripTime*1e3)
	}
	return s
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
	return joinWords(arrow, strconv.Quote(d.Label), fmt.Sprintf("%d bytes:", d.Bytes), text)
}

func controlWords(d diag.Control) string {
	value := ""
	if d.Value != nil {
		value = strconv.FormatBool(*d.Value)
	}
	return joinWords(string(d.Direction), d.Code, value, d.Agent)
}

func mutedWord(muted bool) string {
	if muted {
		return "muted"
	}
	return "unmuted"
}

func size(w, h uint16) string {
	if w == 0 || h == 0 {
		return ""
	}
	return fmt.Sprintf("%d×%d", w, h)
}

func sampleWords(d diag.Sample) string {
	var parts []string
	for _, o := range d.Outbound {
		parts = append(parts, joinWords("↑", o.Kind, kbits(o.Bitrate), fps(o.FramesPerSecond),
			countWords(o.PacketsSent)))
	}
	for _, in := range d.Inbound {
		s := joinWords("↓", in.Kind, kbits(in.Bitrate), fps(in.FramesPerSecond),
			countWords(in.PacketsReceived))
		if in.PacketsLost != nil {
			s += fmt.Sprintf(" %d lost", *in.PacketsLost)
		}
		if in.Jitter != nil {
			s += fmt.Sprintf(" jitter %.1f ms", *in.Jitter*1e3)
		}
		parts = append(parts, s)
	}
	if d.Pair != nil && d.Pair.CurrentRoundTripTime != nil {
		parts = append(parts, fmt.Sprintf("rtt %.2f ms", *d.Pair.CurrentRoundTripTime*1e3))
	}
	return strings.Join(parts, "  ")
}

// theirWords is a sample of the peer: ↑ is what it sends.
func theirWords(d diag.RemoteSample) string {
	parts := []string{"there:"}
	for _, o := range d.Outbound {
		parts = append(parts, joinWords("↑", diag.Clean(o.Kind, 20), countWords(o.PacketsSent), fps(o.FramesPerSecond)))
	}
	for _, in := range d.Inbound {
		s := joinWords("↓", diag.Clean(in.Kind, 20), countWords(in.PacketsReceived), fps(in.FramesPerSecond))
		if in.PacketsLost != nil {
			s += fmt.Sprintf(" %d lost", *in.PacketsLost)
		}
		parts = append(parts, s)
	}
	if d.Pair != nil && d.Pair.CurrentRoundTripTime != nil {
		parts = append(parts, fmt.Sprintf("rtt %.2f ms", *d.Pair.CurrentRoundTripTime*1e3))
	}
	return strings.Join(parts, "  ")
}

func countWords(packets *uint64) string {
	if packets == nil {
		return ""
	}
	return fmt.Sprintf("%d packets", *packets)
}

func kbits(bps *float64) string {
	if bps == nil {
		return ""
	}
	return fmt.Sprintf("%.1f kbit/s", *bps/1e3)
}

func fps(v *float64) string {
	if v == nil {
		return ""
	}
	return fmt.Sprintf("%.0f fps", *v)
}

func timing(name string, d *diag.Millis) string {
	if d == nil {
		return ""
	}
	return fmt.Sprintf("%s %.1f ms", name, d.Float())
}

func by(p diag.EndedBy) string {
	if p == "" {
		return ""
	}
	return "by " + string(p)
}

func brackets(s string) string {
	if s == "" {
		return ""
	}
	return "(" + s + ")"
}

func prefixed(prefix, s string) string {
	if s == "" {
		return ""
	}
	return prefix + s
}

// joinWords joins what is not empty by spaces.
func joinWords(parts ...string) string {
	kept := parts[:0:0]
	for _, p := range parts {
		if p != "" {
			kept = append(kept, p)
		}
	}
	return strings.Join(kept, " ")
}

// EventTime writes a time since the start as the plain output does: seconds with milliseconds, right-aligned to 8
// columns.
func EventTime(at time.Duration) string { return fmt.Sprintf("%8.3f", at.Seconds()) }
