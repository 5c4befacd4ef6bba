// Package offer exchanges descriptions in a single request: the offer, an RTCSessionDescription as JSON, is posted, and
// the answer is the response. Many WebRTC examples speak it, among them those of the webrtc-echoes collection and the
// server of aiortc.
//
//	POST /offer                                   200 OK
//	{"type":"offer","sdp":"v=0…"}                 {"type":"answer","sdp":"v=0…"}
//
// Both descriptions carry all their candidates; nothing travels after them. [Dial] is the client, which always offers.
// A [Server] is the other end: each [Server.Dial] is a seat for one caller, and whoever posts while no seat is free is
// asked to come again (503, Retry-After). Neither side can say goodbye here: that is the call's own affair.
package offer
