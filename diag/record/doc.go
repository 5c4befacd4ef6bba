// Package record writes a call to a file and reads it back: JSON lines, a [Header] and then one [diag.Event] per line.
// docs/reference/events.md describes the format for those who read it with other programs.
//
// # Writing
//
// A [Writer] is one more reader of the feed. It writes each batch at once, without buffering: what it has collected
// survives if the process is killed. When the disk is full, an incomplete line is removed again, so that the file stays
// valid, and a [*WriteError] reports how many events it contains.
//
// # What is not written
//
// Events contain no credentials in the first place. The writer checks every string again: ICE passwords and
// SDES keys of an SDP, the user part of a URL, tokens in queries, values of keys such as "credential", and the secrets
// in [Options] are always replaced by asterisks.
//
// With [Options].Redact every IP address, MAC address and mDNS name becomes a pseudonym: the same for the same address
// in one file, and of the same kind of network, so that a redacted recording replays like the original: public
// addresses become such as are reserved for documentation (RFC 5737, RFC 3849), private ones stay private. Loopback,
// unspecified and multicast addresses identify no one and are kept. So are the host names in URLs: a recording must
// show which servers were tested. The foundation of an ICE candidate, from which an address could be computed, is
// replaced too.
//
// # Reading
//
// [Open] and [Read] return what is readable. A damaged line is skipped and reported as a [*DamagedError] together with
// the recording; events of unknown types are kept as [diag.Unknown] and are written again as read.
package record
