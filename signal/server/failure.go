package server

import (
	"net/http"
	"strconv"
	"time"

	"dialtone/signal/pairs"
)

// failure is a refused request: what its answer's status and JSON body say.
type failure struct {
	status  int
	reason  string // stable, for programs
	message string // for people: what to do
	retry   time.Duration
}

// Error makes a failure usable where an error is expected.
func (f *failure) Error() string { return f.reason + ": " + f.message }

func badRequest(reason, message string) *failure {
	return &failure{http.StatusBadRequest, reason, message, 0}
}

func forbidden(reason, message string) *failure {
	return &failure{http.StatusForbidden, reason, message, 0}
}

func tooMany(reason, message string, retry time.Duration) *failure {
	return &failure{http.StatusTooManyRequests, reason, message, retry}
}

func unavailable(reason, message string, retry time.Duration) *failure {
	return &failure{http.StatusServiceUnavailable, reason, message, retry}
}

// The refusals without variable parts. Their reasons are documented in the
// package comment.
var (
	errMalformed   = badRequest("malformed_json", "send one JSON object in UTF-8 as the body")
	errIncomplete  = badRequest("incomplete_body", "the body was incomplete or too slow: send it again")
	errUnknownUser = badRequest("unknown_user", "no call has this user_id: it has ended or never existed; dial again")
	errPeerLeft    = badRequest("peer_left", "the peer has hung up; dial again for a new call")
	errHungUp      = badRequest("hung_up", "the peer has ended the call that this dial continues")
	errExpired     = badRequest("expired", "one peer was silent for too long and the call was deleted; dial again")
	errUnknownCode = badRequest("unknown_code",
		"code must be one of dial, get_status, offer, answer, ice, disconnect, hang_up, in a POST")
	errCallCode = badRequest("bad_call_code",
		"call_code must be a string of 1 to 255 characters without control characters")
	errCallName    = badRequest("bad_call", "call must be the name of the call that is over, of 1 to 512 bytes")
	errWait        = badRequest("bad_wait_ms", "wait_ms must be a number of milliseconds")
	errPoll        = badRequest("bad_poll", "poll must be a positive integer")
	errOffer       = badRequest("bad_offer", `offer must be {"type":"offer","sdp":"…"} with a non-empty sdp`)
	errAnswer      = badRequest("bad_answer", `answer must be {"type":"answer","sdp":"…"} with a non-empty sdp`)
	errCandidate   = badRequest("bad_candidate", "ice must be null or an RTCIceCandidateInit of at most 2048 bytes")
	errNotYourTurn = badRequest("wrong_state",
		"not now, or not from this peer: "+
			"only the initiator offers in need_init, only the subscriber answers in offered, and each once")

	errTooLarge  = &failure{http.StatusRequestEntityTooLarge, "body_too_large", "the body exceeds this server's limit", 0}
	errCrossSite = forbidden("cross_site",
		"web pages of other sites cannot call here: open this server's own page, or name the site with --allowed-host")
	errUnknownHost = forbidden("unknown_host",
		"web pages cannot ask this server by this name: start it with --public-url or --allowed-host")
	errWeakCode = forbidden("weak_code",
		"this server takes only codes that cannot be guessed: get one from its page or from /call/code.json")
	errNotFound = &failure{
		http.StatusNotFound, "not_found", "nothing is here; the call endpoint is at /call/call_line_process/", 0,
	}
	errShuttingDown = unavailable("shutting_down", "the server is shutting down; dial again later", 0)
	errLeaving      = unavailable("server_leaving",
		"this server is shutting down, but others have the call: send the request again", time.Second)
	errDraining = unavailable("draining",
		"the server is about to shut down and begins no new calls: dial again, so that another server is asked", time.Second)
	errCandidateLimit = tooMany("candidates_limit", "this peer has sent as many candidates as the server keeps", 0)
	errPairLimit      = tooMany("pairs_limit", "the server holds as many calls as it may; try again later", 10*time.Second)
	errAddressLimit   = tooMany("address_pairs_limit",
		"your address holds as many calls as it may; end one, or wait for one to expire", 10*time.Second)
	errStorageLimit = tooMany("storage_limit", "the server's memory for descriptions is used up; try again later",
		10*time.Second)
)

// refusals are those of the state machine.
var refusals = map[pairs.Refusal]*failure{
	pairs.UnknownUser: errUnknownUser, pairs.PeerLeft: errPeerLeft, pairs.HungUp: errHungUp, pairs.Expired: errExpired,
	pairs.WrongState: errNotYourTurn, pairs.CandidateLimit: errCandidateLimit, pairs.StorageLimit: errStorageLimit,
}

func rateLimited(wait time.Duration) *failure {
	return tooMany("rate_limited", "too many requests from your address; slow down", wait)
}

// storeFails refuses what a store does not keep.
func storeFails(why string) *failure {
	return unavailable("store_unavailable", "the server cannot use the store of its calls (--store), "+why+
		": send the request again; its operator finds more in its log", time.Second)
}

// dialsLimited refuses another dial for a while, whether or not a peer waits for it.
func dialsLimited(wait time.Duration) *failure {
	return tooMany("rate_limited", "too many dials from your address; wait before you dial again", wait)
}

// closes reports whether the connection cannot be used after the failure.
func (f *failure) closes() bool {
	return f == errShuttingDown || f == errLeaving || f == errDraining || f == errTooLarge || f == errIncomplete
}

// retryAfter is the header's value in whole seconds, at least one.
func (f *failure) retryAfter() string {
	return strconv.Itoa(int(max(1, (f.retry+time.Second-1)/time.Second)))
}
