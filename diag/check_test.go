package diag

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// checked is a call as a check wants it, of which a test takes something away. It is connected from 300 ms to 5.3 s.
func checked(end CallEnded, parts ...any) *Call {
	events := then(goodCall(), 320, Ping{RTTMs: Millis(time.Millisecond)})
	return Fold(then(then(events, parts...), 5000, end))
}

func audioIn(packets, silent uint64, lost int64, ago float64) InboundRTP {
	return InboundRTP{Kind: "audio", SSRC: 1, PacketsReceived: packets, SilentPackets: &silent, PacketsLost: &lost, LastPacketReceivedAgo: &ago}
}

func sampled(in ...InboundRTP) Sample {
	return Sample{Inbound: append(in, InboundRTP{Kind: "video", SSRC: 2, PacketsReceived: 80, LastPacketReceivedAgo: Ptr(0.02)}), Outbound: []OutboundRTP{
		{Kind: "audio", PacketsSent: 250}, {Kind: "video", PacketsSent: 250},
	}}
}

func ids(findings []Finding) []string {
	var list []string
	for _, f := range findings {
		list = append(list, string(f.Severity)+" "+f.ID)
	}
	return list
}

func TestJudgeCheck(t *testing.T) {
	over := CallEnded{Reason: EndDuration, By: ByLocal}
	media := Expectation{Media: true}
	candidate := func(side Side, id, address string, kind CandidateType) Candidate {
		return Candidate{Side: side, ID: id, Address: address, Protocol: "udp", CandidateType: kind}
	}
	short := Load{Ticks: 100, Late: 20, Worst: 90 * time.Millisecond}
	tests := map[string]struct {
		call     *Call
		want     Expectation
		exit     Exit
		headline string
		findings []string
	}{
		"all seen":          {checked(over, 4900, sampled(audioIn(250, 0, 0, 0.01))), media, ExitPass, "connected", nil},
		"no media asked":    {checked(over), Expectation{}, ExitPass, "connected", nil},
		"not echoed":        {Fold(then(goodCall(), 5000, over)), Expectation{}, ExitChannel, "nothing that was sent", []string{"error channel.not_echoed"}},
		"nothing in":        {checked(over, 4900, Sample{Outbound: []OutboundRTP{{Kind: "audio", PacketsSent: 9}, {Kind: "video", PacketsSent: 9}}}), media, ExitMedia, "connected, but no inbound audio, no inbound video", []string{"error media.no_inbound_audio", "error media.no_inbound_video", "error media.one_way"}},
		"stopped":           {checked(over, 4900, sampled(audioIn(150, 0, 0, 2.1))), media, ExitMedia, "inbound audio stopped 2.1 s before the end", []string{"error media.stopped"}},
		"stopped just now":  {checked(over, 4900, sampled(audioIn(150, 0, 0, 1.9))), media, ExitPass, "connected", nil},
		"silent":            {checked(over, 1000, sampled(audioIn(30, 10, 0, 0.01)), 4900, sampled(audioIn(230, 210, 0, 0.01))), media, ExitMedia, "inbound audio is nothing but silence, for 3.9 s", []string{"error media.silent"}},
		"silent at the end": {checked(over, 4000, sampled(audioIn(180, 0, 0, 0.01)), 4900, sampled(audioIn(240, 60, 0, 0.01))), media, ExitPass, "connected", nil},
		"one loud packet":   {checked(over, 1000, sampled(audioIn(50, 50, 0, 0.01)), 4900, sampled(audioIn(250, 249, 0, 0.01))), media, ExitPass, "connected", nil},
		"some loss":         {checked(over, 4900, sampled(audioIn(220, 0, 30, 0.01))), media, ExitPass, "connected", []string{"warning media.loss"}},
		"heavy loss":        {checked(over, 4900, sampled(audioIn(175, 0, 75, 0.01))), media, ExitMedia, "30 % of inbound audio was lost", []string{"error media.loss"}},
		"heavy loss, but the machine was busy": {
			checked(over, 4900, sampled(audioIn(175, 0, 75, 0.01))),
			Expectation{Media: true, Load: short},
			ExitPass, "connected",
			[]string{"warning media.loss"},
		},
		"relay expected": {checked(over), Expectation{Path: ExpectRelay}, ExitAssertion, "the path is direct, although a relay was expected", []string{"error path.direct_unexpected"}},
		"direct expected": {
			checked(over, 330, candidate(Local, "lr", "203.0.113.9", Relay), 340, Selected{PairID: "x", LocalCandidateID: "lr", RemoteCandidateID: "r1"}),
			Expectation{Path: ExpectDirect},
			ExitAssertion, "through a relay, although a direct one was expected",
			[]string{"error path.relay_unexpected"},
		},
		"IPv6 lost": {
			checked(over, 330, candidate(Local, "l6", "2001:db8::1", Host), 330, candidate(Remote, "r6", "2001:db8::2", Host), 340, Pair{ID: "six", LocalCandidateID: "l6", RemoteCandidateID: "r6", State: PairFailed}),
			Expectation{},
			ExitAssertion, "both sides have IPv6",
			[]string{"error path.ipv6_lost"},
		},
		"IPv6 was not needed": {
			checked(over, 330, candidate(Local, "l6", "2001:db8::1", Host), 330, candidate(Remote, "r6", "2001:db8::2", Host), 340, Pair{ID: "six", LocalCandidateID: "l6", RemoteCandidateID: "r6", State: PairWaiting}),
			Expectation{},
			ExitPass, "connected",
			nil,
		},
		"nobody came":    {Fold(log(0, CallStart{Code: "w"}, 900, CallEnded{Reason: EndNobody})), media, ExitNobody, "nobody came", []string{"error call.nobody_came"}},
		"server refuses": {Fold(log(0, CallStart{Code: "w"}, 900, CallEnded{Reason: EndSignaling, Code: "refused", Cause: "connection refused"})), media, ExitSignaling, "signaling failed", []string{"error signal.refused"}},
		"wrong role": {
			Fold(log(0, CallStart{Code: "w"}, 5, Warning{ID: "signal.wrong_role", Subject: "answerer"}, 9, CallEnded{Reason: EndSignaling, Cause: "x"})),
			media, ExitSignaling, "signaling failed",
			[]string{"error signal.wrong_role", "error signal.failed"},
		},
		"another certificate": {
			Fold(log(
				0, CallStart{}, 1, SessionDescription{Side: Remote, Fingerprint: "sha-256 AA"}, 5, DTLSState{State: "failed", RemoteFingerprint: "sha-256 BB"},
				9, CallEnded{Reason: EndDTLS, By: ByNetwork},
			)),
			media, ExitDTLS, "handshake failed",
			[]string{"error dtls.fingerprint_mismatch"},
		},
		"no answer to the handshake": {Fold(log(0, CallStart{}, 9, CallEnded{Reason: EndDTLS, By: ByNetwork})), media, ExitDTLS, "handshake failed", []string{"error dtls.timeout"}},
		"hung up early": {
			Fold(then(log(0, CallStart{ForMs: Ptr(Millis(10 * time.Second))}, 10, ConnectionState{State: "connected"}, 20, ChannelOpen{Label: "ping"}, 30, Ping{}), 3000, CallEnded{Reason: EndPeerHangup, By: ByRemote})),
			Expectation{},
			ExitAssertion, "the other party hung up before the time was over",
			[]string{"error call.ended_early"},
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			v := JudgeCheck(test.call, test.want)
			if v.Exit != test.exit || !strings.Contains(v.Headline, test.headline) {
				t.Errorf("%s, %q", v.Exit, v.Headline)
			}
			if diff := cmp.Diff(test.findings, ids(v.Findings)); diff != "" {
				t.Error(diff)
			}
			for _, f := range v.Findings {
				if _, ok := Explain(f.ID); !ok || f.Advice == "" && f.ID != "signal.wrong_role" && f.ID != "signal.refused" && f.ID != "signal.failed" {
					t.Errorf("%s has no explanation or no advice", f.ID)
				}
			}
		})
	}
}

// TestExitsAreOrdered: a code that a call or check can have has a place in the order.
func TestExitsAreOrdered(t *testing.T) {
	nat := []Exit{ExitRelay, ExitNoRelay, ExitInconclusive, ExitNoConnectivity}
	for _, e := range Exits() {
		if !slices.Contains(exitOrder, e) && !slices.Contains(nat, e) {
			t.Errorf("%s is in no order", e)
		}
	}
	if ExitPass.Worse(ExitMedia) != ExitMedia || ExitMedia.Worse(ExitICE) != ExitICE || ExitICE.Worse(ExitAssertion) != ExitICE {
		t.Error("the order is not that of the steps of a call")
	}
}

// TestEndsAreExplained: those whose IDs the source does not hold as a literal of a finding.
func TestEndsAreExplained(t *testing.T) {
	for reason := range signalReasons {
		if _, ok := Explain(signalFindingID(reason)); !ok {
			t.Errorf("signaling %q is not explained", reason)
		}
	}
	for _, reason := range []EndReason{EndSignaling, EndNobody, EndPeerLeft, EndPeerLost, EndICE} {
		for _, f := range endFindings(Fold(log(0, CallStart{}, 9, CallEnded{Reason: reason}))) {
			if _, ok := Explain(f.ID); !ok {
				t.Errorf("%s: %s is not explained", reason, f.ID)
			}
		}
	}
}
