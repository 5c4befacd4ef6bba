package main

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pion/webrtc/v4"

	"dialtone/diag"
)

// replier is what the peer of a channelServer does with a message; all are its channels by their labels.
type replier func(dc *webrtc.DataChannel, m webrtc.DataChannelMessage, all *sync.Map)

// text answers each message by another, on the same channel.
func text(reply func(string) string) replier {
	return func(dc *webrtc.DataChannel, m webrtc.DataChannelMessage, _ *sync.Map) {
		_ = dc.SendText(reply(string(m.Data)))
	}
}

// channelServer answers offers with a peer that answers messages of data channels; nil: with silence.
func channelServer(t *testing.T, reply replier) string {
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
		var all sync.Map
		p.OnDataChannel(func(dc *webrtc.DataChannel) {
			all.Store(dc.Label(), dc)
			dc.OnMessage(func(m webrtc.DataChannelMessage) {
				if reply != nil {
					reply(dc, m, &all)
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
	no := []string{"[stats.", "[ends.", "error:"}
	batch := func() replier {
		var mu sync.Mutex
		waiting := map[string][]string{}
		return func(dc *webrtc.DataChannel, m webrtc.DataChannelMessage, _ *sync.Map) {
			mu.Lock()
			defer mu.Unlock()
			if waiting[dc.Label()] = append(waiting[dc.Label()], string(m.Data)); dc.Label() != diag.LabelPing || len(waiting[dc.Label()]) == 2 {
				_ = dc.SendText("[" + strings.Join(waiting[dc.Label()], ",") + "]")
				waiting[dc.Label()] = nil
			}
		}
	}
	on := func(label string) replier {
		return func(_ *webrtc.DataChannel, m webrtc.DataChannelMessage, all *sync.Map) {
			if dc, ok := all.Load(label); ok {
				_ = dc.(*webrtc.DataChannel).SendText(string(m.Data))
			}
		}
	}
	for name, test := range map[string]struct {
		reply replier
		exit  diag.Exit
		says  []string
		not   []string
	}{
		"all comes back": {text(func(s string) string { return s }), diag.ExitPass, []string{"open, echoed", "passed all(runs, .answered) true"}, []string{"[stats.", "[ends.", "error:"}},
		"changed":        {text(func(s string) string { return "echo: " + s }), diag.ExitPass, []string{"The peer answers on a data channel, but does not echo.", `it sent "echo: hello from dialtone check"`, "passed all(runs, .answered) true"}, []string{"stats."}},
		"pong":           {text(func(string) string { return "pong 1" }), diag.ExitPass, []string{"does not echo", `it sent "pong 1"`}, []string{"stats."}},
		"upper case":     {text(strings.ToUpper), diag.ExitPass, []string{"does not echo", `it sent "HELLO FROM DIALTONE CHECK" on the channel chat`, "ping open"}, []string{"[stats.", "[ends.", "error:", "open, echoed"}},
		"batched":        {batch(), diag.ExitPass, []string{`it sent "[hello from dialtone check]" on the channel chat`}, no},
		"late": {func(dc *webrtc.DataChannel, m webrtc.DataChannelMessage, _ *sync.Map) {
			time.AfterFunc(time.Second, func() { _ = dc.SendText(string(m.Data)) })
		}, diag.ExitPass, []string{"chat open, echoed"}, no},
		"too late": {func(dc *webrtc.DataChannel, m webrtc.DataChannelMessage, _ *sync.Map) {
			time.AfterFunc(time.Minute, func() { _ = dc.SendText(string(m.Data)) })
		}, diag.ExitChannel, []string{"no ping was answered, no message came back in "}, no[:2]},
		"on the control channel":    {on(diag.LabelControl), diag.ExitPass, []string{"does not echo", "on the channel special_datachannel"}, no},
		"on the one for statistics": {on(diag.LabelStats), diag.ExitPass, []string{"does not echo", "on the channel dialtone-stats"}, no},
		"binary":                    {func(dc *webrtc.DataChannel, m webrtc.DataChannelMessage, _ *sync.Map) { _ = dc.Send(m.Data) }, diag.ExitPass, []string{"ping open, echoed"}, no},
		"empty":                     {text(func(string) string { return "" }), diag.ExitPass, []string{"it sent an empty message on the channel chat"}, no},
		"silence":                   {nil, diag.ExitChannel, []string{"No message on a data channel was answered."}, nil},
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
	url := channelServer(t, text(func(s string) string { return s }))
	code, text := checked(t, "--offer", url, "--no-media", "--for", "500ms", "--channel", "oai-events")
	if code != diag.ExitPass || !strings.Contains(text, "oai-events open") || strings.Contains(text, "special_datachannel") {
		t.Errorf("%v %s", code, text)
	}
}
