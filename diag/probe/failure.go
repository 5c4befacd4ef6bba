package probe

import (
	"net/netip"

	"dialtone/diag"
	"dialtone/diag/reach"
)

// unusable is an answer that is well formed, and lacks what it must have.
func unusable(detail diag.Detail) error {
	return &reach.Error{Failure: diag.Failure{Cause: diag.CauseProtocol, Detail: detail}}
}

// stunError describes an error response to a request. The alternate server is that of 300, when one was named.
func stunError(code int, phrase string, alternate netip.AddrPort) *reach.Error {
	f := &reach.Error{Failure: diag.Failure{Cause: diag.CauseSTUN, Code: code, Reason: phrase}}
	if code == 401 || code == 441 {
		f.Cause = diag.CauseAuth
	}
	if code == 300 && alternate.IsValid() {
		f.Alternate = alternate.String()
	}
	return f
}

// credentialsError describes an error response to a request with credentials. A server that asked for them and then
// calls the request bad means the credentials: pion/turn answers 400 instead of 401 (RFC 8489 §9.2.4).
func credentialsError(r reply) *reach.Error {
	f := stunError(r.code, r.phrase, r.alternate)
	if r.code == 400 {
		f.Cause = diag.CauseAuth
	}
	return f
}
