package check

import (
	"context"
	"errors"
	"io"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/pion/interceptor"
	"github.com/pion/webrtc/v4"

	"dialtone/diag"
	"dialtone/diag/peer"
	"dialtone/diag/report"
	"dialtone/diag/session"
	"dialtone/signal"
)

// publishing publishes to a server that answers in a way of its own.
type publishing struct {
	t       *testing.T
	reports bool // the server sends RTCP reports
	edit    func(answer string) string
}

// Describe implements Target.
func (publishing) Describe() report.Target {
	return report.Target{Kind: "whip", URL: "http://127.0.0.1/whip", Role: RoleOffer}
}

// Place implements Target.
func (p publishing) Place(int) Placement {
	offerer, answerer := signal.Pipe()
	dial := func(context.Context, func(diag.SignalRequest)) (signal.Channel, error) {
		go p.serve(answerer)
		return offerer, nil
	}
	return Placement{Dial: dial, Flow: peer.FlowSend}
}

// serve answers one offer, until the peer hangs up.
func (p publishing) serve(c signal.Channel) {
	pc, err := p.connection()
	if err != nil {
		p.t.Error(err)
		return
	}
	defer func() { _ = pc.GracefulClose() }()
	for {
		m, err := c.Receive(p.t.Context())
		switch {
		case errors.Is(err, io.EOF), errors.Is(err, context.Canceled):
			return
		case err != nil:
			p.t.Error(err)
			return
		case m.Kind == signal.KindOffer:
			gathered := webrtc.GatheringCompletePromise(pc)
			err = pc.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeOffer, SDP: m.Description.SDP})
			answer, made := pc.CreateAnswer(nil)
			if err = errors.Join(err, made, pc.SetLocalDescription(answer)); err != nil {
				p.t.Error(err)
				return
			}
			<-gathered
			text := p.edit(pc.LocalDescription().SDP)
			err = c.Send(p.t.Context(), signal.Message{Kind: signal.KindAnswer, Description: &signal.Description{Type: "answer", SDP: text}})
		case m.Kind == signal.KindCandidate:
			err = pc.AddICECandidate(webrtc.ICECandidateInit{Candidate: m.Candidate.Candidate, SDPMid: m.Candidate.SDPMid})
		}
		if err != nil {
			p.t.Error(err)
		}
	}
}

// connection is a server's end that reads what comes.
func (p publishing) connection() (*webrtc.PeerConnection, error) {
	me := &webrtc.MediaEngine{}
	registry := &interceptor.Registry{}
	err := me.RegisterDefaultCodecs()
	if p.reports {
		err = errors.Join(err, webrtc.ConfigureRTCPReports(registry))
	}
	var se webrtc.SettingEngine
	se.SetIncludeLoopbackCandidate(true)
	pc, made := webrtc.NewAPI(webrtc.WithMediaEngine(me), webrtc.WithInterceptorRegistry(registry), webrtc.WithSettingEngine(se)).NewPeerConnection(webrtc.Configuration{})
	if err = errors.Join(err, made); err != nil {
		return nil, err
	}
	pc.OnTrack(func(track *webrtc.TrackRemote, _ *webrtc.RTPReceiver) {
		for b := make([]byte, 1500); ; {
			if _, _, err := track.Read(b); err != nil {
				return
			}
		}
	})
	return pc, nil
}

// videoSection is that of an answer.
var videoSection = regexp.MustCompile(`(?s)m=video .*$`)

// TestRefusedMedia: what a server refuses is not sent and is named, in each of the ways to refuse it, and so is media that
// nobody confirms. A check that expects it passes.
func TestRefusedMedia(t *testing.T) {
	t.Parallel()
	inVideo := func(from, to string) func(string) string {
		return func(answer string) string {
			return videoSection.ReplaceAllStringFunc(answer, func(s string) string { return regexp.MustCompile(from).ReplaceAllString(s, to) })
		}
	}
	drop := func(answer string) string {
		return strings.ReplaceAll(videoSection.ReplaceAllString(answer, ""), "BUNDLE 0 1", "BUNDLE 0")
	}
	same := func(answer string) string { return answer }
	const refused = "The server refuses video: it was offered VP8, H264, VP9, AV1."
	tests := map[string]struct {
		edit    func(string) string
		reports bool
		expect  []string // kinds of media; nil: both
		exit    diag.Exit
		title   string // of a finding
		detail  string // in its evidence
	}{
		"accepted":            {edit: same, reports: true, exit: diag.ExitPass},
		"rejected":            {inVideo(`m=video 9`, "m=video 0"), true, nil, diag.ExitMedia, refused, "port 0"},
		"inactive":            {inVideo(`a=recvonly`, "a=inactive"), true, nil, diag.ExitMedia, refused, "a=inactive"},
		"sendonly":            {inVideo(`a=recvonly`, "a=sendonly"), true, nil, diag.ExitMedia, refused, "a=sendonly"},
		"dropped":             {drop, true, nil, diag.ExitMedia, refused, "lacks the section"},
		"another codec":       {inVideo(`(H264|VP8|VP9|AV1)/90000`, "THEORA/90000"), true, nil, diag.ExitMedia, refused, "no codec that was offered"},
		"rejected, expected":  {inVideo(`m=video 9`, "m=video 0"), true, []string{"audio"}, diag.ExitPass, refused, ""},
		"no report":           {same, false, nil, diag.ExitMedia, "The peer never confirmed that it receives the video.", "no receiver report"},
		"no report, expected": {same, false, []string{}, diag.ExitPass, "", ""},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r, err := Run(t.Context(), Options{
				Target: publishing{t, test.reports, test.edit}, Config: diag.Config{For: 2500 * time.Millisecond, MediaOnly: true, NoCode: true},
				ExpectMedia: test.expect, unwatched: true,
				Tune: func(_ bool, o *session.Options) { o.Config.LoopbackOnly = true },
			})
			if err != nil {
				t.Fatal(err)
			}
			if diag.Exit(r.Exit.Code) != test.exit {
				t.Errorf("exit %d: %s %q", r.Exit.Code, r.Headline, r.Why)
			}
			found := false
			for _, f := range r.Findings {
				found = found || f.Title == test.title && strings.Contains(strings.Join(f.Text.Evidence, "\n"), test.detail)
			}
			if found != (test.title != "") {
				t.Errorf("findings %+v", r.Findings)
			}
			sent := r.Media.Video != nil && r.Media.Video.Outbound != nil && r.Media.Video.Outbound.Packets > 0
			if refuses := test.title == refused; sent == refuses {
				t.Errorf("video was sent: %v", sent)
			}
			if r.Media.Audio.Outbound.Packets < 50 || r.Media.Audio.Outbound.Flows != test.reports {
				t.Errorf("audio: %+v", r.Media.Audio.Outbound)
			}
		})
	}
}
