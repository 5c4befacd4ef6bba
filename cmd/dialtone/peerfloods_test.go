//go:build linux

package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/pion/rtcp"
	"github.com/pion/rtp"
	"github.com/pion/webrtc/v4"

	"dialtone/diag"
	"dialtone/diag/lab/labtest"
)

// floodTime is how long a peer floods, and its limits in that time.
const (
	floodTime    = 5 * time.Second
	mostRecorded = 16 // MB
)

// floodedAnswerer is dialtone answer while a peer floods it.
type floodedAnswerer struct {
	cmd    *exec.Cmd
	offers string // where it takes offers
	record string
	out    *bytes.Buffer // what it printed; nothing if blocked
	read   chan struct{} // closed when its output has been read
}

// startAnswerer starts dialtone answer. Unless its output is read, it blocks after 64 KiB.
func startAnswerer(t *testing.T, blocked bool) *floodedAnswerer {
	t.Helper()
	a := &floodedAnswerer{record: filepath.Join(t.TempDir(), "call.jsonl"), out: &bytes.Buffer{}, read: make(chan struct{})}
	a.cmd = exec.CommandContext(t.Context(), needBinary(t), "answer", "--listen", "127.0.0.1:0", "--record", a.record, "--once")
	out, err := a.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	a.cmd.Stderr = a.cmd.Stdout
	if err := a.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = a.cmd.Process.Kill()
		_, _ = io.Copy(io.Discard, out)
		_ = a.cmd.Wait()
	})
	lines := bufio.NewReader(out)
	for a.offers == "" {
		line, err := lines.ReadString('\n')
		if err != nil {
			t.Fatal(err)
		}
		if _, url, ok := strings.Cut(strings.TrimSpace(line), "dialtone call --offer "); ok {
			a.offers = url
		}
	}
	if blocked {
		close(a.read)
		return a
	}
	go func() {
		defer close(a.read)
		_, _ = io.Copy(a.out, lines)
	}()
	return a
}

// rawTrack gives what it is bound to, on which any packet may be sent.
type rawTrack struct{ bound chan webrtc.TrackLocalWriter }

func (r rawTrack) Bind(c webrtc.TrackLocalContext) (webrtc.RTPCodecParameters, error) {
	r.bound <- c.WriteStream()
	return c.CodecParameters()[0], nil
}
func (rawTrack) Unbind(webrtc.TrackLocalContext) error { return nil }
func (rawTrack) ID() string                            { return "raw" }
func (rawTrack) RID() string                           { return "" }
func (rawTrack) StreamID() string                      { return "raw" }
func (rawTrack) Kind() webrtc.RTPCodecType             { return webrtc.RTPCodecTypeAudio }

// flooder is a peer that is connected to the answerer, with one channel open.
func (a *floodedAnswerer) flooder(t *testing.T) *webrtc.PeerConnection {
	t.Helper()
	engine := webrtc.SettingEngine{}
	engine.SetIncludeLoopbackCandidate(true)
	p, err := webrtc.NewAPI(webrtc.WithSettingEngine(engine)).NewPeerConnection(webrtc.Configuration{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = p.GracefulClose() })
	open := make(chan struct{})
	first, err := p.CreateDataChannel("chat", nil)
	if err != nil {
		t.Fatal(err)
	}
	first.OnOpen(func() { close(open) })
	if _, err := p.AddTrack(rawTrack{make(chan webrtc.TrackLocalWriter, 1)}); err != nil {
		t.Fatal(err)
	}
	body, err := json.Marshal(wholeOffer(t, p))
	if err != nil {
		t.Fatal(err)
	}
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, a.offers, bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/json")
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = answer.Body.Close() }()
	var remote webrtc.SessionDescription
	if err := json.NewDecoder(answer.Body).Decode(&remote); err != nil {
		t.Fatal(err)
	}
	if err := p.SetRemoteDescription(remote); err != nil {
		t.Fatal(err)
	}
	select {
	case <-open:
	case <-time.After(20 * time.Second):
		t.Fatal("not connected")
	}
	return p
}

// TestPeersThatFloodCostLittle: channels, labels and messages without end stay within the memory of the program and the
// size of its recording, and the program says what it left out.
func TestPeersThatFloodCostLittle(t *testing.T) {
	labtest.NeedQuiet(t)
	t.Parallel()
	text := strings.Repeat("\x01flood ", 600)
	channels := func(t *testing.T, p *webrtc.PeerConnection, until time.Time, label func(int) string) {
		for i := range 32_763 {
			if time.Now().After(until) {
				return
			}
			if _, err := p.CreateDataChannel(label(i), nil); err != nil {
				t.Log(i, err)
				return
			}
		}
		time.Sleep(time.Until(until))
	}
	messages := func(label, text string) func(*testing.T, *webrtc.PeerConnection, time.Time) {
		return func(t *testing.T, p *webrtc.PeerConnection, until time.Time) {
			dc, err := p.CreateDataChannel(label, nil)
			if err != nil {
				t.Fatal(err)
			}
			dc.OnOpen(func() {
				for i := 0; time.Now().Before(until) && dc.SendText(strings.ReplaceAll(text, "NUMBER", fmt.Sprint(i))) == nil; i++ {
					for dc.BufferedAmount() > 1<<20 && time.Now().Before(until) {
						time.Sleep(time.Millisecond)
					}
				}
			})
			time.Sleep(time.Until(until))
		}
	}
	streams := func(t *testing.T, p *webrtc.PeerConnection, until time.Time) {
		track, _ := p.GetSenders()[0].Track().(rawTrack) // see flooder
		w := <-track.bound
		payload := make([]byte, 1000)
		for i := uint32(0); time.Now().Before(until); i++ {
			h := rtp.Header{Version: 2, PayloadType: uint8(i % 128), SSRC: i, SequenceNumber: uint16(i), Timestamp: i, Marker: true} //nolint:gosec // any will do
			if err := h.SetExtension(uint8(1+i%14), []byte(fmt.Sprint(i))); err != nil {                                             //nolint:gosec // likewise
				t.Error(err)
			}
			if _, err := w.WriteRTP(&h, payload); err != nil {
				return
			}
		}
	}
	reports := func(_ *testing.T, p *webrtc.PeerConnection, until time.Time) {
		for i := uint32(0); time.Now().Before(until); i++ {
			blocks := make([]rtcp.ReceptionReport, 31)
			for n := range blocks {
				blocks[n] = rtcp.ReceptionReport{SSRC: i*31 + uint32(n), TotalLost: 1<<24 - 1, Jitter: i} //nolint:gosec // any will do
			}
			_ = p.WriteRTCP([]rtcp.Packet{
				&rtcp.ReceiverReport{SSRC: i, Reports: blocks},
				&rtcp.SenderReport{SSRC: i, NTPTime: uint64(i) << 32, Reports: blocks},
				&rtcp.SourceDescription{Chunks: []rtcp.SourceDescriptionChunk{{Source: i, Items: []rtcp.SourceDescriptionItem{{
					Type: rtcp.SDESCNAME, Text: strings.Repeat("x", 255),
				}}}}},
				&rtcp.PictureLossIndication{SenderSSRC: i, MediaSSRC: i},
				&rtcp.Goodbye{Sources: []uint32{i}, Reason: strings.Repeat("\x1b", 200)},
			})
		}
	}
	labels := func(t *testing.T, p *webrtc.PeerConnection, until time.Time) {
		for i := range 58 {
			dc, err := p.CreateDataChannel(fmt.Sprint("label", i), nil)
			if err != nil {
				t.Fatal(err)
			}
			dc.OnOpen(func() {
				for time.Now().Before(until) && dc.SendText(text) == nil {
					for dc.BufferedAmount() > 1<<18 && time.Now().Before(until) {
						time.Sleep(time.Millisecond)
					}
				}
			})
		}
		time.Sleep(time.Until(until))
	}
	speed := func(reads bool, control func(i int) string) func(*testing.T, *webrtc.PeerConnection, time.Time) {
		return func(t *testing.T, p *webrtc.PeerConnection, until time.Time) {
			ctl, err := p.CreateDataChannel("dialtone-speed", nil)
			if err != nil {
				t.Fatal(err)
			}
			over, granted := make(chan struct{}), make(chan struct{})
			defer close(over)
			ctl.OnOpen(func() { _ = ctl.SendText(`{"code":"ask","version":1,"max_bytes":20000000000,"max_ms":600000}`) })
			ctl.OnMessage(func(m webrtc.DataChannelMessage) {
				if strings.Contains(string(m.Data), "grant") {
					close(granted)
				}
			})
			select {
			case <-granted:
			case <-time.After(20 * time.Second):
				t.Error("the measurement is refused")
				return
			}
			for i := 0; time.Now().Before(until); i++ {
				data, err := p.CreateDataChannel(fmt.Sprint("dialtone-speed/", i%100), nil)
				if err != nil {
					break
				}
				data.OnMessage(func(webrtc.DataChannelMessage) {
					if !reads {
						<-over
					}
				})
				if ctl.BufferedAmount() < 1<<20 && ctl.SendText(control(i)) != nil {
					break
				}
				time.Sleep(5 * time.Millisecond)
			}
			time.Sleep(time.Until(until))
		}
	}
	ask := func(ms, most int) func(int) string {
		return func(i int) string {
			return fmt.Sprintf(`{"code":"test","number":%d,"test":{"way":"down","for_ms":%d,"size":65536,"max_bytes":%d}}`, i%100, ms, most)
		}
	}
	for name, test := range map[string]struct {
		attack  func(*testing.T, *webrtc.PeerConnection, time.Time)
		blocked bool
		want    string // in the recording
	}{
		"channels": {func(t *testing.T, p *webrtc.PeerConnection, until time.Time) {
			channels(t, p, until, func(i int) string { return fmt.Sprint("c", i) })
		}, false, `"channel.too_many"`},
		"channels of long labels": {func(t *testing.T, p *webrtc.PeerConnection, until time.Time) {
			channels(t, p, until, func(i int) string { return fmt.Sprint(i, strings.Repeat("x", 60_000)) })
		}, false, `"channel.open"`},
		"channels that open and close": {func(t *testing.T, p *webrtc.PeerConnection, until time.Time) {
			for i := 0; time.Now().Before(until); i++ {
				dc, err := p.CreateDataChannel(fmt.Sprint("c", i), nil)
				if err != nil {
					return
				}
				dc.OnOpen(func() { _ = dc.Close() })
				time.Sleep(time.Millisecond / 2)
			}
		}, false, `"channel.open"`},
		"large messages":                 {messages("chat", strings.Repeat("x", 60_000)), false, `"channel.message"`},
		"pings":                          {messages(diag.LabelPing, `{"id":NUMBER}`), false, `"channel.open"`},
		"control messages":               {messages(diag.LabelControl, `{"code":"mute_audio","value":true,"n":NUMBER}`), false, `"channel.message"`},
		"statistics":                     {messages(diag.LabelStats, `{"type":"stats","at":1NUMBER000,"inbound":`+list(16, `{"kind":"audio","mid":"NUMBER","ssrc":NUMBER}`)+`}`), false, `"channel.open"`},
		"speed: tests that nobody reads": {speed(false, ask(5000, 200_000_000)), false, `"speed.start"`},
		"speed: many short tests":        {speed(true, ask(1, 1)), false, `"speed.start"`},
		"speed: lies about counts": {speed(true, func(i int) string {
			return fmt.Sprintf(`{"code":"count","number":%d,"count":{"direction":"inbound","bytes":18446744073709551615,"at_ms":-1e300}}`, i%100)
		}), false, `"speed.start"`},
		"sources of RTP":        {streams, false, `"stats.sample"`},
		"reports of RTCP":       {reports, false, `"stats.sample"`},
		"labels":                {labels, false, `"channel.message"`},
		"labels, stdout blocks": {labels, true, `"channel.message"`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := startAnswerer(t, test.blocked)
			p := a.flooder(t)
			test.attack(t, p, time.Now().Add(floodTime))
			memory := peakMemory(a.cmd.Process.Pid)
			raw, err := os.ReadFile(a.record)
			if err != nil {
				t.Fatal(err)
			}
			t.Logf("%d MB, %d KB recorded", memory, len(raw)>>10)
			if memory == 0 || memory > mostMemory || len(raw) > mostRecorded<<20 {
				t.Errorf("%d MB, %d MB recorded", memory, len(raw)>>20)
			}
			if !bytes.Contains(raw, []byte(test.want)) {
				t.Errorf("the recording has no %s", test.want)
			}
		})
	}
}
