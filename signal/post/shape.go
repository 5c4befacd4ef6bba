package post

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"dialtone/signal"
	"dialtone/signal/toml"
)

// Shape is how a server is called: the requests of a call as data. A preset is a Shape in TOML.
type Shape struct {
	// Title says what is called, and Address what its addresses look like.
	Title   string `toml:"title"`
	Address string `toml:"address"`
	// Media is which way media goes: "both" (the default), "send" or "receive". Only "both" has data channels.
	Media string `toml:"media"`
	// Kinds are the kinds of media that the server takes, "audio" and "video"; empty: both.
	Kinds []string `toml:"kinds"`
	// Channel is the label of the data channel that the server wants instead of dialtone's own.
	Channel string `toml:"channel"`
	// Fields are placeholders that the user may set, with their defaults; "" must be set.
	Fields map[string]any `toml:"fields"`
	// Each says what one element of the lists {{candidates}} and {{sections}} looks like.
	Each map[string]map[string]any `toml:"each"`

	// Requests are made in order. Those before the first that needs a local description are made when the call is dialed.
	Requests []*Request `toml:"request"`
	// Counter answers a server that rejects the offer with an offer of its own (406).
	Counter *Request `toml:"counter"`
	// Candidates sends local candidates that were found after the offer.
	Candidates *Request `toml:"candidates"`
	// Restart carries an ICE restart.
	Restart *Request `toml:"restart"`
	// Poll is repeated as long as the call lasts.
	Poll *Request `toml:"poll"`
	// End ends the session.
	End *Request `toml:"end"`
	// Servers names ICE servers before the call.
	Servers *Request `toml:"servers"`

	fixed map[string]bool // placeholders that the user has set: no answer changes them
}

// Request is one request of a Shape. Texts in it may contain {{placeholders}}.
type Request struct {
	// Op is its name in events: "offer" is the one whose answer counts for the setup.
	Op     string            `toml:"op"`
	Method string            `toml:"method"` // POST if empty
	URL    string            `toml:"url"`    // appended to the address; a placeholder alone is an address of its own
	Header map[string]string `toml:"header"`
	// Body, JSON or Form is what is sent, as Type says; a Form is multipart if Type is multipart/form-data.
	Body string            `toml:"body"`
	JSON map[string]any    `toml:"json"`
	Form map[string]string `toml:"form"`
	Type string            `toml:"type"`

	// Status is what the protocol answers; another 2xx is accepted with a remark.
	Status []int `toml:"status"`
	// Require are values that the answer must have, by path; Error are the paths of errors in an answer of 2xx.
	Require map[string]any `toml:"require"`
	Error   []string       `toml:"error"`
	// Keep gives names to values of the answer, by path: "data.id", "header.ETag", "header.Location".
	Keep map[string]string `toml:"keep"`
	// Answer and Offer are the path of the server's description: "body" for all of it. Candidate is that of its
	// candidates.
	Answer    string `toml:"answer"`
	Offer     string `toml:"offer"`
	Candidate string `toml:"candidate"`
	// Hold is how long the server may hold its answer ("30s"). The request is repeated until the answer has what it is
	// for.
	Hold string `toml:"hold"`
	// Until is a value that must be in the answer, by path, or the request is repeated.
	Until map[string]any `toml:"until"`
	// Ended are values, by path, that mean that the server has ended the session; of Poll.
	Ended map[string][]any `toml:"ended"`
	// Needs are names that must have been kept, or the request is not made.
	Needs []string `toml:"needs"`

	hold time.Duration
}

// maxShape bounds a preset, in bytes.
const maxShape = 64 << 10

// ParseShape reads a preset. The error joins all mistakes, each a toml.MistakeError.
func ParseShape(text string) (*Shape, error) {
	if len(text) > maxShape {
		return nil, toml.MistakeError{Text: fmt.Sprintf("the preset has more than %d bytes", maxShape)}
	}
	s := &Shape{}
	lines, mistakes := toml.Check(text, s)
	if len(mistakes) == 0 {
		mistakes = s.check(lines)
	}
	if len(mistakes) > 0 {
		return nil, joined(mistakes)
	}
	return s, nil
}

func joined(mistakes []toml.MistakeError) error {
	errs := make([]error, 0, len(mistakes))
	for _, m := range mistakes {
		errs = append(errs, m)
	}
	return errors.Join(errs...)
}

// all are the requests of a shape.
func (s *Shape) all() []*Request {
	out := slices.Clone(s.Requests)
	for _, r := range s.others() {
		if r != nil {
			out = append(out, r)
		}
	}
	return out
}

// others are the requests beside those that set up the call, by the names of their tables; nil for what there is none.
func (s *Shape) others() map[string]*Request {
	return map[string]*Request{
		"counter": s.Counter, "candidates": s.Candidates, "restart": s.Restart, "poll": s.Poll, "end": s.End,
		"servers": s.Servers,
	}
}

// builtin are the placeholders that every shape has.
var builtin = []string{
	"sdp", "sdp-mux-only", "sdp64", "type", "random", "address", "fragment", "candidates", "sections",
}

// names are the placeholders that a shape has.
func (s *Shape) names() map[string]bool {
	known := map[string]bool{}
	for _, name := range builtin {
		known[name] = true
	}
	for name := range s.Fields {
		known[name] = true
	}
	for _, r := range s.all() {
		for name := range r.Keep {
			known[name] = true
		}
	}
	return known
}

// placeholders are the names that a request cannot be made without: those in its fields may be unknown, and the field
// is left out then.
func (r *Request) placeholders() []string {
	parts := []any{r.URL, r.Body, r.JSON}
	for _, name := range sortedKeys(r.Form) {
		parts = append(parts, r.Form[name])
	}
	return namesIn(parts)
}

// keptAt is the path at which an answer has a value for later requests.
func (s *Shape) keptAt(name string) string {
	for _, r := range s.all() {
		if path := r.Keep[name]; path != "" {
			return path
		}
	}
	return "not kept"
}

// uses reports whether a request needs one of the placeholders.
func (r *Request) uses(names ...string) bool {
	return slices.ContainsFunc(r.placeholders(), func(used string) bool { return slices.Contains(names, used) })
}

// describes reports whether a request carries a local description.
func (r *Request) describes() bool { return r.uses("sdp", "sdp-mux-only", "sdp64", "sections") }

// Way is which way media goes.
func (s *Shape) Way() signal.Media {
	switch s.Media {
	case "send":
		return signal.MediaFromCaller
	case "receive":
		return signal.MediaToCaller
	}
	return signal.MediaBothWays
}

// offers reports whether the server makes the offer.
func (s *Shape) offers() bool {
	return slices.ContainsFunc(s.Requests, func(r *Request) bool { return r.Offer != "" })
}

// with gives fields of the user to a shape: placeholders, or else further fields of the body that carries the
// description. The shape itself is not changed.
func (s *Shape) with(set map[string]any) (*Shape, error) {
	out := *s
	out.Fields, out.fixed = map[string]any{}, map[string]bool{}
	maps.Copy(out.Fields, s.Fields)
	extra, known := map[string]any{}, s.names()
	for name, value := range set {
		if known[name] && !slices.Contains(builtin, name) {
			out.Fields[name], out.fixed[name] = value, true
		} else {
			extra[name] = value
		}
	}
	for _, name := range sortedKeys(out.Fields) {
		if out.Fields[name] == "" {
			return nil, fmt.Errorf("--field %s=VALUE is missing: the preset needs it", name)
		}
	}
	if len(extra) == 0 {
		return &out, nil
	}
	out.Requests = slices.Clone(s.Requests)
	for i, r := range out.Requests {
		if !r.describes() {
			continue
		}
		r := *r
		switch {
		case r.JSON != nil:
			r.JSON = merged(r.JSON, extra)
		case r.Form != nil:
			r.Form = maps.Clone(r.Form)
			for name, value := range extra {
				r.Form[name] = text(value)
			}
		default:
			return nil, fmt.Errorf("the body is SDP and has no field %s", strings.Join(sortedKeys(extra), ", "))
		}
		out.Requests[i] = &r
		return &out, nil
	}
	return &out, nil
}

func merged(a, b map[string]any) map[string]any {
	out := maps.Clone(a)
	maps.Copy(out, b)
	return out
}
