package room

import (
	"testing"
	"time"
)

// TestHold: how long a poll is held depends on what is known about the server and on what may have to be sent.
func TestHold(t *testing.T) {
	const longest = 20 * time.Second
	tests := []struct {
		name      string
		announced time.Duration
		holdless  bool
		phase     phase
		quiet     bool
		want      time.Duration
	}{
		{"announced", 15 * time.Second, false, phaseSettling, false, 15 * time.Second},
		{"announced for longer", 25 * time.Second, false, phaseWaiting, false, longest},
		{"announced, but the local description is due", 25 * time.Second, false, phaseReply, false, 0},
		{"unknown, waiting", 0, false, phaseWaiting, false, longest},
		{"unknown, candidates may follow", 0, false, phaseSettling, false, shortHold},
		{"unknown, connected", 0, false, phaseConnected, false, shortHold},
		{"unknown, nothing to send", 0, false, phaseConnected, true, longest},
		{"does not hold", 0, true, phaseWaiting, true, 0},
	}
	for _, test := range tests {
		p := newPacer(longest, test.announced)
		p.holdless = test.holdless
		if got := p.hold(test.phase, test.quiet); got != test.want {
			t.Errorf("%s: %s, want %s", test.name, got, test.want)
		}
	}
	if p := newPacer(-1, 25*time.Second); p.hold(phaseWaiting, true) != 0 {
		t.Error("a client that never wants to hold does")
	}
}

// TestAnswered: what one answer says about the server, and when to ask again.
func TestAnswered(t *testing.T) {
	const hold = 20 * time.Second
	tests := []struct {
		name            string
		announced       bool
		phase           phase
		hold, took      time.Duration
		news            bool
		pause           time.Duration
		holds, holdless bool
	}{
		{"held to the end", false, phaseWaiting, hold, hold, false, 0, true, false},
		{"held for half", false, phaseWaiting, hold, hold / 2, false, 0, true, false},
		{"answered early without news", false, phaseWaiting, hold, hold/2 - 1, false, firstPause, false, true},
		{"answered early with news", false, phaseWaiting, hold, 50 * time.Millisecond, true, 0, false, false},
		{"too short to show anything", false, phaseWaiting, provingHold - 1, 0, false, firstPause, false, false},
		{"just long enough", false, phaseWaiting, provingHold, 0, false, firstPause, false, true},
		{"a second is not more than a second", false, phaseWaiting, provingHold, provingHold, false, firstPause, false, false},
		{"announced and early", true, phaseWaiting, hold, 0, false, firstPause, true, false},
		{"news while the local description is due", false, phaseReply, 0, 0, true, replyPause, false, false},
		{"no news while it is due", false, phaseReply, 0, 0, false, replyPause, false, false},
	}
	for _, test := range tests {
		announced := time.Duration(0)
		if test.announced {
			announced = hold
		}
		p := newPacer(hold, announced)
		if got := p.answered(test.phase, test.hold, test.took, test.news); got != test.pause || p.holds != test.holds || p.holdless != test.holdless {
			t.Errorf("%s: pause %s, holds %t, holdless %t", test.name, got, p.holds, p.holdless)
		}
	}
}

// TestPauses grow to a limit, which depends on the phase, and begin again with news and with local messages.
func TestPauses(t *testing.T) {
	for phase, limit := range map[phase]time.Duration{phaseWaiting: waitingPause, phaseSettling: waitingPause, phaseConnected: connectedPause} {
		p := newPacer(0, 0)
		before := time.Duration(0)
		for n := range 40 {
			pause := p.answered(phase, 0, 0, false)
			if n == 0 && pause != firstPause || n > 0 && pause != min(before*5/4, limit) {
				t.Fatalf("phase %d: pause %d is %s after %s", phase, n, pause, before)
			}
			before = pause
		}
		if before != limit {
			t.Errorf("phase %d: the longest pause is %s", phase, before)
		}
		p.hurry()
		if pause := p.answered(phase, 0, 0, false); pause != firstPause {
			t.Errorf("phase %d: %s after a local message", phase, pause)
		}
		p.answered(phase, 0, 0, false)
		p.answered(phase, 0, 0, true)
		if pause := p.answered(phase, 0, 0, false); pause != firstPause {
			t.Errorf("phase %d: %s after news", phase, pause)
		}
	}
}

// TestFailedHold: what cuts long polls gets shorter ones; a poll that failed for another reason changes nothing.
func TestFailedHold(t *testing.T) {
	p := newPacer(20*time.Second, 0)
	for _, test := range []struct{ hold, took, want time.Duration }{
		{20 * time.Second, minHold - 1, 20 * time.Second}, // it failed at once
		{minHold, minHold, 20 * time.Second},              // it was short already
		{20 * time.Second, 5 * time.Second, 10 * time.Second},
		{10 * time.Second, minHold, 5 * time.Second},
		{5 * time.Second, 5 * time.Second, 2500 * time.Millisecond},
		{2500 * time.Millisecond, 2 * time.Second, 1250 * time.Millisecond},
		{1250 * time.Millisecond, minHold, minHold},
		{minHold, minHold, minHold},
	} {
		p.failed(test.hold, test.took)
		if p.longest != test.want {
			t.Errorf("after %s of %s: %s, want %s", test.took, test.hold, p.longest, test.want)
		}
	}
}

func TestBackoff(t *testing.T) {
	for n, want := range map[int]time.Duration{
		1: firstPause, 2: 2 * firstPause, 3: 4 * firstPause, 4: 8 * firstPause, 5: waitingPause, 6: waitingPause, 99: waitingPause,
	} {
		if got := backoff(n); got != want {
			t.Errorf("after %d failures: %s, want %s", n, got, want)
		}
	}
}
