package web

import (
	"net/http"
	"testing"
)

// TestChallenge: the scheme is found in whichever form servers name it, and why a token is refused.
func TestChallenge(t *testing.T) {
	for name, test := range map[string]struct {
		fields      []string
		scheme, why string
	}{
		"none":                 {nil, "", ""},
		"bare":                 {[]string{"Bearer"}, "Bearer", ""},
		"a realm":              {[]string{`Digest realm="a, Basic b", nonce="y"`}, "Digest", ""},
		"two fields":           {[]string{"Negotiate", `Basic realm="x"`}, "Basic", ""},
		"two in one":           {[]string{`Negotiate, Digest realm="x", nonce="a=b", Basic realm="y"`}, "Basic", ""},
		"token68":              {[]string{"Negotiate YWJj=="}, "Negotiate", ""},
		"RFC 6750":             {[]string{`Bearer realm="x", error="invalid_token", error_description="The token \"a\" expired"`}, "Bearer", `The token "a" expired`},
		"no quotes":            {[]string{`Bearer realm=x,error=invalid_token`}, "Bearer", ""},
		"no scheme":            {[]string{`realm="x"`}, "", ""},
		"not a name":           {[]string{"B\x00 x", "<script>"}, "", ""},
		"a name without bound": {[]string{"Aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"}, "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			scheme, why := challenge(&Answer{Header: http.Header{"Www-Authenticate": test.fields}})
			if scheme != test.scheme || why != test.why {
				t.Errorf("%q, %q", scheme, why)
			}
		})
	}
}
