package pane

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"dialtone/diag"
	"dialtone/diag/call"
	"dialtone/diag/words/term"
	"dialtone/tui/draw"
)

func TestPathOverARelay(t *testing.T) {
	local := candidate("local", "l", diag.Relay, "198.51.100.54", "192.0.2.10")
	local.URL, local.RelayProtocol = "turn:t", "tls"
	remote := candidate("remote", "r", diag.Host, "0d2cf8e7-5a34-4c1b-9a70-5f3b2f3f6a11.local", "")
	chosen := diag.Selected{PairID: "p", LocalCandidateID: "l", RemoteCandidateID: "r"}
	places := func(list ...diag.Data) (out []string) {
		s, _ := sceneOf(list...)
		path, _ := pathOf(s.Call)
		for _, n := range path.Nodes {
			out = append(out, n.Title+": "+n.Address+" ("+n.Note+")")
		}
		return out
	}
	peer := "peer: 0d2cf8e7-….local:5000 (host, address hidden (mDNS))"
	want := []string{"you: 192.0.2.10:5000 (host)", "your NAT: 203.0.113.7 (mapped address at the relay)", "relay: 198.51.100.54:5000 (yours over tls, at turn:t)", peer}
	got := places(local, remote, served("turn:t", "203.0.113.7:4"), chosen)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("behind a NAT (-want +got):\n%s", diff)
	}
	want = []string{want[0], want[2], peer}
	for name, server := range map[string]diag.ServerStage{
		"the same address": served("turn:t", "192.0.2.10:4"), "another server": served("stun:s", "203.0.113.7:4"), "no address": served("turn:t", ""),
	} {
		if diff := cmp.Diff(want, places(local, remote, server, chosen)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

// served is the answer of a server that saw this machine with an address.
func served(url, mapped string) diag.ServerStage {
	stage := diag.ServerStage{URL: url, Transport: "udp", Stage: diag.Stage{Name: diag.StageBinding, Mapped: mapped}}
	if strings.HasPrefix(url, "turn") {
		stage.TURN, stage.Stage.Name = true, diag.StageAllocate
	}
	return stage
}

func TestEndIsShown(t *testing.T) {
	for by, want := range map[diag.EndedBy]string{
		diag.ByLocal: "ended by you", diag.ByRemote: "ended by the peer", diag.ByServer: "ended by the signaling server",
		diag.ByNetwork: "ended by the network", "": "ended at 00:00",
	} {
		s, _ := sceneOf(diag.CallStart{}, diag.CallEnded{Reason: diag.EndICE, By: by})
		p := NewCall(s)
		p.SetSize(100, 24)
		if v := p.View(); !strings.Contains(v, want) || !strings.Contains(v, "No path found") || !strings.Contains(v, "What to do") {
			t.Errorf("%q is not told:\n%s", want, v)
		}
	}
}

func TestSlowPathIsExplained(t *testing.T) {
	s, _ := sceneOf(
		diag.CallStart{}, diag.SignalState{State: diag.SignalConnected}, candidate("local", "l", diag.Host, "10.0.0.1", ""),
		candidate("remote", "r", diag.Host, "10.1.0.1", ""), diag.Pair{ID: "p", State: diag.PairInProgress, RequestsSent: 5},
	)
	p := NewCall(s)
	p.SetSize(100, 24)
	const reason = "1 candidate pair checked with 5 requests, none answered"
	if strings.Contains(p.View(), reason) {
		t.Errorf("told at once:\n%s", p.View())
	}
	s.Clock += patience + time.Second
	if v := p.View(); !strings.Contains(v, reason) || !strings.Contains(v, "neither side has a relay candidate") {
		t.Errorf("not told:\n%s", v)
	}
}

// What goes over both control channels is one message.
func TestEchoes(t *testing.T) {
	hello := func(at time.Duration, label string, value bool) call.MessageRow {
		c := &diag.Control{Direction: diag.Inbound, Code: "mute_audio", Value: &value}
		return call.MessageRow{Message: diag.Message{Direction: diag.Inbound, Label: label}, At: at, Control: c}
	}
	list := []call.MessageRow{
		hello(0, diag.LabelControl, true), hello(time.Millisecond, diag.LabelControlLegacy, true), hello(2*time.Millisecond, diag.LabelControlLegacy, false),
		hello(3*time.Millisecond, diag.LabelControl, true), hello(5*time.Second, diag.LabelControlLegacy, false),
		{Message: diag.Message{Label: "chat"}, At: 5 * time.Second},
	}
	var got []bool
	for i := range list {
		got = append(got, isEcho(list, i))
	}
	if diff := cmp.Diff([]bool{false, true, false, true, false, false}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// TestDemoExplainsTheStep: a demo says how to move, and names the step at which it is paused; each explanation fits.
func TestDemoExplainsTheStep(t *testing.T) {
	s, _ := sceneOf(diag.CallStart{Command: "demo"}, diag.PhaseStart{Phase: diag.PhaseDial}, diag.PhaseStart{Phase: diag.PhaseDTLS})
	s.Live = false
	p := NewCall(s)
	p.SetSize(80, 24)
	if v := p.View(); !strings.Contains(v, "DTLS handshake: Both peers prove") || strings.Count(v, "\n") != 23 {
		t.Errorf("paused:\n%s", v)
	}
	s.Live = true
	if v := p.View(); !strings.Contains(v, "Press space to pause") || !strings.Contains(v, "dialtone explain") {
		t.Errorf("live:\n%s", v)
	}
	p.SetSize(80, lessonLeast-1)
	if v := p.View(); strings.Contains(v, "Press space") {
		t.Errorf("without room:\n%s", v)
	}
	for _, phase := range []diag.PhaseName{
		diag.PhaseDial, diag.PhaseWait, diag.PhaseGather, diag.PhaseOfferAnswer, diag.PhaseICE, diag.PhaseNomination, diag.PhaseDTLS,
		diag.PhaseSCTP, diag.PhaseChannel, diag.PhaseFirstPacket, diag.PhaseFirstFrame, diag.PhaseRestart,
	} {
		text := term.ExplainPhase(phase)
		if text == "" || len(draw.Wrap(term.Phase(phase)+": "+text, 77)) > lessonRows {
			t.Errorf("%s: %q", phase, text)
		}
	}
	s, _ = sceneOf(diag.CallStart{Command: "call"}, diag.PhaseStart{Phase: diag.PhaseDial})
	other := NewCall(s)
	other.SetSize(80, 24)
	if v := other.View(); strings.Contains(v, "The request by which") {
		t.Errorf("a call that is no demo:\n%s", v)
	}
}
