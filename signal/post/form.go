package post

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"dialtone/signal"
	"dialtone/signal/web"
)

// maxNamed is how many fields of an answer are named, and maxQuoted how many characters of it are quoted.
const (
	maxNamed  = 8
	maxQuoted = 40
)

// form says what an answer is that has no description, as far as its bytes show that. said is what it says.
func form(a *web.Answer, path string, tree any, said string) error {
	body := bytes.TrimSpace(a.Body)
	coded := func(code, format string, args ...any) error {
		return &web.CodedError{Code: code, Err: fmt.Errorf(format, args...)}
	}
	switch packed, wider := packing(a), wide(a.Body); {
	case len(body) == 0:
		what := "the answer has no body"
		if len(a.Body) > 0 {
			what = fmt.Sprintf("the answer is blank: %d bytes of white space", len(a.Body))
		}
		return coded(signal.CodeNoBody, "%s", what)
	case packed != "":
		return coded(signal.CodeEncoding, "%s", packed)
	case wider != "":
		return coded(signal.CodeEncoding, "the answer is in %s instead of UTF-8", wider)
	case web.IsPage(a):
		return web.PageError(a, said)
	case contains(body):
		return coded(signal.CodeWrapped, "the answer contains a session description, but within something else: "+
			"it begins with %q", begin(body))
	case binary(body):
		return fmt.Errorf("the answer is binary data (%s, %d bytes)", web.Clean(orNone(web.MediaType(a.Header))), len(a.Body))
	case tree == nil && (body[0] == '{' || body[0] == '['):
		return fmt.Errorf("the answer begins like JSON and is none: %w", json.Unmarshal(body, new(any)))
	}
	err := errNoDescription
	if _, isText := tree.(string); path != whole && tree != nil && !isText {
		err = fmt.Errorf("%w at %s: %s", err, path, astray(tree, path))
	}
	if said != "" {
		err = fmt.Errorf("%w: %s", err, said)
	}
	return err
}

// astray says where a path leads to no description in JSON.
func astray(tree any, path string) string {
	here, steps := "the answer", strings.Split(path, ".")
	for i, step := range steps {
		switch t := tree.(type) {
		case map[string]any:
			if _, known := t[step]; !known {
				return fmt.Sprintf("%s has no %s, but %s", here, step, fields(sortedKeys(t)))
			}
		case []any:
			if at(t, step) == nil {
				return fmt.Sprintf("%s is a list of %d, whose elements are 0, 1 …", here, len(t))
			}
		default:
			return fmt.Sprintf("%s has no %s, because it is %s", here, step, shown(tree))
		}
		tree, here = at(tree, step), strings.Join(steps[:i+1], ".")
	}
	return fmt.Sprintf("%s is %s", here, shown(tree))
}

// shown names a value that is no description.
func shown(v any) string {
	switch v := v.(type) {
	case nil:
		return "null"
	case string:
		return fmt.Sprintf("the text %q, which is neither SDP nor SDP in base64", begin([]byte(v)))
	case map[string]any:
		return "an object: " + fields(sortedKeys(v))
	case []any:
		return fmt.Sprintf("a list of %d", len(v))
	}
	return web.Clean(text(v))
}

func fields(names []string) string {
	if len(names) == 0 {
		return "no fields"
	}
	text := strings.Join(names[:min(len(names), maxNamed)], ", ")
	if len(names) > maxNamed {
		text += ", …"
	}
	return web.Clean(text)
}

// magic are the first bytes of compressed data.
var magic = []struct{ bytes, name string }{
	{"\x1f\x8b", "gzip"},
	{"\x78\x9c", "deflate"},
	{"\x78\x01", "deflate"},
	{"\x78\xda", "deflate"},
	{"\x28\xb5\x2f\xfd", "zstd"},
}

// packing says how an answer is compressed; "" if it is not. What has a Content-Encoding that dialtone reads is
// decompressed by now.
func packing(a *web.Answer) string {
	switch named := a.Header.Get("Content-Encoding"); {
	case named != "" && !a.Zipped && !strings.EqualFold(named, "identity"):
		return fmt.Sprintf("the answer is compressed (%s), although it was not asked to be", web.Clean(named))
	default:
	}
	for _, m := range magic {
		if bytes.HasPrefix(a.Body, []byte(m.bytes)) {
			return "the answer is compressed (" + m.name + "), and no Content-Encoding says so"
		}
	}
	return ""
}

// wide names an encoding of two or four bytes a character; "" for others.
func wide(body []byte) string {
	const sample = 8
	if len(body) < sample {
		return ""
	}
	zeros := 0
	for _, b := range body[:sample] {
		if b == 0 {
			zeros++
		}
	}
	mark := string(body[:2])
	switch {
	case zeros >= sample*5/8:
		return "UTF-32"
	case zeros >= sample*3/8, mark == "\xff\xfe", mark == "\xfe\xff":
		return "UTF-16"
	}
	return ""
}

// contains reports whether a description is somewhere in a body: as it is, with its line ends escaped as in JSON, or as
// in a form.
func contains(body []byte) bool {
	for _, begin := range []string{"v=0\r\n", "v=0\n", `v=0\r\n`, `v=0\n`, "v%3D0", "v%3d0"} {
		if bytes.Contains(body, []byte(begin)) {
			return true
		}
	}
	return false
}

func binary(body []byte) bool {
	head := body[:min(len(body), 64)]
	return bytes.ContainsFunc(head, func(r rune) bool {
		return r == utf8.RuneError || unicode.IsControl(r) && !unicode.IsSpace(r)
	})
}

func begin(body []byte) string {
	runes := []rune(web.Clean(string(body[:min(len(body), 4*maxQuoted)])))
	if len(runes) > maxQuoted {
		return string(runes[:maxQuoted]) + "…"
	}
	return string(runes)
}
