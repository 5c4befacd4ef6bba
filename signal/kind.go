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

var kindNames = [...]string{
	KindUnknown: "unknown", KindPaired: "paired", KindOffer: "offer", KindAnswer: "answer", KindCandidate: "candidate",
	KindEndOfCandidates: "end-of-candidates", KindBye: "bye",
}

// String is the lower-case name, as it appears in logs and recordings.
func (k Kind) String() string { return nameOf(kindNames[:], int(k)) }

// nameOf is the name of a value of an enum; values beyond the last are unknown.
func nameOf(names []string, value int) string {
	if value >= len(names) {
		return names[0]
	}
	return names[value]
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

var roleNames = [...]string{RoleUnknown: "unknown", RoleOfferer: "offerer", RoleAnswerer: "answerer"}

// String is the lower-case name, as it appears in logs and recordings.
func (r Role) String() string { return nameOf(roleNames[:], int(r)) }
