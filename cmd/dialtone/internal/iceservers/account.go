package iceservers

import (
	"strconv"
	"strings"
	"time"

	"github.com/pion/turn/v5"

	"dialtone/diag/probe"
)

// accountLife is for how long an account of a pair can make allocations. Those that exist may be refreshed longer.
const accountLife = 10 * time.Minute

// Account is a short-lived account for one pair of peers, whose name is opaque (draft-uberti-behave-turn-rest-00).
func (r *Relay) Account(pair string) (user, password string) {
	return probe.SharedSecret(r.secret, pair, time.Now().Add(accountLife))
}

// authenticate is a turn.AuthHandler. It names the account without its expiry: a later one of the same pair may refresh
// what an earlier one has allocated.
func (r *Relay) authenticate(ra *turn.RequestAttributes) (user string, key []byte, ok bool) {
	if ra.Username == r.o.User {
		return ra.Username, turn.GenerateAuthKey(ra.Username, ra.Realm, r.o.Password), true
	}
	seconds, name, ok := strings.Cut(ra.Username, ":")
	expiry, err := strconv.ParseInt(seconds, 10, 64)
	if !ok || err != nil {
		r.refusals.Warn("TURN refused an account: unknown user name", "from", ra.SrcAddr.String())
		return "", nil, false
	}
	r.mu.Lock()
	holder := r.clients[ra.SrcAddr.String()]
	r.mu.Unlock()
	if expiry < time.Now().Unix() && (holder == nil || holder.user != name) {
		r.refusals.Warn("TURN refused an account: it has expired", "from", ra.SrcAddr.String())
		return "", nil, false
	}
	_, password := probe.SharedSecret(r.secret, name, time.Unix(expiry, 0))
	return name, turn.GenerateAuthKey(ra.Username, ra.Realm, password), true
}
