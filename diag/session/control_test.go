package session

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"dialtone/diag"
	"dialtone/diag/peer"
)

func TestParseControl(t *testing.T) {
	for _, test := range []struct {
		name, in string
		want     control
		fails    bool
	}{
		{"hang-up", `{"code":"reject"}`, control{Code: codeReject}, false},
		{"mute", `{"code":"mute_audio","value":true}`, control{Code: codeMuteAudio, Value: new(true)}, false},
		{"unmute", `{"code":"mute_video","value":false}`, control{Code: codeMuteVideo, Value: new(false)}, false},
		{"the document's spelling", `{"code":"mute_microphone","value":true}`, control{Code: codeMuteAudio, Value: new(true)}, false},
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

// TestWhoseHello: what an echo sends back is not taken for another dialtone, even if it lost the ID or the name.
func TestWhoseHello(t *testing.T) {
	for name, test := range map[string]struct {
		in    string
		agent string // of the remote end, as which it is known then
		code  string // of the event
	}{
		"another dialtone":               {`{"code":"hello","agent":"dialtone 1","stats":true,"id":"theirs"}`, "dialtone 1", codeHello},
		"another dialtone, as it was":    {`{"code":"hello","agent":"dialtone 0.9","stats":true}`, "dialtone 0.9", codeHello},
		"the call page":                  {`{"code":"hello","agent":"dialtone page"}`, "dialtone page", codeHello},
		"the own hello":                  {`{"code":"hello","agent":"dialtone 1","stats":true,"id":"ours"}`, "", codeEcho},
		"with another name":              {`{"code":"hello","agent":"echo","id":"ours"}`, "", codeEcho},
		"without its ID":                 {`{"code":"hello","agent":"dialtone 1","stats":true}`, "", codeEcho},
		"without its name and ID":        {`{"code":"hello","stats":true}`, "", codeHello},
		"its ID, but no hello":           {`{"code":"pong","id":"ours"}`, "", "pong"},
		"without its name, another's ID": {`{"code":"hello","id":"theirs"}`, "", codeHello},
	} {
		t.Run(name, func(t *testing.T) {
			var who string
			c, _ := place(t, Options{Config: diag.Config{Version: "1"}}, func(r *rig) {
				r.id = "ours"
				r.answers()
				r.peer.callbacks.OnMessage(diag.LabelControl, true, []byte(test.in))
				r.do(func() { who = r.remote.agent })
				synctest.Wait()
				r.Hangup()
			})
			var code string
			for _, m := range c.Messages {
				if m.Direction == diag.Inbound && m.Control != nil {
					code = m.Control.Code
				}
			}
			if who != test.agent || code != test.code {
				t.Errorf("the peer is %q, want %q; the event says %q, want %q", who, test.agent, code, test.code)
			}
		})
	}
}

// TestLongestControl is one of exactly as many bytes as are read.
func TestLongestControl(t *testing.T) {
	message := func(size int) []byte {
		head, tail := `{"code":"reject","x":"`, `"}`
		return []byte(head + strings.Repeat("x", size-len(head)-len(tail)) + tail)
	}
	if c, err := parseControl(message(maxControl)); err != nil || c.Code != "reject" {
		t.Error(c, err)
	}
	if _, err := parseControl(message(maxControl + 1)); !errors.Is(err, errControl) {
		t.Error(err)
	}
}

// TestRoomForMessages: as many bytes as may come at once become events, and not one more; what is left out counts by
// label, up to some labels.
func TestRoomForMessages(t *testing.T) {
	now := time.Now()
	f := newFlood(func() time.Time { return now })
	const most = maxStats // of one message
	for left := burstBytes; left >= messageCost+most; left -= messageCost + most {
		if !f.admit(strings.Repeat("a", left%97), most) { // several labels: each may have some messages
			t.Fatalf("there is room for %d bytes", left)
		}
	}
	rest := int(f.room) - messageCost
	if f.admit("more", rest+1) || !f.admit("fits", rest) || f.admit("full", 0) {
		t.Errorf("the last %d bytes", rest)
	}
	for n := range 3 * floodLabels {
		f.admit(fmt.Sprint(n), 0)
	}
	sum := f.sum()
	if len(sum) != floodLabels+1 || sum[0].Label != "" || sum[0].Messages != 2*floodLabels+2 {
		t.Errorf("%d labels: %+v", len(sum), sum)
	}
	if len(f.sum()) != 0 {
		t.Error("they are counted twice")
	}
}

// TestControlsThatLeft: a control message is in the log if the channel took it.
func TestControlsThatLeft(t *testing.T) {
	for _, full := range []error{nil, peer.ErrChannelFull} {
		r := newRig(Options{})
		r.in(connected)
		r.peer.full = full
		sent := r.sendControlOn(diag.LabelControl, control{Code: codeReject})
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		events, _ := r.log.Next(ctx) // none: its error
		logged := slices.ContainsFunc(events, func(e diag.Event) bool { return e.Data == diag.Control{Direction: diag.Outbound, Code: codeReject} })
		if sent != (full == nil) || logged != sent {
			t.Errorf("%v: sent %t, logged %t", full, sent, logged)
		}
	}
}

// TestMuteIsKept: what was muted before the channel for it opened is said when it opens, and a connection that replaces
// another one is muted as that was.
func TestMuteIsKept(t *testing.T) {
	var done []string
	place(t, Options{Config: diag.Config{Version: "1"}}, func(r *rig) {
		r.answers()
		_ = r.Mute("audio", true)
		_ = r.Mute("video", true)
		_ = r.Mute("video", false)
		synctest.Wait()
		before := len(r.copy())
		r.opens(diag.LabelControl)
		r.do(func() { _ = r.replace() })
		synctest.Wait()
		done = r.copy()[before:]
		r.Hangup()
	})
	for what, want := range map[string]bool{
		`peer sends {"code":"mute_audio","value":true}`: true, "peer mutes audio true": true,
		`peer sends {"code":"mute_video","value":true}`: false, "peer mutes video true": false,
	} {
		if slices.Contains(done, what) != want {
			t.Errorf("%s: want %t of %q", what, want, done)
		}
	}
}
