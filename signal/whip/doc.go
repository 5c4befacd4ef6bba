// Package whip is the WebRTC-HTTP ingestion protocol (WHIP, RFC 9725) and its counterpart for playing (WHEP,
// draft-ietf-wish-whep), both as client and as server.
//
//	POST   endpoint   application/sdp, the offer            201, Location, ETag, the answer
//	                                                        406, Location, a counter-offer (WHEP only)
//	PATCH  session    application/sdp, the answer to it     204
//	PATCH  session    application/trickle-ice-sdpfrag       204: candidates; 200, ETag and a fragment: ICE restart
//	DELETE session                                          200
//
// # Client
//
// [Dial] publishes (WHIP) or plays (WHEP). The offer carries all its candidates unless Options.Trickle; then they
// follow by PATCH, collected, and if the server does not accept that (405, 501, 422) nothing more is sent: the server
// learns the client's addresses from its connectivity checks, which is enough if the server can be reached. A further
// offer on the channel is an ICE restart: a PATCH with If-Match "*", whose fragment becomes an answer made from the
// first one. Close sends the DELETE.
//
// ICE servers: a server may name them in the Link fields of the 201, which is too late for a peer whose offer already
// holds its candidates; they are handed to Options.OnICEServers. Some servers name them in the answer to OPTIONS too
// (RFC 9725 §4.6 allows it): [ICEServers] asks for them before the peer is made.
//
// # Server
//
// A [Server] has one waiting session at a time, made by its Accept; clients that post while there is none get 503 with
// Retry-After.
// The endpoint is at "/", "/whip" and "/whep", sessions have names of 128 random bits. GET and HEAD are answered 204
// (RFC 9725 §4.1), other methods 405.
package whip
