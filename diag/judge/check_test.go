package judge_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"dialtone/diag"
	"dialtone/diag/call"
	"dialtone/diag/diagtest"
	"dialtone/diag/judge"
	"dialtone/diag/words"
	"dialtone/diag/words/verdict"
)

// checked is a call as a check wants it, of which a test takes something away. It is connected from 300 ms to 5.3 s.
func checked(end diag.CallEnded, parts ...any) *call.Call {
	events := diagtest.Then(diagtest.GoodCall(), 320, diag.Ping{RTTMs: diag.Millis(time.Millisecond)})
	return call.Fold(diagtest.Then(diagtest.Then(events, parts...), 5000, end))
}

func audioIn(packets uint64, silent float64, lost int64, ago float64) diag.InboundRTP {
	return diag.InboundRTP{Kind: "audio", SSRC: 1, PacketsReceived: &packets, Sound: &diag.Sound{Source: diag.SoundDecoder, SilentFor: silent}, PacketsLost: &lost, LastPacketReceivedAgo: &ago}
}

func sampled(in ...diag.InboundRTP) diag.Sample {
	return diag.Sample{Inbound: append(in, diag.InboundRTP{Kind: "video", SSRC: 2, PacketsReceived: new(uint64(80)), LastPacketReceivedAgo: new(0.02)}), Outbound: []diag.OutboundRTP{
		{Kind: "audio", PacketsSent: new(uint64(250))}, {Kind: "video", PacketsSent: new(uint64(250))},
	}}
}

// TestClosedChannels: the peer closed its channels if all of them ended in a call that went on.
func TestClosedChannels(t *testing.T) {
	over, lost := diag.CallEnded{Reason: diag.EndDuration}, diag.CallEnded{Reason: diag.EndPeerLost}
	closed := diag.ChannelClose{Label: diag.LabelChat}
	for name, test := range map[string]struct {
		parts []any
		want  bool
	}{
		"all, early":        {[]any{400, closed, 5000, over}, true},
		"at the end":        {[]any{4500, closed, 5000, over}, false},
		"none":              {[]any{5000, over}, false},
		"one is left":       {[]any{350, diag.ChannelOpen{Label: diag.LabelPing}, 400, closed, 5000, over}, false},
		"with all of SCTP":  {[]any{400, closed, 401, diag.SCTPState{State: "closed"}, 5000, over}, false},
		"the peer vanished": {[]any{400, closed, 5000, lost}, false},
	} {
		v := judge.Judge(call.Fold(diagtest.Then(diagtest.GoodCall(), test.parts...)))
		if got := slices.ContainsFunc(v.Findings, func(f judge.Finding) bool { return f.ID == "channel.closed" }); got != test.want {
			t.Errorf("%s: %v", name, ids(v.Findings))
		}
	}
}

// TestMediaOfACall: what a check fails for is a warning in a call of people.
func TestMediaOfACall(t *testing.T) {
	over := diag.CallEnded{Reason: diag.EndDuration, By: diag.ByLocal}
	half := sampled(audioIn(250, 0, 0, 0.01))
	half.Outbound[0].PacketsSent = new(uint64(2000)) // the report is older than that
	half.Outbound[0].Remote = &diag.RemoteInbound{PacketsLost: new(int64(500)), PacketsReceived: new(uint64(500))}
	repaired := sampled(audioIn(250, 0, 0, 0.01))
	repaired.Inbound[1].PacketsLost, repaired.Inbound[1].PacketsRepaired = new(int64(20)), new(int64(20))
	for name, test := range map[string]struct {
		call     *call.Call
		findings []string
		words    string
	}{
		"all seen":           {checked(over, 4900, sampled(audioIn(250, 0, 0, 0.01))), nil, ""},
		"stopped":            {checked(over, 4900, sampled(audioIn(150, 0, 0, 2.1))), []string{"warning media.stopped"}, "Inbound audio stopped"},
		"stopped on mute":    {checked(over, 300, diag.TrackMuted{Side: diag.Remote, Kind: "audio", Muted: true}, 4900, sampled(audioIn(150, 0, 0, 2.1))), nil, ""},
		"silent":             {checked(over, 4900, sampled(audioIn(230, 3.9, 0, 0.01))), []string{"warning media.silent"}, "silent"},
		"loss in":            {checked(over, 4900, sampled(audioIn(175, 0, 75, 0.01))), []string{"warning media.loss"}, "30 % of inbound audio was lost."},
		"loss out":           {checked(over, 4900, half), []string{"warning media.loss"}, "50 % of outbound audio was lost."},
		"all of it repaired": {checked(over, 4900, repaired), []string{"warning media.loss"}, "20 % of inbound video was lost."},
	} {
		t.Run(name, func(t *testing.T) {
			v := judge.Judge(test.call)
			if diff := cmp.Diff(test.findings, ids(v.Findings)); diff != "" || v.Exit != diag.ExitPass {
				t.Error(v.Exit, diff)
			}
			if len(v.Findings) > 0 && !strings.Contains(words.Of(v.Findings[0]).Title, test.words) {
				t.Error(words.Of(v.Findings[0]).Title)
			}
		})
	}
}

func ids(findings []judge.Finding) []string {
	var list []string
	for _, f := range findings {
		list = append(list, string(f.Severity)+" "+f.ID)
	}
	return list
}

func TestJudgeCheck(t *testing.T) {
	over := diag.CallEnded{Reason: diag.EndDuration, By: diag.ByLocal}
	both := []call.MediaKind{
		{Direction: diag.Inbound, Kind: "audio"},
		{Direction: diag.Outbound, Kind: "audio"},
		{Direction: diag.Inbound, Kind: "video"},
		{Direction: diag.Outbound, Kind: "video"},
	}
	media := judge.Expectation{Media: both, Echo: true}
	candidate := func(side diag.Side, id, address string, kind diag.CandidateType) diag.Candidate {
		return diag.Candidate{Side: side, ID: id, Address: address, Protocol: "udp", CandidateType: kind}
	}
	unsent := sampled(audioIn(250, 0, 0, 0.01))
	unsent.Channels = []diag.DataChannelRow{{Label: diag.LabelChat}, {Label: diag.LabelControl, MessagesSent: 1}}
	short := judge.Load{Ticks: 100, Late: 20, Worst: 90 * time.Millisecond}
	tests := map[string]struct {
		call     *call.Call
		want     judge.Expectation
		exit     diag.Exit
		headline string
		findings []string
	}{
		"all seen":       {checked(over, 4900, sampled(audioIn(250, 0, 0, 0.01))), media, diag.ExitPass, "connected", nil},
		"no media asked": {checked(over), judge.Expectation{Echo: true}, diag.ExitPass, "connected", nil},
		"left early":     {call.Fold(diagtest.Then(diagtest.GoodCall(), 1100, diag.CallEnded{Reason: diag.EndPeerHangup, By: diag.ByRemote})), judge.Expectation{Echo: true}, diag.ExitPass, "", nil},
		"not echoed":     {call.Fold(diagtest.Then(diagtest.GoodCall(), 5000, over)), judge.Expectation{Echo: true}, diag.ExitChannel, "no message on a data channel was answered", []string{"error channel.not_echoed"}},
		"nothing sent":   {call.Fold(diagtest.Then(diagtest.GoodCall(), 4900, unsent, 5000, over)), judge.Expectation{Echo: true}, diag.ExitChannel, "nothing could be sent on a data channel", []string{"error channel.not_echoed"}},
		"too short for a report, of many": {
			checked(over, 320, diag.SessionDescription{Side: diag.Remote, SDPType: "offer", SDP: "v=0\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=recvonly\r\nm=video 9 UDP/TLS/RTP/SAVPF 96\r\na=recvonly\r\n"}, 4900, diag.Sample{Outbound: []diag.OutboundRTP{{Kind: "audio", PacketsSent: new(uint64(9))}, {Kind: "video", PacketsSent: new(uint64(9))}}}),
			judge.Expectation{Media: []call.MediaKind{{Direction: diag.Outbound, Kind: "audio"}}, Echo: true, OneOfMany: true},
			diag.ExitPass, "connected",
			[]string{"warning media.unconfirmed"},
		},
		"lost before a report was due": {
			checked(diag.CallEnded{Reason: diag.EndPeerLost, By: diag.ByLocal}, 4900, diag.Sample{Outbound: []diag.OutboundRTP{{Kind: "audio", PacketsSent: new(uint64(9))}}}),
			judge.Expectation{Media: []call.MediaKind{{Direction: diag.Outbound, Kind: "audio"}}, Echo: true},
			diag.ExitICE, "",
			[]string{"error call.peer_lost", "error media.no_inbound_audio", "error media.no_outbound_video", "error media.no_inbound_video"},
		},
		"nothing in":               {checked(over, 4900, diag.Sample{Outbound: []diag.OutboundRTP{{Kind: "audio", PacketsSent: new(uint64(9))}, {Kind: "video", PacketsSent: new(uint64(9))}}}), media, diag.ExitMedia, "but no inbound audio, no inbound video", []string{"error media.no_inbound_audio", "error media.no_inbound_video", "error media.one_way", "error media.unconfirmed", "error media.unconfirmed"}},
		"nothing in, as described": {checked(over, 320, diag.SessionDescription{Side: diag.Remote, SDPType: "offer", SDP: "v=0\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=recvonly\r\nm=video 9 UDP/TLS/RTP/SAVPF 96\r\na=recvonly\r\n"}, 4900, diag.Sample{Outbound: []diag.OutboundRTP{{Kind: "audio", PacketsSent: new(uint64(9))}, {Kind: "video", PacketsSent: new(uint64(9))}}}), judge.Expectation{Media: []call.MediaKind{{Direction: diag.Inbound, Kind: "audio"}}, Echo: true}, diag.ExitMedia, "but no inbound audio", []string{"error media.no_inbound_audio"}},
		"stopped":                  {checked(over, 4900, sampled(audioIn(150, 0, 0, 2.1))), media, diag.ExitMedia, "inbound audio stopped 2.1 s before the end", []string{"error media.stopped"}},
		"stopped just now":         {checked(over, 4900, sampled(audioIn(150, 0, 0, 1.7))), media, diag.ExitPass, "connected", nil},
		"silent":                   {checked(over, 4900, sampled(audioIn(230, 3.9, 0, 0.01))), media, diag.ExitMedia, "inbound audio has been silent for 3.9 s", []string{"error media.silent"}},
		"silent at the end":        {checked(over, 4900, sampled(audioIn(240, 1.6, 0, 0.01))), media, diag.ExitPass, "connected", []string{"info media.silent"}},
		"a pause":                  {checked(over, 4900, sampled(audioIn(250, 1.4, 0, 0.01))), media, diag.ExitPass, "connected", nil},
		"some loss":                {checked(over, 4900, sampled(audioIn(220, 0, 30, 0.01))), media, diag.ExitPass, "connected", []string{"warning media.loss"}},
		"heavy loss":               {checked(over, 4900, sampled(audioIn(175, 0, 75, 0.01))), media, diag.ExitMedia, "30 % of inbound audio was lost", []string{"error media.loss"}},
		"heavy loss, but the machine was busy": {
			checked(over, 4900, sampled(audioIn(175, 0, 75, 0.01))),
			judge.Expectation{Media: both, Echo: true, Load: short},
			diag.ExitPass, "connected",
			[]string{"warning media.loss"},
		},
		"relay expected": {checked(over), judge.Expectation{Echo: true, Path: judge.ExpectRelay}, diag.ExitAssertion, "the path is direct, although a relay was expected", []string{"error path.direct_unexpected"}},
		"direct expected": {
			checked(over, 330, candidate(diag.Local, "lr", "203.0.113.9", diag.Relay), 340, diag.Selected{PairID: "x", LocalCandidateID: "lr", RemoteCandidateID: "r1"}),
			judge.Expectation{Echo: true, Path: judge.ExpectDirect},
			diag.ExitAssertion, "through a relay, although a direct one was expected",
			[]string{"error path.relay_unexpected"},
		},
		"IPv6 lost": {
			checked(over, 330, candidate(diag.Local, "l6", "2001:db8::1", diag.Host), 330, candidate(diag.Remote, "r6", "2001:db8::2", diag.Host), 340, diag.Pair{ID: "six", LocalCandidateID: "l6", RemoteCandidateID: "r6", State: diag.PairFailed}),
			judge.Expectation{Echo: true},
			diag.ExitAssertion, "both sides have IPv6",
			[]string{"error path.ipv6_lost"},
		},
		"IPv6 was not needed": {
			checked(over, 330, candidate(diag.Local, "l6", "2001:db8::1", diag.Host), 330, candidate(diag.Remote, "r6", "2001:db8::2", diag.Host), 340, diag.Pair{ID: "six", LocalCandidateID: "l6", RemoteCandidateID: "r6", State: diag.PairWaiting}),
			judge.Expectation{Echo: true},
			diag.ExitPass, "connected",
			nil,
		},
		"timed out waiting": {call.Fold(diagtest.Log(0, diag.CallStart{Code: "w"}, 900, diag.CallEnded{Reason: diag.EndNoPeer})), media, diag.ExitNoPeer, "timed out waiting", []string{"error call.nobody_came"}},
		"server refuses":    {call.Fold(diagtest.Log(0, diag.CallStart{Code: "w"}, 900, diag.CallEnded{Reason: diag.EndSignaling, Signal: &diag.SignalFailure{Reason: "refused"}, Cause: "connection refused"})), media, diag.ExitSignaling, "signaling failed", []string{"error signal.refused"}},
		"wrong role": {
			call.Fold(diagtest.Log(0, diag.CallStart{Code: "w"}, 5, diag.Warning{ID: "signal.wrong_role", Subject: "answerer"}, 9, diag.CallEnded{Reason: diag.EndSignaling, Cause: "x"})),
			media, diag.ExitSignaling, "signaling failed",
			[]string{"error signal.failed", "error signal.wrong_role"},
		},
		"another certificate": {
			call.Fold(diagtest.Log(
				0, diag.CallStart{}, 1, diag.SessionDescription{Side: diag.Remote, Fingerprint: "sha-256 AA"}, 5, diag.DTLSState{State: "failed", RemoteFingerprint: "sha-256 BB"},
				9, diag.CallEnded{Reason: diag.EndDTLS, By: diag.ByNetwork},
			)),
			media, diag.ExitDTLS, "handshake failed",
			[]string{"error dtls.fingerprint_mismatch"},
		},
		"no answer to the handshake": {call.Fold(diagtest.Log(0, diag.CallStart{}, 9, diag.CallEnded{Reason: diag.EndDTLS, By: diag.ByNetwork})), media, diag.ExitDTLS, "handshake failed", []string{"error dtls.timeout"}},
		"hung up early": {
			call.Fold(diagtest.Then(diagtest.Log(0, diag.CallStart{ForMs: new(diag.Millis(10 * time.Second))}, 10, diag.ConnectionState{State: "connected"}, 20, diag.ChannelOpen{Label: "ping"}, 30, diag.Ping{}), 3000, diag.CallEnded{Reason: diag.EndPeerHangup, By: diag.ByRemote})),
			judge.Expectation{Echo: true},
			diag.ExitAssertion, "the peer hung up before the call was to end",
			[]string{"error call.ended_early"},
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			v := judge.Check(test.call, test.want)
			if v.Exit != test.exit || !strings.Contains(verdict.Of(v).Headline, test.headline) {
				t.Errorf("%s, %q", v.Exit, verdict.Of(v).Headline)
			}
			if diff := cmp.Diff(test.findings, ids(v.Findings)); diff != "" {
				t.Error(diff)
			}
			for _, f := range v.Findings {
				if words.Of(f).Advice == "" && f.ID != "signal.wrong_role" {
					t.Errorf("%s has no advice", f.ID)
				}
			}
		})
	}
}

// TestExitsAreOrdered means that every code has a place in the order.
func TestExitsAreOrdered(t *testing.T) {
	for _, e := range diag.Exits() {
		if !slices.Contains(diag.ExitOrder, e) {
			t.Errorf("%s is in no order", e)
		}
	}
	if diag.ExitPass.Worse(diag.ExitMedia) != diag.ExitMedia || diag.ExitMedia.Worse(diag.ExitICE) != diag.ExitICE || diag.ExitICE.Worse(diag.ExitAssertion) != diag.ExitICE {
		t.Error("the order is not that of the steps of a call")
	}
}
