package iceservers

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha1" //nolint:gosec // as in the TURN REST draft; its collisions do not matter in an HMAC
	"encoding/base64"
	"strconv"
	"strings"
	"time"

	"github.com/pion/turn/v5"
)

// accountLife is for how long an account of a pair can make allocations. Those that exist may be refreshed longer.
const accountLife = 10 * time.Minute

// accounts makes accounts that end, after draft-uberti-behave-turn-rest-00: the user name is "expiry:name", with the
// expiry in seconds since 1970, and the password its HMAC.
type accounts struct{ key [32]byte }

func newAccounts() *accounts {
	a := &accounts{}
	_, _ = rand.Read(a.key[:]) // crypto/rand.Read never fails
	return a
}

func (a *accounts) issue(name string, now time.Time) (user, password string) {
	user = strconv.FormatInt(now.Add(accountLife).Unix(), 10) + ":" + name
	return user, a.password(user)
}

func (a *accounts) password(user string) string {
	mac := hmac.New(sha1.New, a.key[:])
	mac.Write([]byte(user))
	return base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

// Account is a short-lived account for one pair of peers, whose name is opaque.
func (r *Relay) Account(pair string) (user, password string) {
	return r.accounts.issue(pair, time.Now())
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
	return name, turn.GenerateAuthKey(ra.Username, ra.Realm, r.accounts.password(ra.Username)), true
}
