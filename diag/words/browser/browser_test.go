package browser

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"dialtone/diag"
	"dialtone/diag/browser"
	"dialtone/diag/judge"
	"dialtone/diag/words/phrase"
)

// TestSaid: what is said depends on what the evidence proves.
func TestSaid(t *testing.T) {
	second := diag.Millis(1e9)
	for name, tt := range map[string]struct {
		id       string
		evidence any
		want     phrase.Text
	}{
		"no device": {"browser.capture_no_device", browser.CaptureFailed{Video: true, Error: "NotFoundError"}, phrase.Text{
			Title:    "The browser found no device for the camera.",
			Evidence: []string{"the browser reported NotFoundError"},
			Advice:   "Connect the device, or relax the constraints of getUserMedia.",
		}},
		"one of two": {"browser.capture_in_use", browser.CaptureFailed{Audio: true, Video: true}, phrase.Text{
			Title:  "The browser could not open the microphone or the camera.",
			Advice: "Close other programs that use the device, or connect it again.",
		}},
		"none that fits": {"browser.capture_no_device", browser.CaptureFailed{Video: true, Error: "OverConstrainedError"}, phrase.Text{
			Title:    "No device fits what the page requires of the camera.",
			Evidence: []string{"the browser reported OverConstrainedError"},
			Advice:   "Relax the constraints of getUserMedia.",
		}},
		"the path limits": {"browser.limited_bandwidth", browser.Limited{ForMs: 3 * second, OfMs: 9 * second}, phrase.Text{
			Title:  "The browser reduced the quality of video 7 because of the bandwidth for 3.0 s of 9.0 s.",
			Advice: "Measure the path with dialtone speed, and compare with the target bitrate.",
		}},
		"the page limits": {"browser.limited_bandwidth", browser.Limited{
			ForMs: 3 * second, OfMs: 9 * second, Available: new(1.848e6), Wanted: new(6e4),
		}, phrase.Text{
			Title:    "The browser limited the bitrate of video 7 for 3.0 s of 9.0 s, although it expected the path to carry more.",
			Evidence: []string{"1.85 Mbit/s available, the target of all encoders was 60 kbit/s"},
			Advice: "Look for limits that the page sets: maxBitrate of a sender, b= in a description. Without any, it is the " +
				"most that the browser sends at this resolution.",
		}},
		"no answer": {"browser.no_answer", browser.PeerSilent{ForMs: 12 * second}, phrase.Text{
			Title:  "The page set no answer of the peer within 12.0 s.",
			Advice: "Check that the offer reaches the peer and its answer the page; a dump of the peer shows how far the peer came.",
		}},
		"no answer in the call": {"browser.no_answer", browser.PeerSilent{ForMs: 12 * second, Later: true}, phrase.Text{
			Title:  "The page set no answer to its last offer within 12.0 s: what that changes has no effect.",
			Advice: "Check that the offer reaches the peer and its answer the page; a dump of the peer shows how far the peer came.",
		}},
	} {
		f := judge.Finding{ID: tt.id, Subject: "video 7", Evidence: tt.evidence}
		if diff := cmp.Diff(tt.want, Findings[tt.id].Write(f)); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}
