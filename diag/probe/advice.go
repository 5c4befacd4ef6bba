package probe

import (
	"fmt"
	"net/netip"
	"time"
)

// errorName is what the registry calls an error code (IANA "STUN Error Codes").
var errorName = map[int]string{
	300: "Try Alternate",
	400: "Bad Request",
	401: "Unauthenticated",
	403: "Forbidden",
	405: "Mobility Forbidden",
	420: "Unknown Attribute",
	437: "Allocation Mismatch",
	438: "Stale Nonce",
	440: "Address Family not Supported",
	441: "Wrong Credentials",
	442: "Unsupported Transport Protocol",
	443: "Peer Address Family Mismatch",
	446: "Connection Already Exists",
	447: "Connection Timeout or Failure",
	486: "Allocation Quota Reached",
	487: "Role Conflict",
	500: "Server Error",
	508: "Insufficient Capacity",
}

// errorAdvice is the next step for an error code (RFC 8489 §14.8, RFC 8656 §19).
var errorAdvice = map[int]string{
	400: "the server could not read the request: check that it is a standard STUN/TURN server, and its log",
	401: "check user name and password; a temporary (REST) credential may have expired",
	403: "the server forbids this user or this address: check its access rules (coturn: allowed-peer-ip, denied-peer-ip, and the realm's users)",
	405: "the server does not allow mobility: this is its configuration",
	420: "the server does not know an attribute of the request: it is too old, or no TURN server",
	437: "the server holds an old allocation for this address and port: wait until it expires (at most ten minutes), and look for a NAT that reuses ports at once",
	438: "the server rejects even the nonce that it has just given: check that all requests reach the same server (load balancer), and its clock",
	440: "the server cannot relay this address family: enable it there, or use the other one",
	441: "use the user name and password that the allocation was made with; sessions of another user on the same port are refused",
	442: "the server cannot relay over UDP: enable UDP relaying there (coturn: no-udp-relay must not be set)",
	443: "the server cannot relay between IPv4 and IPv6: use peers of one family",
	446: "wait for the other connection to end",
	447: "check that the server can reach the peer",
	486: "this user has too many allocations: close other sessions, or raise the quota (coturn: user-quota, total-quota)",
	487: "try again",
	500: "the server failed: try again, and look into its log",
	508: "the server has no free relay port or bandwidth: try again later, or widen its port range (coturn: min-port, max-port)",
}

// stunError describes an error response to a request. The alternate server is that of 300, where one was named.
func stunError(u URL, stage string, code int, phrase string, alternate netip.AddrPort) *stageError {
	f := &stageError{stage: stage, cause: CauseSTUN, code: code, advice: errorAdvice[code]}
	if phrase == "" {
		phrase = errorName[code]
	}
	f.text = fmt.Sprintf("the server answered with error %d", code)
	if phrase != "" {
		f.text += " " + phrase
	}
	switch {
	case code == 401 && stage == StageBinding:
		f.cause = CauseAuth
		f.advice = "the server wants credentials even for STUN: use another STUN server, or turn: with user name and password"
	case code == 401 || code == 441:
		f.cause = CauseAuth
	case code == 300 && alternate.IsValid():
		f.advice = fmt.Sprintf("the server sends its clients elsewhere: use %s", alternate)
	case code == 300:
		f.advice = "the server sends its clients elsewhere without saying where: use another server"
	case f.advice == "":
		f.advice = fmt.Sprintf("look for this code in the log of %s", u.Host)
	}
	return f
}

// refusedCredentials describes an error response to a request with credentials. A server that asked for them and then
// calls the request bad means the credentials: pion/turn before 5.1.3 answers 400 where RFC 8489 §9.2.4 has 401.
//
// Where the user name itself says that it has expired, that is the cause, and no wrong password.
func refusedCredentials(u URL, username string, code int, phrase string, alternate netip.AddrPort) *stageError {
	f := stunError(u, StageAllocate, code, phrase, alternate)
	if expiry, ok := credentialExpiry(username); ok && (code == 400 || code == 401) && time.Now().After(expiry) {
		f.cause, f.expired = CauseAuth, expiry
		f.text = fmt.Sprintf("the credential expired at %s, as its user name says (error %d %s)",
			expiry.Format("2006-01-02 15:04:05 UTC"), code, name(phrase, code))
		f.advice = "fetch new credentials (or give --turn-secret, so that they are made here), and check the clocks of this machine and of whoever makes them"
		return f
	}
	switch code {
	case 401:
		f.text = fmt.Sprintf("the server does not accept user name or password (error 401 %s)", name(phrase, code))
	case 400:
		f.cause = CauseAuth
		f.text = fmt.Sprintf("the server does not accept the request with user name and password (error 400 %s)",
			name(phrase, code))
		f.advice = "check user name and password: some servers (pion/turn before 5.1.3) answer 400 instead of 401 where they are wrong"
	}
	return f
}

// name is the server's phrase, or the registry's.
func name(phrase string, code int) string {
	if phrase != "" {
		return phrase
	}
	return errorName[code]
}
