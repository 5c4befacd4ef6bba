package main

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/pion/webrtc/v4"

	"dialtone/diag"
)

// channelServer answers offers with a peer that answers each message of a data channel by reply; nil: with silence.
func channelServer(t *testing.T, reply func(string) string) string {
	t.Helper()
	var mu sync.Mutex
	var peers []*webrtc.PeerConnection
	t.Cleanup(func() {
		mu.Lock()
		defer mu.Unlock()
		for _, p := range peers {
			_ = p.Close()
		}
	})
	answer := func(offer webrtc.SessionDescription) (*webrtc.SessionDescription, error) {
		engine := webrtc.SettingEngine{}
		engine.SetIncludeLoopbackCandidate(true)
		p, err := webrtc.NewAPI(webrtc.WithSettingEngine(engine)).NewPeerConnection(webrtc.Configuration{})
		if err != nil {
			return nil, err
		}
		mu.Lock()
		peers = append(peers, p)
		mu.Unlock()
		p.OnDataChannel(func(dc *webrtc.DataChannel) {
			dc.OnMessage(func(m webrtc.DataChannelMessage) {
				if reply != nil {
					_ = dc.SendText(reply(string(m.Data)))
				}
			})
		})
		gathered := webrtc.GatheringCompletePromise(p)
		if err := p.SetRemoteDescription(offer); err != nil {
			return nil, err
		}
		local, err := p.CreateAnswer(nil)
		if err != nil {
			return nil, err
		}
		if err := p.SetLocalDescription(local); err != nil {
			return nil, err
		}
		<-gathered
		return p.LocalDescription(), nil
	}
	h := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var offer webrtc.SessionDescription
		err := json.NewDecoder(r.Body).Decode(&offer)
		var local *webrtc.SessionDescription
		if err == nil {
			local, err = answer(offer)
		}
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(local)
	}))
	t.Cleanup(h.Close)
	return h.URL
}

// TestEchoServers: a server that sends back all that it gets is an echo and not another dialtone; one that answers with
// a text of its own answers.
func TestEchoServers(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		reply func(string) string
		exit  diag.Exit
		says  []string
		not   []string
	}{
		"all comes back": {func(s string) string { return s }, diag.ExitPass, []string{"open, echoed", "passed all(runs, .answered) true"}, []string{"[stats.", "[ends.", "error:"}},
		"changed":        {func(s string) string { return "echo: " + s }, diag.ExitPass, []string{"The peer answers on a data channel, but does not echo.", `it sent "echo: hello from dialtone check"`, "passed all(runs, .answered) true"}, []string{"stats."}},
		"pong":           {func(string) string { return "pong 1" }, diag.ExitPass, []string{"does not echo", `it sent "pong 1"`}, []string{"stats."}},
		"silence":        {nil, diag.ExitChannel, []string{"No message on a data channel was answered."}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			code, text := checked(t, "--offer", channelServer(t, test.reply), "--no-media", "--for", "2500ms")
			if code != test.exit {
				t.Errorf("exit %v", code)
			}
			for _, want := range test.says {
				if !strings.Contains(text, want) {
					t.Errorf("no %q", want)
				}
			}
			for _, other := range test.not {
				if strings.Contains(text, other) {
					t.Errorf("%q is there", other)
				}
			}
			if t.Failed() {
				t.Log(text)
			}
		})
	}
}

// TestOwnChannel: the one data channel of a server that wants another than dialtone's.
func TestOwnChannel(t *testing.T) {
	t.Parallel()
	url := channelServer(t, func(s string) string { return s })
	code, text := checked(t, "--offer", url, "--no-media", "--for", "500ms", "--channel", "oai-events")
	if code != diag.ExitPass || !strings.Contains(text, "oai-events open") || strings.Contains(text, "special_datachannel") {
		t.Errorf("%v %s", code, text)
	}
}
