package signal

// Kind is what a Message is.
type Kind uint8

// The kinds of messages.
const (
	// KindUnknown is the zero value and never sent.
	KindUnknown Kind = iota
	// KindPaired: the peer is there; Message.Role says who offers.
	// It comes from the channel itself and cannot be sent.
	KindPaired
	// KindOffer carries Message.Description of type "offer".
	KindOffer
	// KindAnswer carries Message.Description of type "answer".
	KindAnswer
	// KindCandidate carries Message.Candidate.
	KindCandidate
	// KindEndOfCandidates: the sender has found its last candidate.
	KindEndOfCandidates
	// KindBye ends the exchange for both peers.
	KindBye
)

// String is the lower-case name, as it appears in logs and recordings.
func (k Kind) String() string {
	switch k {
	case KindPaired:
		return "paired"
	case KindOffer:
		return "offer"
	case KindAnswer:
		return "answer"
	case KindCandidate:
		return "candidate"
	case KindEndOfCandidates:
		return "end-of-candidates"
	case KindBye:
		return "bye"
	case KindUnknown:
	}
	return "unknown"
}

// Role is a peer's part in the exchange.
type Role uint8

// The roles.
const (
	// RoleUnknown is the zero value: the peers have not met yet.
	RoleUnknown Role = iota
	// RoleOfferer makes the offer: the room's initiator, who came first.
	RoleOfferer
	// RoleAnswerer answers it: the room's subscriber, who came second.
	RoleAnswerer
)

// String is the lower-case name, as it appears in logs and recordings.
func (r Role) String() string {
	switch r {
	case RoleOfferer:
		return "offerer"
	case RoleAnswerer:
		return "answerer"
	case RoleUnknown:
	}
	return "unknown"
}
