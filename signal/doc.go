// Package signal says how two parties of a call exchange an offer, an answer
// and candidates before they can talk to each other.
//
// # The exchange
//
// A [Channel] carries [Message] values between exactly two parties. Whatever is
// underneath (the room server of package room, a pair in memory, a single POST,
// WHIP, a text that people carry), the order of events is the same:
//
//	offerer                                   answerer
//	  ◀── KindPaired(RoleOfferer)               ◀── KindPaired(RoleAnswerer)
//	  KindOffer ───────────────────────────────▶
//	  ◀─────────────────────────────────────────  KindAnswer
//	  KindCandidate … ─────────────────────────▶
//	  ◀─────────────────────────────────────────  KindCandidate …
//	  KindEndOfCandidates ─────────────────────▶
//	  KindBye ─────────────────────────────────▶  then io.EOF on both sides
//
// The first message that [Channel.Receive] returns is always KindPaired: it
// tells that somebody is there, and who has to offer. Candidates may be sent as
// soon as they are found; they arrive after the description they belong to, in
// the order in which they were sent. KindEndOfCandidates is sent once, when
// gathering is complete; a party that never sends it is fine.
//
// Some exchanges are poorer, and some last longer: [TraitsOf] tells what a channel
// wants of the party that uses it.
//
// # Ends and errors
//
// An orderly end (the other party's KindBye, or our own Close) makes Receive
// return io.EOF, after everything that arrived before it. Anything else is an
// error that a caller can branch on with errors.Is and errors.As:
//
//   - [ErrPeerGone]: the pair has ended although nobody said goodbye here: the
//     other side hung up or fell silent, and the server forgot the call;
//   - [ErrClosed]: the channel was used after its end;
//   - [ErrMessage]: a message is not valid and was not sent;
//   - [*Error]: the exchange itself failed. Its [Reason] tells a name that does
//     not resolve from a refused connection, a certificate nobody trusts, an HTTP
//     status, an answer in no known language, and a server that says nothing.
//
// That nobody ever comes is no error of a channel: Receive waits as long as its
// context lets it.
//
// # Foreign bytes
//
// Descriptions and candidates come from somebody else. [ParseDescription] and
// [ParseCandidate] read them from JSON, accept only what the W3C dictionaries
// RTCSessionDescriptionInit and RTCIceCandidateInit allow, and bound every
// length. What they let through may still be nonsense as SDP, and may still hold
// control characters: whoever prints it has to strip them.
package signal
