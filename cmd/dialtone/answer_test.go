package main

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"dialtone/cmd/dialtone/internal/calls"
	"dialtone/diag"
	"dialtone/diag/feed"
)

// scriptedCall ends for a reason that was written beforehand.
type scriptedCall struct {
	fakeCall
	waited bool
	reason diag.EndReason
}

func (s *scriptedCall) Run(context.Context) {
	defer s.log.Close()
	s.log.Append(s.config.Start(s.log.Start()))
	if s.waited {
		s.log.Append(diag.SignalState{State: diag.SignalWaiting})
	}
	s.log.Append(diag.CallEnded{Reason: s.reason})
}

func TestAnswerTakesCalls(t *testing.T) {
	type step struct {
		waited bool
		reason diag.EndReason
	}
	met, restart, absent := step{true, diag.EndPeerHangup}, step{true, diag.EndSignaling}, step{false, diag.EndSignaling}
	tests := map[string]struct {
		steps []step
		want  diag.Exit
		waits time.Duration
	}{
		"no server":                  {[]step{absent}, diag.ExitSignaling, 0},
		"nobody":                     {[]step{met, {true, diag.EndNoPeer}}, diag.ExitNoPeer, 0},
		"one after another":          {[]step{met, met, {true, diag.EndNoPeer}}, diag.ExitNoPeer, 0},
		"a nuisance":                 {[]step{met, met, met, met, {true, diag.EndNoPeer}}, diag.ExitNoPeer, 3 * time.Second},
		"the server restarts":        {[]step{met, restart, absent, absent, {true, diag.EndNoPeer}}, diag.ExitNoPeer, 7 * time.Second},
		"pauses are bounded":         {[]step{met, absent, absent, absent, absent, absent, absent, absent, {true, diag.EndNoPeer}}, diag.ExitNoPeer, 91 * time.Second},
		"a call makes them short":    {[]step{restart, absent, met, absent, {true, diag.EndNoPeer}}, diag.ExitNoPeer, 4 * time.Second},
		"the first wait was broken":  {[]step{restart, {true, diag.EndNoPeer}}, diag.ExitNoPeer, time.Second},
		"not what it could not know": {[]step{{true, diag.EndInternal}, {true, diag.EndNoPeer}}, diag.ExitNoPeer, 0},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				n := 0
				a := fakeApp()
				a.engine = func(config diag.Config, log *feed.Feed) (calls.Caller, error) {
					s := test.steps[n]
					n++
					return &scriptedCall{fakeCall{config, log}, s.waited, s.reason}, nil
				}
				began := time.Now()
				code, err := (&answerCommand{}).answerCalls(t.Context(), a, testConfig(0), inRoom("w1"), nil)
				if code != test.want || err != nil || n != len(test.steps) {
					t.Errorf("exit %v, error %v after %d calls of %d", code, err, n, len(test.steps))
				}
				if diff := cmp.Diff(test.waits, time.Since(began)); diff != "" {
					t.Errorf("pauses (-want +got):\n%s", diff)
				}
			})
		})
	}
}

func TestAnswerInterruptedWhileItPauses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		a := fakeApp()
		a.engine = func(config diag.Config, log *feed.Feed) (calls.Caller, error) {
			return &scriptedCall{fakeCall{config, log}, true, diag.EndSignaling}, nil
		}
		a.Err = &notifyingWriter{word: "trying again", notify: cancel}
		code, err := (&answerCommand{}).answerCalls(ctx, a, testConfig(0), inRoom("w1"), nil)
		if code != diag.ExitInterrupted || err != nil {
			t.Errorf("exit %v, error %v", code, err)
		}
	})
}
