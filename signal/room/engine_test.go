package room

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"dialtone/signal"
)

// idle is an engine that runs nothing: its decisions are called one by one.
func idle(announced time.Duration) *engine {
	c := &channel{Inbox: signal.NewInbox(), sends: make(chan *sending), closing: make(chan struct{})}
	return newEngine(c, newPacer(20*time.Second, announced), 10*time.Second)
}

func posting(kind signal.Kind) *sending { return &sending{kind: kind, result: make(chan error, 1)} }

func offerStatus() polled {
	return polled{number: 1, status: &status{code: "offered", description: &signal.Description{}}}
}

func answerStatus() polled {
	return polled{number: 2, status: &status{code: "answered", description: &signal.Description{}}}
}

// TestAnswerNeedsAnOffer: an answer is accepted from the offerer's first post on, and from nothing else.
func TestAnswerNeedsAnOffer(t *testing.T) {
	tests := []struct {
		name    string
		prepare func(*engine)
		want    error
	}{
		{"before the role is known", func(*engine) {}, errEarlyAnswer},
		{"to the answerer", func(e *engine) { e.absorb(offerStatus()) }, errEarlyAnswer},
		{"before the offer", func(e *engine) { e.role = signal.RoleOfferer }, errEarlyAnswer},
		{"while the offer is in flight", func(e *engine) { e.role, e.posting = signal.RoleOfferer, posting(signal.KindOffer) }, nil},
		{"after the offer", func(e *engine) { e.role, e.own = signal.RoleOfferer, posting(signal.KindOffer) }, nil},
	}
	for _, test := range tests {
		e := idle(0)
		test.prepare(e)
		news := e.absorb(answerStatus())
		if !errors.Is(e.end, test.want) && (test.want != nil || e.end != nil) || news != (test.want == nil) {
			t.Errorf("%s: %v, news %t", test.name, e.end, news)
		}
		if test.want == nil && (e.absorb(answerStatus()) || e.end != nil || e.phase != phaseConnected) {
			t.Errorf("%s: an answer that is repeated is news", test.name)
		}
	}
}

// TestRoleStays: a server that changes the role ends the channel.
func TestRoleStays(t *testing.T) {
	e := idle(0)
	e.absorb(offerStatus())
	if e.absorb(polled{number: 2, status: &status{code: "need_init"}}); !errors.Is(e.end, errRole) {
		t.Errorf("%v", e.end)
	}
}

// TestAskedAgain: only a poll that began after the post was accepted shows that the server has lost it.
func TestAskedAgain(t *testing.T) {
	e := idle(0)
	e.role, e.number = signal.RoleOfferer, 5
	ask := func(number uint64) bool {
		e.repeat = false
		e.absorb(polled{number: number, status: &status{code: "need_init"}})
		return e.repeat
	}
	if ask(6) {
		t.Error("what was never accepted is repeated")
	}
	e.onAccepted(posting(signal.KindOffer))
	for number, want := range map[uint64]bool{4: false, 5: false, 6: true} {
		if ask(number) != want {
			t.Errorf("poll %d: repeated %t", number, !want)
		}
	}
}

// TestCandidatesAreBounded: those of the peer, and those that are sent again.
func TestCandidatesAreBounded(t *testing.T) {
	e := idle(0)
	e.gotRemote = true
	p := polled{status: &status{code: "connected"}}
	for n := range maxCandidates + 5 {
		p.status.candidates = append(p.status.candidates, candidate(n))
	}
	if !e.absorb(p) || e.c.Len() != maxCandidates || e.absorb(p) {
		t.Errorf("%d candidates", e.c.Len())
	}
	for range maxResent + 5 {
		e.onAccepted(posting(signal.KindCandidate))
	}
	again := posting(signal.KindCandidate)
	again.call.Repeat = true
	if e.sent = e.sent[:min(len(e.sent), maxResent+5)]; len(e.sent) != maxResent {
		t.Errorf("%d are sent again", len(e.sent))
	}
	e.sent = nil
	if e.onAccepted(again); len(e.sent) != 0 {
		t.Error("a repeated one is kept once more")
	}
	e = idle(20 * time.Second)
	if e.onAccepted(posting(signal.KindCandidate)); len(e.sent) != 0 {
		t.Error("a server that loses nothing gets candidates again")
	}
}

// TestCandidateIdentity: a candidate is the same only with all of its fields.
func TestCandidateIdentity(t *testing.T) {
	e := idle(0)
	text, zero, one := "0", uint16(0), uint16(1)
	for n, c := range []signal.Candidate{
		{Candidate: "candidate:1"},
		{Candidate: "candidate:2"},
		{Candidate: "candidate:1", SDPMid: &text},
		{Candidate: "candidate:1", SDPMLineIndex: &zero},
		{Candidate: "candidate:1", SDPMLineIndex: &one},
		{Candidate: "candidate:1", UsernameFragment: &text},
	} {
		m := signal.Message{Kind: signal.KindCandidate, Candidate: &c}
		if !e.isNew(m) || e.isNew(m) {
			t.Errorf("candidate %d", n)
		}
	}
	end := signal.Message{Kind: signal.KindEndOfCandidates}
	if !e.isNew(end) || e.isNew(end) {
		t.Error("the end of candidates comes once")
	}
}

// TestResendRounds: candidates are sent again a few times with growing pauses, to servers that may lose them.
func TestResendRounds(t *testing.T) {
	e := idle(0)
	for range maxRounds + 3 {
		e.resendLater()
	}
	if e.round != maxRounds {
		t.Errorf("%d rounds", e.round)
	}
	e = idle(20 * time.Second)
	if e.resendLater(); e.round != 0 {
		t.Error("a server that loses nothing gets them again")
	}
}

// TestLost: what a failure of the server means for the channel.
func TestLost(t *testing.T) {
	gone := &signal.Error{Reason: signal.ReasonForgotten, Err: errForgotten}
	left := &signal.Error{Reason: signal.ReasonPeerGone, Code: "peer_left", Err: signal.ErrPeerGone}
	broken := &signal.Error{Reason: signal.ReasonBroken, Err: errors.New("broken")}
	tests := []struct {
		name    string
		prepare func(*engine)
		failure *signal.Error
		want    error
		bye     bool
	}{
		{"the server forgot the pair", func(*engine) {}, gone, gone, false},
		{"the peer left", func(*engine) {}, left, errBye, true},
		{"the connection broke", func(*engine) {}, broken, broken, false},
		{"gone after a local close", func(e *engine) { close(e.c.closing) }, gone, errClosing, false},
		{"broken after a local close", func(e *engine) { close(e.c.closing) }, broken, broken, false},
		{"gone while the goodbye is sent", func(e *engine) { e.posting = posting(signal.KindBye) }, gone, errSaidBye, false},
		{"gone while a candidate is sent", func(e *engine) { e.posting = posting(signal.KindCandidate) }, gone, gone, false},
	}
	for _, test := range tests {
		e := idle(0)
		test.prepare(e)
		e.lose(test.failure)
		if !errors.Is(e.end, test.want) || (e.c.Len() == 1) != test.bye {
			t.Errorf("%s: %v, %d messages", test.name, e.end, e.c.Len())
		}
	}
}

// TestPosted: what the result of a post means for its sender and for the channel.
func TestPosted(t *testing.T) {
	gone := &signal.Error{Reason: signal.ReasonPeerGone, Err: errForgotten}
	rejected := &signal.Error{Reason: signal.ReasonRejected, Err: errors.New("no")}
	broken := &signal.Error{Reason: signal.ReasonBroken, Err: errors.New("broken")}
	for _, test := range []struct {
		kind      signal.Kind
		err       error
		want, end error
	}{
		{signal.KindBye, nil, nil, errSaidBye},
		{signal.KindBye, gone, nil, errSaidBye},
		{signal.KindBye, broken, broken, broken},
		{signal.KindCandidate, nil, nil, nil},
		{signal.KindCandidate, rejected, rejected, nil},
		{signal.KindCandidate, gone, gone, gone},
		{signal.KindOffer, broken, broken, broken},
	} {
		e := idle(0)
		s := posting(test.kind)
		e.posting = s
		e.onPosted(test.err)
		if got := <-s.result; !errors.Is(got, test.want) || !errors.Is(e.end, test.end) || e.posting != nil {
			t.Errorf("%s, %v: %v, end %v", test.kind, test.err, got, e.end)
		}
	}
}

// TestPollAfter: no pause means at once.
func TestPollAfter(t *testing.T) {
	e := idle(0)
	for d, want := range map[time.Duration]bool{-1: true, 0: true, 1: false, time.Hour: false} {
		if e.pollAfter(d); e.due != want {
			t.Errorf("%s: due %t", d, e.due)
		}
	}
	e.timer.Stop()
}

// TestOneRequestAtATime: while a poll is in flight, only a server that announced it gets a post; and the reverse.
func TestOneRequestAtATime(t *testing.T) {
	for _, test := range []struct {
		announced        time.Duration
		polling, posting bool
		want             bool
	}{
		{0, false, false, true},
		{0, true, false, false},
		{0, false, true, false},
		{20 * time.Second, true, false, true},
		{20 * time.Second, false, true, false},
	} {
		e := idle(test.announced)
		e.polling = test.polling
		if test.posting {
			e.posting = posting(signal.KindOffer)
		}
		if got := e.acceptable() != nil; got != test.want {
			t.Errorf("%s: accepts a message: %t", fmt.Sprint(test), got)
		}
	}
}

// TestRedialsAreCounted: a dial that was made again counts towards the bound, and any other poll does not.
func TestRedialsAreCounted(t *testing.T) {
	e := idle(0)
	for range 3 {
		e.onPolled(polled{redone: true, status: &status{}})
		e.onPolled(polled{status: &status{}})
	}
	e.timer.Stop()
	if e.redials != 3 {
		t.Errorf("%d", e.redials)
	}
}

// TestGrace: how long requests in flight may take at the end.
func TestGrace(t *testing.T) {
	e := idle(20 * time.Second)
	e.polling, e.poll.begun = true, time.Now().Add(-time.Hour)
	if g := e.grace(); g != stopGrace {
		t.Errorf("a server that hears the goodbye: %s", g)
	}
	e = idle(0)
	e.polling, e.poll.begun, e.begun = true, time.Now().Add(-10*time.Second), time.Now()
	if g := e.grace(); g > 0 {
		t.Errorf("a poll that is being held: %s", g)
	}
	e.polling, e.begun = false, time.Now()
	if g := e.grace(); g <= 0 || g > stopGrace {
		t.Errorf("a post that has just begun: %s", g)
	}
}

// TestPassing: which failures may be over when the request is repeated.
func TestPassing(t *testing.T) {
	for _, test := range []struct {
		e    signal.Error
		want bool
	}{
		{signal.Error{Reason: signal.ReasonBroken}, true},
		{signal.Error{Reason: signal.ReasonTimeout}, true},
		{signal.Error{Reason: signal.ReasonTLS}, false},
		{signal.Error{Reason: signal.ReasonStatus, Status: 499}, false},
		{signal.Error{Reason: signal.ReasonStatus, Status: 500}, true},
		{signal.Error{Reason: signal.ReasonStatus, Status: 408}, true},
		{signal.Error{Reason: signal.ReasonStatus, Status: 404}, false},
		{signal.Error{Reason: signal.ReasonLimit, Status: 429}, true},
		{signal.Error{Reason: signal.ReasonLimit, Status: 429, Code: "rate_limited"}, true},
		{signal.Error{Reason: signal.ReasonLimit, Status: 429, Code: "pairs_limit"}, false},
		{signal.Error{Reason: signal.ReasonLimit, Status: 413}, false},
		{signal.Error{Reason: signal.ReasonRejected, Status: 400}, false},
	} {
		if got := isPassing(&test.e); got != test.want {
			t.Errorf("%s %d %s: %t", test.e.Reason, test.e.Status, test.e.Code, got)
		}
	}
}
