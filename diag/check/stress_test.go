package check

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/pion/interceptor"
	"github.com/pion/interceptor/pkg/nack"
	"github.com/pion/rtcp"
	pionsdp "github.com/pion/sdp/v3"
	"github.com/pion/webrtc/v4"

	"dialtone/diag"
	"dialtone/diag/lab/labtest"
	"dialtone/diag/media"
	"dialtone/diag/peer"
	"dialtone/diag/report"
	"dialtone/diag/session"
	"dialtone/signal"
)

// habits are what a peer of bare pion does wrong.
type habits struct {
	keepsNothing   bool          // answers no NACK
	asksNothing    bool          // sends no NACK
	deafToPLI      bool          // makes no key frame on request
	ratesNothing   bool          // announces transport-cc and sends none
	numbersNothing bool          // announces transport-cc without the header extension, and sends none
	stopsAtLoss    bool          // at the first report of loss
	stopsUnheard   time.Duration // if no RTCP came for so long
	stopsInGap     time.Duration // if no media came for so long
}

// habitual is a target with habits, in memory.
type habitual struct {
	t *testing.T
	habits
	flow peer.Flow
}

// Describe implements Target.
func (habitual) Describe() report.Target { return report.Target{Kind: "habitual", Role: RoleOffer} }

// Place implements Target.
func (h habitual) Place(int) Placement {
	offerer, answerer := signal.Pipe()
	p := &pionPeer{habits: h.habits}
	if err := p.open(h.flow); err != nil {
		h.t.Error(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		deaf{t: h.t}.answer(p.pc, answerer)
	}()
	h.t.Cleanup(func() {
		_ = answerer.Close(context.Background())
		<-done
		p.stop()
		_ = p.pc.GracefulClose()
		p.parts.Wait()
	})
	p.pc.OnICECandidate(func(c *webrtc.ICECandidate) {
		if c != nil {
			init := c.ToJSON()
			_ = answerer.Send(context.Background(), signal.Message{Kind: signal.KindCandidate, Candidate: &signal.Candidate{
				Candidate: init.Candidate, SDPMid: init.SDPMid, SDPMLineIndex: init.SDPMLineIndex,
			}})
		}
	})
	dial := func(context.Context, func(diag.SignalRequest)) (signal.Channel, error) { return offerer, nil }
	return Placement{Dial: dial, Flow: h.flow}
}

// pionPeer sends the clips and reads what comes.
type pionPeer struct {
	habits
	pc    *webrtc.PeerConnection
	stop  context.CancelFunc // of the players
	parts sync.WaitGroup

	heard, fed atomic.Int64 // when RTCP and media came last, ns since 1970
}

func (p *pionPeer) open(flow peer.Flow) error {
	api, err := p.api()
	if err != nil {
		return err
	}
	if p.pc, err = api.NewPeerConnection(webrtc.Configuration{}); err != nil {
		return err
	}
	ctx, stop := context.WithCancel(context.Background())
	p.stop = stop
	p.pc.OnTrack(func(track *webrtc.TrackRemote, receiver *webrtc.RTPReceiver) {
		p.parts.Go(func() {
			for b := make([]byte, 1500); ; {
				if _, _, err := track.Read(b); err != nil {
					return
				}
				p.fed.Store(time.Now().UnixNano())
			}
		})
		p.parts.Go(func() { // keeps the interceptors fed
			for {
				if _, _, err := receiver.ReadRTCP(); err != nil {
					return
				}
			}
		})
	})
	if flow == peer.FlowSend { // it only receives
		return nil
	}
	var connected sync.Once
	up := make(chan struct{})
	p.pc.OnConnectionStateChange(func(s webrtc.PeerConnectionState) {
		if s == webrtc.PeerConnectionStateConnected {
			connected.Do(func() { close(up) })
		}
	})
	var errs []error
	for kind, mime := range map[string]string{"audio": webrtc.MimeTypeOpus, "video": webrtc.MimeTypeVP8} {
		errs = append(errs, p.play(ctx, up, kind, mime))
	}
	p.parts.Go(func() { p.watch(ctx, up) })
	return errors.Join(errs...)
}

// api is pion with the interceptors of the habits.
func (p *pionPeer) api() (*webrtc.API, error) {
	me, registry := &webrtc.MediaEngine{}, &interceptor.Registry{}
	errs := []error{me.RegisterDefaultCodecs(), webrtc.ConfigureRTCPReports(registry)}
	if !p.keepsNothing {
		f, err := nack.NewResponderInterceptor()
		registry.Add(f)
		errs = append(errs, err)
	}
	if !p.asksNothing {
		f, err := nack.NewGeneratorInterceptor()
		registry.Add(f)
		errs = append(errs, err)
	}
	me.RegisterFeedback(webrtc.RTCPFeedback{Type: "nack"}, webrtc.RTPCodecTypeVideo)
	me.RegisterFeedback(webrtc.RTCPFeedback{Type: "nack", Parameter: "pli"}, webrtc.RTPCodecTypeVideo)
	switch transport := (webrtc.RTPHeaderExtensionCapability{URI: pionsdp.TransportCCURI}); {
	case p.numbersNothing:
		me.RegisterFeedback(webrtc.RTCPFeedback{Type: "transport-cc"}, webrtc.RTPCodecTypeVideo)
	case p.ratesNothing:
		me.RegisterFeedback(webrtc.RTCPFeedback{Type: "transport-cc"}, webrtc.RTPCodecTypeVideo)
		errs = append(errs, me.RegisterHeaderExtension(transport, webrtc.RTPCodecTypeVideo))
	default:
		errs = append(errs, webrtc.ConfigureTWCCSender(me, registry))
	}
	se := loopbackEngine()
	return webrtc.NewAPI(webrtc.WithMediaEngine(me), webrtc.WithInterceptorRegistry(registry), webrtc.WithSettingEngine(se)),
		errors.Join(errs...)
}

// play sends the clip of a kind once the peer is connected.
func (p *pionPeer) play(ctx context.Context, up <-chan struct{}, kind, mime string) error {
	track, err := webrtc.NewTrackLocalStaticRTP(webrtc.RTPCodecCapability{MimeType: mime}, kind, "habitual")
	if err != nil {
		return err
	}
	clip, err := media.CodecOf(mime).ReadClip()
	if err != nil {
		return err
	}
	sender, err := p.pc.AddTrack(track)
	if err != nil {
		return err
	}
	player := media.NewPlayer(clip, track)
	p.parts.Go(func() {
		select {
		case <-up:
			_ = player.Play(ctx)
		case <-ctx.Done():
		}
	})
	p.parts.Go(func() {
		for {
			packets, _, err := sender.ReadRTCP()
			if err != nil {
				return
			}
			p.heard.Store(time.Now().UnixNano())
			if p.stopsAtLoss && reportsLoss(packets) {
				p.stop()
			}
			if media.WantsKeyFrame(packets) && !p.deafToPLI {
				player.RequestKeyFrame()
			}
		}
	})
	return nil
}

func reportsLoss(packets []rtcp.Packet) bool {
	for _, packet := range packets {
		if r, ok := packet.(*rtcp.ReceiverReport); ok {
			for _, block := range r.Reports {
				if block.FractionLost > 0 {
					return true
				}
			}
		}
	}
	return false
}

// watch stops the players if nothing has come for too long.
func (p *pionPeer) watch(ctx context.Context, up <-chan struct{}) {
	select {
	case <-up:
	case <-ctx.Done():
		return
	}
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	tooLong := func(last *atomic.Int64, limit time.Duration) bool {
		at := last.Load()
		return limit > 0 && at > 0 && time.Since(time.Unix(0, at)) > limit
	}
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			if tooLong(&p.heard, p.stopsUnheard) || tooLong(&p.fed, p.stopsInGap) {
				p.stop()
			}
		}
	}
}

// stressUnit is the unit of time of the tests: long enough that packets of video are lost in every step.
const stressUnit = 600 * time.Millisecond

// TestStress: each fault of a peer is found, and no other. STRESS_RUNS repeats each row, STRESS_ONLY is the one row.
func TestStress(t *testing.T) {
	labtest.NeedQuiet(t)
	runs, unit := 1, stressUnit
	if n, err := strconv.Atoi(os.Getenv("STRESS_RUNS")); err == nil {
		runs, unit = n, time.Second
	}
	tests := map[string]struct {
		habits
		flow   peer.Flow
		want   []string
		absent string // names of what is not tested
	}{
		"good":                 {},
		"no retransmission":    {habits: habits{keepsNothing: true}, want: []string{"stress.no_retransmission"}},
		"no requests":          {habits: habits{asksNothing: true}, want: []string{"stress.no_nack"}},
		"no key frame":         {habits: habits{deafToPLI: true}, want: []string{"stress.no_key_frame"}},
		"no reports of rate":   {habits: habits{ratesNothing: true}, want: []string{"stress.no_feedback"}},
		"no numbers to report": {habits: habits{numbersNothing: true}, absent: "feedback"},
		"stops at loss":        {habits: habits{stopsAtLoss: true}, want: []string{"stress.stops_at_loss"}},
		"stops without report": {habits: habits{stopsUnheard: 400*time.Millisecond + 3*unit/2}, want: []string{"stress.stops_at_loss"}},
		"stops in a gap":       {habits: habits{stopsInGap: 2 * unit}, want: []string{"stress.no_recovery"}},
		"good server of WHEP":  {flow: peer.FlowReceive, absent: "asks feedback"},
		"good server of WHIP":  {flow: peer.FlowSend, absent: "retransmits key_frame keeps_sending recovers"},
	}
	only := os.Getenv("STRESS_ONLY")
	var parts sync.WaitGroup
	limit := make(chan struct{}, len(tests))
	var wrong, starved atomic.Int64
	for _, name := range slices.Sorted(maps.Keys(tests)) {
		test := tests[name]
		if only != "" && name != only {
			continue
		}
		for range runs {
			limit <- struct{}{}
			parts.Go(func() {
				defer func() { <-limit }()
				said, short := "", true
				for try := 0; short && try < 3; try++ { // without CPU a verdict about the peer means little
					said, short = stressOnce(t, habitual{t, test.habits, test.flow}, unit, test.want, test.absent)
					short = short && said != ""
					if short {
						starved.Add(1)
					}
				}
				switch {
				case said == "":
				case short: // the peer, which is in this process, does not behave as its row says either
					t.Logf("%s: not tested, short of CPU: %s", name, said)
				default:
					wrong.Add(1)
					t.Errorf("%s: %s", name, said)
				}
			})
		}
	}
	parts.Wait()
	if runs > 1 {
		t.Logf("%d wrong of %d runs of each row; %d were repeated, short of CPU", wrong.Load(), runs, starved.Load())
	}
}

// stressOnce places a call with a stress test. It returns what is wrong with the verdict, "" for nothing, and whether
// this machine was short of CPU.
func stressOnce(t *testing.T, target habitual, unit time.Duration, want []string, absent string) (said string, short bool) {
	o := Options{
		Target: target, Config: diag.Config{Stress: true, For: unit, LoopbackOnly: true, MediaOnly: true},
		Tune: func(_ bool, o *session.Options) { o.StressUnit = unit },
	}
	r, err := Run(t.Context(), o)
	if err != nil {
		return err.Error(), false
	}
	short = slices.ContainsFunc(r.Findings, func(f report.Finding) bool { return f.ID == "tester.cpu" })
	if r.Stress == nil {
		return r.Headline, short
	}
	var found []string
	for _, f := range r.Findings {
		if strings.HasPrefix(f.ID, "stress.") && !strings.HasPrefix(f.ID, "stress.slow") {
			found = append(found, f.ID)
		}
	}
	if diff := cmp.Diff(want, found); diff != "" {
		return fmt.Sprintf("%s\n%s\n%+v", r.Headline, diff, r.Stress), short
	}
	for name, v := range map[string]*bool{
		"retransmits": r.Stress.Retransmits, "asks": r.Stress.Asks, "key_frame": r.Stress.KeyFrame, "feedback": r.Stress.Feedback,
		"keeps_sending": r.Stress.KeepsSending, "recovers": r.Stress.Recovers,
	} {
		stopped := len(want) > 0 && (want[0] == "stress.stops_at_loss" || want[0] == "stress.no_recovery")
		if (v == nil) != strings.Contains(absent, name) && !stopped {
			return fmt.Sprintf("%s is %v", name, v), short
		}
	}
	return "", short
}
