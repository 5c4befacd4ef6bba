package report

import (
	_ "embed" // the template
	"fmt"
	"html/template"
	"io"
	"strings"
)

//go:embed report.gohtml
var htmlSource string

var htmlTemplate = template.Must(template.New("report").Funcs(template.FuncMap{
	"clean": func(v any) string { return clean(fmt.Sprint(v)) }, "verdict": verdictCell, "mark": markOf,
	// a share on a scale of a thousand
	"scale": func(v float64) float64 { return tenth(min(max(v, 0), 1) * 1000) },
}).Parse(htmlSource))

// WriteHTML writes the report as one page that needs nothing else: no script, no network, not even fonts. Its own
// policy forbids all of them. Charts are SVG; it reads on a phone, in the dark and on paper.
func WriteHTML(w io.Writer, r *Report) error {
	page := htmlPage{Report: r, Name: r.name(), Overview: r.overview(), Compared: r.comparison()}
	for i, s := range r.suites() {
		if s.Report == r && len(r.Checks) > 0 {
			continue // it is shown at the top
		}
		page.Parts = append(page.Parts, htmlCheck{s.Report, s.id(i), s.name})
	}
	var b strings.Builder
	if err := htmlTemplate.Execute(&b, page); err != nil {
		return err
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// htmlPage is what the template gets.
type htmlPage struct {
	*Report
	Name     string
	Overview section
	Compared section // of paths; may be empty
	Parts    []htmlCheck
}

// htmlCheck is one check.
type htmlCheck struct {
	*Report
	ID, Label string
}

// Facts are what is shown of the check as a whole.
func (c htmlCheck) Facts() []fact { return c.facts() }

// ExitText is the exit code with its name.
func (c htmlCheck) ExitText() string { return c.exit() }

// Sections are the tables and drawings.
func (c htmlCheck) Sections() []section { return c.sections() }

// Width is that of the bar: a short step is seen too.
func (s step) Width() float64 { return max(s.To-s.From, 0.006) }

// X is the beginning of the bar.
func (s step) X() float64 { return min(s.From, 1-s.Width()) }
