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
	"dialtone/diag/words/verdict"
)

// TestMachine: what this machine did is never blamed on the peer, and what it did in passing does not excuse the peer.
func TestMachine(t *testing.T) {
	gone, back := diag.NetworkChanged{}, diag.NetworkChanged{Online: true}
	ping := diag.Ping{RTTMs: diag.Millis(time.Millisecond)}
	stopped := diag.Paused{DurationMs: diag.Millis(90 * time.Second), Source: diag.PauseStopped}
	suspended := diag.Paused{DurationMs: diag.Millis(60 * time.Second), Source: diag.PauseSuspend}
	set := diag.Paused{DurationMs: diag.Millis(60 * time.Second), Source: diag.PauseClock}
	down := diag.ConnectionState{State: "disconnected"}
	lost := diag.CallEnded{Reason: diag.EndPeerLost, Code: diag.CodeNoRedial}
	silent := diag.Warning{ID: "ice.consent_lost"}
	restart := diag.Restart{By: diag.ByNetwork, Reason: "address"}
	for name, test := range map[string]struct {
		parts    []any
		headline string
		words    string
		findings string // each with its severity
	}{
		"lost and back": {
			[]any{2000, gone, 27000, back, 28000, ping, 30000, diag.CallEnded{Reason: diag.EndHangup}},
			"connected for 29.7 s; you hung up", "This machine had no network for 25.0 s.", "machine.offline warning",
		},
		"lost, and the peer did not come back": {
			[]any{1900, ping, 2000, gone, 2000, restart, 7000, down, 27000, back, 62000, lost},
			"connected for 1.7 s, but this machine had no network for 25.0 s", "The call did not come back.", "machine.offline error",
		},
		"lost until the end": {
			[]any{1900, ping, 2000, gone, 7000, down, 62000, lost},
			"connected for 1.7 s, but this machine had no network for the last 1 min", "Check the Wi-Fi", "machine.offline error",
		},
		"without pings": {
			[]any{2000, gone, 7000, down, 27000, back, 62000, lost},
			"connected for 1.7 s, but this machine had no network for 25.0 s", "", "machine.offline error",
		},
		"long before the peer was lost": {
			[]any{2000, gone, 27000, back, 40000, ping, 45000, down, 45000, restart, 105000, lost},
			"the peer vanished after 39.7 s", "Dialed again for 1 min; the peer did not dial back (--redial).", "call.peer_lost error machine.offline warning",
		},
		"for a moment, as the peer was lost": {
			[]any{1900, ping, 2000, gone, 4000, back, 7000, down, 62000, lost},
			"the peer vanished after 1.7 s", "", "call.peer_lost error machine.offline warning",
		},
		"another peer dialed": {
			[]any{1900, ping, 2000, gone, 7000, down, 27000, back, 28000, diag.CallEnded{Reason: diag.EndPeerLost, Code: diag.CodeCertificate}},
			"the peer vanished after 1.7 s", "Choose a code that others cannot guess.", "call.peer_lost error machine.offline warning",
		},
		"stopped": {
			[]any{1900, ping, 92000, stopped, 92100, ping, 97000, down, 165000, lost},
			"connected for 1 min 32 s, but dialtone did not run for 1 min 30 s", "Its timers fired that late", "machine.paused error",
		},
		"suspended": {
			[]any{1900, ping, 62000, suspended, 67000, down, 125000, lost},
			"connected for 1 min 2 s, but this machine was suspended for 1 min", "Keep this machine awake", "machine.paused error",
		},
		"stopped, and the call is over before the peer is given up": {
			[]any{
				1900, ping, 92000, stopped, 92000, down, 94000,
				diag.ConnectionState{State: "connected"},
				98000, down,
				98000, silent, 110000,
				diag.CallEnded{Reason: diag.EndDuration},
			},
			"connected for 1 min 50 s, but dialtone did not run for 1 min 30 s", "The call did not come back.", "machine.paused error",
		},
		"suspended, and back": {
			[]any{1900, ping, 62000, suspended, 63000, ping, 70000, diag.CallEnded{Reason: diag.EndHangup}},
			"connected for 1 min 10 s; you hung up", "This machine was suspended for 1 min.", "machine.paused warning",
		},
		"the clock moved": {
			[]any{1900, ping, 62000, set, 63000, ping, 70000, diag.CallEnded{Reason: diag.EndHangup}},
			"connected for 1 min 10 s; you hung up", "The clock of this machine moved ahead by 1 min.", "machine.paused warning",
		},
		"the peer was silent later": {
			[]any{1900, ping, 12000, stopped, 12100, silent, 12200, ping, 30000, silent, 40000, diag.CallEnded{Reason: diag.EndHangup}},
			"connected for 39.7 s; you hung up", "", "machine.paused warning ice.consent_lost warning",
		},
		"the peer was silent only because nothing was asked": {
			[]any{1900, ping, 12000, stopped, 12100, silent, 12200, ping, 40000, diag.CallEnded{Reason: diag.EndHangup}},
			"connected for 39.7 s; you hung up", "", "machine.paused warning",
		},
		"no network, so no answers": {
			[]any{1900, ping, 12000, gone, 17000, silent, 32000, back, 40000, diag.CallEnded{Reason: diag.EndHangup}},
			"connected for 39.7 s; you hung up", "", "machine.offline warning",
		},
		"a flap": {
			[]any{2000, gone, 2500, back, 30000, diag.CallEnded{Reason: diag.EndHangup}}, "connected for 29.7 s; you hung up", "", "",
		},
	} {
		t.Run(name, func(t *testing.T) {
			v := judge.Judge(call.Fold(diagtest.Then(diagtest.GoodCall(), test.parts...)))
			said := verdict.Of(v)
			if said.Headline != test.headline {
				t.Errorf("%q, want %q", said.Headline, test.headline)
			}
			var got []string
			text := slices.Concat(said.Why, said.Next)
			for _, f := range v.Findings {
				if strings.HasPrefix(f.ID, "machine.") || f.ID == "call.peer_lost" || f.ID == "ice.consent_lost" {
					got = append(got, f.ID+" "+string(f.Severity))
				}
			}
			for _, l := range verdict.Lines(v) {
				text = append(text, l[1])
			}
			if diff := cmp.Diff(test.findings, strings.Join(got, " ")); diff != "" {
				t.Error(diff)
			}
			if all := strings.Join(text, "\n"); !strings.Contains(all, test.words) {
				t.Errorf("nothing mentions %q:\n%s", test.words, all)
			}
		})
	}
}
