package record

import (
	"regexp"
	"slices"
	"strings"
)

// hidden stands where a credential was.
const hidden = "***"

// minSecret is the length below which a secret is not looked for: too much else would be like it.
const minSecret = 4

// cleaner takes out of JSON what must not be written.
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
	if o.Redact {
		c.mask = newMasker()
	}
	return c
}

// object cleans every string of a JSON object. What is clean stays as it is, to the byte.
func (c cleaner) object(raw []byte) []byte {
	return rewrite(raw, c.key, c.value)
}

// key cleans the name of a member, which is foreign in events of unknown types only.
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
	for _, secret := range c.secrets {
		s = strings.ReplaceAll(s, secret, hidden)
	}
	s = hideCredentials(s)
	if c.mask == nil {
		return s
	}
	if key == "foundation" {
		return c.mask.foundation(s)
	}
	return c.mask.text(s)
}

// secretKeys are names under which credentials are handed over in JSON (RTCIceServer, RTCIceParameters, SDES, HTTP), in
// small letters without hyphens and underscores.
var secretKeys = map[string]bool{
	"credential": true, "password": true, "passwd": true, "pwd": true, "icepwd": true, "icepassword": true, "secret": true,
	"token": true, "accesstoken": true, "mackey": true, "authorization": true, "privatekey": true, "apikey": true,
	"userid": true, // of a room: whoever has it can hang up
}

var keyFolder = strings.NewReplacer("-", "", "_", "")

func isSecretKey(key string) bool {
	return secretKeys[key] || secretKeys[keyFolder.Replace(strings.ToLower(key))]
}

// secretWords are the same within a text that is JSON.
const secretWords = `(?:credential|password|passwd|ice-?pwd|ice-?password|secret|(?:access_?)?token|private_?key|user_?id)`

// credentialPatterns find credentials within texts. The first group stays, and so does the second where there is one. A
// text may be JSON itself (a control message that holds an SDP), hence the escapes.
var credentialPatterns = []struct {
	hints   []string // in small letters; without all of them the pattern can't match
	pattern *regexp.Regexp
}{
	{[]string{"ice-pwd:"}, regexp.MustCompile(`(?i)(a=ice-pwd:)(?:[^\s"'\\]|\\+/|\\+u002[bf])+()`)},
	{[]string{"inline:"}, regexp.MustCompile(`(?i)(\binline:)[^\s"'\\|]+()`)},
	{[]string{"://", "@"}, regexp.MustCompile(`(?i)(\b[a-z][a-z0-9+.-]*://)[^\s/"'\\?#]+(@)`)},
	// a slash in the password; no port
	{[]string{"://", "@"},
		regexp.MustCompile(`(?i)(\b[a-z][a-z0-9+.-]*://)[^\s:/@"'\\?#]*:[^\s/@"'\\?#]*[^\s/@"'\\?#0-9][^\s@"'\\?#]*(@)`)},
	{[]string{":", "@"}, regexp.MustCompile(`(?i)(\b(?:turns?|stuns?):)[^\s"'\\?#,;]+(@)`)},
	{[]string{"bearer"}, regexp.MustCompile(`(?i)(\bbearer\s+)[a-z0-9+/=._~-]{8,}()`)},
	{[]string{"authorization"},
		regexp.MustCompile(`(?i)(\bauthorization\\*"?\s*[:=]\s*\\*"?(?:[a-z]+\s+)?)[^\s"'\\,;]+()`)},
	{[]string{"="}, regexp.MustCompile(`(?i)([?&;](?:(?:access_?)?token|password|passwd|pass|pwd|credential|secret|api_?key|key|sig|signature|auth|user_id)=)[^&#;\s"'\\]+()`)},
	{[]string{`"`, ":"}, regexp.MustCompile(`(?i)("` + secretWords + `\\*"\s*:\s*\\*")(?:[^"\\]|\\.)+()`)},
}

// hideCredentials replaces what looks like a credential in a text.
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

// Clean takes out of the lines of a recording that another hand has made what a [Writer] would not have written.
func Clean(lines []byte, o Options) []byte { return newCleaner(o).object(lines) }
