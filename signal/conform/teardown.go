package conform

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"dialtone/diag/sdp"
	"dialtone/signal/web"
)

// teardown is the end of the session in §4.2.
var teardown = []check{
	{
		"session-final", "4.5", "", Must, "requests to the session are not redirected", hasSession, getSession,
		func(_ context.Context, _ *suite, a *web.Answer) error {
			return unless(a.Status/100 != 3, "it is answered %d", a.Status)
		},
	},
	{
		"delete", "4.2", "4.3", Must,
		"DELETE ends the session with 2xx, whatever entity-tag is sent with it (§4.3.1)", hasSession,
		func(s *suite) web.Call {
			return web.Call{Method: http.MethodDelete, URL: s.session, IfMatch: `"not-the-tag"`}
		},
		func(ctx context.Context, s *suite, a *web.Answer) error {
			switch {
			case a.Status == http.StatusPreconditionFailed:
				a, _ = s.request(ctx, web.Call{Method: http.MethodDelete, URL: s.session})
				s.deleted = a != nil && a.Status/100 == 2
				return errors.New("the entity-tag is compared: 412")
			case a.Status/100 != 2:
				return fmt.Errorf("it is answered %d", a.Status)
			}
			s.deleted = true
			return nil
		},
	},
	{
		"deleted", "4.2", "4.3", Must, "after DELETE there is no session any more", hasDeleted,
		patchOf(typeFragment, text("*"), candidate), func(ctx context.Context, s *suite, a *web.Answer) error {
			if a.Status < 400 {
				return fmt.Errorf("a PATCH is still answered %d", a.Status)
			}
			a, err := s.request(ctx, getSession(s))
			if err == nil && a.Status/100 == 2 {
				return fmt.Errorf("GET is still answered %d", a.Status)
			}
			return err
		},
	},
}

// again is what needs further POSTs.
var again = []check{
	{
		"post-wrong-type", "4.2", "4.2", Must, "a POST of another content type is refused with 4xx", nil,
		postOf("text/plain", offered), isRefused("a POST of text/plain"),
	},
	{
		"post-malformed", "4.2", "4.2", Must, "a POST of malformed SDP is refused with 4xx", nil,
		postOf(typeSDP, text("not SDP\r\n")), isRefused("malformed SDP"),
	},
	{
		"post-distinct", "4.2", "4.2", Must, "each POST makes a session of its own", hasSession, nil,
		func(ctx context.Context, s *suite, _ *web.Answer) error {
			a, err := s.open(ctx, func(offer string) string { return offer })
			defer s.closeExtra(ctx)
			switch {
			case err != nil:
				return err
			case a.Status/100 != 2:
				return fmt.Errorf("a second POST, after the first session has ended, is answered %d", a.Status)
			}
			u := resolve(a)
			return unless(u == nil || u.String() != s.session.String(), "both sessions have the same URL")
		},
	},
	{
		"setup-active", "4.4.4", "", Should,
		"an offer of setup:active is answered passive, or refused with 4xx", hasAnswer, nil,
		func(ctx context.Context, s *suite, _ *web.Answer) error {
			a, err := s.open(ctx, func(offer string) string {
				return sdp.Parse(offer).With("setup", "active")
			})
			defer s.closeExtra(ctx)
			if err != nil || a.Status/100 == 4 {
				return err
			}
			for _, m := range sdp.Parse(string(a.Body)).Media {
				if m.Setup != "" && m.Setup != "passive" {
					return errors.New("it is answered " + orNone(m.Setup))
				}
			}
			return unless(a.Status/100 == 2, "it is answered %d", a.Status)
		},
	},
	{
		"token-required", "4.7.1", "4.8.1", Must,
		"if a token is required, a POST without it is refused with 4xx; a 401 has a challenge",
		func(s *suite) string {
			if s.o.Token == "" {
				return "no token is used"
			}
			return ""
		},
		func(s *suite) web.Call {
			call := postOf(typeSDP, offered)(s)
			call.Anonymous = true
			return call
		},
		func(ctx context.Context, s *suite, a *web.Answer) error {
			switch {
			case a.Status/100 == 2:
				_ = isRefused("")(ctx, s, a) // it ends the session
				return SkipError("the server does not require the token")
			case a.Status == http.StatusUnauthorized && a.Header.Get("WWW-Authenticate") == "":
				return errors.New("the 401 has no WWW-Authenticate (RFC 9110 §11.6.1)")
			}
			return isRefused("a POST without the token")(ctx, s, a)
		},
	},
}

func offered(s *suite) string { return s.offer }
