package conform

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"dialtone/diag/sdp"
	"dialtone/signal/web"
)

// A candidate that goes nowhere (RFC 5737), and one of an unknown transport.
const (
	someCandidate = "candidate:1 1 udp 2130706431 192.0.2.1 61764 typ host"
	oddCandidate  = "candidate:2 1 carrierpigeon 2130706175 192.0.2.1 61765 typ host"
)

// patching is §4.3.1. Its first check finds out whether PATCH is taken at all, which is for the server to choose.
var patching = []check{
	{"trickle-204", "4.3.2", Must, "a PATCH with candidates is answered 204 without content",
		func(ctx context.Context, s *suite) verdict {
			if v := s.noSession(); v.skipped != "" {
				return v
			}
			a, v := s.patch(ctx, typeFragment, s.etag, s.candidates(someCandidate))
			switch {
			case a == nil:
				return v
			case a.Status == http.StatusMethodNotAllowed, a.Status == http.StatusNotImplemented,
				a.Status == http.StatusUnprocessableEntity:
				s.refusal = fmt.Sprintf("the server does not take candidates by PATCH (%d), which is its choice", a.Status)
				return verdict{skipped: s.refusal}
			}
			s.patches = true
			if a.Status != http.StatusNoContent || len(a.Body) > 0 {
				return verdict{broken: fmt.Sprintf("it is answered %d with %d bytes", a.Status, len(a.Body))}
			}
			return verdict{}
		}},
	{"patch-type", "4.3.1", Must, "a PATCH of another content type is refused with 4xx",
		patched(func(ctx context.Context, s *suite) verdict {
			a, v := s.patch(ctx, "text/plain", s.etag, s.candidates(someCandidate))
			if a == nil {
				return v
			}
			return refused(a, "a PATCH of text/plain")
		})},
	{"patch-malformed", "4.3.1", Must, "a PATCH of a malformed fragment is refused with 4xx",
		patched(func(ctx context.Context, s *suite) verdict {
			a, v := s.patch(ctx, typeFragment, s.etag, "this is no fragment\r\n")
			if a == nil {
				return v
			}
			return refused(a, "a malformed fragment")
		})},
	{"patch-428", "4.3.1", Must, "a PATCH without If-Match is answered 428",
		tagged(func(ctx context.Context, s *suite) verdict {
			return s.status(ctx, "", http.StatusPreconditionRequired)
		})},
	{"patch-412", "4.3.1", Must, "a PATCH with another entity-tag is answered 412",
		tagged(func(ctx context.Context, s *suite) verdict {
			return s.status(ctx, `"not-the-tag"`, http.StatusPreconditionFailed)
		})},
}

// trickling is the rest of §4.3.2.
var trickling = []check{
	{"trickle-no-etag", "4.3.2", Must, "the answer to candidates holds no ETag",
		patched(func(ctx context.Context, s *suite) verdict {
			a, v := s.patch(ctx, typeFragment, s.etag, s.candidates(someCandidate))
			if a == nil {
				return v
			}
			if tag := a.Header.Get("ETag"); tag != "" {
				return verdict{broken: "it holds " + web.Clean(tag)}
			}
			return verdict{}
		})},
	{"trickle-odd", "4.3.2", Must, "a candidate of an unknown transport is dropped in silence",
		patched(func(ctx context.Context, s *suite) verdict {
			a, v := s.patch(ctx, typeFragment, s.etag, s.candidates(oddCandidate))
			if a == nil {
				return v
			}
			if a.Status != http.StatusNoContent {
				return verdict{broken: fmt.Sprintf("it is answered %d, not 204", a.Status)}
			}
			return verdict{}
		})},
}

// patched skips a check where the server takes no candidates.
func patched(run func(context.Context, *suite) verdict) func(context.Context, *suite) verdict {
	return func(ctx context.Context, s *suite) verdict {
		switch {
		case s.session == nil:
			return s.noSession()
		case !s.patches:
			return verdict{skipped: s.refusal}
		}
		return run(ctx, s)
	}
}

// tagged also skips it where there is no entity-tag to be matched.
func tagged(run func(context.Context, *suite) verdict) func(context.Context, *suite) verdict {
	return patched(func(ctx context.Context, s *suite) verdict {
		if s.etag == "" {
			return verdict{skipped: "the server gave no ETag, so there is none to be matched"}
		}
		return run(ctx, s)
	})
}

func (s *suite) status(ctx context.Context, ifMatch string, want int) verdict {
	a, v := s.patch(ctx, typeFragment, ifMatch, s.candidates(someCandidate))
	if a == nil {
		return v
	}
	if a.Status != want {
		return verdict{broken: fmt.Sprintf("it is answered %d, not %d", a.Status, want)}
	}
	return verdict{}
}

// candidates is a fragment of the present ICE session.
func (s *suite) candidates(lines ...string) string {
	first := s.ice.Sections[0]
	f := sdp.Fragment{Ufrag: s.ice.Ufrag, Pwd: s.ice.Pwd,
		Sections: []sdp.FragmentSection{{Media: first.Media, Mid: first.Mid, Candidates: lines}}}
	return f.String()
}

// restarting is §4.3.3.
var restarting = []check{
	{"restart-200", "4.3.3", Must, "an ICE restart is answered 200 with a fragment", restartCheck},
	{"restart-etag-first", "4.3.1", Must, "a server that restarts gives an entity-tag, a strong one, with the 201",
		restarted(func(_ context.Context, s *suite) verdict {
			s.recall("post")
			if tag := s.posted.Header.Get("ETag"); !isStrong(tag) {
				return verdict{broken: "ETag of the 201 is " + orNone(tag)}
			}
			return verdict{}
		})},
	{"restart-credentials", "4.3.3", Must, "the fragment holds new ICE credentials of the server",
		restarted(func(_ context.Context, s *suite) verdict {
			before := s.answer.Fragment()
			f, err := sdp.ParseFragment(s.restart.Body)
			switch {
			case err != nil:
				return verdict{broken: web.Clean(err.Error())}
			case f.Ufrag == "":
				return verdict{broken: "it holds none"}
			case f.Ufrag == before.Ufrag || f.Pwd == before.Pwd:
				return verdict{broken: "they are the old ones"}
			}
			return verdict{}
		})},
	{"restart-etag", "4.3.3", Must, "the answer to a restart holds a new entity-tag",
		restarted(func(_ context.Context, s *suite) verdict {
			now := s.restart.Header.Get("ETag")
			if !isStrong(now) || now == s.posted.Header.Get("ETag") {
				return verdict{broken: "ETag is " + orNone(now) + ", after " + orNone(s.posted.Header.Get("ETag"))}
			}
			return verdict{}
		})},
	{"restart-options", "4.3.3", Must, "the fragment has the ice-lite, ice-options and ice-pacing of the answer",
		restarted(func(_ context.Context, s *suite) verdict {
			f, err := sdp.ParseFragment(s.restart.Body)
			if err != nil {
				return verdict{skipped: "there is no fragment to be read"}
			}
			was, is := slices.Sorted(slices.Values(s.answer.Fragment().Options)), slices.Sorted(slices.Values(f.Options))
			if !slices.Equal(was, is) {
				return verdict{broken: "they are " + orNone(strings.Join(is, " ")) + ", before " + orNone(strings.Join(was, " "))}
			}
			return verdict{}
		})},
	{"restart-outdated", "4.3.1", Must, "after a restart the old entity-tag is answered 412",
		restarted(func(ctx context.Context, s *suite) verdict {
			old := s.posted.Header.Get("ETag")
			if old == "" || !s.patches {
				return verdict{skipped: "there is no entity-tag to be outdated, or no candidates are taken"}
			}
			return s.status(ctx, old, http.StatusPreconditionFailed)
		})},
	{"restart-unsatisfied", "4.3.3", Must,
		"a restart that cannot be done is answered with an error, and the session lives on",
		restarted(func(ctx context.Context, s *suite) verdict {
			a, v := s.patch(ctx, typeFragment, "*", "a=ice-ufrag:x\r\na=ice-pwd:short\r\n")
			switch {
			case a == nil:
				return v
			case a.Status < 400:
				return verdict{broken: fmt.Sprintf("impossible credentials are answered %d", a.Status)}
			}
			a, v = s.request(ctx, web.Call{Method: http.MethodGet, URL: s.session})
			if a != nil && (a.Status == http.StatusNotFound || a.Status == http.StatusGone) {
				return verdict{broken: "the session is gone after it"}
			}
			return v
		})},
}

// restartCheck restarts ICE. A server that does not restart says 422 where it takes candidates.
func restartCheck(ctx context.Context, s *suite) verdict {
	if v := s.noSession(); v.skipped != "" {
		return v
	}
	f := *s.ice
	f.Ufrag, f.Pwd = fresh()
	a, v := s.patch(ctx, typeFragment, "*", f.String())
	s.remember("restart")
	switch {
	case a == nil:
		return v
	case a.Status == http.StatusUnprocessableEntity:
		return verdict{skipped: "the server does not restart ICE (422), which is its choice"}
	case !s.patches && a.Status >= 400:
		return verdict{skipped: fmt.Sprintf("the server takes no PATCH (%d), which is its choice", a.Status)}
	case a.Status >= 400:
		return verdict{broken: fmt.Sprintf("candidates are taken but a restart is answered %d, not 422 or 200", a.Status)}
	}
	s.restart, s.ice = a, &f
	if tag := a.Header.Get("ETag"); tag != "" {
		s.etag = tag
	}
	if kind := mediaType(a); a.Status != http.StatusOK || kind != typeFragment {
		return verdict{broken: fmt.Sprintf("it is answered %d with content type %s", a.Status, orNone(kind))}
	}
	return verdict{}
}

// restarted skips a check where no restart was done.
func restarted(run func(context.Context, *suite) verdict) func(context.Context, *suite) verdict {
	return func(ctx context.Context, s *suite) verdict {
		s.recall("restart")
		if s.restart == nil {
			return verdict{skipped: "no ICE restart was done"}
		}
		return run(ctx, s)
	}
}

// isStrong recognizes a strong entity-tag (RFC 9110 §8.8.3).
func isStrong(tag string) bool {
	return len(tag) > 2 && strings.HasPrefix(tag, `"`) && strings.HasSuffix(tag, `"`)
}
