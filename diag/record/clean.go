package record

import (
	"regexp"
	"slices"
	"strings"

	"dialtone/diag"
)

// hidden replaces a credential.
const hidden = "***"

// minSecret is the length below which a secret is not searched for: too much other text would match.
const minSecret = 4

// cleaner removes what must not be written from JSON.
type cleaner struct {
	secrets []string
	mask    *masker // nil: addresses stay
}

func newCleaner(o Options) cleaner {
	c := cleaner{}
	for _, s := range o.Secrets {
		if text := s.Reveal(); len(text) >= minSecret {
			c.secrets = append(c.secrets, text)
		}
	}
	slices.SortFunc(c.secrets, func(a, b string) int { return len(b) - len(a) }) // one may begin another
	if o.Redact {
		c.mask = newMasker()
	}
	return c
}

// object cleans every string of a JSON object. Strings that are clean stay the same, except for characters that a
// terminal could take for an order: those are escaped.
func (c cleaner) object(raw []byte) []byte {
	return diag.EscapeJSON(rewrite(raw, c.key, c.value))
}

// key cleans the name of a member. Only events of unknown types have foreign names.
func (c cleaner) key(s string) string {
	if c.mask == nil {
		return s
	}
	return c.mask.text(s)
}

// value cleans a string that is the value of key, or in an array that is.
func (c cleaner) value(key, s string) string {
	if s == "" {
		return s
	}
	if isSecretKey(key) {
		return hidden
	}
	if key == "rgb" { // of a thumbnail, which may show a person
		return ""
	}
	for _, secret := range c.secrets {
		s = strings.ReplaceAll(s, secret, hidden)
	}
	s = hideCredentials(s)
	if c.mask == nil || key == "type" && diag.Type(s).Known() { // nat.local has the form of an mDNS name
		return s
	}
	if key == "foundation" {
		return c.mask.foundation(s)
	}
	return c.mask.text(s)
}

// secretKeys are names of credentials in JSON (RTCIceServer, RTCIceParameters, SDES, HTTP), in
// lower case without hyphens and underscores.
var secretKeys = map[string]bool{
	"credential": true, "password": true, "passwd": true, "pwd": true, "icepwd": true, "icepassword": true, "secret": true,
	"token": true, "accesstoken": true, "mackey": true, "authorization": true, "privatekey": true, "apikey": true,
	"userid": true, // of a room: with it anyone could hang up
}

var keyFolder = strings.NewReplacer("-", "", "_", "")

func isSecretKey(key string) bool {
	return secretKeys[key] || secretKeys[keyFolder.Replace(strings.ToLower(key))]
}

// secretWords are the same names within a text that is JSON.
const secretWords = `(?:credential|password|passwd|ice-?pwd|ice-?password|secret|(?:access_?)?token|private_?key|` +
	`user_?id)`

// credentialPatterns find credentials within texts. The first group is kept, and so is the second one. A text may be
// JSON itself (a control message that contains an SDP), hence the escapes.
var credentialPatterns = []struct {
	hints   []string // in lower case; without all of them the pattern cannot match
	pattern *regexp.Regexp
}{
	{[]string{"ice-pwd:"}, regexp.MustCompile(`(?i)(a=ice-pwd:)(?:[^\s"'\\]|\\+/|\\+u002[bf])+()`)},
	{[]string{"inline:"}, regexp.MustCompile(`(?i)(\binline:)[^\s"'\\|]+()`)},
	{[]string{"://", "@"}, regexp.MustCompile(`(?i)(\b[a-z][a-z0-9+.-]*://)[^\s/"'\\?#]+(@)`)},
	// a slash in the password; no port
	{
		[]string{"://", "@"},
		regexp.MustCompile(`(?i)(\b[a-z][a-z0-9+.-]*://)[^\s:/@"'\\?#]*:[^\s/@"'\\?#]*[^\s/@"'\\?#0-9][^\s@"'\\?#]*(@)`),
	},
	{[]string{":", "@"}, regexp.MustCompile(`(?i)(\b(?:turns?|stuns?):)[^\s"'\\?#,;]+(@)`)},
	{[]string{"bearer"}, regexp.MustCompile(`(?i)(\bbearer\s+)[a-z0-9+/=._~-]{8,}()`)},
	{
		[]string{"authorization"},
		regexp.MustCompile(`(?i)(\bauthorization\\*"?\s*[:=]\s*\\*"?(?:[a-z]+\s+)?)[^\s"'\\,;]+()`),
	},
	{[]string{"="}, regexp.MustCompile(`(?i)([?&;](?:(?:access_?)?token|password|passwd|pass|pwd|credential|secret|` +
		`api_?key|key|sig|signature|auth|user_id)=)[^&#;\s"'\\]+()`)},
	{[]string{`"`, ":"}, regexp.MustCompile(`(?i)("` + secretWords + `\\*"\s*:\s*\\*")(?:[^"\\]|\\.)+()`)},
}

// hideCredentials replaces everything in a text that looks like a credential.
func hideCredentials(s string) string {
	if !strings.ContainsAny(s, ":=@ ") {
		return s
	}
	lower := strings.ToLower(s)
	for _, p := range credentialPatterns {
		if !slices.ContainsFunc(p.hints, func(hint string) bool { return !strings.Contains(lower, hint) }) {
			s = p.pattern.ReplaceAllString(s, "${1}"+hidden+"${2}")
		}
	}
	return s
}

// Clean removes from the lines of a recording of unknown origin what a [Writer] would not have written.
func Clean(lines []byte, o Options) []byte { return newCleaner(o).object(lines) }
