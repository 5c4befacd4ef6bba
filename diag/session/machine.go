package session

import (
	"slices"

	"dialtone/diag"
	"dialtone/diag/peer"
	"dialtone/signal"
)

// state is where a session stands.
type state uint8

const (
	dialing     state = iota + 1 // the signaling is being opened
	waiting                      // for the peer
	negotiating                  // both peers are there; offer and answer travel
	checking                     // both descriptions are set: ICE looks for a path
	securing                     // a path is found: DTLS handshake
	detached                     // the signaling ended while ICE or DTLS was in progress
	connected
	silent     // connected, but the peer does not answer consent checks
	restarting // an ICE restart was requested; meanwhile the call continues
	redialing  // the path is lost, and an ICE restart the only way back
	explaining // no path was found; the ICE servers are asked why
	over
)

// kind is what happens to a session.
type kind uint8

const (
	inDialed kind = iota + 1
	inDialFailed
	inPaired
	inOffer
	inAnswer
	inCandidate
	inGoodbye       // the signaling ended in order
	inSignalingLost // the signaling failed
	inCandidateLost // a local candidate could not be signaled
	inNegotiated    // both descriptions are set, and the local one is sent
	inNegotiationFailed
	inSecuring // the DTLS handshake begins
	inConnected
	inSilent
	inPathFailed
	inHandshakeFailed
	inClosed   // the peer closed the connection
	inDeadline // the state has lasted as long as it may
	inHeld     // the call has lasted as long as it should
	inProbed   // an ICE server was probed
	inDiagnosed
	inHangup
	inInterrupt
	inRestart        // a command
	inRestartRequest // by the peer
	inReject         // the peer hangs up
	kinds
)

// input is a kind with what belongs to it.
type input struct {
	kind    kind
	err     error
	role    signal.Role    // of inPaired
	channel signal.Channel // of inDialed
	message signal.Message // of inOffer, inAnswer, inCandidate
	via     *exchange      // that it came over; nil: another way
	job     func()         // of kind 0: work that no transition depends on
}

// rule says what some inputs do in some states.
type rule struct {
	from []state
	on   []kind
	when func(*Session, input) bool  // nil: always
	do   func(*Session, input) input // returns what follows at once, as another input; nil: nothing is done
	to   state                       // 0: the session stays in its state
	end  ending                      // why the call ends or is going to; its zero value: as it was known before
}

// ending is why a call ends.
type ending struct {
	reason diag.EndReason
	by     diag.EndedBy
	code   string // stands for what is no error
	err    error
}

func (e ending) because(code string) ending {
	e.code = code
	return e
}

// table is what transitions returns. It is made before the first session, since rules and the functions that they name
// refer to each other.
var table []rule

func init() { table = transitions() }

// handle works off an input and what follows from it.
func (s *Session) handle(in input) {
	for in.kind != 0 {
		r, then := s.match(in), input{}
		if r.do != nil {
			then = r.do(s, in)
		}
		if r.end.reason != "" {
			s.end = r.end
			s.end.err = in.err
		}
		if r.to != 0 {
			s.state = r.to
			s.deadlines.set(dueState, s.limit())
		}
		in = then
	}
}

// match finds the first rule that applies. A test ensures that there is one for every state and input.
func (s *Session) match(in input) rule {
	i := slices.IndexFunc(table, func(r rule) bool {
		return slices.Contains(r.from, s.state) && slices.Contains(r.on, in.kind) && (r.when == nil || r.when(s, in))
	})
	return table[i]
}

// inputOf translates a message of the signaling.
func inputOf(m signal.Message) input {
	in := map[signal.Kind]kind{
		signal.KindPaired: inPaired, signal.KindOffer: inOffer, signal.KindAnswer: inAnswer,
		signal.KindCandidate: inCandidate, signal.KindBye: inGoodbye,
	}[m.Kind]
	return input{kind: in, role: m.Role, message: m}
}

// peerInputs translate what the peer connection has come to.
var peerInputs = map[peer.State]kind{
	peer.StateConnected: inConnected, peer.StateDisconnected: inSilent, peer.StateICEFailed: inPathFailed,
	peer.StateDTLSFailed: inHandshakeFailed, peer.StateClosed: inClosed,
}
