package post

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"mime"
	"strings"
	"unicode/utf8"

	"dialtone/signal"
	"dialtone/signal/web"
)

// whole is the path of an answer that is nothing but the description.
const whole = "body"

// maxNesting bounds how deep a description is looked for.
const maxNesting = 8

var errNoDescription = errors.New("the answer has no session description")

// decode reads JSON; nil if it is none. Numbers stay as they were written: identifiers have more digits than a float.
func decode(body []byte) any {
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber()
	var tree any
	if !utf8.Valid(body) || d.Decode(&tree) != nil || d.More() {
		return nil
	}
	return tree
}

// describe finds the description of an answer at its path, or else wherever it is, and says what it tolerated. A
// description is what begins with v=0, plain or in base64.
func describe(a *web.Answer, path string, want signal.Kind) (sdp string, remarks []string, err error) {
	body := string(a.Body)
	if rest, ok := strings.CutPrefix(body, "\ufeff"); ok {
		body, remarks = rest, append(remarks, signal.RemarkBOM)
	}
	if trimmed := strings.TrimLeft(body, " \t\r\n"); trimmed != body {
		body, remarks = trimmed, append(remarks, signal.RemarkBlank)
	}
	if a.Zipped {
		remarks = append(remarks, signal.RemarkZipped)
	}
	tree := decode([]byte(body))
	found := ""
	if path == whole {
		found = plain(body)
		if kind := mediaType(a); found != "" && strings.HasPrefix(body, "v=0") && kind != typeSDP {
			remarks = append(remarks, signal.RemarkContentType)
		}
	} else if s, isText := at(tree, path).(string); isText {
		found = plain(s)
	}
	if found == "" {
		if found = anywhere(body, tree, 0); found != "" {
			remarks = append(remarks, signal.RemarkElsewhere)
		}
	}
	switch kind, _ := typeOf(tree, path); {
	case found == "":
		return "", remarks, errNoDescription
	case kind != "" && kind != want.String() && kind != "pranswer":
		return "", remarks, fmt.Errorf("the description has type %.20q, not %q", web.Clean(kind), want)
	case len(found) > signal.MaxSDP:
		return "", remarks, fmt.Errorf("the description has %d bytes, more than %d", len(found), signal.MaxSDP)
	case !strings.HasSuffix(found, "\n"):
		found, remarks = found+"\r\n", append(remarks, signal.RemarkLineEnd)
	}
	if !strings.Contains(found, "\na=setup:") {
		remarks = append(remarks, signal.RemarkNoSetup)
	}
	return found, remarks, nil
}

// typeOf is the "type" beside a description in JSON.
func typeOf(tree any, path string) (string, bool) {
	if i := strings.LastIndexByte(path, '.'); i >= 0 {
		tree = at(tree, path[:i])
	}
	s, ok := at(tree, "type").(string)
	return s, ok
}

// plain is a description, or one in base64, which may be that of {type, sdp}; "" for anything else.
func plain(s string) string {
	if strings.HasPrefix(s, "v=0") {
		return s
	}
	compact := strings.TrimRight(strings.Join(strings.Fields(s), ""), "=")
	for _, encoding := range []*base64.Encoding{base64.RawStdEncoding, base64.RawURLEncoding} {
		raw, err := encoding.DecodeString(compact)
		if err != nil || len(raw) == 0 {
			continue
		}
		if strings.HasPrefix(string(raw), "v=0") {
			return string(raw)
		}
		if sdp, ok := at(decode(raw), "sdp").(string); ok && strings.HasPrefix(sdp, "v=0") {
			return sdp
		}
	}
	return ""
}

// anywhere looks for a description in all of an answer.
func anywhere(body string, tree any, depth int) string {
	if depth == 0 {
		if s := plain(body); s != "" {
			return s
		}
	}
	if depth > maxNesting {
		return ""
	}
	switch t := tree.(type) {
	case string:
		return plain(t)
	case []any:
		for _, one := range t {
			if s := anywhere("", one, depth+1); s != "" {
				return s
			}
		}
	case map[string]any:
		for _, name := range sortedKeys(t) {
			if s := anywhere("", t[name], depth+1); s != "" {
				return s
			}
		}
	}
	return ""
}

func mediaType(a *web.Answer) string {
	kind, _, err := mime.ParseMediaType(a.Header.Get("Content-Type"))
	if err != nil {
		return ""
	}
	return kind
}
