package conform

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"dialtone/diag/sdp"
	"dialtone/signal/web"
)

// setup is §4.2, and what the 201 brings.
var setup = []check{
	{
		"post-redirect", "4.5", "4.6", Must, "the POST is not redirected by 301 or 302, which turn it into a GET",
		hasPosted, nil, state(func(s *suite) error {
			switch c := s.posted.Status; c {
			case http.StatusMovedPermanently, http.StatusFound, http.StatusSeeOther:
				return fmt.Errorf("the POST is answered %d", c)
			}
			return nil
		}),
	},
	{
		"post-created", "4.2", "4.2", Must, "a POST of an offer is answered 201 Created", hasPosted, nil,
		state(func(s *suite) error {
			switch c := s.posted.Status; c {
			case http.StatusCreated:
				return nil
			case http.StatusNotAcceptable, http.StatusUnsupportedMediaType, http.StatusUnprocessableEntity:
				return SkipError(fmt.Sprintf("the server rejects what is offered (%d), as it may%s", c, s.says(s.posted)))
			case http.StatusConflict:
				return SkipError("the server has nothing to play at the moment (409)" + s.says(s.posted))
			}
			return fmt.Errorf("the POST is answered %d%s", s.posted.Status, s.says(s.posted))
		}),
	},
	{
		"post-type", "4.2", "4.2", Must, "the answer's content type is application/sdp", hasAnswer, nil,
		state(func(s *suite) error {
			h := s.posted.Header
			return unless(web.MediaType(h) == typeSDP, "Content-Type is %s", orNone(h.Get("Content-Type")))
		}),
	},
	{"post-location", "4.2", "4.2", Must, "Location names the session", hasAnswer, nil, state(func(s *suite) error {
		return unless(s.session != nil, "Location is %s", orNone(s.posted.Header.Get("Location")))
	})},
	{
		"answer-sdp", "4.2", "4.2", Must,
		"the body is an answer to the offer: as many media sections, with ICE credentials and a fingerprint",
		hasAnswer, nil, state(func(s *suite) error {
			if offered, n := len(sdp.Parse(s.offer).Media), len(s.answer.Media); n > 0 && n != offered {
				return fmt.Errorf("it has %d media sections, the offer %d", n, offered)
			}
			return s.answer.CheckSession()
		}),
	},
	{
		"answer-direction", "4.2", "4.2", Must, "every media section that is accepted is recvonly (WHEP: sendonly)",
		hasAnswer, nil, eachSection(func(s *suite, m *sdp.Section) string {
			want := "recvonly"
			if s.o.Play {
				want = "sendonly"
			}
			if !m.Has(want) {
				return "it is not " + want
			}
			return ""
		}),
	},
	{
		"answer-candidates", "4.3.2", "4.4.2", Must, "the answer contains all candidates of the server", hasAnswer, nil,
		state(func(s *suite) error {
			_, any := s.answer.Attribute("candidate")
			return unless(any, "it contains none")
		}),
	},
	{
		"link-ice-servers", "4.6", "4.7", Must,
		"Link fields of relation ice-server name a stun or turn URL, the latter with its credentials", hasPosted, nil,
		eachLink("ice-server", "the server names no ICE servers", func(_ *suite, l web.Link) error {
			scheme, _, _ := strings.Cut(strings.ToLower(l.Target), ":")
			turn := scheme == "turn" || scheme == "turns"
			switch {
			case !turn && scheme != "stun" && scheme != "stuns":
				return errors.New("a Link of relation ice-server has scheme " + orNone(scheme))
			case turn && (l.Params["username"] == "" || l.Params["credential"] == ""):
				return errors.New("a Link names a TURN server without username or credential")
			}
			return nil
		}),
	},
	{
		"link-extensions", "4.9", "4.9", Must, "Link fields of extensions name a URL", hasPosted, nil,
		eachLink("urn:ietf:params:wh_p:ext:", "the server names no extensions", func(s *suite, l web.Link) error {
			_, err := web.Resolve(s.posted.URL, l.Target)
			return unless(err == nil, "an extension's Link names no usable URL")
		}),
	},
}

// eachSection applies to the answer's sections that are not rejected.
func eachSection(holds func(*suite, *sdp.Section) string) holdsFunc {
	return state(func(s *suite) error {
		for i := range s.answer.Media {
			if m := &s.answer.Media[i]; !m.Rejected() {
				if why := holds(s, m); why != "" {
					return fmt.Errorf("media section %d: %s", i, why)
				}
			}
		}
		return nil
	})
}

// eachLink applies to the Link fields of a relation, or of all that begin with it if it ends with a colon (wh_p is
// whip or whep); none is a reason to skip.
func eachLink(relation, none string, holds func(*suite, web.Link) error) holdsFunc {
	return state(func(s *suite) error {
		found := 0
		for _, l := range web.ParseLinks(s.posted.Header.Values("Link")) {
			prefix := strings.Replace(relation, "wh_p", s.protocol(), 1)
			family := strings.HasSuffix(relation, ":") && strings.HasPrefix(strings.ToLower(l.Params["rel"]), prefix)
			if !family && !l.Is(relation) {
				continue
			}
			found++
			if err := holds(s, l); err != nil {
				return err
			}
		}
		if found == 0 {
			return SkipError(none)
		}
		return nil
	})
}

// constraints are §4.4: what the answer must be like.
var constraints = []check{
	{
		"answer-bundle", "4.4.1", "4.5.1", Must, "all media sections are in one BUNDLE group", hasAnswer, nil,
		eachSection(func(s *suite, m *sdp.Section) string {
			group, _ := s.answer.Session.Attribute("group")
			semantics, mids, _ := strings.Cut(group, " ")
			if semantics == "BUNDLE" && slices.Contains(strings.Fields(mids), m.Mid) {
				return ""
			}
			return "it is not in the group, which is " + orNone(group)
		}),
	},
	{
		"answer-rtcp-mux", "4.4.1", "4.5.1", Must, "RTP and RTCP are multiplexed in every media section", hasAnswer, nil,
		eachSection(func(_ *suite, m *sdp.Section) string {
			if !m.Has("rtcp-mux") {
				return "it has no rtcp-mux"
			}
			return ""
		}),
	},
	{
		"answer-complete", "4.4.3", "", Should,
		"no single media section is rejected: the whole POST is, or nothing", hasAnswer,
		nil, state(func(s *suite) error {
			i := slices.IndexFunc(s.answer.Media, func(m sdp.Section) bool { return m.Rejected() })
			return unless(i < 0, "media section %d is rejected (port 0)", i)
		}),
	},
	{
		"answer-setup", "4.4.4", "", Must, "an offer of setup:actpass is answered active or passive", hasAnswer, nil,
		state(func(s *suite) error {
			v, _ := s.answer.Attribute("setup")
			return unless(v == "active" || v == "passive", "setup is %s", orNone(v))
		}),
	},
}
