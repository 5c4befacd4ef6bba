// Package video says what the pictures of a call show.
package video

import (
	"fmt"
	"strings"

	"dialtone/diag"
	"dialtone/diag/call"
	"dialtone/diag/judge"
	"dialtone/diag/words/phrase"
)

// Findings are the entries of package words about pictures.
var Findings = map[string]phrase.Entry{
	"media.black": phrase.Fixed(
		"The key frames of the video were decoded, and those since then are black: at least 98 % of their pixels, "+
			"and none stands out. Only VP8 is decoded. Where frames are as small as those of a black or frozen "+
			"picture, key frames are requested to look at it. In a check that expects video, this is a failure.",
		"Inbound video is black.",
		"Check the sender's camera: covered, used by another program, or replaced by a black track.",
		func(e judge.PictureBlack) []string {
			return []string{
				fmt.Sprintf("the last %d key frames, over %s, are black: %.1f %% of the pixels of the latest", e.Pictures,
					phrase.Duration(e.ForMs.Duration()), 100*e.Dark),
			}
		}),
	"media.b_frames": phrase.Fixed(
		"The video has B-frames: frames that are sent after others that are shown later (picture order counts and "+
			"types of slices, ITU-T H.264). WebRTC endpoints send frames in the order in which they are shown, and "+
			"receivers may show them as they come: the picture jumps back and forth, or stutters.",
		"The video has B-frames, with which browsers stutter.",
		"Set the encoder to no B-frames (OBS: Settings > Output > Streaming, B-frames 0 or tune zerolatency; "+
			"ffmpeg: -bf 0).",
		func(e diag.VideoEncoding) []string {
			return []string{Encoding(e), "frames arrive after frames that are shown later"}
		}),
	"media.key_frames_rare": phrase.On(
		"Decoding begins at a key frame. This publisher sends one less often than every 4 seconds and none within 2.5 "+
			"seconds of a request (PLI, RFC 4585), so someone who joins, or loses packets, sees nothing until the next. Of OBS "+
			"and other encoders, the interval is a setting. Its default (0, auto) is often 250 frames.",
		func(_ judge.Finding, e call.RareKeyFrames) phrase.Text {
			interval := phrase.Duration(e.IntervalMs.Duration())
			if e.AtLeast {
				interval = "at least " + interval
			}
			return phrase.Say("Key frames are rare, and requests for one are not answered: viewers who join wait.",
				"Set the key-frame interval of the encoder to 1 or 2 s (OBS: Settings > Output > Streaming, Keyframe "+
					"Interval, not 0; ffmpeg: -g with twice the frame rate).",
				interval+" between two key frames",
				"no key frame for "+phrase.Duration(e.WaitMs.Duration())+" after a request")
		}),
	"media.profile_not_agreed": phrase.On(
		"The sequence parameter set of the H.264 stream names a profile that decoders of the negotiated one need not know "+
			"(profile-level-id, RFC 6184 §8.1). Some receivers decode it anyway, others show nothing. OBS offers constrained "+
			"baseline whatever its encoder is set to.",
		func(_ judge.Finding, e call.Profiles) phrase.Text {
			return phrase.Say("The video is H264 "+profile(e.Sent)+", but "+profile(e.Agreed)+" was negotiated.",
				"Set the encoder to the profile baseline (OBS: Settings > Output > Streaming, Profile; ffmpeg: "+
					"-profile:v baseline), which every browser decodes.",
				"profile-level-id "+e.Sent+" sent, "+e.Agreed+fmt.Sprintf(" agreed for payload type %d", e.PayloadType))
		}),
	"media.profile_optional": phrase.On(
		"Of the profiles of H.264, WebRTC endpoints must support only constrained baseline (RFC 7742 §6.2). Others are "+
			"optional: a viewer that does not offer this one gets no video, unless a server transcodes it.",
		func(_ judge.Finding, e call.Profiles) phrase.Text {
			return phrase.Say("The video is H264 "+profile(e.Sent)+", which not every WebRTC receiver must decode.",
				"Set the encoder to the profile baseline if a viewer gets no video.",
				"profile-level-id "+e.Sent+" sent, "+e.Agreed+" agreed")
		}),
	"media.skew": phrase.On(
		"Sound and picture of the peer do not arrive together: its sender reports tie both to one clock (RFC 3550), and one "+
			"kind of media arrives later after its capture than the other. Sound that comes 90 ms before its picture, or 185 "+
			"ms after it, is not acceptable (ITU-R BT.1359). A receiver that plays both in time has to hold back the faster.",
		func(_ judge.Finding, e judge.SkewFound) phrase.Text {
			later, earlier := "video", "audio"
			if e.SkewMs < 0 {
				later, earlier = earlier, later
			}
			return phrase.Say("Inbound "+later+" arrives later than "+earlier+".",
				"Check the sender and the servers between: one of them buffers "+later+".",
				fmt.Sprintf("by at least %s in each of the last %d samples",
					phrase.Duration(e.SkewMs.Duration().Abs()), e.Samples))
		}),
	"media.still": phrase.On(
		"The key frames of the video were decoded, and those since then show the same, although frames arrive. That need "+
			"not be a fault: a slide does not move. The mean luma of 192 parts of the picture is compared, so the noise of "+
			"coding does not count as a change. Only VP8 is decoded.",
		func(_ judge.Finding, e judge.PictureStill) phrase.Text {
			t := phrase.Say("Inbound video does not move.",
				"Check the sender's source: a camera that hangs repeats its last picture. A slide is still, too.",
				fmt.Sprintf("the last %d key frames, over %s, show the same", e.Pictures,
					phrase.Duration(e.ForMs.Duration())))
			if e.Color != "" {
				color := diag.Clean(e.Color, len("#rrggbb"))
				t.Title = "Inbound video shows nothing but one color, " + color + "."
				t.Advice = "Check the sender's source: frames that no one has filled are often of one color, such as green."
			}
			return t
		}),
}

// profile names the profile of a profile-level-id.
func profile(id string) string {
	p, ok := diag.ParseProfileLevel(id)
	if !ok {
		return "profile " + id
	}
	return p.Profile()
}

// Encoding says how a video is coded: "H264 High 4.0, B-frames, key frame each 8.3 s".
func Encoding(d diag.VideoEncoding) string {
	profile := d.Profile
	if profile != "" && d.ProfileLevelID == "" {
		profile = "profile " + profile
	}
	parts := []string{strings.Join(strings.Fields(strings.TrimPrefix(d.MimeType, "video/")+" "+profile+" "+d.Level), " ")}
	switch {
	case d.BFrames == nil:
	case *d.BFrames:
		parts = append(parts, "B-frames")
	default:
		parts = append(parts, "no B-frames")
	}
	if d.KeyFrameIntervalMs != nil {
		parts = append(parts, "a key frame each "+phrase.Duration(d.KeyFrameIntervalMs.Duration()))
	}
	return strings.Join(parts, ", ")
}

// Picture describes a decoded picture in one line.
func Picture(d diag.Picture) string {
	text := fmt.Sprintf("%d×%d, luma %.0f %%", d.Width, d.Height, 100*d.Luma)
	if d.Dark > 0.5 {
		text += fmt.Sprintf(", %.0f %% black", 100*d.Dark)
	}
	if d.Color != "" {
		text += ", all " + diag.Clean(d.Color, len("#rrggbb"))
	}
	if d.Difference != nil {
		text += fmt.Sprintf(", differs by %.1f %%", 100**d.Difference)
	}
	if d.ClipFrame != nil {
		text += fmt.Sprintf(", frame %d of dialtone's clip", *d.ClipFrame)
	}
	return text
}

// Clip says what became of the frames of dialtone's clip.
func Clip(c diag.ClipFrames) string {
	text := fmt.Sprintf("dialtone's clip: %d frames", c.Received)
	for _, part := range []struct {
		n    uint32
		what string
	}{{c.Skipped, "skipped"}, {c.Late, "late"}, {c.Repeated, "repeated"}} {
		if part.n > 0 {
			text += fmt.Sprintf(", %d %s", part.n, part.what)
		}
	}
	return text
}

// Skew says which of sound and picture arrives later, by seconds.
func Skew(seconds float64) string {
	if seconds < 0 {
		return fmt.Sprintf("audio %.0f ms later than video", -seconds*1000)
	}
	return fmt.Sprintf("video %.0f ms later than audio", seconds*1000)
}
