// Package post exchanges descriptions by HTTP requests of a client. Which requests is data: a [Shape], a table in TOML.
// Those that come with the program are presets ([Presets]); users write others for their own servers ([Preset] reads a
// file).
//
//	POST /offer                                   200 OK
//	{"type":"offer","sdp":"v=0…"}                 {"type":"answer","sdp":"v=0…"}
//
// is the simplest of them. WHIP (RFC 9725) and WHEP are others, with a session that has an address of its own, and so
// is Janus, whose answers come by a long poll.
//
// # Requests
//
// [Dial] makes the requests that need no local description; [Client.Send] of the description makes the rest. Texts in a
// request contain placeholders: {{sdp}}, {{sdp-mux-only}} (without separate RTCP, RFC 9725 §4.4.1), {{sdp64}},
// {{type}}, {{address}}, {{random}}, {{fragment}} (RFC 8840), the lists {{candidates}} and {{sections}}, the fields
// of the shape, and what earlier answers gave (keep). A request whose placeholders are unknown is not made: a
// session without an address is not deleted.
//
// An answer is any 2xx that contains a description: at the place that the shape names, or else wherever it is, in
// base64 or not. What is tolerated is a remark of the request (signal.Request).
//
// # Server
//
// A [Server] answers the simplest shape: each [Server.Accept] is a session for one caller, and callers who come when no
// session waits are asked to come again (503, Retry-After).
package post
