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
		"nothing":       {nil, ""},
		"own messages":  {[]diag.Event{in(diag.LabelStats, "x"), {Data: diag.Message{Direction: diag.Outbound, Label: diag.LabelChat, Text: "hello"}}}, ""},
		"another first": {[]diag.Event{in("ping", "pong 0"), in(diag.LabelChat, "pong 1"), in(diag.LabelChat, "pong 2")}, "pong 1"},
		"another only":  {[]diag.Event{in("ping", "pong 0"), in("ping", "pong 1")}, "pong 0"},
		"binary":        {[]diag.Event{in("ping", "")}, "binary"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := Fold(test.events).Answer(); got != test.want {
				t.Errorf("%q, want %q", got, test.want)
			}
		})
	}
}
