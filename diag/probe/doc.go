// Package probe asks STUN and TURN servers whether they work, and says what is wrong with those that do not.
//
// An ICE agent reports nothing of a server that fails: the candidate is missing, and that is all. [Server] asks one
// server on a socket of its own, the way the agent would, and returns a [diag.ServerResult]: the times of each stage,
// the addresses that the server gave, or where it failed, why, and what to do about it. [All] asks several at once.
//
// # Stages
//
// A probe resolves the name ("dns"), opens the connection ("connect"; UDP has none), secures it ("tls", also for DTLS),
// and asks: a STUN server for a Binding ("binding"), a TURN server for an allocation ("allocate"), which is released at
// once. A failure names its stage and one of the causes of this package. [Relay] also uses the relay before it gives it
// back: permission, Send, channel, ChannelData, Refresh.
//
// # How it asks
//
// Over UDP a request is sent at 0, 100 and 200 ms, then ever more slowly until the deadline, each time as a
// transaction of its own, so that its round trip is known exactly and not more than ten transactions a second are
// begun (RFC 5780 §5). Only the Allocate with credentials repeats its transaction: a second one would be refused with
// 437 where the answer to the first was lost. The socket is connected, so only the server's own address is heard, and
// a refusal (ICMP) ends the probe at once.
//
// # Foreign bytes
//
// codec.go is the only file that knows pion/stun. It checks what that decoder does not, and bounds what it returns; the
// text of a server (SOFTWARE, REALM, reason phrases) is cleaned before it becomes part of a result. Credentials never
// do.
package probe
