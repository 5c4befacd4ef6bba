package probe

import (
	"strconv"
	"strings"
	"time"
)

// credentialExpiry reads the time that a user name of the REST API for TURN servers carries: "seconds:name", or the
// seconds alone (draft-uberti-behave-turn-rest-00 §2.2). False for any other user name. Nine to ten digits: years 1973
// to
// 2286.
func credentialExpiry(username string) (time.Time, bool) {
	seconds, _, _ := strings.Cut(username, ":")
	if len(seconds) < 9 || len(seconds) > 10 || strings.Trim(seconds, "0123456789") != "" {
		return time.Time{}, false
	}
	n, err := strconv.ParseInt(seconds, 10, 64)
	return time.Unix(n, 0).UTC(), err == nil
}
