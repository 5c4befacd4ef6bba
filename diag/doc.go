// Package diag is the language of dialtone: what can happen in a call, what a call's state is, and what it is worth. It
// is pure: no I/O, no clock, no goroutine, nothing but the standard library.
//
// # Events
//
// Everything that happens is an [Event]: a place in the log, a time since its start, and a [Data], one of the structs
// of this package ([Candidate], [Pair], [SignalRequest], [Sample], …). In JSON an event is one flat object with seq, at
// and type; names and units are those of W3C webrtc-stats and the RFCs. docs/reference/events.md lists them all.
//
// # State
//
// A [Call] is the fold of a log: [Call.Apply] takes the next event and does nothing else. Anyone who has the log has
// the state, live or from a recording. What was not measured is absent: a nil pointer, an empty string, an empty list.
//
// # Verdict
//
// [Judge] makes a [Verdict] of a call: an [Exit] code, a headline, why, what to do, and the [Finding] list with stable
// IDs. Its sentences quote their evidence.
//
// # Text of others
//
// Peers and servers are hostile. Their text is bounded where an event is made, and passes [Clean] before it reaches a
// terminal, a log or a page. [Line] reports any event in one clean line.
//
// Secrets are of type [Secret], which no formatting verb and no encoder prints.
package diag
