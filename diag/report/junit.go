package report

import (
	"bytes"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"dialtone/diag"
	"dialtone/diag/report/junit"
)

// WriteJUnit writes the report as JUnit XML in the dialect of Surefire: a test suite for each check, a test case for
// each run, assertion and value of the baseline; the phases of the described run are properties. A failure is a fault
// of what was checked, an error one of the check itself. There are failures or errors exactly if the exit code is not
// 0. The text report is the output of each suite.
func WriteJUnit(w io.Writer, r *Report) error {
	var suites []junit.Suite
	for _, s := range r.suites() {
		one, err := s.junit()
		if err != nil {
			return err
		}
		suites = append(suites, one)
	}
	return junit.Write(w, orUnknown(clean(r.Tool)), seconds(&r.Duration), suites...)
}

func (s suite) junit() (junit.Suite, error) {
	out := junit.Suite{Name: junit.Text(s.name), Time: seconds(&s.Duration)}
	if !s.StartedAt.IsZero() {
		out.Timestamp = s.StartedAt.UTC().Format("2006-01-02T15:04:05")
	}
	verdict := []fact{{"verdict", clean(string(s.Verdict))}, {"exit", s.exit()}, {"headline", clean(s.Headline)}}
	for _, f := range slices.Concat(verdict, s.facts(), s.phaseFacts()) {
		out.Properties = append(out.Properties, junit.Property{Name: junit.Text(f.Key), Value: junit.Text(f.Value)})
	}
	class := "dialtone." + className(s.name) + "."
	for _, c := range s.cases {
		out.Cases = append(out.Cases, c.junit(class))
	}
	var text bytes.Buffer
	if err := WriteText(&text, s.Report); err != nil {
		return out, err
	}
	out.Out = &junit.Output{Text: junit.Text(text.String())}
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

func (c testCase) junit(class string) junit.Case {
	out := junit.Case{Name: junit.Text(orUnknown(c.name)), Class: junit.Text(class + c.group), Time: seconds(c.time)}
	why := &junit.Reason{
		Message: junit.Text(c.message), Type: junit.Text(c.kind), Text: junit.Text(strings.Join(c.detail, "\n")),
	}
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
	lines := diag.Map(c.facts, func(f fact) string { return f.Key + ": " + f.Value })
	if len(lines) > 0 {
		out.Out = &junit.Output{Text: junit.Text(strings.Join(lines, "\n"))}
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
