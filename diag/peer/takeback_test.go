package peer

import (
	"slices"
	"testing"
	"time"

	"dialtone/diag"
	"dialtone/diag/call"
)

func gathered(s *side) func(*call.Call) bool { return func(*call.Call) bool { return s.Gathered() } }

// TestUnansweredRestart: after an offer for an ICE restart that was lost, either peer can offer again, as often as it is
// needed, and the call connects anew.
func TestUnansweredRestart(t *testing.T) {
	t.Parallel()
	for name, mine := range map[string]bool{"the same peer offers again": true, "the other one offers": false} {
		t.Run(name, func(t *testing.T) {
			heard := make(chan struct{}, 1)
			a, b := pair(t, Options{}, Options{OnMessage: func(label string, _ bool, _ []byte) {
				if label == diag.LabelChat {
					heard <- struct{}{}
				}
			}})
			connect(t, a, b)
			open := func(c *call.Call) bool { return c.Connection == "connected" && len(c.Channels) == len(ownLabels) }
			for _, s := range []*side{a, b} {
				s.until(t, "the connection", open)
			}
			for range 2 {
				if _, err := a.Offer(true); err != nil {
					t.Fatal(err)
				}
				a.until(t, "its candidates", gathered(a))
			}
			from, to := a, b
			if !mine {
				from, to = b, a
			}
			if _, err := from.Offer(true); err != nil {
				t.Fatal(err)
			}
			from.until(t, "its candidates", gathered(from)) // the descriptions are whole: no candidate comes before them
			if _, err := to.Answer(from.Local()); err != nil {
				t.Fatal(err)
			}
			to.until(t, "its candidates", gathered(to))
			if err := from.SetAnswer(to.Local()); err != nil {
				t.Fatal(err)
			}
			for _, s := range []*side{a, b} {
				s.until(t, "the new connection", func(c *call.Call) bool {
					return c.Connection == "connected" && slices.ContainsFunc(c.Spans, func(s call.Span) bool {
						return s.Phase == diag.PhaseRestart && s.Outcome == diag.OutcomeOK
					})
				})
			}
			if err := a.Send(diag.LabelChat, true, []byte("hello")); err != nil {
				t.Fatal(err)
			}
			select {
			case <-heard:
			case <-time.After(20 * time.Second):
				t.Error("no message arrives on the new path")
			}
		})
	}
}
