package pane

import (
	"fmt"
	"strconv"
	"strings"

	"dialtone/diag"
	"dialtone/diag/call"
	"dialtone/tui/draw"
)

// flows sorts audio and video, both ways, by how they fare.
type flows struct {
	sent, arrive      []string // what flows
	unsent, missing   []string // what was agreed upon and does not
	mutedHere, muted  []string
	silent, notAgreed []string // of what should arrive
}

func flowsOf(c *call.Call) flows {
	var f flows
	for _, kind := range mediaKinds {
		switch c.Flow(diag.Outbound, kind) {
		case call.FlowOK, call.FlowSilent:
			f.sent = append(f.sent, kind)
		case call.FlowMuted:
			f.mutedHere = append(f.mutedHere, kind)
		case call.FlowMissing:
			f.unsent = append(f.unsent, kind)
		case call.FlowUnknown, call.FlowNone:
		}
		switch c.Flow(diag.Inbound, kind) {
		case call.FlowOK:
			f.arrive = append(f.arrive, kind)
		case call.FlowMuted:
			f.muted = append(f.muted, kind)
		case call.FlowMissing:
			f.missing = append(f.missing, kind)
		case call.FlowSilent:
			f.silent = append(f.silent, kind)
		case call.FlowNone:
			f.notAgreed = append(f.notAgreed, kind)
		case call.FlowUnknown:
		}
	}
	return f
}

// mediaSentence answers "is audio arriving?".
func mediaSentence(c *call.Call) (draw.Level, string) {
	f := flowsOf(c)
	switch {
	case c.ConnectedAt == nil && c.Ended != nil:
		return draw.Idle, "There was no media: the call was never up."
	case c.ConnectedAt == nil:
		return draw.Idle, "No media yet: audio and video start when the call is up."
	case !c.Start.Media && len(f.arrive)+len(f.sent) == 0:
		return draw.Idle, "This call carries no media, as it was asked for (--no-media)."
	case len(f.sent) == 2 && len(f.arrive) == 2 && c.Ended != nil:
		return draw.Good, "Audio and video flowed both ways."
	case len(f.sent) == 2 && len(f.arrive) == 2:
		return draw.Good, "Audio and video flow both ways."
	}
	level, parts := f.parts()
	if len(parts) == 0 {
		return draw.Idle, "Audio and video were negotiated; nothing was measured yet."
	}
	if level == draw.Bad && (len(f.sent) == 0) != (len(f.arrive) == 0) {
		parts = append([]string{"One way only."}, parts...)
	}
	return level, strings.Join(parts, " ")
}

// parts says what flows, then what does not.
func (f flows) parts() (draw.Level, []string) {
	level := draw.Good
	var out []string
	say := func(kinds []string, at draw.Level, format string) {
		if len(kinds) > 0 {
			level = max(level, at)
			out = append(out, capital(fmt.Sprintf(format, strings.Join(kinds, " and "))))
		}
	}
	say(f.arrive, draw.Good, "%s from the peer arrives.")
	say(f.sent, draw.Good, "you send %s.")
	say(f.mutedHere, draw.Good, "you muted your %s.")
	say(f.muted, draw.Good, "the peer muted its %s.")
	say(f.notAgreed, draw.Good, "the peer sends no %s: none was agreed upon.")
	say(f.silent, draw.Warn, "%s from the peer has stopped: nothing came lately.")
	say(f.missing, draw.Bad,
		"no %s arrives, though the peer agreed to send it: look there for a source that is muted or missing, or another codec.")
	say(f.unsent, draw.Bad, "no %s of yours is sent, though it was agreed upon.")
	return level, out
}

func capital(s string) string {
	if s == "" {
		return ""
	}
	return strings.ToUpper(s[:1]) + s[1:]
}

// streamWords describes a stream in sentences.
func streamWords(c *call.Call, s stream) []string {
	from := "from the peer"
	if s.direction == diag.Outbound {
		from = "to the peer"
	}
	rate := ""
	if s.fps != nil {
		rate = fmt.Sprintf("at %.0f frames a second", *s.fps)
	}
	kind := diag.Clean(s.kind, 40)
	if kind == "" {
		kind = "media"
	}
	_, state := streamState(c, s)
	ssrc := ""
	if s.ssrc != 0 {
		ssrc = "SSRC " + strconv.FormatUint(uint64(s.ssrc), 10)
	}
	what := join2(join2(joinSpace(s.codec, s.picture, rate), prefixed("mid ", s.mid)), ssrc)
	out := []string{capital(joinSpace(kind, from, "("+state+")")) + prefixed(": ", what) + "."}
	if s.packets == nil {
		return out
	}
	if s.direction == diag.Outbound {
		return append(out, sentWords(s)...)
	}
	return append(out, receivedWords(s)...)
}

func sentWords(s stream) []string {
	out := []string{joinSpace(draw.Count(*s.packets), "packets,", draw.Count(s.bytes/1000), "kB were sent",
		frameWords(s)) + "."}
	if s.lost == nil {
		out = append(out, "The peer has not reported yet what of it arrives.")
	} else {
		out = append(out, fmt.Sprintf("The peer reports %s lost.", draw.Count(uint64(max(*s.lost, 0)))))
	}
	out = append(out, "It "+askedWords(s)+".")
	if s.resent > 0 {
		out = append(out, draw.Plural(int(s.resent), "packet was", "packets were")+" sent again.")
	}
	return out
}

// askedWords is what the receiver of a stream asked its sender for (RFC 4585, RFC 5104).
func askedWords(s stream) string {
	switch {
	case s.nack == 0 && s.pli == 0 && s.fir == 0 && s.kind == "audio":
		return "never asked for a lost packet"
	case s.nack == 0 && s.pli == 0 && s.fir == 0:
		return "never asked for a lost packet or a whole picture"
	case s.kind == "audio":
		return "asked for lost packets " + times(s.nack) + " (NACK)"
	}
	return fmt.Sprintf("asked for lost packets %s (NACK), for a whole picture %s (PLI) and %s (FIR)", times(s.nack),
		times(s.pli), times(s.fir))
}

func receivedWords(s stream) []string {
	lost := ""
	if s.lost != nil {
		lost = ", " + draw.Count(uint64(max(*s.lost, 0))) + " lost"
	}
	ago := ""
	if s.ago != nil {
		ago = ", the last " + draw.Span(secs(*s.ago)) + " ago"
	}
	out := []string{joinSpace(draw.Count(*s.packets), "packets,", draw.Count(s.bytes/1000), "kB came", frameWords(s)) +
		lost + ago + "."}
	out = append(out, "We "+askedWords(s)+".")
	if s.freezes != nil && *s.freezes > 0 {
		long := ""
		if s.frozen != nil {
			long = ", for " + draw.Span(secs(*s.frozen)) + " in all"
		}
		out = append(out, "The picture froze "+times(*s.freezes)+long+".")
	}
	return out
}

func frameWords(s stream) string {
	if s.frames == nil {
		return ""
	}
	keys := ""
	if s.keys != nil {
		keys = ", " + draw.Count(uint64(*s.keys)) + " of them whole pictures"
	}
	return "as " + draw.Plural(int(*s.frames), "frame", "frames") + keys
}

func times(n uint32) string {
	if n == 1 {
		return "once"
	}
	return draw.Plural(int(n), "time", "times")
}

// arrow shows the direction of media.
func arrow(th *draw.Theme, dir diag.Direction) string {
	if dir == diag.Inbound {
		return th.Glyphs.Receiving
	}
	return th.Glyphs.Sending
}

// whole is a number without decimals for a column.
func whole(v *float64) draw.Cell {
	if v == nil || *v < 0 || *v > 1e6 {
		return draw.Cell{}
	}
	return draw.Cell{Text: fmt.Sprintf("%.0f", *v)}
}

func count(v *uint64) draw.Cell {
	if v == nil {
		return draw.Cell{}
	}
	return draw.Cell{Text: draw.Count(*v)}
}

func small(v *uint32) draw.Cell {
	if v == nil {
		return draw.Cell{}
	}
	return draw.Cell{Text: draw.Count(uint64(*v))}
}
