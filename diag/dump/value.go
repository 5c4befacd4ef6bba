package dump

import (
	"encoding/json"
	"math"
	"reflect"
	"regexp"
	"strconv"
	"strings"
	"time"

	"dialtone/diag"
)

// number is a value as a number; old dumps have them as text.
func number(v any) (float64, bool) {
	switch v := v.(type) {
	case float64:
		return v, !math.IsNaN(v) && !math.IsInf(v, 0)
	case string:
		f, err := strconv.ParseFloat(v, 64)
		return f, err == nil && !math.IsNaN(f) && !math.IsInf(f, 0)
	}
	return 0, false
}

// text is a value as a string, bounded and clean; "" for an object.
func text(v any, most int) string {
	switch v := v.(type) {
	case string:
		return diag.Clean(v, most)
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64)
	case bool:
		return strconv.FormatBool(v)
	}
	return ""
}

// member is a member of an object. Dumps of old browsers have text instead: "sdpMid: 0, candidate: candidate:…".
func member(v any, name string) any {
	switch v := v.(type) {
	case map[string]any:
		return v[name]
	case string:
		for _, mark := range []string{"\n" + name + ": ", ", " + name + ": ", name + ": "} {
			i := strings.Index(v, mark)
			if i < 0 || mark[0] != '\n' && mark[0] != ',' && i > 0 {
				continue
			}
			rest := v[i+len(mark):]
			if name != "sdp" {
				rest, _, _ = strings.Cut(rest, "\n")
				if name != "candidate" {
					rest, _, _ = strings.Cut(rest, ", ")
				}
			}
			return strings.TrimSuffix(rest, "\r")
		}
	}
	return nil
}

// decoded is a value that may be JSON within a string.
func decoded(v any) any {
	s, ok := v.(string)
	if !ok || s == "" {
		return v
	}
	switch s[0] {
	case '{', '[', '"':
		var out any
		if json.Unmarshal([]byte(s), &out) == nil {
			return out
		}
	}
	return v
}

// fields are those of a struct by their JSON names, which are those of webrtc-stats.
type fields map[string]int

func fieldsOf[T any]() fields {
	t, out := reflect.TypeFor[T](), fields{}
	for i := range t.NumField() {
		name, _, _ := strings.Cut(t.Field(i).Tag.Get("json"), ",")
		out[name] = i
	}
	return out
}

// fill sets the fields of a struct that the statistics have, as far as they fit.
func (f fields) fill(to any, values map[string]any) {
	v := reflect.ValueOf(to).Elem()
	for name, value := range values {
		if i, known := f[name]; known && value != nil && plausible(name, value) {
			set(v.Field(i), value)
		}
	}
}

// timesPattern are the names of what webrtc-stats has in seconds.
var timesPattern = regexp.MustCompile(`(?i)(?:time|delay|jitter|duration)$`)

// plausible is false for a number that nothing can measure: no statistics but counts of lost packets are negative.
func plausible(name string, value any) bool {
	n, isNumber := number(value)
	most := 1e15
	if timesPattern.MatchString(name) {
		most = 1e9 // seconds: 31 years
	}
	return !isNumber || n >= 0 && n <= most || name == "packetsLost" && math.Abs(n) <= most
}

// set gives a field a value of its kind; one that does not fit leaves it as it is.
func set(field reflect.Value, value any) {
	t := field.Type()
	if t.Kind() == reflect.Pointer {
		inner := reflect.New(t.Elem())
		if assign(inner.Elem(), value) {
			field.Set(inner)
		}
		return
	}
	assign(field, value)
}

func assign(field reflect.Value, value any) bool {
	switch field.Kind() {
	case reflect.String:
		s := text(value, 200)
		field.SetString(s)
		return s != ""
	case reflect.Bool:
		b, ok := value.(bool)
		b, ok = b || value == "true", ok || value == "true" || value == "false"
		field.SetBool(b)
		return ok
	case reflect.Struct:
		return assignStruct(field, decoded(value))
	default: // a number
	}
	n, ok := number(value)
	if !ok {
		return false
	}
	switch field.Kind() {
	case reflect.Float64:
		field.SetFloat(n)
	case reflect.Int64, reflect.Int:
		if math.Abs(n) > 1<<53 {
			return false
		}
		field.SetInt(int64(n))
	case reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		if n < 0 || n > 1<<53 || field.OverflowUint(uint64(n)) {
			return false
		}
		field.SetUint(uint64(n))
	default:
		return false
	}
	return true
}

func assignStruct(field reflect.Value, value any) bool {
	m, ok := value.(map[string]any)
	if d, is := field.Addr().Interface().(*diag.LimitationDurations); ok && is {
		limitationFields.fill(d, m)
		return true
	}
	return false
}

var limitationFields = fieldsOf[diag.LimitationDurations]()

// hiddenKeys are members whose values are secrets.
var hiddenKeys = map[string]bool{
	"credential": true, "password": true, "pwd": true, "icepwd": true, "token": true, "rtcstatstoken": true,
}

// harmless is a value without secrets: credentials and ICE passwords.
func harmless(v any) any {
	switch v := v.(type) {
	case map[string]any:
		for name, value := range v {
			if hiddenKeys[strings.ToLower(name)] {
				v[name] = "***"
			} else {
				v[name] = harmless(value)
			}
		}
		return v
	case []any:
		for i := range v {
			v[i] = harmless(v[i])
		}
		return v
	case string:
		return withoutPassword(v)
	}
	return v
}

// withoutPassword hides ICE passwords in a text.
func withoutPassword(s string) string {
	const mark = "ice-pwd:"
	var b strings.Builder
	for {
		i := strings.Index(s, mark)
		if i < 0 {
			b.WriteString(s)
			return b.String()
		}
		end := i + len(mark)
		b.WriteString(s[:end] + "***")
		s = strings.TrimLeftFunc(s[end:], func(r rune) bool { return r != '\r' && r != '\n' && r != '\\' && r != '"' })
	}
}

// timeForms are dates as browsers write them: with a time zone, or in that of the machine and as its language has them.
var timeForms = []string{
	time.RFC3339Nano, "1/2/2006, 3:04:05 PM", "2006-01-02 15:04:05", "2.1.2006, 15:04:05", "2/1/2006, 15:04:05",
	"2/1/2006 15:04:05", "2006/1/2 15:04:05",
}

// milliseconds reads a time: milliseconds since 1970, or a date as text.
func milliseconds(v any) (float64, bool) {
	if n, ok := number(v); ok {
		return n, n > 0 && n < maxTime
	}
	s, _ := v.(string)
	for _, form := range timeForms {
		if t, err := time.Parse(form, strings.ReplaceAll(s, " ", " ")); err == nil {
			return float64(t.UnixMicro()) / 1000, true
		}
	}
	return 0, false
}

// assignTo sets a variable, or a pointer to a new one, to a value that fits.
func assignTo(to, value any) {
	if value != nil {
		set(reflect.ValueOf(to).Elem(), value)
	}
}
