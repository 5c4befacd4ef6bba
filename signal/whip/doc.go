// Package whip is a server of the WebRTC-HTTP ingestion protocol (WHIP, RFC 9725) and of its counterpart for playing
// (WHEP, draft-ietf-wish-whep). The clients are presets of package post.
//
//	POST   endpoint   application/sdp, the offer            201, Location, ETag, the answer
//	PATCH  session    application/trickle-ice-sdpfrag       204: candidates; 200, ETag and a fragment: ICE restart
//	DELETE session                                          200
//
// A [Server] has one waiting session at a time, made by its Accept; clients that post while there is none get 503 with
// Retry-After.
// The endpoint is at "/", "/whip" and "/whep", sessions have names of 128 random bits. GET and HEAD are answered 204
// (RFC 9725 §4.1), other methods 405.
package whip
