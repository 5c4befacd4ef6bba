package server

import (
	"crypto/rand"
	"encoding/base32"
	"strings"
)

const (
	// strongLength is how many characters a code needs that cannot be guessed: of 31 different ones, 69 bits. The call
	// page makes such codes.
	strongLength = 14
	// strongKinds is how many of them must differ, so that "aaaaaaaaaaaaaa" is none.
	strongKinds = 6
)

// codeText writes 5 bits in a character, without those that are easily confused (Crockford's base 32, in lower case).
var codeText = base32.NewEncoding("0123456789abcdefghjkmnpqrstvwxyz").WithPadding(base32.NoPadding)

// NewCode makes a room code that cannot be guessed: 80 random bits as "xxxx-xxxx-xxxx-xxxx".
func NewCode() string {
	var b [10]byte
	_, _ = rand.Read(b[:]) // crypto/rand.Read never fails
	text := codeText.EncodeToString(b[:])
	return strings.Join([]string{text[:4], text[4:8], text[8:12], text[12:]}, "-")
}

// isStrong reports whether a code is as long as those of NewCode. What is random in it cannot be measured: codes are
// given to people as they are, and must survive a restart of the server.
func isStrong(code string) bool {
	code = strings.ReplaceAll(code, "-", "")
	kinds := map[rune]bool{}
	for _, c := range code {
		kinds[c] = true
	}
	return len([]rune(code)) >= strongLength && len(kinds) >= strongKinds
}
