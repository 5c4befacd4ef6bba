package peer

import (
	"testing"

	"github.com/pion/webrtc/v4"

	"dialtone/diag"
)

// TestRestartWhileGathering: candidates and the end of what was gathered before an ICE restart come late, and belong to
// no gathering any more.
func TestRestartWhileGathering(t *testing.T) {
	const complete = webrtc.ICEGatheringStateComplete
	for name, c := range map[string]struct {
		over  bool // the first gathering, before the restart
		then  func(g *gathering)
		waits bool
	}{
		"the end of the first one":        {then: func(g *gathering) { g.agentState(complete) }, waits: true},
		"a candidate and the end of it":   {then: func(g *gathering) { g.isCurrent("old"); g.agentState(complete) }, waits: true},
		"both ends":                       {then: func(g *gathering) { g.agentState(complete); g.isCurrent("new"); g.agentState(complete) }},
		"the end of the second one":       {then: func(g *gathering) { g.isCurrent("new"); g.agentState(complete) }},
		"candidates without a ufrag":      {then: func(g *gathering) { g.isCurrent(""); g.agentState(complete) }},
		"the first one was over":          {over: true, then: func(g *gathering) { g.agentState(complete) }},
		"the second one has not ended":    {over: true, then: func(g *gathering) { g.isCurrent("new") }, waits: true},
		"nothing comes":                   {then: func(*gathering) {}, waits: true},
		"candidates of the second one":    {then: func(g *gathering) { g.isCurrent("new") }, waits: true},
		"a late candidate after the ends": {over: true, then: func(g *gathering) { g.agentState(complete); g.isCurrent("old") }},
	} {
		t.Run(name, func(t *testing.T) {
			p, err := New(Options{Emit: func(diag.Data) {}, Loopback: LoopbackOnly, NoMedia: true})
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = p.Close() }()
			p.gather.begin()
			p.gather.describedBy("old")
			if c.over {
				p.gather.agentState(complete)
			}
			p.gather.prepareRestart()
			c.then(p.gather)
			if got := p.gather.waiting(); got != c.waits {
				t.Errorf("waiting: %v", got)
			}
		})
	}
}
