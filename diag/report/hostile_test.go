package report

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"math/rand/v2"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/charmbracelet/x/ansi"

	"dialtone/diag"
	"dialtone/diag/lab/labtest"
	"dialtone/diag/report/junit"
	"dialtone/diag/report/schematest"
)

// nasty are texts that break writers which do not expect them.
var nasty = []string{
	"", " ", "plain", "\x00\x01\x08\x0b\x1b[31mred\x1b]0;title\x07\x7f", "</script><script>alert(1)</script>", "<img src=x onerror=alert(1)>", `" onload="x`,
	"a|b||c", "line one\nline two\r\n# three", "]]>", "<!--", "-->", "&amp;&lt;", `\`, `\" \\`, "'", "`code` ```", "*bold* _it_ [a](javascript:x) ![i](y)",
	"ok 1 - forged", "not ok 2 # TODO", "# SKIP all", "1..0", "Bail out!", "---", "...", "key: value", "- item", "~", "| |", "%s %d %!",
	"\u202egnp.exe\u2066", "\u2028\u2029", "\ufffe\uffff\ufeff", "\xff\xfe\xc3\x28", "日本語テキスト", "👨‍👩‍👧‍👦🏳️‍🌈", "e\u0301\u0301\u0301", "{}", "{{.}}", "${x}", "x{a=\"b\"} 1",
	"https://example.org/?a=1&b=<2>", "@somebody #12", strings.Repeat("long ", 300), strings.Repeat("W", 2000), "javascript:alert(1)", "expression(alert(1))",
	strings.Repeat("::error::forged ", 20), strings.Repeat("##[error]forged ", 20), "forged ##vso[task.complete]",
}

// filler makes a report of which every field has some value that its type allows.
type filler struct {
	*rand.Rand
	text []string
}

func hostileReport(seed uint64, more ...string) *Report {
	f := filler{rand.New(rand.NewPCG(seed, 7)), append(slices.Clone(nasty), more...)} //nolint:gosec // it is to be repeatable
	r := &Report{}
	f.fill(reflect.ValueOf(r).Elem(), "", 0)
	r.StartedAt = r.StartedAt.UTC()
	return r
}

func (f filler) fill(v reflect.Value, place string, depth int) {
	for _, key := range []string{place, v.Type().Name()} {
		if values := few[key]; len(values) > 0 && v.Kind() == reflect.String {
			v.SetString(values[f.IntN(len(values))])
			return
		}
	}
	switch v.Interface().(type) {
	case time.Time:
		v.Set(reflect.ValueOf(begun))
		return
	case Exit:
		v.Set(reflect.ValueOf(ExitOf(schematest.ExitCodes[f.IntN(len(schematest.ExitCodes))])))
		return
	case diag.Millis:
		v.SetInt(f.Int64N(1e12))
		return
	}
	switch v.Kind() {
	case reflect.Bool:
		v.SetBool(f.IntN(2) == 0)
	case reflect.String:
		v.SetString(f.text[f.IntN(len(f.text))])
	case reflect.Float64:
		v.SetFloat([]float64{0, 0.001, 0.25, 12.345, 1e9, 1e300}[f.IntN(6)])
	case reflect.Int, reflect.Int64:
		v.SetInt(f.Int64N(100))
	case reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		v.SetUint(f.Uint64N(200))
	case reflect.Pointer:
		if f.IntN(3) > 0 {
			v.Set(reflect.New(v.Type().Elem()))
			f.fill(v.Elem(), place, depth)
		}
	case reflect.Slice:
		f.list(v, place, depth)
	case reflect.Struct:
		for i := range v.NumField() {
			field := v.Type().Field(i)
			name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
			if field.IsExported() && name != "-" {
				f.fill(v.Field(i), v.Type().Name()+"."+name, depth)
			}
		}
	case reflect.Interface:
		if x := []any{nil, f.text[f.IntN(len(f.text))], 0.5, true, []any{"a", 1.5}}[f.IntN(5)]; x != nil {
			v.Set(reflect.ValueOf(x))
		}
	default:
		panic("no value for " + v.Type().String())
	}
}

func (f filler) list(v reflect.Value, place string, depth int) {
	n := f.IntN(4)
	if place == "Report.checks" {
		if n = 0; depth == 0 {
			n = f.IntN(3)
		}
		depth++
	}
	v.Set(reflect.MakeSlice(v.Type(), n, n))
	for i := range n {
		f.fill(v.Index(i), place, depth)
	}
}

// TestHostileReports writes reports full of nasty texts in all formats, and reads them.
func TestHostileReports(t *testing.T) {
	for seed := range uint64(labtest.Sample(100, 10)) {
		checkFormats(t, hostileReport(seed))
	}
	for _, r := range fixtures(t) {
		checkFormats(t, r)
	}
}

func FuzzFormats(f *testing.F) {
	for i, s := range nasty[:labtest.Sample(len(nasty), 4)] { // each report has all of them
		f.Add(uint64(i), s)
	}
	f.Fuzz(func(t *testing.T, seed uint64, text string) {
		checkFormats(t, hostileReport(seed, text, text, text, text))
	})
}

// checkFormats fails where a format cannot be read, or is not the same twice.
func checkFormats(t *testing.T, r *Report) {
	t.Helper()
	readers := map[string]func(*Report, []byte) error{
		"html": readHTML, "json": readJSON, "jsonl": readJSONL, "junit": readJUnit, "markdown": readMarkdown, "prom": readProm, "tap": readTAP, "text": readText,
	}
	for format, write := range Formats {
		var first, second bytes.Buffer
		if err := errors.Join(write(&first, r), write(&second, r)); err != nil {
			t.Fatalf("%s: %v", format, err)
		}
		if !bytes.Equal(first.Bytes(), second.Bytes()) {
			t.Errorf("%s is not the same twice", format)
		}
		if err := errors.Join(readable(format, first.String()), readers[format](r, first.Bytes())); err != nil {
			t.Fatalf("%s: %v\n%.3000s", format, err, first.String())
		}
	}
}

// readable: valid UTF-8 and nothing invisible; JSON may say such things in its own way.
func readable(format, s string) error {
	if !utf8.ValidString(s) {
		return errors.New("it is no UTF-8")
	}
	if format == "json" || format == "jsonl" {
		return nil
	}
	for _, r := range s {
		if r != '\n' && r != '\u200d' && (unicode.IsControl(r) || unicode.Is(unicode.Cf, r)) {
			return fmt.Errorf("it holds %U", r)
		}
	}
	return nil
}

func readText(_ *Report, raw []byte) error {
	for line := range strings.Lines(string(raw)) {
		if w := ansi.StringWidth(strings.TrimSuffix(line, "\n")); w > textWidth {
			return fmt.Errorf("a line has %d columns: %s", w, line)
		}
		if text := strings.TrimSpace(line); strings.HasPrefix(text, "::error") || strings.HasPrefix(text, "##[") || strings.Contains(text, "##vso[") {
			return fmt.Errorf("a runner of CI obeys %s", line)
		}
	}
	return nil
}

func readJSON(r *Report, raw []byte) error {
	back, err := ReadJSON(raw)
	if err != nil {
		return err
	}
	if back.Exit != r.Exit || len(back.Runs) != len(r.Runs) {
		return errors.New("it does not say what the report says")
	}
	return nil
}

func readJSONL(_ *Report, raw []byte) error {
	for i, line := range bytes.Split(bytes.TrimSpace(raw), []byte("\n")) {
		var e diag.Event
		if i > 0 {
			if err := json.Unmarshal(line, &e); err != nil {
				return err
			}
		} else if !json.Valid(line) {
			return errors.New("the header is no JSON")
		}
	}
	return nil
}

func readJUnit(r *Report, raw []byte) error {
	var doc junit.Document
	if err := xml.Unmarshal(raw, &doc); err != nil {
		return err
	}
	failures, errs, tests := 0, 0, 0
	for _, s := range doc.Suites {
		tests += len(s.Cases)
		for _, c := range s.Cases {
			if c.Failure != nil {
				failures++
			}
			if c.Error != nil {
				errs++
			}
		}
	}
	if failures != doc.Failures || errs != doc.Errors || tests != doc.Tests || tests == 0 {
		return fmt.Errorf("%d, %d and %d are told, %d, %d and %d are there", doc.Failures, doc.Errors, doc.Tests, failures, errs, tests)
	}
	if len(r.Checks) == 0 && (failures+errs == 0) != (r.Verdict == Pass) {
		return fmt.Errorf("%d failures and errors of a verdict %s", failures+errs, r.Verdict)
	}
	return nil
}

var tapPoint = regexp.MustCompile(`^(ok|not ok) (\d+) - `)

func readTAP(r *Report, raw []byte) error {
	lines := strings.Split(strings.TrimSuffix(string(raw), "\n"), "\n")
	if lines[0] != "TAP version 14" {
		return errors.New("it has no version")
	}
	plan, points, bad, inside := -1, 0, 0, false
	for _, l := range lines[1:] {
		switch m := tapPoint.FindStringSubmatch(l); {
		case l == "  ---":
			inside = true
		case l == "  ...":
			inside = false
		case inside && strings.HasPrefix(l, "  "), strings.HasPrefix(l, "# "), strings.HasPrefix(l, "    "):
		case m != nil && !inside:
			points++
			if m[2] != strconv.Itoa(points) {
				return fmt.Errorf("%q is point %d", l, points)
			}
			if m[1] == "not ok" {
				bad++
			}
		case strings.HasPrefix(l, "1..") && plan < 0:
			plan, _ = strconv.Atoi(l[3:])
		default:
			return fmt.Errorf("not understood: %q", l)
		}
	}
	if plan != points || len(r.Checks) == 0 && (bad == 0) != (r.Verdict == Pass) {
		return fmt.Errorf("%d planned, %d there, %d of them not ok, verdict %s", plan, points, bad, r.Verdict)
	}
	return nil
}

var (
	promSample = regexp.MustCompile(`^([a-z_]+)\{(([a-z_]+="([^"\\\n]|\\["\\n])*",?)+)\} ([0-9.e+-]+)$`)
	promHead   = regexp.MustCompile(`^# (HELP|TYPE) ([a-z_]+) .+$`)
)

func readProm(_ *Report, raw []byte) error {
	family, seen, series := "", map[string]bool{}, map[string]bool{}
	for line := range strings.Lines(string(raw)) {
		line = strings.TrimSuffix(line, "\n")
		if m := promHead.FindStringSubmatch(line); m != nil {
			if m[1] == "HELP" {
				if seen[m[2]] {
					return fmt.Errorf("%s is in two places", m[2])
				}
				family = m[2]
				seen[family] = true
			}
			continue
		}
		m := promSample.FindStringSubmatch(line)
		if m == nil || m[1] != family || series[m[1]+m[2]] {
			return fmt.Errorf("not understood, not in its place or there twice: %q", line)
		}
		series[m[1]+m[2]] = true
	}
	return nil
}

var mdTag = regexp.MustCompile(`</?(br|code|details|summary)>`)

func readMarkdown(_ *Report, raw []byte) error {
	inCode, bars := false, 0
	for line := range strings.Lines(string(raw)) {
		if strings.HasPrefix(line, "```") {
			inCode = !inCode
		}
		if inCode {
			continue
		}
		if strings.ContainsAny(mdTag.ReplaceAllString(line, ""), "<>") {
			return fmt.Errorf("it holds HTML: %q", line)
		}
		n := strings.Count(line, "|")
		if bars > 0 && n > 0 && n != bars {
			return fmt.Errorf("%d cells and not %d: %q", n-1, bars-1, line)
		}
		bars = n
	}
	if inCode {
		return errors.New("code does not end")
	}
	return nil
}

var (
	htmlTag       = regexp.MustCompile(`<(/?)([a-zA-Z0-9]+)((?:\s+[a-zA-Z-]+(?:="[^"<>]*")?)*)\s*/?>`)
	htmlAttribute = regexp.MustCompile(`\s([a-zA-Z-]+)(?:="([^"]*)")?`)
	htmlAllowed   = strings.Fields("html head meta title style body main header section article figure div span p b br h1 h2 h3 a ul li table tr th td code details summary svg rect path")
	htmlWithin    = strings.Fields("lang charset http-equiv content name id class style href role aria-label viewBox preserveAspectRatio x y width height d colspan open")
)

// readHTML: nothing but the elements and attributes of the page, and every element ended.
func readHTML(_ *Report, raw []byte) error {
	s := string(raw)
	begin, end := strings.Index(s, "<style>"), strings.Index(s, "</style>")
	s = strings.TrimPrefix(s[:begin+len("<style>")]+s[end:], "<!DOCTYPE html>\n")
	if rest := htmlTag.ReplaceAllString(s, ""); strings.ContainsAny(rest, "<>") {
		at := strings.IndexAny(rest, "<>")
		return fmt.Errorf("a loose angle bracket at %.100q", rest[at:])
	}
	var open []string
	for _, m := range htmlTag.FindAllStringSubmatch(s, -1) {
		name := m[2]
		if !slices.Contains(htmlAllowed, name) {
			return fmt.Errorf("an element %s", name)
		}
		for _, a := range htmlAttribute.FindAllStringSubmatch(m[3], -1) {
			if !slices.Contains(htmlWithin, a[1]) || a[1] == "href" && !strings.HasPrefix(a[2], "#check-") {
				return fmt.Errorf("an attribute %s", a[0])
			}
		}
		switch {
		case name == "meta" || name == "br" || strings.HasSuffix(m[0], "/>"):
		case m[1] == "":
			open = append(open, name)
		case len(open) == 0 || open[len(open)-1] != name:
			return fmt.Errorf("%s ends, open are %v", m[0], open)
		default:
			open = open[:len(open)-1]
		}
	}
	if len(open) > 0 {
		return fmt.Errorf("open are %v", open)
	}
	return nil
}
