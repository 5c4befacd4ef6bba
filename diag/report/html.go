package report

import (
	_ "embed" // the template
	"fmt"
	"html/template"
	"io"
	"strings"

	"dialtone/diag"
	"dialtone/diag/nat"
	"dialtone/diag/words"
)

//go:embed report.gohtml
var htmlSource string

var htmlTemplate = template.Must(template.New("report").Funcs(template.FuncMap{
	"clean": func(v any) string { return clean(fmt.Sprint(v)) },
	"ms":    millis, "msv": func(v float64) string { return millis(&v) }, "percent": percent, "rate": kilobits, "orUnknown": orUnknown,
	"number": func(v float64) string { return fmt.Sprintf("%.6g", v) },
	"upper":  func(v Verdict) string { return strings.ToUpper(string(v)) },
	"inc":    func(i int) int { return i + 1 },
	"server": func(s ServerReport) string { return words.ServerLine(s.ServerRow) },
	"class":  cssClass,
	"lower":  strings.ToLower,
}).Parse(htmlSource))

// WriteHTML writes the report as one page that needs nothing else: no script, no network, not even fonts. Its own
// policy forbids all of them. Charts are SVG; it reads on a phone, in the dark and on paper.
func WriteHTML(w io.Writer, r *Report) error {
	page := htmlPage{Report: r}
	for i, s := range r.suites() {
		if s.Report == r && len(r.Checks) > 0 {
			continue // it is told at the top
		}
		page.Checks = append(page.Checks, newHTMLCheck(i, s))
	}
	var b strings.Builder
	if err := htmlTemplate.Execute(&b, page); err != nil {
		return err
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// htmlPage is what the template sees.
type htmlPage struct {
	*Report
	Checks []htmlCheck
}

// Several tells whether it is a scenario.
func (p htmlPage) Several() bool { return len(p.Report.Checks) > 0 }

// Name is that of the report.
func (p htmlPage) Name() string { return p.name() }

// Made is when and by what.
func (p htmlPage) Made() string {
	when := ""
	if !p.StartedAt.IsZero() {
		when = p.StartedAt.UTC().Format("2 January 2006, 15:04:05 UTC") + ", "
	}
	return when + "in " + millis(&p.DurationMs) + " by " + orUnknown(clean(p.Tool))
}

// htmlCheck is one check.
type htmlCheck struct {
	*Report
	ID      string // of the section
	Label   string
	Called  string
	Steps   []htmlStep
	Streams []htmlStream
	Charts  []htmlChart
	Spread  *histogram
	Rows    []htmlRun
	More    int // runs that are not listed
}

type htmlStep struct {
	Title, Took, State, Detail, Class string
	X, W                              float64 // in thousandths of the scale
}

type htmlStream struct {
	Name, State, Picture string
	*Stream
}

type htmlRun struct {
	Number                      int
	Verdict                     Verdict
	Headline, Setup, Path, File string
}

// maxHTMLRuns is how many runs are listed.
const maxHTMLRuns = 250

func newHTMLCheck(i int, s suite) htmlCheck {
	c := htmlCheck{Report: s.Report, ID: fmt.Sprintf("check-%d", i+1), Label: s.name, Called: s.Target.what()}
	for _, st := range s.Setup.steps() {
		c.Steps = append(c.Steps, newHTMLStep(st))
	}
	for _, d := range s.Media.streams() {
		c.Streams = append(c.Streams, htmlStream{Name: d.kind + " " + d.direction, State: d.state(), Picture: d.picture(),
			Stream: d.Stream})
	}
	if run := s.detailRun(); run != nil {
		c.Charts = charts(run.Samples)
	}
	c.Spread = spread(s.Runs, s.Summary.Setup)
	c.list(s.Runs)
	return c
}

// list shows the runs, the failed ones first where there are too many.
func (c *htmlCheck) list(runs []Run) {
	if len(runs) < 2 {
		return
	}
	failures := len(runs) > maxHTMLRuns
	for _, r := range runs {
		if failures && r.Verdict == Pass {
			continue
		}
		c.row(r)
	}
	for _, r := range runs {
		if failures && r.Verdict == Pass {
			c.row(r)
		}
	}
	c.More = max(0, len(c.Rows)-maxHTMLRuns)
	c.Rows = c.Rows[:min(len(c.Rows), maxHTMLRuns)]
}

func (c *htmlCheck) row(r Run) {
	row := htmlRun{Number: r.Index + 1, Verdict: r.Verdict, Headline: clean(r.Headline), Setup: millis(r.Setup.TotalMs),
		Path: unknown, File: clean(r.Recording)}
	if r.Path != nil {
		row.Path = r.Path.Local.words() + " ⇄ " + r.Path.Remote.words()
	}
	c.Rows = append(c.Rows, row)
}

func newHTMLStep(s step) htmlStep {
	h := htmlStep{
		Title: s.title(), Took: millis(s.DurationMs), Detail: clean(s.Detail), X: thousandths(s.from), W: thousandths(max(s.to-s.from, 0.006)),
	}
	h.X = min(h.X, 1000-h.W)
	switch {
	case s.Outcome == string(diag.OutcomeFailed):
		h.Class = "bad"
	case s.Name == string(diag.PhaseWait) || s.Outcome != string(diag.OutcomeOK):
		h.Class = "idle"
	default:
		h.Class = "good"
	}
	if s.Outcome != string(diag.OutcomeOK) {
		h.State = s.ended()
	}
	return h
}

// Several tells whether there are more runs than one.
func (c htmlCheck) Several() bool { return len(c.Runs) > 1 }

// Number is that of the described run, from 1.
func (c htmlCheck) Number() int { return c.Detail + 1 }

// Share is how many runs failed.
func (c htmlCheck) Share() string {
	share, known := c.Summary.share()
	if !known {
		return unknown
	}
	return percent(&share)
}

// Behaviors are those of the diagnosed network, where it was.
func (c htmlCheck) Behaviors() []htmlBehavior {
	if c.NAT == nil {
		return nil
	}
	var out []htmlBehavior
	for _, row := range c.NAT.Behaviors.Rows() {
		if row.Value != nat.Unknown {
			out = append(out, htmlBehavior{words.BehaviorLabel(row.Name), words.BehaviorValue(row.Behavior), row.Confidence,
				words.BehaviorEvidence(row.Behavior)})
		}
	}
	return out
}

type htmlBehavior struct {
	Name, Value string
	Confidence  nat.Confidence
	Evidence    []string
}

// Words is a candidate in a few words, for the template.
func (c Candidate) Words() string { return c.words() }

// Kind is direct or relayed.
func (p *Path) Kind() string { return p.kind() }

// Saw is what an assertion was decided on.
func (a Assertion) Saw() string { return a.saw() }

// Word says what became of a value: same, better or worse.
func (c Change) Word() string { return strings.ToLower(c.word()) }

// cssClass is the class of a verdict or a severity.
func cssClass(v any) string {
	switch fmt.Sprint(v) {
	case string(Pass):
		return "good"
	case string(Fail), string(diag.Problem):
		return "bad"
	case string(diag.Warn):
		return "warn"
	}
	return "idle"
}
