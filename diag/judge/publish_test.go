package judge_test

import (
	"fmt"
	"strings"
	"testing"

	"dialtone/diag"
	"dialtone/diag/call"
	"dialtone/diag/diagtest"
	"dialtone/diag/judge"
	"dialtone/diag/words"
	"dialtone/diag/words/verdict"
)

// published is a call over WHIP that was up for four seconds, with what came in.
func published(in ...diag.InboundRTP) *call.Call {
	return call.Fold(diagtest.Log(
		0, diag.CallStart{Command: "answer", Signaling: "whip", Listens: true, Server: "http://127.0.0.1:8080/whip", Media: true, MediaOnly: true},
		100, diag.ConnectionState{State: "connected"}, 4000, diag.Sample{Inbound: in, Final: true}, 4100, diag.CallEnded{Reason: diag.EndPeerHangup},
	))
}

func TestMediaAlone(t *testing.T) {
	video := func(frames, keys uint32) diag.InboundRTP {
		return diag.InboundRTP{Kind: "video", PacketsReceived: new(uint64(200)), FramesReceived: &frames, KeyFramesReceived: &keys}
	}
	ago := 2.5
	stopped := video(100, 2)
	stopped.LastPacketReceivedAgo = &ago
	tests := map[string]struct {
		call     *call.Call
		exit     diag.Exit
		headline string
		finding  string
	}{
		"it came":          {published(video(100, 2)), diag.ExitPass, "connected for", ""},
		"audio alone came": {published(diag.InboundRTP{Kind: "audio", PacketsReceived: new(uint64(200))}), diag.ExitPass, "connected for", ""},
		"nothing came":     {published(), diag.ExitMedia, "connected for 3.9 s, but no media was seen", "media.none"},
		"it stopped":       {published(stopped), diag.ExitPass, "connected for", "media.stopped"},
		"silence":          {published(diag.InboundRTP{Kind: "audio", PacketsReceived: new(uint64(200)), Sound: &diag.Sound{SilentFor: 3.8}}), diag.ExitPass, "connected for", "media.silent"},
		"no key frame":     {published(video(100, 0)), diag.ExitMedia, "connected for 3.9 s, but video arrives without a key frame", "media.no_key_frame"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			v := judge.Judge(test.call)
			if v.Exit != test.exit || !strings.HasPrefix(verdict.Of(v).Headline, test.headline) {
				t.Errorf("%s %q", v.Exit, verdict.Of(v).Headline)
			}
			for _, f := range v.Findings {
				if f.Severity != diag.Warn && test.exit == diag.ExitPass {
					t.Errorf("a failure in a call that passed: %+v", f)
				}
			}
			if test.finding != "" && (len(v.Findings) != 1 || v.Findings[0].ID != test.finding) {
				t.Errorf("findings %+v", v.Findings)
			}
		})
	}
}

func TestDeclinedCodec(t *testing.T) {
	const offer = "v=0\r\nm=audio 9 UDP/TLS/RTP/SAVPF 96\r\na=rtpmap:96 opus/48000/2\r\na=sendonly\r\nm=video 9 UDP/TLS/RTP/SAVPF 97 98\r\na=rtpmap:97 THEORA/90000\r\na=rtpmap:98 rtx/90000\r\na=sendonly\r\n"
	const answer = "v=0\r\nm=audio 9 UDP/TLS/RTP/SAVPF 96\r\na=recvonly\r\nm=video 0 UDP/TLS/RTP/SAVPF 0\r\na=inactive\r\n"
	c := call.Fold(diagtest.Log(0, diag.SessionDescription{Side: diag.Remote, SDPType: "offer", SDP: offer}, 1, diag.SessionDescription{Side: diag.Local, SDPType: "answer", SDP: answer}))
	found := judge.Judge(c).Findings
	if len(found) != 1 || found[0].ID != "media.codec_declined" || !strings.Contains(words.Of(found[0]).Evidence[0], "THEORA") || !strings.Contains(words.Of(found[0]).Title, "Video") {
		t.Errorf("%+v", found)
	}
	without := call.Fold(diagtest.Log(0, diag.CallStart{Command: "check"}, 0, diag.SessionDescription{Side: diag.Remote, SDPType: "offer", SDP: offer},
		1, diag.SessionDescription{Side: diag.Local, SDPType: "answer", SDP: answer}))
	for _, f := range judge.Judge(without).Findings {
		if f.ID == "media.codec_declined" {
			t.Errorf("of a call without media: %+v", f)
		}
	}
	played := call.Fold(diagtest.Log(0, diag.SessionDescription{Side: diag.Remote, SDPType: "offer", SDP: strings.ReplaceAll(offer, "sendonly", "recvonly")},
		1, diag.SessionDescription{Side: diag.Local, SDPType: "answer", SDP: answer}))
	if found := judge.Judge(played).Findings; len(found) != 1 || found[0].Subject != "video" {
		t.Errorf("of a player: %+v", found)
	}
	if found := judge.Judge(call.Fold(diagtest.Log(0, diag.SessionDescription{Side: diag.Remote, SDPType: "offer", SDP: offer}))).Findings; len(found) != 0 {
		t.Errorf("before the answer: %+v", found)
	}
}

// TestRefusedOffer: whoever waits for an offer and refuses one does not say that none came.
func TestRefusedOffer(t *testing.T) {
	said := fmt.Sprint(verdict.Lines(judge.Judge(call.Fold(diagtest.Log(
		0, diag.CallStart{Command: "answer", Signaling: "whip", Listens: true, Server: "http://h/whip"},
		10, diag.ServedRequest{Method: "POST", Path: "/whip", Status: 400, Problem: "it has no fingerprint"},
		9000, diag.CallEnded{Reason: diag.EndNoPeer},
	)))))
	for text, want := range map[string]bool{
		"No offer was posted": false, "uses this address": false, "1 POST request was refused": true, "it has no fingerprint": true,
	} {
		if strings.Contains(said, text) != want {
			t.Errorf("%q: %v in %s", text, !want, said)
		}
	}
}

func TestSignalingWords(t *testing.T) {
	tests := []struct {
		start    diag.CallStart
		end      diag.EndReason
		title    string
		contains string
	}{
		{diag.CallStart{Command: "answer", Signaling: "post", Listens: true, Server: "http://h/offer"}, diag.EndNoPeer, "answer via post", "No offer was posted to http://h/offer."},
		{diag.CallStart{Command: "answer", Signaling: "paste", Carried: true, Join: "dialtone call --paste"}, diag.EndNoPeer, "answer via paste", "No text of the peer was pasted"},
		{diag.CallStart{Command: "call", Signaling: "whep"}, diag.EndSignaling, "call via whep", "Check the address"},
		{diag.CallStart{Command: "call", Signaling: "paste", Carried: true}, diag.EndSignaling, "call via paste", "each text is valid for one call"},
		{diag.CallStart{Command: "answer", Signaling: "whip", Listens: true}, diag.EndSignaling, "answer via whip", "what the peer posts"},
		{diag.CallStart{Command: "answer", Signaling: "whip", Listens: true}, diag.EndPeerLeft, "answer via whip", "xchange of descriptions ended"},
		{diag.CallStart{Command: "call", Code: "w1"}, diag.EndNoPeer, "call w1", "same room code"},
	}
	for _, test := range tests {
		v := judge.Judge(call.Fold(diagtest.Log(0, test.start, 5, diag.CallEnded{Reason: test.end})))
		if told := strings.Join(append(verdict.Of(v).Why, verdict.Of(v).Next...), "\n"); !strings.Contains(told, test.contains) || test.start.Title() != test.title {
			t.Errorf("%s %s: %q", test.start.Title(), test.end, told)
		}
	}
}

// TestStoppedWhileTheCallGoesOn means that a call that has not ended has no end before which something stopped.
func TestStoppedWhileTheCallGoesOn(t *testing.T) {
	ago := 2.5
	c := call.Fold(diagtest.Log(
		0, diag.CallStart{Command: "answer", Signaling: "whip", Listens: true, Media: true, MediaOnly: true}, 100, diag.ConnectionState{State: "connected"},
		4000, diag.Sample{Inbound: []diag.InboundRTP{{Kind: "audio", PacketsReceived: new(uint64(200)), LastPacketReceivedAgo: &ago}}},
	))
	if v := judge.Judge(c); len(v.Findings) != 1 || words.Of(v.Findings[0]).Title != "Inbound audio stopped 2.5 s ago." {
		t.Errorf("%+v", v.Findings)
	}
}
