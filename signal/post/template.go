package post

import (
	"bytes"
	"encoding/json"
	"fmt"
	"mime/multipart"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// hole is a placeholder.
var hole = regexp.MustCompile(`\{\{([A-Za-z0-9_-]+)\}\}`)

// values are what placeholders stand for. A text that is nothing but a placeholder becomes the value itself, so that a
// number in an answer is a number in the next request.
type values map[string]any

// namesIn lists the placeholders in a value.
func namesIn(v any) []string {
	var out []string
	switch v := v.(type) {
	case string:
		for _, m := range hole.FindAllStringSubmatch(v, -1) {
			out = append(out, m[1])
		}
	case []any:
		for _, one := range v {
			out = append(out, namesIn(one)...)
		}
	case []map[string]any:
		for _, one := range v {
			out = append(out, namesIn(one)...)
		}
	case map[string]any:
		for _, name := range sortedKeys(v) {
			out = append(out, namesIn(v[name])...)
		}
	}
	return out
}

// value fills the placeholders of a value of JSON.
func (v values) value(template any) any {
	switch t := template.(type) {
	case string:
		if m := hole.FindStringSubmatch(t); m != nil && m[0] == t {
			return v[m[1]]
		}
		return v.text(t)
	case []any:
		out := make([]any, len(t))
		for i, one := range t {
			out[i] = v.value(one)
		}
		return out
	case []map[string]any: // of TOML's [[tables]]
		out := make([]any, len(t))
		for i, one := range t {
			out[i] = v.object(one)
		}
		return out
	case map[string]any:
		return v.object(t)
	}
	return template
}

func (v values) object(template map[string]any) map[string]any {
	out := map[string]any{}
	for name, one := range template {
		out[name] = v.value(one)
	}
	return out
}

// text fills the placeholders of a text.
func (v values) text(template string) string {
	return v.filled(template, func(s string) string { return s })
}

func (v values) filled(template string, escape func(string) string) string {
	return hole.ReplaceAllStringFunc(template, func(m string) string { return escape(text(v[m[2:len(m)-2]])) })
}

// text writes a value into a text: texts and numbers as they are, other values as JSON, nothing as nothing.
func text(v any) string {
	switch v := v.(type) {
	case nil:
		return ""
	case string:
		return v
	case json.Number:
		return v.String()
	}
	raw, err := json.Marshal(v)
	if err != nil {
		return fmt.Sprint(v)
	}
	return string(raw)
}

// body is what a request sends, and its content type.
func (v values) body(r *Request) (raw []byte, contentType string, err error) {
	switch {
	case r.JSON != nil:
		raw, err = json.Marshal(v.object(r.JSON))
		contentType = "application/json"
	case r.Form != nil && strings.HasPrefix(r.Type, "multipart/"):
		return v.multipart(r)
	case r.Form != nil:
		form := url.Values{}
		for name, template := range r.Form {
			form.Set(name, v.text(template))
		}
		raw, contentType = []byte(form.Encode()), "application/x-www-form-urlencoded"
	default:
		raw = []byte(v.text(r.Body))
	}
	if r.Type != "" {
		contentType = r.Type
	}
	return raw, contentType, err
}

func (v values) multipart(r *Request) ([]byte, string, error) {
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	for _, name := range sortedKeys(r.Form) {
		if err := w.WriteField(name, v.text(r.Form[name])); err != nil {
			return nil, "", err
		}
	}
	err := w.Close()
	return b.Bytes(), w.FormDataContentType(), err
}

// at finds a value of JSON by its dotted path; nil if there is none.
func at(tree any, path string) any {
	for step := range strings.SplitSeq(path, ".") {
		switch t := tree.(type) {
		case map[string]any:
			tree = t[step]
		case []any:
			i, err := strconv.Atoi(step)
			if err != nil || i < 0 || i >= len(t) {
				return nil
			}
			tree = t[i]
		default:
			return nil
		}
	}
	return tree
}

// holds reports whether an answer has one of the values at a path.
func holds(tree any, path string, want ...any) bool {
	got := at(tree, path)
	return got != nil && slices.ContainsFunc(want, func(w any) bool { return text(w) == text(got) })
}
