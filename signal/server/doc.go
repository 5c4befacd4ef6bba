// Package server is the room server: two peers that dial the same room code
// find each other, and exchange an offer, an answer and candidates by POST
// requests. It speaks the protocol of the "WebRTC Call" page, so that either end
// can be a browser with that page.
//
// # Use
//
//	srv := server.New(server.Options{Logger: logger})
//	err := srv.Serve(ctx, listener) // until ctx ends
//
// or mount it anywhere as an http.Handler, and Close it at the end. It answers
//
//	POST /call/call_line_process/   the call endpoint (the slash may be missing)
//	GET  /call/…                    Options.Page, where there is one
//	GET  /call/code.json            {"code":C}, a code that cannot be guessed
//	GET  /healthz                   Health as JSON
//
// # The call endpoint
//
// The body is a JSON object of at most 64 KiB; Content-Type is ignored.
//
//	{"code":"dial","call_code":C}                    200 {"user_id":U}; with "ice_servers":true and
//	                                                 Options.ICEServers also {…,"ice_servers":[RTCIceServer]}
//	{"code":"get_status","user_id":U}                200 {…}, see below
//	{"code":"offer","user_id":U,"offer":{…}}         200, the initiator's in need_init
//	{"code":"answer","user_id":U,"answer":{…}}       200, the subscriber's in offered
//	{"code":"ice","user_id":U,"ice":{…}}             200, always; null is kept as null
//	{"code":"disconnect","user_id":U}                200, the pair ends for both
//	{"code":"hang_up","call_code":C,"call":NAME}     200, see below
//
// The first to dial a code is the initiator, the next the subscriber, a third
// begins a new pair. get_status answers, by the pair's state:
//
//	                    initiator                      subscriber
//	wait_for_response   {}                             –
//	need_init           {"code":"need_init"}           {}
//	offered             {}                             {"code":"offered","offer":{…}}
//	answered            {"code":"answered",…} once     {}
//	connected           {"code":"connected","new_ice_routes":[…]}, each candidate once
//
// A pair in which either side has been silent for 10 s is deleted, on the
// server's own clock. Everything but dial and disconnect is a sign of life.
//
// # Hanging up
//
// A dial with "call": NAME continues a call, whose name only its peers know (at most 512 bytes). It meets only a dial
// with the same code and name: no one else who dials the code, and not who waits there for another call.
//
// A call whose path is lost cannot carry its hang-up. A disconnect with "hung_up": NAME, the name of the pair's own
// call, ends it, and so does, without a user and without a dial that could meet someone, hang_up: the peer that is in
// the room with the name gets 400 hung_up, and so does for two minutes who dials with it. An older server refuses
// hang_up.
//
// # Waiting
//
// A get_status with "wait_ms": N (at most 25,000) is parked until there is news
// for its party, the pair ends, its client goes away, or the time is over; being parked is
// a sign of life. The newest get_status of a party counts: an older parked one is
// answered {} and takes nothing. News are need_init and offered as long as
// they stand, answered, the first connected, and each candidate after it.
//
// A lost answer to get_status would lose what it took: the answer, candidates.
// So a client may number its polls with "poll": K, a positive integer. When it
// asks again under the same number it gets the same answer again; another
// number confirms that the last answer arrived.
//
// The header Dialtone-Wait-Ms, in every answer of the call endpoint, says that this
// server knows both fields, and that requests of one party may overlap:
// each is atomic. The longest wait is its value. For a client that sends
// neither field nothing differs from the original.
//
// # Several servers
//
// With Options.Store servers share their pairs: any of them takes any request, so a load balancer need not know which
// belong together. Limits count what each server sees. The rules of the pairs are those of package pairs in any case.
//
// # Refusals
//
// The body is {"error":REASON,"message":TEXT,"request_id":ID}; REASON is stable:
//
//	400 malformed_json incomplete_body unknown_code bad_call_code bad_offer
//	    bad_answer bad_candidate bad_wait_ms bad_poll bad_call
//	400 wrong_state: an offer or answer not now, or not from this party
//	400 unknown_user, or while the server remembers it: peer_left, hung_up, expired
//	400 hung_up, to a dial: the call that it continues is over
//	403 cross_site: a browser sends it from a page of another site
//	403 unknown_host: a browser asks for a name that could be made to lead here
//	403 weak_code: the code could be guessed, see Options.StrongCodes
//	404 not_found
//	413 body_too_large
//	429 rate_limited pairs_limit address_pairs_limit candidates_limit storage_limit
//	503 shutting_down server_leaving draining store_unavailable
//
// The ID is in the header X-Request-Id of every answer and in the log.
package server
