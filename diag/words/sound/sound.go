// Package sound writes English about what audio holds: silence, noise, clipping, tones.
package sound

import (
	"fmt"
	"math"
	"strings"

	"dialtone/diag"
	"dialtone/diag/judge"
)

// Text is a finding in English, as package words has it.
type Text struct {
	Title    string   `json:"title"`
	Evidence []string `json:"evidence,omitempty"`
	Advice   string   `json:"advice,omitempty"`
}

// Entry is what is known about the findings of one ID.
type Entry struct {
	Explain string
	Write   func(f judge.Finding, times func(diag.Millis) string) Text
}

// on makes the entry of findings whose evidence is an E.
func on[E any](explain string, write func(e E, times func(diag.Millis) string) Text) Entry {
	return Entry{explain, func(f judge.Finding, times func(diag.Millis) string) Text {
		e, _ := f.Evidence.(E)
		return write(e, times)
	}}
}

// Findings are the entries by the ID of the finding.
var Findings = map[string]Entry{
	"media.silent": on(
		"Nothing in the audio is louder than −80 dBFS, below the noise of any microphone. Opus and G.711 are decoded; "+
			"of other codecs, the level that the sender states (RFC 6464) counts. Silence since early in the call is a "+
			"warning, and an error if a check expected audio. Silence after sound may be a pause: it is a note.",
		quiet),
	"media.comfort_noise": on(
		"Packets arrive, and all that they hold is comfort noise (RFC 3389, or discontinuous transmission of Opus), or "+
			"noise below −40 dBFS with a constant level, which speech never has. Loss and jitter look perfect in such a "+
			"call. After a test tone it is a note, else it is reported only if it is most of the connection.",
		quiet),
	"media.clipping": on(
		"More than 1 % of the sound has its samples at the largest value, several in a row: the signal is too loud "+
			"for its coding and is distorted. A pure tone at full scale does not count.",
		func(e judge.MediaClipping, times func(diag.Millis) string) Text {
			return Text{
				Title:    audio(e.Direction) + " is distorted: it clips.",
				Evidence: []string{"samples at the limit: " + times(e.ClippedMs) + " of " + times(e.OfMs)},
				Advice:   "Lower the gain of the sender's source, or turn on its automatic gain control.",
			}
		}),
	"media.tone_lost": on(
		"A steady tone was heard for at least two seconds, as dialtone sends one, and then no longer, although packets "+
			"still arrive. Of outbound audio, the peer's own statistics say so.",
		func(e judge.ToneBroken, times func(diag.Millis) string) Text {
			return Text{
				Title: fmt.Sprintf("The tone of %s in the %s has been missing for %s.", Hertz(e.Frequency),
					strings.ToLower(audio(e.Direction)), times(diag.Millis(diag.SecondsOf(e.AbsentFor)))),
				Evidence: []string{Tone(&e.Tone, times)},
				Advice:   "Check the sender at that time: muted, or its source ended; then servers between that mix or transcode.",
			}
		}),
	"media.tone_dropouts": on(
		"A steady tone was interrupted several times, although the packets of these moments arrived. Something that "+
			"handles the sound, not the network, drops it. Interruptions by lost packets do not count here.",
		func(e judge.ToneBroken, times func(diag.Millis) string) Text {
			return Text{
				Title: fmt.Sprintf("The tone of %s in the %s drops out.", Hertz(e.Frequency),
					strings.ToLower(audio(e.Direction))),
				Evidence: []string{Tone(&e.Tone, times)},
				Advice:   "Check the sender's CPU load and its audio source; then servers between that mix or transcode.",
			}
		}),
}

func quiet(e judge.MediaQuiet, times func(diag.Millis) string) Text {
	what := " has been silent for "
	advice := "Check the sender's source: a microphone that is muted, missing or not allowed."
	if e.Comfort > 0 || e.Level != nil {
		what = " has held only noise for "
		advice = "Check that the sender's source is the right one and not muted."
	}
	t := Text{Title: audio(e.Direction) + what + times(e.ForMs) + ".", Advice: advice}
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

// Level is a level of 0–1 in dB below full scale.
func Level(level float64) string {
	if level < 1e-5 {
		return "below −100 dBFS"
	}
	return strings.Replace(fmt.Sprintf("%.0f dBFS", 20*math.Log10(level)), "-", "−", 1)
}

// Hertz is a frequency.
func Hertz(hz float64) string { return fmt.Sprintf("%.0f Hz", hz) }

// Tone is what was heard of a tone: "440 Hz, 3 dropouts of 40 ms".
func Tone(t *diag.Tone, times func(diag.Millis) string) string {
	millis := func(s float64) string { return times(diag.Millis(diag.SecondsOf(s))) }
	out := Hertz(t.Frequency) + " heard for " + millis(t.Duration)
	switch {
	case t.Dropouts == 0 && t.AbsentFor == 0:
		return out + ", no dropout"
	case t.Dropouts == 1:
		out += ", 1 dropout of " + millis(t.DropoutsDuration)
	case t.Dropouts > 1 && t.LongestDropout*float64(t.Dropouts) < t.DropoutsDuration*1.01:
		out += fmt.Sprintf(", %d dropouts of %s", t.Dropouts, millis(t.LongestDropout))
	case t.Dropouts > 1:
		out += fmt.Sprintf(", %d dropouts, %s in all, the longest %s", t.Dropouts, millis(t.DropoutsDuration),
			millis(t.LongestDropout))
	}
	if t.DropoutsOfLoss > 0 {
		out += fmt.Sprintf(" (%d by lost packets)", t.DropoutsOfLoss)
	}
	return out
}
