package post

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"dialtone/signal"
	"dialtone/signal/web"
)

// whole is the path of an answer that is nothing but the description.
const whole = "body"

// maxNesting bounds how deep a description is looked for in what a server answers.
const maxNesting = 8

var errNoDescription = errors.New("the answer has no session description")

// kindError is a description of another type than the one that is waited for.
type kindError struct{ kind, want, sdp string }

func (e *kindError) Error() string {
	return fmt.Sprintf("the description has type %.20q, not %q", web.Clean(e.kind), e.want)
}

// decode reads the JSON of an answer; nil if it is none.
func decode(body []byte) any {
	d := json.NewDecoder(bytes.NewReader(bytes.TrimPrefix(bytes.ToValidUTF8(body, []byte("\ufffd")), []byte("\ufeff"))))
	d.UseNumber()
	var tree any
	if d.Decode(&tree) != nil || d.More() {
		return nil
	}
	return tree
}

// describe finds the description in an answer, as real clients do, which look neither at the content type nor at
// anything before v=0. remarks say what was wrong. The error is errNoDescription, a kindError, or one about its size.
func describe(a *web.Answer, path string, want signal.Kind) (sdp string, remarks []string, err error) {
	body := strings.ToValidUTF8(string(a.Body), "\ufffd")
	if len(body) != len(a.Body) {
		remarks = append(remarks, signal.RemarkUTF8)
	}
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
		found = encoded(body)
		if kind := web.MediaType(a.Header); found != "" && strings.HasPrefix(body, "v=0") && kind != typeSDP {
			remarks = append(remarks, signal.RemarkContentType)
		}
	} else if s, isText := at(tree, path).(string); isText {
		found = encoded(s)
	}
	if found == "" {
		if found = inText(body, 0); found != "" {
			remarks = append(remarks, signal.RemarkElsewhere)
		}
	}
	kind := typeOf(tree, path)
	name, isText := kind.(string)
	switch {
	case found == "":
		return "", remarks, errNoDescription
	case isText && name != "" && name != want.String() && name != "pranswer":
		return "", remarks, &kindError{name, want.String(), found}
	case len(found) > signal.MaxSDP:
		return "", remarks, fmt.Errorf("the description has %d bytes, more than %d", len(found), signal.MaxSDP)
	case !strings.HasSuffix(found, "\n"):
		found, remarks = found+"\r\n", append(remarks, signal.RemarkLineEnd)
	}
	if !isText && kind != nil {
		remarks = append(remarks, signal.RemarkType)
	}
	if !strings.Contains(found, "\na=setup:") {
		remarks = append(remarks, signal.RemarkNoSetup)
	}
	return found, remarks, nil
}

// typeOf is the type beside the description.
func typeOf(tree any, path string) any {
	if i := strings.LastIndexByte(path, '.'); i >= 0 {
		tree = at(tree, path[:i])
	}
	return at(tree, "type")
}

// encoded is a description as it is, or in base64; "" if it is none.
func encoded(s string) string {
	if strings.HasPrefix(s, "v=0") {
		return s
	}
	if raw := fromBase64(s); strings.HasPrefix(raw, "v=0") {
		return raw
	}
	return ""
}

// fromBase64 decodes a text of either alphabet; "" if it is none.
func fromBase64(s string) string {
	compact := strings.TrimRight(strings.Join(strings.Fields(s), ""), "=")
	for _, encoding := range []*base64.Encoding{base64.RawStdEncoding, base64.RawURLEncoding} {
		if raw, err := encoding.DecodeString(compact); err == nil {
			return string(raw)
		}
	}
	return ""
}

// inText finds a description that is a text, or in the JSON that the text is, either of them in base64 or not.
func inText(s string, depth int) string {
	if found := encoded(s); found != "" || depth > maxNesting {
		return found
	}
	for _, text := range []string{s, fromBase64(s)} {
		if text = strings.TrimSpace(text); text == "" || !strings.ContainsRune(`{["`, rune(text[0])) {
			continue
		}
		if found := inTree(decode([]byte(text)), depth+1); found != "" {
			return found
		}
	}
	return ""
}

// inTree finds a description anywhere in JSON.
func inTree(tree any, depth int) string {
	if depth > maxNesting {
		return ""
	}
	switch t := tree.(type) {
	case string:
		return inText(t, depth)
	case []any:
		for _, one := range t {
			if s := inTree(one, depth+1); s != "" {
				return s
			}
		}
	case map[string]any:
		for _, name := range sortedKeys(t) {
			if s := inTree(t[name], depth+1); s != "" {
				return s
			}
		}
	}
	return ""
}
