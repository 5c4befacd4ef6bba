package conform

import (
	"context"
	"errors"
	"net/url"
	"slices"

	"dialtone/signal/web"
)

// Level is how strongly the standard asks.
type Level string

// Levels (RFC 2119).
const (
	Must   Level = "MUST"
	Should Level = "SHOULD"
)

// Outcome is what came of a check.
type Outcome string

// Outcomes.
const (
	Pass    Outcome = "pass"
	Fail    Outcome = "fail" // a MUST is violated
	Warn    Outcome = "warn" // a SHOULD is violated, or the server follows a draft
	Skipped Outcome = "skipped"
)

// Result is one check. Its texts hold no token; those of the server are bounded and printable.
type Result struct {
	ID          string   `json:"id"`       // stable: "post-created"
	Standard    string   `json:"standard"` // RFC 9725, or the draft of WHEP
	Section     string   `json:"section"`  // of it
	Level       Level    `json:"level"`
	Requirement string   `json:"requirement"` // in plain words
	Outcome     Outcome  `json:"outcome"`
	Reason      string   `json:"reason,omitempty"` // of anything but pass
	Exchanges   []string `json:"exchanges"`        // what was sent and seen, a line per request
}

// Options of a run. URL and Offer are needed.
type Options struct {
	// URL is the endpoint, see web.Endpoint.
	URL string
	// Play tests a WHEP endpoint instead of a WHIP one.
	Play bool
	// Skip and Only choose the checks that are reported, by their IDs; both empty: all.
	Skip, Only []string
	// Offer makes a fresh offer to publish (sendonly) or to play (recvonly), with its candidates. It is called for each
	// session.
	Offer func(ctx context.Context) (string, error)
	web.Options
}

// check is one requirement.
type check struct {
	id, section string
	whep        string // the section of the draft of WHEP; "": it has no such requirement
	level       Level
	requirement string
	needs       func(*suite) string   // why it is skipped, "" if it is not; nil: never
	ask         func(*suite) web.Call // a request to make; nil: earlier answers are looked at
	holds       holdsFunc
}

// holdsFunc judges the answer to check.ask: why the requirement is violated; a SkipError: why that is not known.
type holdsFunc = func(context.Context, *suite, *web.Answer) error

// SkipError is why a requirement cannot be checked.
type SkipError string

func (s SkipError) Error() string { return string(s) }

// draft is how a server follows a draft that required something else.
type draft string

func (d draft) Error() string { return string(d) }

// Standards.
const (
	whipStandard = "RFC 9725"
	whepStandard = "draft-ietf-wish-whep"
)

// Run checks an endpoint. The error says that it could not be reached at all, or that no offer could be made: then
// there are no results.
func Run(ctx context.Context, o Options) ([]Result, error) {
	endpoint, err := web.Endpoint(o.URL)
	if err != nil {
		return nil, err
	}
	if o.Offer == nil {
		return nil, errors.New("conformance needs offers: Options.Offer is nil")
	}
	client, err := web.NewClient(endpoint, o.Options)
	if err != nil {
		return nil, err
	}
	defer client.Close()
	s := &suite{client: client, endpoint: endpoint, o: o}
	defer s.cleanUp(ctx)
	var results []Result
	for i, group := range groups {
		if err := s.begin(ctx); err != nil && i == 0 {
			return nil, err
		}
		for _, c := range group {
			if ctx.Err() != nil {
				return results, ctx.Err()
			}
			if o.Play {
				c.section = c.whep
			}
			if c.section == "" {
				continue
			}
			r := s.check(ctx, c)
			if !slices.Contains(o.Skip, c.id) && (len(o.Only) == 0 || slices.Contains(o.Only, c.id)) {
				results = append(results, r)
			}
		}
	}
	return results, nil
}

// IDs lists the checks.
func IDs() []string {
	var out []string
	for _, c := range slices.Concat(groups...) {
		out = append(out, c.id)
	}
	return out
}

func (s *suite) check(ctx context.Context, c check) Result {
	s.log = []string{}
	err := s.apply(ctx, c)
	r := Result{
		ID: c.id, Standard: whipStandard, Section: c.section, Level: c.level, Requirement: c.requirement, Exchanges: s.log,
	}
	if s.o.Play {
		r.Standard = whepStandard
	}
	return r.Judged(err)
}

// Judged is the result of a check with what came of it: why the server violates the requirement, or a SkipError.
func (r Result) Judged(err error) Result {
	var skipped SkipError
	var drafted draft
	switch {
	case err == nil:
		r.Outcome = Pass
		return r
	case errors.As(err, &skipped):
		r.Outcome = Skipped
	case r.Level == Should, errors.As(err, &drafted):
		r.Outcome = Warn
	default:
		r.Outcome = Fail
	}
	r.Reason = err.Error()
	return r
}

func (s *suite) apply(ctx context.Context, c check) error {
	if s.mute {
		return SkipError("the server has stopped answering")
	}
	if c.needs != nil {
		if why := c.needs(s); why != "" {
			return SkipError(why)
		}
	}
	if c.ask == nil {
		return c.holds(ctx, s, nil)
	}
	a, err := s.request(ctx, c.ask(s))
	if err != nil {
		return err
	}
	return c.holds(ctx, s, a)
}

// groups are all checks in the order in which they are made. Each group has a session of its own, so that what a server
// does wrong in one does not spoil the next.
var groups = [][]check{
	slices.Concat(usage, setup, constraints), patching, restarting, slices.Concat(teardown, again),
}

// resolve is where a session is; nil where the server did not say.
func resolve(a *web.Answer) *url.URL {
	u, err := web.Resolve(a.URL, a.Header.Get("Location"))
	if err != nil {
		return nil
	}
	return u
}
