package session

import (
	"testing"
	"testing/synctest"
	"time"

	"dialtone/diag"
)

// TestStuckCallEnds: a connection that does not return ends the call within a bound, whatever it was asked for.
func TestStuckCallEnds(t *testing.T) {
	for name, script := range map[string]func(*rig){
		"a sample":       func(r *rig) { r.peer.locked.Store(true) },
		"a message":      func(r *rig) { r.peer.locked.Store(true); _ = r.Chat("hello") },
		"the last words": func(r *rig) { r.peer.locked.Store(true); r.Hangup() },
	} {
		t.Run(name, func(t *testing.T) {
			c, took := place(t, Options{}, func(r *rig) {
				r.answers()
				r.opens(diag.LabelControl)
				synctest.Wait()
				script(r)
			})
			if c.Ended == nil || c.Ended.Reason != diag.EndInternal || c.Ended.Code != diag.CodeStuck ||
				took < stuckAfter*time.Second || took > (stuckAfter+3)*time.Second {
				t.Errorf("after %s: %+v", took, c.Ended)
			}
		})
	}
}

// TestSlowWorkIsNotStuck: as long as a session finishes one thing after the other it goes on.
func TestSlowWorkIsNotStuck(t *testing.T) {
	c, _ := place(t, Options{}, func(r *rig) {
		r.answers()
		for range 4 {
			r.do(func() { time.Sleep((stuckAfter - 2) * time.Second) })
		}
		time.Sleep(4 * stuckAfter * time.Second)
		r.Hangup()
	})
	if c.Ended == nil || c.Ended.Reason != diag.EndHangup {
		t.Errorf("%+v", c.Ended)
	}
}
