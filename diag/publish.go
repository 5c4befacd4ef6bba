package diag

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// keyFrameGrace is how long a video may do without a key frame: the first requests for one have been sent by then.
const keyFrameGrace = 3 * time.Second

// publishFindings name what is wrong with the media that the other party publishes.
func publishFindings(c *Call) []Finding {
	var out []Finding
	for _, kind := range kinds {
		if offered, declined := c.declined(kind); declined {
			out = append(out, Finding{
				ID: "media.codec_declined", Severity: Warn, Title: "The " + kind +
					" of the other party was declined: it offers no codec that is known here.",
				Evidence: []string{"offered: " + Clean(offered, 200)},
				Advice:   "Let the other party send Opus for audio, and VP8 or H.264 for video.",
			})
		}
	}
	if c.Start.MediaOnly && c.ConnectedAt != nil {
		out = append(out, c.fadedFindings()...)
	}
	if frames, without := c.withoutKeyFrame(); without {
		out = append(out, Finding{
			ID: "media.no_key_frame", Severity: Warn, Title: "Video arrives without a key frame: nobody can begin to decode it.",
			Evidence: []string{fmt.Sprintf("%d frames came in %s, none of them a key frame", frames, span(c.upTime()))},
			Advice:   "Set the encoder to a key frame every second or two, and look whether it answers requests for one (PLI).",
		})
	}
	return out
}

// fadedFindings name media that came and stopped, or is nothing but silence. Where people speak with each other both
// may be meant, and only a check asks for more; who publishes means to be seen and heard.
func (c *Call) fadedFindings() []Finding {
	var out []Finding
	for _, kind := range kinds {
		f, found := stoppedFinding(c, kind, c.StreamOf(Inbound, kind))
		if !found {
			f, found = silentFinding(c, kind)
		}
		if found {
			f.Severity = Warn
			out = append(out, f)
		}
	}
	return out
}

// withoutKeyFrame reports whether video has come for a while without any key frame, and how many frames.
func (c *Call) withoutKeyFrame() (frames uint32, without bool) {
	sample := c.Latest()
	if sample == nil || c.upTime() < keyFrameGrace {
		return 0, false
	}
	for _, in := range sample.Inbound {
		if in.Kind != "video" || in.FramesReceived == nil || in.KeyFramesReceived == nil || *in.FramesReceived == 0 {
			continue
		}
		if *in.KeyFramesReceived > 0 {
			return 0, false
		}
		frames, without = frames+*in.FramesReceived, true
	}
	return frames, without
}

// declined reports whether the latest remote offer sends a kind that our answer refuses, and with which codecs.
func (c *Call) declined(kind string) (codecs string, yes bool) {
	var offer, answer string
	for _, d := range c.Descriptions {
		switch {
		case d.Side == Remote && d.SDPType == "offer":
			offer, answer = d.SDP, ""
		case d.Side == Local && d.SDPType == "answer":
			answer = d.SDP
		}
	}
	if answer == "" || !SDPSends(offer, kind) || !strings.Contains(answer, "m="+kind+" 0 ") ||
		strings.Contains(answer, "a=bundle-only") {
		return "", false
	}
	return strings.Join(codecNames(offer, kind), " "), true
}

// codecNames lists the codecs of the sections of a kind, each once (RFC 8866 §6.6).
func codecNames(sdp, kind string) []string {
	var names []string
	inside := false
	for line := range strings.Lines(sdp) {
		line = strings.TrimRight(line, "\r\n")
		if strings.HasPrefix(line, "m=") {
			inside = strings.HasPrefix(line, "m="+kind+" ")
		}
		mapping, ok := strings.CutPrefix(line, "a=rtpmap:")
		_, codec, found := strings.Cut(mapping, " ")
		if !inside || !ok || !found || len(names) >= 16 {
			continue
		}
		if name, _, _ := strings.Cut(codec, "/"); !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names
}
