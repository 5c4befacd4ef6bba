package web

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
)

// Bounds of what is kept of an error in JSON.
const (
	maxDepth = 5
	maxParts = 6
)

// textKeys are where servers write what is wrong, in the order in which it reads best: RFC 9457 problems, a room
// server's errors, {"error":{"message":…}}, FastAPI's {"detail":[{"loc":[…],"msg":…}]}, and other habits.
var textKeys = []string{
	"title", "error", "errors", "loc", "code", "detail", "message", "msg", "reason", "description", "error_description",
	"errorDescription", "errorMessage", "error_message",
}

// besideKeys are where servers write what does not say what is wrong.
var besideKeys = []string{
	"type", "status", "success", "ok", "result", "instance", "path", "timestamp", "time", "id", "session", "requestId",
	"request_id", "traceId", "trace_id", "transaction", "janus", "method", "version", "data", "sdp",
}

// text is what the body of an error says, without keys, cleaned and bounded, and the server's stable name for it; both
// may be empty.
func (c *Client) text(call Call, a *Answer) (text, code string) {
	kind := MediaType(a.Header)
	body := strings.TrimSpace(string(a.Body))
	if strings.HasSuffix(kind, "json") || strings.HasPrefix(body, "{") || strings.HasPrefix(body, "[") {
		var tree any
		if json.Unmarshal(a.Body, &tree) != nil {
			return "", ""
		}
		return c.joined(call, textsIn(tree, 0, nil)), codeIn(tree)
	}
	switch {
	case strings.HasPrefix(body, "<"), kind == "text/html":
		return c.joined(call, pageText(a.Body)), ""
	case strings.HasPrefix(body, "v=0"):
		return "", ""
	}
	return c.Fit(call.URL, body), ""
}

// joined is a text of the first parts that say something.
func (c *Client) joined(call Call, texts []string) string {
	var parts []string
	for _, s := range texts {
		if s = c.Fit(call.URL, s); s != "" && len(parts) < maxParts {
			parts = append(parts, s)
		}
	}
	return Clean(strings.Join(parts, ": "))
}

// textsIn collects what an error in JSON says, whatever its shape, without what says the same twice.
func textsIn(v any, depth int, out []string) []string {
	if depth > maxDepth || len(out) >= maxParts {
		return out
	}
	before := len(out)
	switch v := v.(type) {
	case string:
		if slices.Contains(out, v) {
			return out
		}
		return append(out, v)
	case []any:
		for _, one := range v {
			out = textsIn(one, depth+1, out)
		}
	case map[string]any:
		for _, key := range textKeys {
			if path, isPath := v[key].([]any); isPath && key == "loc" {
				out = append(out, dotted(path))
				continue
			}
			out = textsIn(v[key], depth+1, out)
		}
		if len(out) == before {
			out = otherTexts(v, depth, out)
		}
	}
	return out
}

// otherTexts collects the texts of an object that has none of the usual keys, such as {"sdp":["is required"]}: each
// with its key.
func otherTexts(v map[string]any, depth int, out []string) []string {
	for _, key := range slices.Sorted(maps.Keys(v)) {
		beside := slices.Contains(besideKeys, key)
		if _, isText := v[key].(string); isText && beside {
			continue
		}
		for _, text := range textsIn(v[key], depth+1, nil) {
			if _, isObject := v[key].(map[string]any); !isObject && !beside || key == "sdp" {
				text = key + " " + text
			}
			if out = append(out, text); len(out) >= maxParts {
				return out
			}
		}
	}
	return out
}

// dotted joins the names of a path, as FastAPI says where a field is.
func dotted(path []any) string {
	var names []string
	for _, step := range path {
		if name, ok := step.(string); ok {
			names = append(names, name)
		}
	}
	return strings.Join(names, ".")
}

// codeIn is a server's stable name for an error: {"error":"code"} or {"error":{"code":"code"}}.
func codeIn(tree any) string {
	object, _ := tree.(map[string]any)
	inner, _ := object["error"].(map[string]any)
	for _, v := range []any{object["error"], inner["code"]} {
		if s, ok := v.(string); ok && isCode(s) {
			return s
		}
	}
	return ""
}

// isCode reports whether a server's name for its refusal is a stable name.
func isCode(s string) bool {
	return s != "" && len(s) <= 64 && !strings.ContainsFunc(s, func(c rune) bool {
		return (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '_'
	})
}
