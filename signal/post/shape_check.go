package post

import (
	"cmp"
	"fmt"
	"mime"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"dialtone/signal/toml"
)

// methods are those of requests.
var methods = []string{
	http.MethodPost, http.MethodGet, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodOptions,
}

// elementNames are the placeholders of the tables of [each].
var elementNames = map[string][]string{
	"candidates": {"candidate", "mid", "index", "ufrag"},
	"sections":   {"mid", "kind"},
}

// shapeCheck collects what makes a shape unusable.
type shapeCheck struct {
	lines toml.Lines
	known map[string]bool // placeholders
	found []toml.MistakeError
}

func (c *shapeCheck) add(path []string, format string, args ...any) {
	if len(c.found) < toml.MaxMistakes {
		c.found = append(c.found, toml.MistakeError{
			Line: c.lines.Of(path), Key: toml.Name(path), Text: fmt.Sprintf(format, args...),
		})
	}
}

// check completes a shape and returns what makes it unusable.
func (s *Shape) check(lines toml.Lines) []toml.MistakeError {
	c := &shapeCheck{lines: lines, known: s.names()}
	if !slices.Contains([]string{"", "both", "send", "receive"}, s.Media) {
		c.add([]string{"media"}, "%.40q is not both, send or receive", s.Media)
	}
	for _, kind := range s.Kinds {
		if kind != "audio" && kind != "video" {
			c.add([]string{"kinds"}, "%.40q is not audio or video", kind)
		}
	}
	switch described := func(r *Request) bool { return r.Answer != "" || r.Offer != "" }; {
	case !slices.ContainsFunc(s.Requests, described):
		c.add(nil, "no [[request]] says where the answer is: one needs answer, or offer")
	case !slices.ContainsFunc(s.Requests, (*Request).describes):
		c.add(nil, "no [[request]] sends the description: one needs {{sdp}}, {{sdp-mux-only}} or {{sdp64}}")
	}
	for i, r := range s.Requests {
		c.request(r, "request", strconv.Itoa(i))
	}
	for name, r := range s.others() {
		if r != nil {
			c.request(r, name)
		}
	}
	for _, name := range sortedKeys(s.Each) {
		names, known := elementNames[name]
		if !known {
			c.add([]string{"each", name}, "unknown list {{%.40s}}: use candidates or sections", name)
			continue
		}
		c.holes(s.Each[name], names, []string{"each", name})
	}
	slices.SortStableFunc(c.found, func(a, b toml.MistakeError) int { return cmp.Compare(a.Line, b.Line) })
	return c.found
}

// request completes a request and checks it.
func (c *shapeCheck) request(r *Request, path ...string) {
	at := func(key ...string) []string { return append(path[:len(path):len(path)], key...) }
	r.Method = cmp.Or(r.Method, http.MethodPost)
	if !slices.Contains(methods, r.Method) {
		c.add(at("method"), "%.40q is not %s", r.Method, strings.Join(methods, ", "))
	}
	if strings.Contains(strings.TrimPrefix(r.URL, "{{address}}"), "://") {
		c.add(at("url"), "it is appended to the address: leave out the scheme and the host")
	}
	if r.Hold != "" {
		var err error
		if r.hold, err = time.ParseDuration(r.Hold); err != nil || r.hold < 0 || r.hold > time.Minute {
			c.add(at("hold"), "%.40q is not a duration of at most 1m, such as 30s", r.Hold)
		}
	}
	if len(r.Until) > 0 && r.Hold == "" {
		c.add(at("until"), "it needs hold: how long the server may hold the answer")
	}
	if _, _, err := mime.ParseMediaType(cmp.Or(r.Type, "a/b")); err != nil {
		c.add(at("type"), "%.40q is not a content type, such as application/sdp", r.Type)
	}
	for _, status := range r.Status {
		if status/100 != 2 {
			c.add(at("status"), "%d is not a success, from 200 to 299", status)
		}
	}
	c.bodies(r, at)
	c.paths(r, at)
	for _, name := range r.Needs {
		c.placeholder(name, at("needs"), nil)
	}
	c.holes(r.URL, nil, at("url"))
	c.holes(r.Body, nil, at("body"))
	c.holes(r.JSON, nil, at("json"))
	for _, name := range sortedKeys(r.Form) {
		c.holes(r.Form[name], nil, at("form", name))
	}
	for _, name := range sortedKeys(r.Header) {
		if !isToken(name) {
			c.add(at("header", name), "%.40q is not the name of a header field", name)
		}
		c.holes(r.Header[name], nil, at("header", name))
	}
}

// isToken reports whether a text can name a header field (RFC 9110 §5.6.2).
func isToken(s string) bool {
	return s != "" && !strings.ContainsFunc(s, func(c rune) bool {
		return c <= ' ' || c > '~' || strings.ContainsRune(`"(),/:;<=>?@[\]{}`, c)
	})
}

func (c *shapeCheck) bodies(r *Request, at func(...string) []string) {
	var has []string
	for _, one := range []struct {
		key string
		is  bool
	}{{"body", r.Body != ""}, {"json", r.JSON != nil}, {"form", r.Form != nil}} {
		if one.is {
			has = append(has, one.key)
		}
	}
	if len(has) > 1 {
		c.add(at(has[1]), "%s is there as well; only one of body, json and form is possible", has[0])
	}
	if r.Answer != "" && r.Offer != "" {
		c.add(at("offer"), "answer is there as well; a request brings one description")
	}
}

// paths checks what looks for a value in an answer.
func (c *shapeCheck) paths(r *Request, at func(...string) []string) {
	path := func(value string, key ...string) {
		if value != "" && slices.Contains(strings.Split(value, "."), "") {
			c.add(at(key...), "%.80q has an empty part; a path is like data.id or answers.0.sdp", value)
		}
	}
	path(r.Answer, "answer")
	path(r.Offer, "offer")
	path(r.Candidate, "candidate")
	for _, value := range r.Error {
		path(value, "error")
	}
	for _, name := range sortedKeys(r.Keep) {
		path(r.Keep[name], "keep", name)
		if slices.Contains(builtin, name) {
			c.add(at("keep", name), "{{%s}} is a value of dialtone: choose another name", name)
		}
	}
	for key, values := range map[string][]string{
		"require": sortedKeys(r.Require), "until": sortedKeys(r.Until), "ended": sortedKeys(r.Ended),
	} {
		for _, value := range values {
			path(value, key, value)
		}
	}
}

// holes checks the placeholders of a template: those of dialtone and of the shape, or only own ones.
func (c *shapeCheck) holes(template any, own, path []string) {
	switch t := template.(type) {
	case string:
		for _, name := range namesIn(t) {
			c.placeholder(name, path, own)
		}
		if rest := hole.ReplaceAllString(t, ""); strings.Contains(rest, "{{") || strings.Contains(rest, "}}") {
			c.add(path, "%.60q has a brace too many or too few, or another character than letters, digits, - and _ between "+
				"them; a placeholder is like {{sdp}}", t)
		}
	case []any:
		for _, one := range t {
			c.holes(one, own, path)
		}
	case []map[string]any:
		for _, one := range t {
			c.holes(one, own, path)
		}
	case map[string]any:
		for _, name := range sortedKeys(t) {
			c.holes(t[name], own, append(path[:len(path):len(path)], name))
		}
	}
}

func (c *shapeCheck) placeholder(name string, path, own []string) {
	switch {
	case slices.Contains(own, name):
	case c.known[name]:
	case own != nil:
		c.add(path, "unknown placeholder {{%.40s}}; here are %s, and the fields and kept values", name,
			strings.Join(own, ", "))
	default:
		c.add(path, "unknown placeholder {{%.40s}}; it is neither a field, nor kept by a request, nor one of %s", name,
			strings.Join(builtin, ", "))
	}
}
