package server

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"strconv"
	"sync/atomic"
)

// naming gives requests their IDs, and room codes and user IDs their names in the log.
type naming struct {
	key    [32]byte
	prefix string
	next   atomic.Uint64
}

func newNaming() *naming {
	n := &naming{}
	_, _ = rand.Read(n.key[:]) // crypto/rand.Read never fails
	n.prefix = hex.EncodeToString(n.key[:4])
	_, _ = rand.Read(n.key[:])
	return n
}

// request names a request: a prefix of this process and a number.
func (n *naming) request() string {
	return n.prefix + "-" + strconv.FormatUint(n.next.Add(1), 10)
}

// hash names a secret: the same for the same secret while this process runs,
// and useless to readers of the log.
func (n *naming) hash(secret string) string {
	mac := hmac.New(sha256.New, n.key[:])
	mac.Write([]byte(secret))
	return hex.EncodeToString(mac.Sum(nil)[:6])
}
