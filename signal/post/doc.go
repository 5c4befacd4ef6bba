// Package post exchanges descriptions in a single request: the offer, an RTCSessionDescription as JSON, is posted, and
// the answer is the response. Many WebRTC examples speak it, among them those of the webrtc-echoes collection and the
// server of aiortc.
//
//	POST /offer                                   200 OK
//	{"type":"offer","sdp":"v=0…"}                 {"type":"answer","sdp":"v=0…"}
//
// Both descriptions carry all their candidates; nothing travels after them. [Dial] is the client, which always offers.
// A [Server] is the answerer: each [Server.Accept] is a session for one caller, and callers who come when no session
// waits are asked to come again (503, Retry-After). Neither peer can say goodbye here: the call itself does.
package post
