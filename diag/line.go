package diag

import (
	"encoding/json"
	"fmt"
	"net"
	"strconv"
	"strings"
	"time"
)

// Line tells an event in one line of words, without its time: what --plain prints and what the log pane shows. It never
// contains a control character.
func Line(e Event) string {
	name := string(e.Data.Type())
	return Clean(fmt.Sprintf("%-18s %s", name, words(e.Data)), 600)
}

// words is the part of a line after the event's name.
func words(d Data) string {
	switch d := d.(type) {
	case CallStart:
		return startWords(d)
	case PhaseStart:
		return joinWords(string(d.Phase), d.Subject, "begins")
	case PhaseEnd:
		return joinWords(string(d.Phase), d.Subject, string(d.Outcome), brackets(d.Detail))
	case Warning:
		return warningLine(d)
	case CallEnded:
		return joinWords(string(d.Reason), by(d.By), d.Cause)
	case SignalRequest:
		return requestWords(d)
	case SignalState:
		return joinWords(string(d.State), string(d.Role), d.Error)
	case SessionDescription:
		return descriptionWords(d)
	}
	if s, ok := transportWords(d); ok {
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

func transportWords(d Data) (string, bool) {
	switch d := d.(type) {
	case Candidate:
		return joinWords(string(d.Side), candidateWords(d)), true
	case ServerResult:
		return serverWords(d), true
	case NATStarted:
		return joinWords(plural(len(d.URLs), "server", "servers"), d.Because), true
	case NATProgress:
		return natWords(d), true
	case Pair:
		return pairEventWords(d), true
	case Selected:
		return d.Local + " ⇄ " + d.Remote, true
	case ICEState:
		return d.State, true
	case GatheringState:
		return d.State, true
	case Restart:
		return joinWords(by(d.By), d.Reason), true
	case DTLSState:
		return joinWords(d.State, d.Role, d.Version, d.Cipher, prefixed("peer certificate ", d.RemoteFingerprint),
			d.Error), true
	case SCTPState:
		return joinWords(d.State, d.Error), true
	case ConnectionState:
		return d.State, true
	case SignalingState:
		return d.State, true
	}
	return "", false
}

func mediaWords(d Data) (string, bool) {
	switch d := d.(type) {
	case ChannelOpen:
		return joinWords(strconv.Quote(d.Label), "opened by", string(d.Side), prefixed("protocol ", d.Protocol),
			reliability(d)), true
	case ChannelClose:
		return joinWords(strconv.Quote(d.Label), d.Error), true
	case Message:
		return messageWords(d), true
	case Control:
		return controlWords(d), true
	case Ping:
		return fmt.Sprintf("%.2f ms", d.RTTMs.float()), true
	case MessagesDropped:
		return fmt.Sprintf("%q: %d more messages (%d bytes) came too fast to be told one by one", d.Label, d.Messages,
			d.Bytes), true
	case TrackAdded:
		return joinWords(string(d.Direction), d.Kind, d.MimeType, prefixed("mid ", d.Mid)), true
	case TrackMuted:
		return joinWords(string(d.Side), mutedWord(d.Muted), d.Kind), true
	case FirstPacket:
		return joinWords(string(d.Direction), d.Kind), true
	case FirstFrame:
		return joinWords(string(d.Direction), d.Kind, size(d.Width, d.Height)), true
	case Sample:
		return sampleWords(d), true
	case RemoteSample:
		return theirWords(d), true
	}
	return "", false
}

func startWords(d CallStart) string {
	s := joinWords(d.Command, strconv.Quote(d.Code), prefixed("through ", d.Server))
	if d.Signaling != "" {
		s = joinWords(d.Title(), prefixed("at ", d.Server))
	}
	for _, ice := range d.ICEServers {
		s += " " + ice.URL
	}
	return joinWords(s, prefixed("other party: ", d.Join))
}

func requestWords(d SignalRequest) string {
	status := "no answer"
	if d.Status != 0 {
		status = strconv.Itoa(d.Status)
	}
	s := joinWords(d.Code, status, fmt.Sprintf("%.1f ms", d.DurationMs.float()), d.Answer)
	if d.LongPoll {
		s += " (held by the server)"
	}
	if d.Attempt > 1 {
		s += fmt.Sprintf(" attempt %d", d.Attempt)
	}
	return joinWords(s, timing("dns", d.DNSMs), timing("connect", d.ConnectMs), timing("tls", d.TLSMs), d.Error)
}

func descriptionWords(d SessionDescription) string {
	restart := ""
	if d.ICERestart {
		restart = "ICE restart"
	}
	return joinWords(string(d.Side), d.SDPType, fmt.Sprintf("%d media sections", strings.Count(d.SDP, "\nm=")),
		d.Fingerprint, restart)
}

// String is the candidate in a few words: "srflx udp 192.0.2.1:5000".
func (c Candidate) String() string {
	return string(c.CandidateType) + " " + c.Protocol + " " + net.JoinHostPort(c.Address, strconv.Itoa(int(c.Port)))
}

func candidateWords(d Candidate) string {
	related := ""
	if d.RelatedAddress != "" {
		related = "base " + net.JoinHostPort(d.RelatedAddress, strconv.Itoa(int(d.RelatedPort)))
	}
	return joinWords(d.String(), related, prefixed("from ", d.URL), d.NetworkInterface,
		fmt.Sprintf("priority %d", d.Priority))
}

func serverWords(d ServerResult) string {
	if d.OK {
		return joinWords(d.URL, "ok", timing("rtt", d.RTTMs), prefixed("sees us as ", d.MappedAddress),
			prefixed("relay ", d.RelayAddress), d.Software)
	}
	code := ""
	if d.ErrorCode != 0 {
		code = strconv.Itoa(d.ErrorCode)
	}
	return joinWords(d.URL, "failed at", d.Stage, "after", span(d.DurationMs.Duration().Round(time.Microsecond))+":", code,
		d.ErrorText, d.Advice)
}

func pairEventWords(d Pair) string {
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

func reliability(d ChannelOpen) string {
	s := "reliable"
	switch {
	case d.MaxRetransmits != nil:
		s = fmt.Sprintf("at most %d retransmissions", *d.MaxRetransmits)
	case d.MaxPacketLifeTime != nil:
		s = fmt.Sprintf("for at most %d ms", *d.MaxPacketLifeTime)
	}
	if !d.Ordered {
		s += ", unordered"
	}
	return s
}

func messageWords(d Message) string {
	arrow := "◀"
	if d.Direction == Outbound {
		arrow = "▶"
	}
	text := d.Text
	if d.Binary {
		text = "binary"
	}
	return joinWords(arrow, strconv.Quote(d.Label), fmt.Sprintf("%d bytes:", d.Bytes), text)
}

func controlWords(d Control) string {
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

func sampleWords(d Sample) string {
	var parts []string
	for _, o := range d.Outbound {
		parts = append(parts, joinWords("↑", o.Kind, kbits(o.Bitrate), fps(o.FramesPerSecond),
			fmt.Sprintf("%d packets", o.PacketsSent)))
	}
	for _, in := range d.Inbound {
		s := joinWords("↓", in.Kind, kbits(in.Bitrate), fps(in.FramesPerSecond),
			fmt.Sprintf("%d packets", in.PacketsReceived))
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

// theirWords is a sample of the other party: ↑ is what it sends.
func theirWords(d RemoteSample) string {
	parts := []string{"there:"}
	for _, o := range d.Outbound {
		parts = append(parts, joinWords("↑", Clean(o.Kind, 20), countWords(o.PacketsSent), fps(o.FramesPerSecond)))
	}
	for _, in := range d.Inbound {
		s := joinWords("↓", Clean(in.Kind, 20), countWords(in.PacketsReceived), fps(in.FramesPerSecond))
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

func timing(name string, d *Millis) string {
	if d == nil {
		return ""
	}
	return fmt.Sprintf("%s %.1f ms", name, d.float())
}

func by(p EndedBy) string {
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

// Clock writes a time since the start as the plain output does: seconds with milliseconds, right-aligned to 8 columns.
func Clock(at time.Duration) string { return fmt.Sprintf("%8.3f", at.Seconds()) }

// natWords sums a diagnosis up.
func natWords(d NATProgress) string {
	words := fmt.Sprintf("%d of %d requests answered", d.Answered, d.Sent)
	if !d.Final {
		return words
	}
	if d.Stopped != "" && d.Stopped != StoppedTimeOver {
		return joinWords(words, d.Stopped)
	}
	return joinWords(words, d.Stopped, d.Report.Verdict.Headline)
}
