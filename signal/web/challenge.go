package web

import (
	"regexp"
	"strings"
)

// Bounds of what is read of the challenges of a server.
const (
	maxChallenges = 2000 // bytes
	maxScheme     = 20   // characters
)

var (
	quoted     = regexp.MustCompile(`"(?:[^"\\]|\\.)*"`)
	challenged = regexp.MustCompile(`(?i)error_description\s*=\s*("(?:[^"\\]|\\.)*")`)
)

// challenge is the scheme by which a server wants to know its clients (RFC 9110 §11.6.1): "Basic", "Bearer", "Digest",
// and why it did not accept what it got (RFC 6750 §3). Of several schemes it is one that this client has.
func challenge(a *Answer) (scheme, why string) {
	all := strings.Join(a.Header.Values("WWW-Authenticate"), ", ")
	all = all[:min(len(all), maxChallenges)]
	if said := challenged.FindStringSubmatch(all); said != nil {
		why = strings.ReplaceAll(strings.Trim(said[1], `"`), `\"`, `"`)
	}
	for part := range strings.SplitSeq(quoted.ReplaceAllString(all, "x"), ",") {
		words := strings.Fields(part)
		if len(words) == 0 || len(words[0]) > maxScheme || strings.ContainsFunc(words[0], notInScheme) ||
			len(words) > 1 && words[1][0] == '=' {
			continue // a parameter of the challenge before
		}
		known := strings.EqualFold(words[0], "Bearer") || strings.EqualFold(words[0], "Basic")
		if scheme == "" || known {
			scheme = words[0]
		}
		if known {
			break
		}
	}
	return scheme, why
}

func notInScheme(r rune) bool { return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && r != '-' }
