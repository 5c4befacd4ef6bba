package report

import (
	"bytes"
	"encoding/xml"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"dialtone/diag"
)

// The dialect of Surefire, as Jenkins and GitLab read it. An absent time stays absent.
type (
	junitSuites struct {
		XMLName  xml.Name     `xml:"testsuites"`
		Name     string       `xml:"name,attr"`
		Tests    int          `xml:"tests,attr"`
		Failures int          `xml:"failures,attr"`
		Errors   int          `xml:"errors,attr"`
		Time     string       `xml:"time,attr"`
		Suites   []junitSuite `xml:"testsuite"`
	}
	junitSuite struct {
		Name       string          `xml:"name,attr"`
		Tests      int             `xml:"tests,attr"`
		Failures   int             `xml:"failures,attr"`
		Errors     int             `xml:"errors,attr"`
		Skipped    int             `xml:"skipped,attr"`
		Time       string          `xml:"time,attr"`
		Timestamp  string          `xml:"timestamp,attr,omitempty"` // UTC, without zone
		Properties []junitProperty `xml:"properties>property"`
		Cases      []junitCase     `xml:"testcase"`
		Out        *junitText      `xml:"system-out"`
	}
	junitProperty struct {
		Name  string `xml:"name,attr"`
		Value string `xml:"value,attr"`
	}
	junitCase struct {
		Name    string       `xml:"name,attr"`
		Class   string       `xml:"classname,attr"`
		Time    string       `xml:"time,attr,omitempty"`
		Failure *junitReason `xml:"failure"`
		Error   *junitReason `xml:"error"`
		Skipped *junitReason `xml:"skipped"`
		Out     *junitText   `xml:"system-out"`
	}
	junitReason struct {
		Message string `xml:"message,attr"`
		Type    string `xml:"type,attr,omitempty"`
		Text    string `xml:",cdata"`
	}
	junitText struct {
		Text string `xml:",cdata"`
	}
)

// WriteJUnit writes the report as JUnit XML in the dialect of Surefire: a test suite for each check, a test case for
// each run, assertion and value of the baseline; the phases of the described run are properties. A failure is a fault
// of what was checked, an error one of the check itself. There are failures or errors exactly if the exit code is not
// 0. The text report is the output of each suite.
func WriteJUnit(w io.Writer, r *Report) error {
	doc := junitSuites{Name: xmlText(orUnknown(clean(r.Tool))), Time: seconds(&r.Duration)}
	for _, s := range r.suites() {
		one, err := s.junit()
		if err != nil {
			return err
		}
		doc.Tests += one.Tests
		doc.Failures += one.Failures
		doc.Errors += one.Errors
		doc.Suites = append(doc.Suites, one)
	}
	raw, err := xml.MarshalIndent(doc, "", "  ")
	if err != nil {
		return err
	}
	_, err = io.WriteString(w, xml.Header+string(raw)+"\n")
	return err
}

func (s suite) junit() (junitSuite, error) {
	out := junitSuite{
		Name: xmlText(s.name), Tests: len(s.cases), Failures: s.count(failed), Errors: s.count(broken),
		Skipped: s.count(skipped), Time: seconds(&s.Duration),
	}
	if !s.StartedAt.IsZero() {
		out.Timestamp = s.StartedAt.UTC().Format("2006-01-02T15:04:05")
	}
	verdict := []fact{{"verdict", clean(string(s.Verdict))}, {"exit", s.exit()}, {"headline", clean(s.Headline)}}
	for _, f := range slices.Concat(verdict, s.facts(), s.phaseFacts()) {
		out.Properties = append(out.Properties, junitProperty{xmlText(f.Key), xmlText(f.Value)})
	}
	class := "dialtone." + className(s.name) + "."
	for _, c := range s.cases {
		out.Cases = append(out.Cases, c.junit(class))
	}
	var text bytes.Buffer
	if err := WriteText(&text, s.Report); err != nil {
		return out, err
	}
	out.Out = &junitText{xmlText(text.String())}
	return out, nil
}

// className is a name as part of one: dots divide it, and some readers end it at a blank.
func className(name string) string {
	return strings.Map(func(r rune) rune {
		if r == '.' || unicode.IsSpace(r) {
			return '_'
		}
		return r
	}, name)
}

func (c testCase) junit(class string) junitCase {
	out := junitCase{Name: xmlText(orUnknown(c.name)), Class: xmlText(class + c.group), Time: seconds(c.time)}
	why := &junitReason{Message: xmlText(c.message), Type: xmlText(c.kind), Text: xmlText(strings.Join(c.detail, "\n"))}
	switch c.outcome {
	case failed:
		out.Failure = why
	case broken:
		out.Error = why
	case skipped:
		why.Type = "" // it has none
		out.Skipped = why
	case passed:
	}
	var lines []string
	for _, f := range c.facts {
		lines = append(lines, f.Key+": "+f.Value)
	}
	if len(lines) > 0 {
		out.Out = &junitText{xmlText(strings.Join(lines, "\n"))}
	}
	return out
}

// seconds is a time as schemas demand it: to the microsecond, without exponent and not negative; "" if it is unknown.
func seconds(m *diag.Millis) string {
	if m == nil {
		return ""
	}
	return strconv.FormatFloat(math.Round(max(m.Float(), 0)*1000)/1e6, 'f', -1, 64)
}

// xmlText drops what XML 1.0 cannot hold: clean text has no control characters, but may have U+FFFE and U+FFFF.
func xmlText(s string) string {
	return strings.Map(func(r rune) rune {
		if r == 0xfffe || r == 0xffff || r < ' ' && r != '\n' {
			return '\ufffd'
		}
		return r
	}, s)
}
