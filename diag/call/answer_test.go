package call

import (
	"testing"

	"dialtone/diag"
)

// TestAnswer: of several answers that on the chat counts, whichever channel opened first.
func TestAnswer(t *testing.T) {
	in := func(label, text string) diag.Event {
		return diag.Event{Data: diag.Message{Direction: diag.Inbound, Label: label, Text: text, Bytes: 4}}
	}
	for name, test := range map[string]struct {
		events []diag.Event
		want   string
	}{
		"nothing":          {nil, "nothing"},
		"on the wrong one": {[]diag.Event{in(diag.LabelStats, "x"), in(diag.LabelControl, "y"), in("ping", "z")}, "z"},
		"own messages":     {[]diag.Event{{Data: diag.Message{Direction: diag.Outbound, Label: diag.LabelChat, Text: "hello"}}}, "nothing"},
		"another first":    {[]diag.Event{in("ping", "pong 0"), in(diag.LabelChat, "pong 1"), in(diag.LabelChat, "pong 2")}, "pong 1"},
		"another only":     {[]diag.Event{in("ping", "pong 0"), in("ping", "pong 1")}, "pong 0"},
		"empty":            {[]diag.Event{in("ping", "")}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			got := "nothing"
			if m := Fold(test.events).Answer(); m != nil {
				got = m.Text
			}
			if got != test.want {
				t.Errorf("%q, want %q", got, test.want)
			}
		})
	}
}
