package probe

import (
	"dialtone/diag"
	"dialtone/diag/reach"
)

// unusable is an answer that is well formed, and lacks what it must have.
func unusable(detail diag.Detail) error {
	return &reach.Error{Failure: diag.Failure{Cause: diag.CauseProtocol, Detail: detail}}
}

// stunError describes an error response to a request. The alternate server is that of 300, when one was named.
func stunError(r reply) *reach.Error {
	f := &reach.Error{Failure: diag.Failure{Cause: diag.CauseSTUN, Code: r.code, Reason: r.phrase}}
	if r.code == 401 || r.code == 441 {
		f.Cause = diag.CauseAuth
	}
	if r.code == 300 && r.alternate.IsValid() {
		f.Alternate = r.alternate.String()
	}
	return f
}

// credentialsError describes an error response to a request with credentials. A server that asked for them and then
// calls the request bad means the credentials: pion/turn answers 400 instead of 401 (RFC 8489 §9.2.4).
func credentialsError(r reply) *reach.Error {
	f := stunError(r)
	if r.code == 400 {
		f.Cause = diag.CauseAuth
	}
	return f
}
