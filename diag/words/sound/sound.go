// Package sound writes English about what audio holds: silence, noise, clipping, tones.
package sound

import (
	"fmt"
	"math"
	"strings"

	"dialtone/diag"
	"dialtone/diag/call"
	"dialtone/diag/judge"
	"dialtone/diag/words/phrase"
)

// Findings are the entries by the ID of the finding.
var Findings = map[string]phrase.Entry{
	"media.silent": phrase.On(
		"Nothing in the audio is louder than −80 dBFS, below the noise of any microphone. Opus and G.711 are decoded; "+
			"of other codecs, the level that the sender states (RFC 6464) counts. Silence since early in the call is a "+
			"warning, and an error if a check expected audio. Silence after sound may be a pause: it is a note.",
		quiet),
	"media.comfort_noise": phrase.On(
		"Packets arrive, and all that they hold is comfort noise (RFC 3389, or discontinuous transmission of Opus), or "+
			"noise below −40 dBFS with a constant level, which speech never has. Loss and jitter look perfect in such a "+
			"call. It is a note after a test tone and in the first five seconds, in which the peer may listen. Else it is "+
			"reported only if it is most of the connection.",
		quiet),
	"media.clipping": phrase.On(
		"More than 1 % of the sound has its samples at the largest value, several in a row: the signal is too loud "+
			"for its coding and is distorted. A pure tone at full scale does not count.",
		func(_ judge.Finding, e judge.MediaClipping) phrase.Text {
			return phrase.Say(audio(e.Direction)+" is distorted: it clips.",
				advised(e.Direction, "Lower the gain of the sender's source, or turn on its automatic gain control."),
				"samples at the limit: "+phrase.Duration(e.ClippedMs.Duration())+" of "+
					phrase.Duration(e.OfMs.Duration()))
		}),
	"media.tone_lost": phrase.On(
		"A steady tone was heard for at least two seconds, as dialtone sends one, and then no longer, although packets "+
			"still arrive. Of outbound audio, the peer's own statistics say so.",
		func(_ judge.Finding, e judge.ToneBroken) phrase.Text {
			return phrase.Say(fmt.Sprintf("The tone of %s in the %s has been missing for %s.", Hertz(e.Frequency),
				strings.ToLower(audio(e.Direction)), phrase.Seconds(e.AbsentFor)),
				advised(e.Direction,
					"Check the sender at that time: muted, or its source ended; then servers between that mix or transcode."),
				Tone(&e.Tone))
		}),
	"media.tone_dropouts": phrase.On(
		"A steady tone was interrupted several times, although the packets of these moments arrived. Something that "+
			"handles the sound, not the network, drops it. Interruptions by lost packets do not count here.",
		func(_ judge.Finding, e judge.ToneBroken) phrase.Text {
			return phrase.Say(fmt.Sprintf("The tone of %s in the %s drops out.", Hertz(e.Frequency),
				strings.ToLower(audio(e.Direction))),
				advised(e.Direction,
					"Check the sender's CPU load and its audio source; then servers between that mix or transcode."),
				Tone(&e.Tone))
		}),
}

// checkOwn is the next step where the sound of this program is not heard as it was sent.
const checkOwn = "Check the file of --send-media, if there is one, and then servers between that mix or transcode."

// advised is the next step of a finding about sound: the sender's, or that of this program's own sound.
func advised(direction diag.Direction, sender string) string {
	if direction == diag.Outbound {
		return checkOwn
	}
	return sender
}

func quiet(f judge.Finding, e judge.MediaQuiet) phrase.Text {
	what := " has been silent for "
	advice := "Check the sender's source: a microphone that is muted, missing or not allowed."
	if f.ID == "media.comfort_noise" {
		what = " has held only noise for "
		advice = "Check that the sender's source is the right one and not muted."
	}
	t := phrase.Say(audio(e.Direction)+what+phrase.Duration(e.ForMs.Duration())+".",
		advised(e.Direction, advice))
	t.Evidence = append(t.Evidence, "packets still arrive")
	if e.Comfort > 0 {
		t.Evidence = append(t.Evidence, fmt.Sprintf("%d packets of comfort noise", e.Comfort))
	}
	if e.Level != nil {
		t.Evidence = append(t.Evidence, "level "+Level(*e.Level))
	}
	if e.Before {
		t.Evidence = append(t.Evidence, "there was sound before")
	}
	return t
}

func audio(direction diag.Direction) string {
	if direction == diag.Outbound {
		return "Outbound audio"
	}
	return "Inbound audio"
}

// Undecoded says how much of the audio was not decoded, because this machine was busy; "" if it all was.
func Undecoded(s *diag.Sound) string {
	if s == nil || s.RestedDuration == 0 {
		return ""
	}
	return phrase.Seconds(s.RestedDuration) + " not decoded (this machine was too busy)"
}

// Level is a level of 0–1 in dB below full scale.
func Level(level float64) string {
	if level < 1e-5 {
		return "below −100 dBFS"
	}
	return strings.Replace(fmt.Sprintf("%.0f dBFS", 20*math.Log10(level)), "-", "−", 1)
}

// Hertz is a frequency.
func Hertz(hz float64) string { return fmt.Sprintf("%.0f Hz", hz) }

// Tone is what was heard of a tone: "440 Hz, 3 dropouts of 40 ms". nil is none that could be a test tone.
func Tone(t *diag.Tone) string {
	if t == nil {
		return fmt.Sprintf("none of %d s or more", call.ToneLeast)
	}
	out := Hertz(t.Frequency) + " heard for " + phrase.Seconds(t.Duration)
	switch {
	case t.Dropouts == 0 && t.AbsentFor == 0:
		return out + ", no dropout"
	case t.Dropouts == 1:
		out += ", 1 dropout of " + phrase.Seconds(t.DropoutsDuration)
	case t.Dropouts > 1 && t.LongestDropout*float64(t.Dropouts) < t.DropoutsDuration*1.01:
		out += fmt.Sprintf(", %d dropouts of %s", t.Dropouts, phrase.Seconds(t.LongestDropout))
	case t.Dropouts > 1:
		out += fmt.Sprintf(", %d dropouts, %s in all, the longest %s", t.Dropouts, phrase.Seconds(t.DropoutsDuration),
			phrase.Seconds(t.LongestDropout))
	}
	if t.DropoutsOfLoss > 0 {
		out += fmt.Sprintf(" (%d by lost packets)", t.DropoutsOfLoss)
	}
	return out
}
