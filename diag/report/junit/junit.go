// Package junit writes results of tests as JUnit XML, in the dialect of Surefire, as Jenkins and GitLab read it.
package junit

import (
	"encoding/xml"
	"io"
	"strings"
)

// Text is text of a document; what XML 1.0 cannot hold is replaced as it is written.
type Text string

// MarshalText implements encoding.TextMarshaler.
func (t Text) MarshalText() ([]byte, error) { return []byte(Clean(string(t))), nil }

// Clean replaces what XML 1.0 cannot hold: control characters, U+FFFE and U+FFFF.
func Clean(s string) string {
	return strings.Map(func(r rune) rune {
		if r == 0xfffe || r == 0xffff || r < ' ' && r != '\n' {
			return '\ufffd'
		}
		return r
	}, s)
}

type (
	// Suite is the cases of one test. Times are seconds, in decimals without exponent; an absent time stays absent.
	Suite struct {
		Name       Text       `xml:"name,attr"`
		Tests      int        `xml:"tests,attr"` // Write counts these
		Failures   int        `xml:"failures,attr"`
		Errors     int        `xml:"errors,attr"`
		Skipped    int        `xml:"skipped,attr"`
		Time       string     `xml:"time,attr"`
		Timestamp  string     `xml:"timestamp,attr,omitempty"` // UTC, without zone
		Properties []Property `xml:"properties>property"`
		Cases      []Case     `xml:"testcase"`
		Out        *Output    `xml:"system-out"`
	}
	// Property is something known about a suite.
	Property struct {
		Name  Text `xml:"name,attr"`
		Value Text `xml:"value,attr"`
	}
	// Case passed if it has no Reason.
	Case struct {
		Name    Text    `xml:"name,attr"`
		Class   Text    `xml:"classname,attr"`
		Time    string  `xml:"time,attr,omitempty"`
		Failure *Reason `xml:"failure"` // a fault of what was tested
		Error   *Reason `xml:"error"`   // a fault of the test
		Skipped *Reason `xml:"skipped"`
		Out     *Output `xml:"system-out"`
	}
	// Reason is why a case did not pass.
	Reason struct {
		Message Text `xml:"message,attr"`
		Type    Text `xml:"type,attr,omitempty"`
		Text    Text `xml:",cdata"`
	}
	// Output is what a test wrote.
	Output struct {
		Text Text `xml:",cdata"`
	}
)

// Document is a whole report. Its counts are those of its suites.
type Document struct {
	XMLName  xml.Name `xml:"testsuites"`
	Name     Text     `xml:"name,attr"`
	Tests    int      `xml:"tests,attr"`
	Failures int      `xml:"failures,attr"`
	Errors   int      `xml:"errors,attr"`
	Time     string   `xml:"time,attr"`
	Suites   []Suite  `xml:"testsuite"`
}

// Write counts the cases of all suites and writes them as one document.
func Write(w io.Writer, name, time string, suites ...Suite) error {
	doc := Document{Name: Text(name), Time: time, Suites: suites}
	for i := range suites {
		s := &suites[i]
		s.count()
		doc.Tests += s.Tests
		doc.Failures += s.Failures
		doc.Errors += s.Errors
	}
	raw, err := xml.MarshalIndent(doc, "", "  ")
	if err != nil {
		return err
	}
	_, err = io.WriteString(w, xml.Header+string(raw)+"\n")
	return err
}

func (s *Suite) count() {
	s.Tests, s.Failures, s.Errors, s.Skipped = len(s.Cases), 0, 0, 0
	for _, c := range s.Cases {
		switch {
		case c.Failure != nil:
			s.Failures++
		case c.Error != nil:
			s.Errors++
		case c.Skipped != nil:
			s.Skipped++
		}
	}
}
