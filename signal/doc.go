// Package signal says how two peers of a call exchange an offer, an answer and candidates before they can reach each
// other.
//
// # The exchange
//
// A [Channel] carries [Message] values between exactly two peers. Whatever is underneath (the room server of package
// room, a pair in memory, a single POST, WHIP, a text that people carry), the order of events is the same:
//
//	offerer                                   answerer
//	  ◀── KindPaired(RoleOfferer)               ◀── KindPaired(RoleAnswerer)
//	  KindOffer ───────────────────────────────▶
//	  ◀─────────────────────────────────────────  KindAnswer
//	  KindCandidate … ─────────────────────────▶
//	  ◀─────────────────────────────────────────  KindCandidate …
//	  KindEndOfCandidates ─────────────────────▶
//	  KindBye ─────────────────────────────────▶  then io.EOF at both ends
//
// The first message that [Channel.Receive] returns is always KindPaired: the peer is there, and the role says who
// offers. Candidates may be sent as soon as they are found; they arrive after the description they belong to, in the
// order in which they were sent. KindEndOfCandidates is sent once, when gathering is complete; a peer that never sends
// it is fine.
//
// Some exchanges are simpler, and some last longer: [TraitsOf] says how a channel is to be used.
//
// # Ways
//
// A [Way] is one way of signaling, declared in the package that implements it: its flags, how to dial and to listen,
// and its traits. Package ways lists them.
//
// # Ends and errors
//
// An orderly end (the peer's KindBye, or a local Close) makes Receive return io.EOF, after everything that arrived
// before it. Anything else is an error that a caller can branch on with errors.Is and errors.As:
//
//   - [ErrPeerGone]: the pair has ended without a goodbye that arrived here: the peer hung up or was silent, and the
//     server deleted the call;
//   - [ErrClosed]: the channel was used after its end;
//   - [ErrMessage]: a message is not valid and was not sent;
//   - [*Error]: the exchange itself failed. Its [Reason] distinguishes a name that does not resolve from a refused
//     connection, an untrusted certificate, an HTTP status, an answer of another protocol, and a server that does not
//     answer. It has no advice: package words derives that from its fields.
//
// A peer that never comes is not an error of a channel: Receive waits as long as its context allows.
//
// # Foreign bytes
//
// Descriptions and candidates come from the peer. [ParseDescription] and [ParseCandidate] read them from JSON, accept
// only what the W3C dictionaries RTCSessionDescriptionInit and RTCIceCandidateInit allow, and bound every length. What
// they accept may still be invalid SDP, and may still contain control characters: they must be removed before it is
// printed.
package signal
