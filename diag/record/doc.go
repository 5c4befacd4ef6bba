// Package record writes a call to a file and reads it back: JSON lines, a [Header] and then one [diag.Event] a line.
// docs/reference/events.md describes the format for those who read it with other programs.
//
// # Writing
//
// A [Writer] is one more reader of the feed. It writes each batch at once, without a buffer of its own: what it has
// collected survives the death of the process. When the disk fills up, a half-written line is cut off again, so that
// the file stays valid, and a [*WriteError] says how many events it holds.
//
// # What is not written
//
// Events hold no credentials (their makers see to that). The writer looks once more at every string: ICE passwords and
// SDES keys of an SDP, the user part of a URL, tokens in queries, values of keys such as "credential", and the secrets
// that it was told in [Options] are replaced by asterisks, whatever the options say.
//
// With [Options].Redact every IP address, MAC address and mDNS name becomes a pseudonym: the same for the same address
// in one file, in the ranges that are reserved for documentation (RFC 5737, RFC 3849, RFC 9542), so that a redacted
// recording replays like the original. Loopback, unspecified and multicast addresses say nothing about anybody and
// stay. So do the host names in URLs: who tested against what is the point of a recording. An ICE candidate's
// foundation, from which an address could be computed, is replaced too.
//
// # Reading
//
// [Open] and [Read] return what is readable. A damaged line is passed over and reported as a [*DamagedError] beside the
// recording; events of types that this version does not know are kept as [diag.Unknown] and are written again as read.
package record
