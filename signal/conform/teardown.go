package conform

import (
	"context"
	"fmt"
	"net/http"
	"regexp"

	"dialtone/diag/sdp"
	"dialtone/signal/web"
)

// teardown is the end of the session in §4.2.
var teardown = []check{
	{"session-final", "4.5", Must, "requests to the session are not redirected",
		func(ctx context.Context, s *suite) verdict {
			if v := s.noSession(); v.skipped != "" {
				return v
			}
			a, v := s.request(ctx, web.Call{Method: http.MethodGet, URL: s.session})
			if a != nil && a.Status/100 == 3 {
				return verdict{broken: fmt.Sprintf("it is answered %d", a.Status)}
			}
			return v
		}},
	{"delete", "4.2", Must, "DELETE ends the session with 2xx, whatever entity-tag is sent with it (§4.3.1)",
		func(ctx context.Context, s *suite) verdict {
			if v := s.noSession(); v.skipped != "" {
				return v
			}
			a, v := s.request(ctx, web.Call{Method: http.MethodDelete, URL: s.session, IfMatch: `"not-the-tag"`})
			switch {
			case a == nil:
				return v
			case a.Status == http.StatusPreconditionFailed:
				_, _ = s.request(ctx, web.Call{Method: http.MethodDelete, URL: s.session})
				return verdict{broken: "the entity-tag is compared: 412"}
			case a.Status/100 != 2:
				return verdict{broken: fmt.Sprintf("it is answered %d", a.Status)}
			}
			return verdict{}
		}},
	{"deleted", "4.2", Must, "after DELETE there is no session any more", func(ctx context.Context, s *suite) verdict {
		if v := s.noSession(); v.skipped != "" {
			return v
		}
		a, v := s.patch(ctx, typeFragment, "*", s.candidates(someCandidate))
		if a == nil {
			return v
		}
		if a.Status < 400 {
			return verdict{broken: fmt.Sprintf("a PATCH is still answered %d", a.Status)}
		}
		a, v = s.request(ctx, web.Call{Method: http.MethodGet, URL: s.session})
		if a != nil && a.Status/100 == 2 {
			return verdict{broken: fmt.Sprintf("GET is still answered %d", a.Status)}
		}
		return v
	}},
}

// again is what needs further POSTs.
var again = []check{
	{"post-wrong-type", "4.2", Must, "a POST of another content type is refused with 4xx",
		func(ctx context.Context, s *suite) verdict {
			a, v := s.request(ctx, web.Call{Method: http.MethodPost, URL: s.posted.URL, ContentType: "text/plain",
				Body: []byte(s.offer)})
			return s.refusedPost(ctx, a, v, "a POST of text/plain")
		}},
	{"post-malformed", "4.2", Must, "a POST of malformed SDP is refused with 4xx",
		func(ctx context.Context, s *suite) verdict {
			a, v := s.request(ctx, web.Call{Method: http.MethodPost, URL: s.posted.URL, ContentType: typeSDP,
				Body: []byte("this is no SDP\r\n")})
			return s.refusedPost(ctx, a, v, "malformed SDP")
		}},
	{"post-distinct", "4.2", Must, "each POST makes a session of its own", func(ctx context.Context, s *suite) verdict {
		if v := s.noSession(); v.skipped != "" {
			return v
		}
		a, v := s.open(ctx, func(offer string) string { return offer })
		defer s.closeExtra(ctx)
		switch {
		case a == nil:
			return v
		case a.Status/100 != 2:
			return verdict{broken: fmt.Sprintf("a second POST, after the first session has ended, is answered %d", a.Status)}
		}
		if u := resolve(a); u != nil && u.String() == s.session.String() {
			return verdict{broken: "both sessions have the same URL"}
		}
		return verdict{}
	}},
	{"setup-active", "4.4.4", Should, "an offer of setup:active is answered passive, or refused with 4xx",
		func(ctx context.Context, s *suite) verdict {
			if s.answer == nil {
				return verdict{skipped: "the POST is not accepted"}
			}
			a, v := s.open(ctx, func(offer string) string {
				return regexp.MustCompile(`a=setup:\w+`).ReplaceAllString(offer, "a=setup:active")
			})
			defer s.closeExtra(ctx)
			if a == nil || isRefused(a) {
				return v
			}
			for _, m := range sdp.Parse(string(a.Body)).Media {
				if m.Setup != "" && m.Setup != "passive" {
					return verdict{broken: "it is answered " + orNone(m.Setup)}
				}
			}
			if a.Status/100 != 2 {
				return verdict{broken: fmt.Sprintf("it is answered %d", a.Status)}
			}
			return verdict{}
		}},
	{"token-required", "4.7.1", Must, "where a token is required, a POST without it is refused with 401 and a challenge",
		func(ctx context.Context, s *suite) verdict {
			if s.o.Token == "" {
				return verdict{skipped: "no token is used"}
			}
			a, v := s.request(ctx, web.Call{Method: http.MethodPost, URL: s.posted.URL, ContentType: typeSDP,
				Body: []byte(s.offer), Anonymous: true})
			defer s.closeExtra(ctx)
			switch {
			case a == nil:
				return v
			case a.Status/100 == 2:
				if u := resolve(a); u != nil {
					s.extra = append(s.extra, u)
				}
				return verdict{skipped: "the server does not require the token"}
			case a.Status == http.StatusUnauthorized && a.Header.Get("WWW-Authenticate") == "":
				return verdict{broken: "the 401 has no WWW-Authenticate (RFC 9110 §11.6.1)"}
			}
			return refused(a, "a POST without the token")
		}},
}

// refusedPost also ends a session that should not have come about.
func (s *suite) refusedPost(ctx context.Context, a *web.Answer, v verdict, what string) verdict {
	if a == nil {
		return v
	}
	if u := resolve(a); u != nil && a.Status/100 == 2 {
		s.extra = append(s.extra, u)
		s.closeExtra(ctx)
	}
	return refused(a, what)
}
