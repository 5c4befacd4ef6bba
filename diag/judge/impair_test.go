package judge_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"dialtone/diag"
	"dialtone/diag/call"
	"dialtone/diag/judge"
	"dialtone/diag/words"
)

// injected is what an impairment has dropped of the streams of an SSRC.
func injected(dropped uint64, ssrc uint32) diag.ImpairedPackets {
	return diag.ImpairedPackets{Packets: 500, Lost: dropped, Streams: []diag.ImpairedStream{{SSRC: ssrc, Packets: 250, Dropped: dropped}}}
}

// TestImpairedCalls: what the call dropped itself is not the path's loss, and what else it can explain says so.
func TestImpairedCalls(t *testing.T) {
	over := diag.CallEnded{Reason: diag.EndDuration, By: diag.ByLocal}
	lossy := sampled(audioIn(175, 0, 75, 0.01))
	echoed := audioIn(10, 0, 0, 0.01)
	echoed.EchoDelay = new(0.03)
	asked := func(c *call.Call) *call.Call {
		c.Start.Impair = []diag.Impairment{{Loss: 0.3}}
		return c
	}
	for name, test := range map[string]struct {
		call *call.Call
		want []string
		says string // of the first finding
	}{
		"all of it on purpose": {checked(over, 4800, lossy, 4900, diag.Impaired{Inbound: injected(75, 1)}), nil, ""},
		"half of it on purpose": {
			checked(over, 4800, lossy, 4900, diag.Impaired{Inbound: injected(37, 1)}),
			[]string{"warning media.loss"},
			"15 % of inbound audio was lost.",
		},
		"of another stream": {
			checked(over, 4800, lossy, 4900, diag.Impaired{Inbound: injected(75, 2)}),
			[]string{"warning media.loss"},
			"30 % of inbound audio was lost.",
		},
		"on the way out, of no echo": {
			checked(over, 4800, lossy, 4900, diag.Impaired{Outbound: injected(75, 1)}), []string{"warning media.loss"}, "30 %",
		},
		"on the way out, of an echo": {
			checked(over, 400, sampled(echoed), 4800, lossy,
				4900, diag.Impaired{Outbound: injected(75, 0)}), nil, "",
		},
		"inside a relayed connection": {
			checked(over, 4800, lossy, 4900, diag.Impaired{Inbound: diag.ImpairedPackets{Packets: 500, Lost: 80}}), nil, "",
		},
		"asked for": {
			asked(checked(over, 4800, lossy, 4900, diag.Impaired{Inbound: injected(75, 1)})),
			[]string{"info impair.injected"},
			"75 of 500 inbound",
		},
		"without effect": {
			asked(checked(over, 4800, sampled(audioIn(250, 0, 0, 0.01)), 4900, diag.Impaired{})),
			[]string{"warning impair.no_effect"},
			"impaired none of its packets",
		},
		"a stop": {
			checked(over, 4800, sampled(audioIn(150, 0, 0, 2.1)), 4900, diag.Impaired{Inbound: injected(75, 9)}),
			[]string{"warning media.stopped"},
			"Inbound audio stopped",
		},
	} {
		t.Run(name, func(t *testing.T) {
			v := judge.Judge(test.call)
			if diff := cmp.Diff(test.want, ids(v.Findings)); diff != "" {
				t.Fatal(diff)
			}
			if len(v.Findings) == 0 {
				return
			}
			f := v.Findings[0]
			text := words.Of(f)
			if !strings.Contains(text.Title, test.says) {
				t.Errorf("title: %s", text.Title)
			}
			blamed := slices.ContainsFunc(text.Evidence, func(e string) bool { return strings.Contains(e, "on purpose") })
			if blamed != (f.ID == "media.stopped" || name == "half of it on purpose") || f.Injected != (f.ID == "media.stopped") {
				t.Errorf("%s: evidence %q, injected %v", f.ID, text.Evidence, f.Injected)
			}
		})
	}
}
