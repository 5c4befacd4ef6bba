package conform

import (
	"context"
	"errors"
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

// candidates is a fragment of the present ICE session.
func (s *suite) candidates(lines ...string) string {
	first := s.ice.Sections[0]
	f := sdp.Fragment{
		Ufrag: s.ice.Ufrag, Pwd: s.ice.Pwd,
		Sections: []sdp.FragmentSection{{Media: first.Media, Mid: first.Mid, Candidates: lines}},
	}
	return f.String()
}

// patching is §4.3.1 and §4.3.2. Its first check finds out whether PATCH is accepted at all, which is the server's
// choice.
var patching = []check{
	{
		"trickle-204", "4.3.2", "4.4.2", Must, "a PATCH with candidates is answered 204 without content", hasSession,
		patchOf(typeFragment, tag, candidate), func(_ context.Context, s *suite, a *web.Answer) error {
			switch a.Status {
			case http.StatusMethodNotAllowed, http.StatusNotImplemented, http.StatusUnprocessableEntity:
				s.refusal = fmt.Sprintf("the server does not accept candidates by PATCH (%d), which is its choice", a.Status)
				return SkipError(s.refusal)
			}
			switch a.Status {
			case http.StatusPreconditionRequired, http.StatusPreconditionFailed: // it would with an entity-tag
				s.patches = true
			default:
				s.patches = a.Status/100 == 2
				s.refusal = fmt.Sprintf("the server refuses candidates by PATCH (%d)", a.Status)
			}
			isEmpty := a.Status == http.StatusNoContent && len(a.Body) == 0
			return unless(isEmpty, "it is answered %d with %d bytes", a.Status, len(a.Body))
		},
	},
	{
		"trickle-etag", "4.3.2", "4.4.2", Must, "a server that accepts candidates gives a strong entity-tag with the 201",
		takesPatches, nil, state(strongTag),
	},
	{
		"patch-type", "4.3.1", "4.4.1", Must, "a PATCH of another content type is refused with 4xx", takesPatches,
		patchOf("text/plain", tag, candidate), isRefused("a PATCH of text/plain"),
	},
	{
		"patch-malformed", "4.3.1", "4.4.1", Must, "a PATCH of a malformed fragment is refused with 4xx", takesPatches,
		patchOf(typeFragment, tag, text("not a fragment\r\n")), isRefused("a malformed fragment"),
	},
	{
		"patch-428", "4.3.1", "4.4.1", Must, "a PATCH without If-Match is answered 428", hasTag,
		patchOf(typeFragment, text(""), candidate), isStatus(http.StatusPreconditionRequired),
	},
	{
		"patch-412", "4.3.1", "4.4.1", Must, "a PATCH with another entity-tag is answered 412", hasTag,
		patchOf(typeFragment, text(`"not-the-tag"`), candidate), isStatus(http.StatusPreconditionFailed),
	},
	{
		"trickle-no-etag", "4.3.2", "4.4.2", Must, "the answer to candidates has no ETag", takesPatches,
		patchOf(typeFragment, tag, candidate), func(_ context.Context, _ *suite, a *web.Answer) error {
			tag := a.Header.Get("ETag")
			return unless(tag == "", "it has %s", web.Clean(tag))
		},
	},
	{
		"trickle-odd", "4.3.2", "4.4.2", Must, "a candidate of an unknown transport is dropped silently", takesPatches,
		patchOf(typeFragment, tag, func(s *suite) string { return s.candidates(oddCandidate) }),
		isStatus(http.StatusNoContent),
	},
}

// strongTag requires a strong entity-tag with the 201.
func strongTag(s *suite) error {
	s.recall("post")
	switch tag := s.posted.Header.Get("ETag"); {
	case tag == "*":
		return draft("ETag is *, as servers of drafts send it: entity-tags are not compared")
	case !isStrong(tag):
		return errors.New("ETag of the 201 is " + orNone(tag))
	}
	return nil
}

// restarting is §4.3.3.
var restarting = []check{
	{
		"restart-200", "4.3.3", "4.4.3", Must, "an ICE restart is answered 200 with a fragment", hasSession, restart,
		restarts,
	},
	{
		"restart-etag-first", "4.3.1", "4.4.1", Must,
		"a server that restarts gives an entity-tag, a strong one, with the 201", hasRestarted, nil,
		state(strongTag),
	},
	{
		"restart-credentials", "4.3.3", "4.4.3", Must, "the fragment contains new ICE credentials of the server",
		hasRestarted, nil, state(func(s *suite) error {
			before := s.answer.Fragment()
			f, err := sdp.ParseFragment(s.restart.Body)
			switch {
			case err != nil:
				return errors.New(web.Clean(err.Error()))
			case f.Ufrag == "":
				return errors.New("it contains none")
			case f.Ufrag == before.Ufrag || f.Pwd == before.Pwd:
				return errors.New("they are the old ones")
			}
			return nil
		}),
	},
	{
		"restart-etag", "4.3.3", "4.4.3", Must, "the answer to a restart has a new entity-tag", hasRestarted, nil,
		state(func(s *suite) error {
			was, is := s.posted.Header.Get("ETag"), s.restart.Header.Get("ETag")
			if was == "*" && is == was {
				return draft("ETag is *, as servers of drafts send it: entity-tags are not compared")
			}
			return unless(isStrong(is) && is != was, "ETag is %s, after %s", orNone(is), orNone(was))
		}),
	},
	{
		"restart-options", "4.3.3", "4.4.3", Must,
		"the fragment has the ice-lite, ice-options and ice-pacing of the answer",
		hasRestarted, nil, state(func(s *suite) error {
			f, err := sdp.ParseFragment(s.restart.Body)
			if err != nil {
				return SkipError("there is no valid fragment")
			}
			was, is := slices.Sorted(slices.Values(s.answer.Fragment().Options)), slices.Sorted(slices.Values(f.Options))
			return unless(slices.Equal(was, is), "they are %s, before %s",
				orNone(strings.Join(is, " ")), orNone(strings.Join(was, " ")))
		}),
	},
	{
		"restart-outdated", "4.3.1", "4.4.1", Must, "after a restart the old entity-tag is answered 412", hasOldTag,
		patchOf(typeFragment, func(s *suite) string { return s.posted.Header.Get("ETag") }, candidate),
		isStatus(http.StatusPreconditionFailed),
	},
	{
		"restart-unsatisfied", "4.3.3", "4.4.3", Must,
		"a restart that cannot be done is answered with an error, and the session continues", hasRestarted,
		patchOf(typeFragment, text("*"), text("a=ice-ufrag:x\r\na=ice-pwd:short\r\n")),
		func(ctx context.Context, s *suite, a *web.Answer) error {
			switch {
			case a.Status == http.StatusOK && web.MediaType(a.Header) == typeFragment:
				return SkipError(
					"the server takes credentials that RFC 8839 §5.4 forbids: there may be no restart that it cannot do")
			case a.Status < 400:
				return fmt.Errorf("impossible credentials are answered %d", a.Status)
			}
			a, err := s.request(ctx, getSession(s))
			if err == nil && (a.Status == http.StatusNotFound || a.Status == http.StatusGone) {
				return errors.New("the session is gone after it")
			}
			return err
		},
	},
}

func hasOldTag(s *suite) string {
	if why := hasRestarted(s); why != "" || isStrong(s.posted.Header.Get("ETag")) && s.patches {
		return why
	}
	return "there is no outdated entity-tag, or no candidates are accepted"
}

// restart is an ICE restart.
func restart(s *suite) web.Call {
	f := *s.ice
	f.Ufrag, f.Pwd = fresh()
	s.next = &f
	return patchOf(typeFragment, text("*"), text(f.String()))(s)
}

// restarts judges the answer to it. A server that does not restart says 422 if it accepts candidates.
func restarts(_ context.Context, s *suite, a *web.Answer) error {
	s.remember("restart")
	switch {
	case a.Status == http.StatusUnprocessableEntity:
		return SkipError("the server does not restart ICE (422), which is its choice")
	case !s.patches && a.Status >= 400:
		return SkipError(fmt.Sprintf("the server accepts no PATCH (%d)", a.Status))
	case a.Status >= 400:
		return fmt.Errorf("candidates are accepted but a restart is answered %d, not 422 or 200", a.Status)
	}
	s.restart, s.ice = a, s.next
	if tag := a.Header.Get("ETag"); tag != "" {
		s.etag = tag
	}
	kind := web.MediaType(a.Header)
	isFragment := a.Status == http.StatusOK && kind == typeFragment
	return unless(isFragment, "it is answered %d with content type %s", a.Status, orNone(kind))
}

// isStrong recognizes a strong entity-tag (RFC 9110 §8.8.3).
func isStrong(tag string) bool {
	return len(tag) > 2 && strings.HasPrefix(tag, `"`) && strings.HasSuffix(tag, `"`)
}
