package session

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"dialtone/diag"
)

func TestParseControl(t *testing.T) {
	for _, test := range []struct {
		name, in string
		want     control
		fails    bool
	}{
		{"hang-up", `{"code":"reject"}`, control{Code: codeReject}, false},
		{"mute", `{"code":"mute_audio","value":true}`, control{Code: codeMuteAudio, Value: diag.Ptr(true)}, false},
		{"unmute", `{"code":"mute_video","value":false}`, control{Code: codeMuteVideo, Value: diag.Ptr(false)}, false},
		{"the document's spelling", `{"code":"mute_microphone","value":true}`, control{Code: codeMuteAudio, Value: diag.Ptr(true)}, false},
		{"hello", `{"code":"hello","agent":"dialtone 1.2\u001b[31m"}`, control{Code: codeHello, Agent: "dialtone 1.2\ufffd[31m"}, false},
		{"unknown", `{"code":"dance","value":"tango"}`, control{Code: "dance"}, false},
		{"no value", `{"code":"mute_audio"}`, control{}, true},
		{"a value of another type", `{"code":"mute_audio","value":"yes"}`, control{}, true},
		{"no code", `{"value":true}`, control{}, true},
		{"no object", `["reject"]`, control{}, true},
		{"no JSON", `reject`, control{}, true},
		{"too long", `{"code":"reject","x":"` + strings.Repeat("x", maxControl) + `"}`, control{}, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			got, err := parseControl([]byte(test.in))
			if (err != nil) != test.fails {
				t.Fatalf("error %v", err)
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func FuzzControl(f *testing.F) {
	f.Add([]byte(`{"code":"mute_audio","value":true}`))
	f.Add([]byte(`{"code":"hello","agent":"x"}`))
	f.Add([]byte(`{"code":7}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		c, err := parseControl(data)
		if err != nil {
			return
		}
		if c.Code == "" || len(c.Code) > 64 || len(c.Agent) > 64 {
			t.Errorf("%+v", c)
		}
		if (c.Code == codeMuteAudio || c.Code == codeMuteVideo) && c.Value == nil {
			t.Error("a mute without a value would be followed")
		}
	})
}
