package failure

import (
	"cmp"
	"fmt"
	"strings"
	"time"

	"dialtone/diag"
)

// codeNames are what the registry calls error codes (IANA "STUN Error Codes").
var codeNames = map[int]string{
	300: "Try Alternate", 400: "Bad Request", 401: "Unauthenticated", 403: "Forbidden", 405: "Mobility Forbidden",
	420: "Unknown Attribute", 437: "Allocation Mismatch", 438: "Stale Nonce", 440: "Address Family not Supported",
	441: "Wrong Credentials", 442: "Unsupported Transport Protocol", 443: "Peer Address Family Mismatch",
	446: "Connection Already Exists", 447: "Connection Timeout or Failure", 486: "Allocation Quota Reached",
	487: "Role Conflict", 500: "Server Error", 508: "Insufficient Capacity",
}

// codeAdvice is the next step for an error code (RFC 8489 §14.8, RFC 8656 §19); %s is the URL.
var codeAdvice = map[int]string{
	400: "Check that %s is a standard STUN or TURN server, and its log: it could not read the request.",
	401: "Check the user name and password for %s.",
	403: "Check the access rules of %s (coturn: allowed-peer-ip, denied-peer-ip, and the realm's users).",
	405: "Allow mobility in the configuration of %s.",
	420: "Update %s, or use another server: it does not know an attribute of the request.",
	437: "Wait until the old allocation at %s expires (at most ten minutes), and look for a NAT that reuses ports at " +
		"once.",
	438: "Check that all requests reach the same server behind %s (load balancer), and its clock.",
	440: "Enable this address family on %s, or use the other one.",
	441: "Use the user name and password that the allocation at %s was made with.",
	442: "Enable relaying over UDP on %s (coturn: no-udp-relay must not be set).",
	443: "Ask %s for a relay of the peer's address family: this one does not send to the other family.",
	446: "Wait for the other connection through %s to end.",
	447: "Check that %s can reach the peer.",
	486: "Close other sessions of this user at %s, or raise the quota (coturn: user-quota, total-quota).",
	487: "Ask %s again.",
	500: "Ask %s again, and look into its log.",
	508: "Ask %s again later, or widen its port range (coturn: min-port, max-port): no relay port is free.",
}

// Code names a STUN error: "error 403 Forbidden". The reason is what the server says, if it says something.
func Code(code int, reason string) string {
	return strings.TrimSpace(fmt.Sprintf("error %d %s", code, cmp.Or(reason, codeNames[code])))
}

func (f failing) code() (what, advice string) {
	name := Code(f.Code, f.Reason)
	advice = fmt.Sprintf("Look for error %d in the log of %s.", f.Code, f.url)
	if text, ok := codeAdvice[f.Code]; ok {
		advice = fmt.Sprintf(text, f.url)
	}
	if text, ok := useAdvice[f.Code]; ok && f.stage.Name != diag.StageAllocate && f.stage.Name != diag.StageBinding {
		advice = fmt.Sprintf(text, f.url)
	}
	credentials := f.stage.Name != diag.StageBinding && f.Cause == diag.CauseAuth
	switch {
	case credentials && (f.Code == 400 || f.Code == 401) && validUntil(f.server) != "":
		return "the server rejected the user name or password (" + name + "), which are valid until " + validUntil(f.server) +
				" by this machine's clock", "Compare the shared secret with that of " + f.url + " (coturn: " +
				"static-auth-secret), and the clocks of both machines."
	case f.Code == 401 && f.stage.Name == diag.StageBinding:
		return "the server answered with " + name, "Use another STUN server, or turn: with user name and password: " +
			f.url + " requires credentials even for STUN."
	case credentials && f.Code == 400:
		return "the server rejected the request with user name and password (" + name + ")", "Check the user name and " +
			"password for " + f.url + ": some servers (pion/turn) answer 400 instead of 401 when they are wrong."
	case credentials && f.Code == 401:
		return "the server rejected the user name or password (" + name + ")", advice
	case f.Code == 300 && f.Detail == diag.DetailLoop:
		return "it redirects to " + f.Alternate + " (300), which was asked already: the servers redirect in a circle",
			"Fix the redirects of " + f.url + " (coturn: alternate-server)."
	case f.Code == 300 && f.Detail == diag.DetailAlternate:
		return "it redirects to " + f.Alternate + " (300), which its clients cannot ask", "Let " + f.url + " name a public " +
			"address of the same family (coturn: alternate-server)."
	case f.Code == 300 && f.Alternate != "":
		advice = "Use " + f.Alternate + " instead of " + f.url + "."
	case f.Code == 300:
		advice = "Use another server instead of " + f.url + ", which names none."
	}
	return "the server answered with " + name, advice
}

// useAdvice is the next step for an error code behind the allocation; %s is the URL.
var useAdvice = map[int]string{
	437: "Check that all requests of a client reach the same server behind %s: the one that answered does not know the " +
		"allocation (load balancer).",
	486: "Raise the quota of %s: the relay was allocated, and the next request was over it.",
	508: "Raise the limits of %s: the relay was allocated, and there was no capacity for the next request.",
}

// validUntil is the time that a user name carries, when it is still to come; otherwise empty.
func validUntil(s *diag.Server) string {
	if stage := s.Stage(diag.StageConfig); stage != nil && stage.CredentialExpires > stage.Clock {
		return minute(stage.CredentialExpires) + " UTC"
	}
	return ""
}

// Expiry is the time that a user name carries, when it is past; otherwise empty.
func Expiry(s *diag.Server) string {
	stage := s.Stage(diag.StageConfig)
	if stage == nil {
		return ""
	}
	until, err := time.Parse(time.RFC3339, stage.CredentialExpires)
	now, err2 := time.Parse(time.RFC3339, stage.Clock)
	if err != nil || err2 != nil || !now.After(until) {
		return ""
	}
	return until.UTC().Format("2006-01-02 15:04:05 UTC")
}
