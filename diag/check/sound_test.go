package check

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"math"
	"math/rand/v2"
	"net"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pion/ice/v4"
	"github.com/pion/interceptor"
	"github.com/pion/rtp"
	"github.com/pion/webrtc/v4"
	"github.com/zaf/g711"

	"dialtone/diag"
	"dialtone/diag/call"
	"dialtone/diag/diagtest"
	"dialtone/diag/feed"
	"dialtone/diag/judge"
	"dialtone/diag/lab/labtest"
	"dialtone/diag/media"
	"dialtone/diag/report"
	"dialtone/diag/session"
	"dialtone/signal"
)

// source changes the packets of the clip that a peer of bare pion sends, once its time has come; false drops one.
type source struct {
	codec  string
	after  time.Duration // of good sound
	change func(p *rtp.Packet, i int) bool
	file   string // with another clip than that of the codec
}

// clip is what the source plays.
func (s source) clip() (*media.Clip, error) {
	if s.file != "" {
		b, err := os.ReadFile(s.file)
		if err != nil {
			return nil, err
		}
		return media.ReadFile(bytes.NewReader(b))
	}
	return media.CodecOf(s.codec).ReadClip()
}

// filter stands between the player of the clip and the track.
type filter struct {
	source
	track media.RTPWriter
	first time.Time
	n     int
}

// WriteRTP implements media.RTPWriter.
func (f *filter) WriteRTP(p *rtp.Packet) error {
	if f.first.IsZero() {
		f.first = time.Now()
	}
	p.PayloadType = media.CodecOf(f.codec).PayloadType
	if time.Since(f.first) >= f.after {
		if f.n++; !f.change(p, f.n) {
			return nil
		}
	}
	return f.track.WriteRTP(p)
}

// sounding connects a peer of bare pion that sends this, and returns the signaling to it.
func sounding(t *testing.T, s source) signal.Channel {
	t.Helper()
	offerer, answerer := signal.Pipe()
	var se webrtc.SettingEngine
	se.SetIncludeLoopbackCandidate(true)
	se.SetIPFilter(func(ip net.IP) bool { return ip.IsLoopback() && ip.To4() != nil })
	se.SetNetworkTypes([]webrtc.NetworkType{webrtc.NetworkTypeUDP4})
	se.SetICEMulticastDNSMode(ice.MulticastDNSModeDisabled)
	me := &webrtc.MediaEngine{}
	registry := &interceptor.Registry{}
	codec := media.CodecOf(s.codec)
	params := webrtc.RTPCodecCapability{MimeType: codec.MimeType(), ClockRate: codec.ClockRate, Channels: codec.Channels, SDPFmtpLine: codec.Params}
	track, err := webrtc.NewTrackLocalStaticRTP(params, codec.Kind, "test")
	if err == nil {
		err = me.RegisterCodec(webrtc.RTPCodecParameters{RTPCodecCapability: params, PayloadType: webrtc.PayloadType(codec.PayloadType)},
			webrtc.NewRTPCodecType(codec.Kind))
	}
	if err == nil {
		err = webrtc.ConfigureRTCPReports(registry)
	}
	if err != nil {
		t.Fatal(err)
	}
	pc, err := webrtc.NewAPI(webrtc.WithSettingEngine(se), webrtc.WithMediaEngine(me), webrtc.WithInterceptorRegistry(registry)).NewPeerConnection(webrtc.Configuration{})
	if err != nil {
		t.Fatal(err)
	}
	pc.OnICECandidate(func(c *webrtc.ICECandidate) {
		if c != nil {
			init := c.ToJSON()
			_ = answerer.Send(context.Background(), signal.Message{Kind: signal.KindCandidate, Candidate: &signal.Candidate{
				Candidate: init.Candidate, SDPMid: init.SDPMid, SDPMLineIndex: init.SDPMLineIndex, UsernameFragment: init.UsernameFragment,
			}})
		}
	})
	pc.OnTrack(func(track *webrtc.TrackRemote, _ *webrtc.RTPReceiver) {
		for b := make([]byte, 1500); err == nil; {
			_, _, err = track.Read(b)
		}
	})
	sender, err := pc.AddTrack(track)
	if err != nil {
		t.Fatal(err)
	}
	clip, err := s.clip()
	if err != nil {
		t.Fatal(err)
	}
	player := media.NewPlayer(clip, &filter{source: s, track: track})
	playing, stop := context.WithCancel(context.Background())
	up, done := make(chan struct{}), make(chan struct{}, 3)
	pc.OnConnectionStateChange(func(state webrtc.PeerConnectionState) {
		if state == webrtc.PeerConnectionStateConnected {
			close(up)
		}
	})
	go func() {
		defer func() { done <- struct{}{} }()
		select {
		case <-up:
			_ = player.Play(playing)
		case <-playing.Done():
		}
	}()
	go func() {
		defer func() { done <- struct{}{} }()
		for {
			packets, _, err := sender.ReadRTCP()
			if err != nil {
				return
			}
			if media.WantsKeyFrame(packets) {
				player.RequestKeyFrame()
			}
		}
	}()
	go func() {
		defer func() { done <- struct{}{} }()
		deaf{t: t}.answer(pc, answerer)
	}()
	t.Cleanup(func() {
		stop()
		_ = answerer.Close(context.Background())
		_ = pc.GracefulClose()
		for range 3 {
			<-done
		}
	})
	return offerer
}

// without are the kinds of media beside one.
func without(kind string) []string {
	return slices.DeleteFunc(slices.Clone(diag.Kinds), func(k string) bool { return k == kind })
}

// named calls a peer and returns when a finding was made first, from the connection on, and what else was found; it
// gives up after a time.
func named(t *testing.T, kind string, channel signal.Channel, id string, most time.Duration) (at time.Duration, others []string) {
	t.Helper()
	log := feed.New(time.Now)
	events := log.Reader()
	s := session.New(session.Options{
		Config: diag.Config{LoopbackOnly: true, Command: "call", NoKinds: without(kind)}, Feed: log,
		Dial: func(context.Context, func(diag.SignalRequest)) (signal.Channel, error) { return channel, nil },
	})
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		s.Run(ctx)
	}()
	defer func() {
		cancel()
		<-ended
	}()
	c := &call.Call{}
	for {
		batch, err := events.Next(ctx)
		if err != nil {
			t.Errorf("the call ended: %v", err)
			return 0, nil
		}
		for _, e := range batch {
			c.Apply(e)
			if c.ConnectedAt == nil {
				continue
			}
			others = nil
			for _, f := range judge.Check(c, judge.Expectation{Media: []call.MediaKind{{Direction: diag.Inbound, Kind: kind}}}).Findings {
				if f.ID == id {
					return c.UpTime(), others
				}
				if f.Family() == "media" {
					others = append(others, f.ID)
				}
			}
			if c.UpTime() > most {
				for _, in := range c.Heard(diag.Inbound) {
					if in.Sound.Source == "" {
						t.Skip("this machine is too busy: sound is not decoded")
					}
				}
				return most, others
			}
		}
	}
}

// tapped is a recorder that a player plays to, as if its packets had come from a network.
type tapped struct{ *heard }

// WriteRTP implements media.RTPWriter.
func (w *tapped) WriteRTP(p *rtp.Packet) error {
	w.now = time.Now()
	w.packet(*p)
	return nil
}

// namedByClock plays what a peer sends to a recorder, by the clock of a bubble, and returns when a finding was made first,
// and what else was found. Recorder, fold and judge are the real ones.
func namedByClock(t *testing.T, s source, id string, most time.Duration) (at time.Duration, others []string) {
	t.Helper()
	clip, err := s.clip()
	if err != nil {
		t.Fatal(err)
	}
	synctest.Test(t, func(t *testing.T) {
		h := hearing(t, media.CodecOf(s.codec))
		c := call.Fold(diagtest.Log(0, diag.CallStart{Command: "call", Media: true}, 0, diag.ConnectionState{State: "connected"}))
		ctx, cancel := context.WithTimeout(t.Context(), most+time.Millisecond)
		defer cancel()
		var writing sync.Mutex
		player := media.NewPlayer(clip, guarded{&writing, &filter{source: s, track: &tapped{h}}})
		done := make(chan error, 1)
		go func() { done <- player.Play(ctx) }()
		for second := 1; at == 0 && time.Duration(second)*time.Second <= most; second++ {
			time.Sleep(time.Second)
			writing.Lock()
			h.now = time.Now()
			in, _ := h.rec.Snapshot()
			writing.Unlock()
			trip := 0.02 + float64(second)/1e6
			now := time.Duration(second) * time.Second
			c.Apply(diag.Event{At: now, Data: diag.Sample{Inbound: in, Pair: &diag.Pair{CurrentRoundTripTime: &trip}}})
			others = nil
			for _, f := range judge.Check(c, judge.Expectation{Media: []call.MediaKind{{Direction: diag.Inbound, Kind: "audio"}}}).Findings {
				if f.ID == id {
					at = now
				} else if f.Family() == "media" {
					others = append(others, f.ID)
				}
			}
		}
		cancel()
		if err := <-done; err != nil {
			t.Fatal(err)
		}
	})
	return at, others
}

// guarded writes while no one else holds its lock.
type guarded struct {
	*sync.Mutex
	media.RTPWriter
}

// WriteRTP implements media.RTPWriter.
func (g guarded) WriteRTP(p *rtp.Packet) error {
	g.Lock()
	defer g.Unlock()
	return g.RTPWriter.WriteRTP(p)
}

// TestNamedInTime: each fault of the sound and of the picture is named within three seconds, from the beginning of the
// call or in the middle of it, and a clock that is off by 1 % within four. Sound is played by the clock of a bubble; what
// needs a connection, and one sound, are heard from a real peer, for which a busy machine may need longer.
func TestNamedInTime(t *testing.T) {
	t.Parallel()
	opus := func(frame ...byte) func(*rtp.Packet, int) bool {
		return func(p *rtp.Packet, _ int) bool { p.Payload = frame; return true }
	}
	pcm := func(of func() float64) func(*rtp.Packet, int) bool {
		return func(p *rtp.Packet, _ int) bool {
			p.Payload = slices.Clone(p.Payload)
			for i := range p.Payload {
				p.Payload[i] = g711.EncodeUlawFrame(int16(max(-1, min(1, of())) * 32767))
			}
			return true
		}
	}
	noise := func() func() float64 {
		random := rand.New(rand.NewPCG(1, 2))
		return func() float64 { return 0.002 * random.NormFloat64() }
	}
	noiseOf3389 := func(payloadType uint8, every int) func(*rtp.Packet, int) bool {
		left := uint16(0) // packets that are not sent have no sequence numbers
		return func(p *rtp.Packet, i int) bool {
			if i%every != 1 {
				left++
				return false
			}
			p.PayloadType, p.Payload = payloadType, []byte{70}
			p.SequenceNumber -= left
			return true
		}
	}
	as := func(*rtp.Packet, int) bool { return true }
	hum, loud := 0, 0 // of one case each: they run beside each other
	for name, tt := range map[string]struct {
		source
		want string
		peer bool // a real one
	}{
		"silence":                                   {source{codec: "opus", after: 0, change: opus(0xf8, 0xff, 0xfe)}, "media.silent", false},
		"untold mute":                               {source{codec: "opus", after: 3 * time.Second, change: opus(0xf8, 0xff, 0xfe)}, "media.silent", true},
		"silence of G.711":                          {source{codec: "PCMU", after: 3 * time.Second, change: pcm(func() float64 { return 0 })}, "media.silent", false},
		"comfort noise":                             {source{codec: "PCMU", after: 0, change: pcm(noise())}, "media.comfort_noise", false},
		"comfort noise after a tone":                {source{codec: "PCMU", after: 3 * time.Second, change: pcm(noise())}, "media.comfort_noise", false},
		"comfort noise of RFC 3389":                 {source{codec: "PCMU", after: 0, change: noiseOf3389(13, 10)}, "media.comfort_noise", false},
		"that after a tone":                         {source{codec: "PCMU", after: 3 * time.Second, change: noiseOf3389(13, 10)}, "media.comfort_noise", false},
		"one packet of it":                          {source{codec: "PCMU", after: 3 * time.Second, change: noiseOf3389(13, 1000)}, "media.comfort_noise", false},
		"that of a payload type that was agreed on": {source{codec: "PCMU", after: 3 * time.Second, change: noiseOf3389(98, 10)}, "media.comfort_noise", false},
		"pauses of Opus":                            {source{codec: "opus", after: 0, change: opus(0xf8)}, "media.comfort_noise", false},
		"the tone ends": {source{codec: "PCMU", after: 3 * time.Second, change: pcm(func() float64 {
			hum++
			return 0.2 * float64(hum%160-80) / 80 // a hum of 50 Hz
		})}, "media.tone_lost", false},
		"dropouts of the tone": {source{codec: "opus", after: 3 * time.Second, change: func(p *rtp.Packet, i int) bool {
			if i%25 < 2 { // 40 ms twice a second
				p.Payload = []byte{0xf8, 0xff, 0xfe}
			}
			return true
		}}, "media.tone_dropouts", false},
		"clipping": {source{codec: "PCMU", after: 0, change: pcm(func() float64 { loud++; return float64(loud/13%2)*2 - 1 })}, "media.clipping", false},
		"wrong clock rate": {source{codec: "opus", after: 0, change: func(p *rtp.Packet, i int) bool {
			p.Timestamp = uint32(i * 160)
			return true
		}}, "media.clock_rate", false},
		"clock drift": {source{codec: "opus", after: 0, change: func(p *rtp.Packet, i int) bool {
			p.Timestamp = uint32(i * 960 * 101 / 100)
			return true
		}}, "media.clock_drift", false},
		"black":   {source{codec: "VP8", change: as, file: "../../testdata/media/black.ivf"}, "media.black", true},
		"frozen":  {source{codec: "VP8", change: as, file: "../../testdata/media/still.ivf"}, "media.still", true},
		"one way": {source{codec: "opus", after: 0, change: func(*rtp.Packet, int) bool { return false }}, "media.one_way", true},
		"stopped": {source{codec: "opus", after: time.Second, change: func(*rtp.Packet, int) bool { return false }}, "media.stopped", true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			most := 3 * time.Second
			if tt.want == "media.clock_drift" {
				most = 4 * time.Second
			}
			if tt.peer && !labtest.Nightly() {
				most = time.Minute
			}
			most += tt.after
			var at time.Duration
			var others []string
			if tt.peer {
				at, others = named(t, media.CodecOf(tt.codec).Kind, sounding(t, tt.source), tt.want, most+3*time.Second)
			} else {
				at, others = namedByClock(t, tt.source, tt.want, most+3*time.Second)
			}
			if at == 0 || at > most {
				t.Errorf("%s after %v: %v", tt.want, at-tt.after, others)
			}
			t.Logf("%v after its beginning", at-tt.after)
		})
	}
}

// voice is speech, as far as a meter is concerned: a voice that glides, syllables, words, pauses of up to a second.
func voice(random *rand.Rand) func() float64 {
	phase, glide, loud, left := 0.0, 0.0, 0.0, 0
	return func() float64 {
		if left--; left <= 0 {
			left, loud = 400+random.IntN(2400), 0.3*random.Float64() // 50–350 ms
			if random.IntN(4) == 0 {
				left, loud = 400+random.IntN(7600), 0
			}
			glide = 110 + 120*random.Float64()
		}
		glide *= 1 + 2e-5*(random.Float64()-0.5)*8
		phase += glide / 8000
		v := 0.002 * random.NormFloat64()
		if loud > 0 {
			saw := phase - float64(int(phase))
			v += loud * (2*saw - 1)
		}
		return v
	}
}

// capture keeps the payloads of a player until there are enough.
type capture struct {
	payloads [][]byte
	enough   context.CancelFunc
}

// WriteRTP implements media.RTPWriter.
func (c *capture) WriteRTP(p *rtp.Packet) error {
	if c.payloads = append(c.payloads, slices.Clone(p.Payload)); len(c.payloads) == 50 {
		c.enough()
	}
	return nil
}

// opusTone is a second of the tone in Opus, 440 whole periods, which can be repeated.
func opusTone(t *testing.T) [][]byte {
	t.Helper()
	clip, err := media.CodecOf("opus").ReadClip()
	if err != nil {
		t.Fatal(err)
	}
	var c capture
	synctest.Test(t, func(t *testing.T) { // a player that falls behind leaves packets out, as on a busy machine
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		c.enough = cancel
		if err := media.NewPlayer(clip, &c).Play(ctx); err != nil {
			t.Fatal(err)
		}
	})
	return c.payloads[:50]
}

// heard is a recorder to which a test plays one stream.
type heard struct {
	t      *testing.T
	now    time.Time
	rec    *media.Recorder
	reader interceptor.RTPReader
	wire   []byte
	buf    [1500]byte
}

func hearing(t *testing.T, codec *media.Codec) *heard {
	t.Helper()
	h := &heard{t: t, now: time.Unix(1e9, 0)}
	h.rec = media.NewRecorder(func() time.Time { return h.now }, nil)
	h.rec.SetCodec(codec.PayloadType, codec.MimeType(), codec.ClockRate)
	h.rec.SetAside(98, "CN")
	tap, err := h.rec.Factory().NewInterceptor("")
	if err != nil {
		t.Fatal(err)
	}
	h.reader = tap.BindRemoteStream(&interceptor.StreamInfo{
		SSRC: 7, MimeType: codec.MimeType(), ClockRate: codec.ClockRate, PayloadType: codec.PayloadType,
	}, interceptor.RTPReaderFunc(func(b []byte, a interceptor.Attributes) (int, interceptor.Attributes, error) {
		return copy(b, h.wire), a, nil
	}))
	return h
}

func (h *heard) packet(p rtp.Packet) {
	h.t.Helper()
	var err error
	if h.wire, err = p.Marshal(); err == nil {
		_, _, err = h.reader.Read(h.buf[:], nil)
	}
	if err != nil {
		h.t.Fatal(err)
	}
}

// simulated is a call of some seconds: a tone in Opus, or a tone or speech in G.711. It returns what is found wrong with
// the media except loss.
func simulated(t *testing.T, random *rand.Rand, tone [][]byte, loss float64) []string {
	t.Helper()
	codec := media.CodecOf([]string{"PCMU", "PCMA", "PCMU", "opus"}[random.IntN(4)])
	encode := g711.EncodeUlawFrame
	if codec.Name == "PCMA" {
		encode = g711.EncodeAlawFrame
	}
	say, n := voice(random), 0
	if random.IntN(2) == 0 {
		say = func() float64 { n++; return 0.125 * math.Sin(2*math.Pi*440*float64(n)/8000) }
	}
	h := hearing(t, codec)
	c := call.Fold(diagtest.Log(0, diag.CallStart{Command: "call", Media: true}, 0, diag.ConnectionState{State: "connected"}))
	length, begin := 250+random.IntN(150), random.Uint32()
	for i := range length {
		payload := tone[i%len(tone)]
		if codec.Name != "opus" {
			payload = make([]byte, 160)
			for k := range payload {
				payload[k] = encode(int16(say() * 32767))
			}
		}
		sent := h.now
		if random.Float64() >= loss {
			h.now = h.now.Add(time.Duration(random.IntN(15)) * time.Millisecond)
			h.packet(rtp.Packet{Header: rtp.Header{
				Version: 2, SSRC: 7, PayloadType: codec.PayloadType, SequenceNumber: uint16(begin + uint32(i)),
				Timestamp: begin + uint32(i)*codec.ClockRate/50,
			}, Payload: payload})
		}
		h.now = sent.Add(20 * time.Millisecond)
		if i%50 == 49 || i == length-1 {
			in, _ := h.rec.Snapshot()
			c.Apply(diag.Event{At: time.Duration(i+1) * 20 * time.Millisecond, Data: diag.Sample{Inbound: in}})
			for _, f := range judge.Judge(c).Findings {
				if f.Family() == "media" && f.ID != "media.loss" && f.Severity != judge.Info {
					return []string{f.ID, codec.Name, fmt.Sprintf("%+v", f.Evidence)}
				}
			}
		}
	}
	return nil
}

// calls is 1,000 in an acceptance test, which takes half a minute.
var calls = flag.Int("calls", 100, "good calls that TestNoFalseAlarms simulates; a tenth as many have loss")

// TestNoFalseAlarms: of good calls with a tone or speech, and of some with 5 % loss, nothing is said about the sound. These
// are simulated: what arrives is made, and recorder, fold and judge are the real ones.
func TestNoFalseAlarms(t *testing.T) {
	if labtest.Nightly() {
		*calls = max(*calls, 1000)
	}
	good, lossy := *calls, *calls/10
	tone := opusTone(t)
	for i := range good + lossy {
		random := rand.New(rand.NewPCG(7, uint64(i)))
		loss := 0.0
		if i >= good {
			loss = 0.05
		}
		if found := simulated(t, random, tone, loss); found != nil {
			t.Errorf("call %d, loss %v: %v", i, loss, found)
		}
	}
}

// TestGoodCalls: real calls between two peers are heard at both ends, with and without loss, and nothing is wrong.
func TestGoodCalls(t *testing.T) {
	t.Parallel()
	for name, o := range map[string]Options{
		"good": here(6 * time.Second), "5 % loss": fromOther(t, here(6*time.Second), oneOfTwenty(isRTP)),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r, err := Run(t.Context(), o)
			for range 2 { // on a busy machine a short call may hear too little of the tone
				if err != nil || hearsTones(r.Media.Audio) {
					break
				}
				r, err = Run(t.Context(), o)
			}
			if err != nil {
				t.Fatal(err)
			}
			for _, f := range r.Findings {
				if f.ID == "tester.cpu" {
					t.Skip("this machine is too busy")
				}
			}
			if !hearsTones(r.Media.Audio) {
				t.Fatalf("%s: not both tones are heard", r.Headline)
			}
			for _, f := range r.Findings {
				if strings.HasPrefix(f.ID, "media.") && f.ID != "media.loss" {
					t.Errorf("%s: %s %v", f.ID, f.Title, f.Text.Evidence)
				}
			}
			for _, s := range []*call.Stream{r.Media.Audio.Inbound, r.Media.Audio.Outbound} {
				if s.Tone.Frequency < 439 || s.Tone.Frequency > 441 || s.MOS == nil || s.Quality.Model != "G.107.2" {
					t.Errorf("%+v, %+v", s.Tone, s.Quality)
				}
			}
			if r.Media.Audio.Inbound.Level == nil {
				t.Error("no level")
			}
		})
	}
}

// hearsTones reports whether there is audio in both directions, and each is heard as a tone.
func hearsTones(audio *report.Kind) bool {
	return audio != nil && audio.Inbound != nil && audio.Outbound != nil && audio.Inbound.Tone != nil && audio.Outbound.Tone != nil
}

// oneOfTwenty drops every twentieth of the datagrams that are meant.
func oneOfTwenty(meant func([]byte) bool) func([]byte) bool {
	var n atomic.Int64
	return func(b []byte) bool { return meant(b) && n.Add(1)%20 == 0 }
}
