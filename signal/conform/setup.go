package conform

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"dialtone/diag/sdp"
	"dialtone/signal/web"
	"dialtone/signal/whip"
)

// setup is §4.2, and what the 201 brings.
var setup = []check{
	{"post-redirect", "4.5", Must, "the POST is not redirected by 301 or 302, which turn it into a GET",
		opened(func(s *suite) string {
			if c := s.posted.Status; c == http.StatusMovedPermanently || c == http.StatusFound || c == http.StatusSeeOther {
				return fmt.Sprintf("the POST is answered %d", c)
			}
			return ""
		})},
	{"post-created", "4.2", Must, "a POST of an offer is answered 201 Created", opened(func(s *suite) string {
		if s.posted.Status != http.StatusCreated {
			return fmt.Sprintf("the POST is answered %d", s.posted.Status)
		}
		return ""
	})},
	{"post-type", "4.2", Must, "the answer's content type is application/sdp", answered(func(s *suite) string {
		if kind := mediaType(s.posted); kind != typeSDP {
			return "Content-Type is " + orNone(s.posted.Header.Get("Content-Type"))
		}
		return ""
	})},
	{"post-location", "4.2", Must, "Location names the session", answered(func(s *suite) string {
		if s.session == nil {
			return "Location is " + orNone(s.posted.Header.Get("Location"))
		}
		return ""
	})},
	{"answer-sdp", "4.2", Must,
		"the body is an answer to the offer: as many media sections, with ICE credentials and a fingerprint",
		answered(answerSDP)},
	{"answer-recvonly", "4.2", Must, "every media section that is accepted is recvonly",
		answered(eachSection(func(m *sdp.Section) string {
			if !m.Has("recvonly") {
				return "it is not recvonly"
			}
			return ""
		}))},
	{"answer-candidates", "4.3.2", Must, "the answer holds all candidates of the server", answered(func(s *suite) string {
		if _, any := s.answer.Attribute("candidate"); !any {
			return "it contains none"
		}
		return ""
	})},
	{"link-ice-servers", "4.6", Must,
		"Link fields of relation ice-server name a stun or turn URL, the latter with its credentials", iceLinks},
	{"link-extensions", "4.9", Must, "Link fields of extensions name a URL", extensionLinks},
}

// opened is a check of the answer to the first POST.
func opened(holds func(*suite) string) func(context.Context, *suite) verdict {
	return func(_ context.Context, s *suite) verdict {
		s.recall("post")
		return verdict{broken: holds(s)}
	}
}

// answered is a check of what came with it, where it was taken.
func answered(holds func(*suite) string) func(context.Context, *suite) verdict {
	return func(_ context.Context, s *suite) verdict {
		s.recall("post")
		if s.answer == nil {
			return verdict{skipped: "the POST is not accepted"}
		}
		return verdict{broken: holds(s)}
	}
}

// eachSection applies to the answer's sections that are not rejected.
func eachSection(holds func(*sdp.Section) string) func(*suite) string {
	return func(s *suite) string {
		for i := range s.answer.Media {
			m := &s.answer.Media[i]
			if m.Rejected() {
				continue
			}
			if why := holds(m); why != "" {
				return fmt.Sprintf("media section %d: %s", i, why)
			}
		}
		return ""
	}
}

func answerSDP(s *suite) string {
	if err := s.answer.CheckSession(); err != nil {
		return err.Error()
	}
	if offered, n := len(sdp.Parse(s.offer).Media), len(s.answer.Media); n != offered {
		return fmt.Sprintf("it has %d media sections, the offer %d", n, offered)
	}
	return ""
}

func iceLinks(_ context.Context, s *suite) verdict {
	s.recall("post")
	found := 0
	for _, l := range whip.ParseLinks(s.posted.Header.Values("Link")) {
		if !l.Is("ice-server") {
			continue
		}
		found++
		scheme, _, _ := strings.Cut(strings.ToLower(l.Target), ":")
		turn := scheme == "turn" || scheme == "turns"
		switch {
		case !turn && scheme != "stun" && scheme != "stuns":
			return verdict{broken: "a Link of relation ice-server has scheme " + orNone(scheme)}
		case turn && (l.Params["username"] == "" || l.Params["credential"] == ""):
			return verdict{broken: "a Link names a TURN server without username or credential"}
		}
	}
	if found == 0 {
		return verdict{skipped: "the server names no ICE servers"}
	}
	return verdict{}
}

func extensionLinks(_ context.Context, s *suite) verdict {
	s.recall("post")
	found := 0
	for _, l := range whip.ParseLinks(s.posted.Header.Values("Link")) {
		if !strings.HasPrefix(strings.ToLower(l.Params["rel"]), "urn:ietf:params:whip:ext:") {
			continue
		}
		found++
		if _, err := web.Resolve(s.posted.URL, l.Target); err != nil {
			return verdict{broken: "an extension's Link names no usable URL"}
		}
	}
	if found == 0 {
		return verdict{skipped: "the server names no extensions"}
	}
	return verdict{}
}

// constraints are §4.4: what the answer must be like.
var constraints = []check{
	{"answer-bundle", "4.4.1", Must, "all media sections are in one BUNDLE group", answered(func(s *suite) string {
		group, _ := s.answer.Session.Attribute("group")
		semantics, mids, _ := strings.Cut(group, " ")
		return eachSection(func(m *sdp.Section) string {
			if semantics == "BUNDLE" && slices.Contains(strings.Fields(mids), m.Mid) {
				return ""
			}
			return "it is not in the group, which is " + orNone(group)
		})(s)
	})},
	{"answer-rtcp-mux", "4.4.1", Must, "RTP and RTCP are multiplexed in every media section",
		answered(eachSection(func(m *sdp.Section) string {
			if !m.Has("rtcp-mux") {
				return "it has no rtcp-mux"
			}
			return ""
		}))},
	{"answer-complete", "4.4.3", Should, "no single media section is rejected: the whole POST is, or nothing",
		answered(func(s *suite) string {
			for i := range s.answer.Media {
				if s.answer.Media[i].Rejected() {
					return fmt.Sprintf("media section %d is rejected (port 0)", i)
				}
			}
			return ""
		})},
	{"answer-setup", "4.4.4", Must, "an offer of setup:actpass is answered active or passive",
		answered(func(s *suite) string {
			if v, _ := s.answer.Attribute("setup"); v != "active" && v != "passive" {
				return "setup is " + orNone(v)
			}
			return ""
		})},
}
