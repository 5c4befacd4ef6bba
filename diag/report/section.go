package report

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"dialtone/diag"
	"dialtone/diag/judge"
	"dialtone/diag/nat"
	"dialtone/diag/words"
)

// mark is how a cell is meant, beside its words.
type mark string

// Marks; they are classes of the HTML.
const (
	good mark = "good"
	bad  mark = "bad"
	warn mark = "warn"
	idle mark = "idle"
)

type (
	// section is a part of a report as people read it: a heading with a table or a drawing. Text, Markdown and HTML
	// write these, so that nothing is computed or worded twice.
	section struct {
		Title   string
		Columns []column
		Rows    []row
		Long    bool // a list that peers can lengthen, or the number of runs: text shows its beginning
		Detail  bool // it matters only if the call failed
		Steps   []step
		Charts  []chart    // HTML only
		Spread  *histogram // HTML only
	}
	column struct {
		Title  string
		Number bool
		Minor  bool // left out if there is little room
	}
	row struct {
		Cells []cell
		Minor bool // left out if there is little room
	}
	cell struct {
		Text string // clean
		Mark mark
		Code bool   // an expression, an ID, a name
		Link string // within the page
	}
)

// code is text that is shown as it is typed: an expression, an ID, a name.
type code string

// add puts a row of values at the end: cells, code, verdicts, times, and what is shown as it prints.
func (s *section) add(values ...any) *row {
	s.Rows = append(s.Rows, row{})
	line := &s.Rows[len(s.Rows)-1]
	for _, v := range values {
		c := cell{Text: clean(fmt.Sprint(v))}
		switch v := v.(type) {
		case cell:
			c = v
		case code:
			c.Code = true
		case Verdict:
			c = verdictCell(v)
		case *diag.Millis:
			c.Text = span(v)
		}
		line.Cells = append(line.Cells, c)
	}
	return line
}

// grid is the table as texts, without the rows, and on request the columns, that are minor.
func (s section) grid(minor bool, text func(cell) string) (list []column, lines [][]string) {
	for _, c := range s.Columns {
		if minor || !c.Minor {
			list = append(list, c)
		}
	}
	for _, r := range s.Rows {
		var line []string
		for i, c := range r.Cells {
			if minor || !s.Columns[i].Minor {
				line = append(line, text(c))
			}
		}
		if !r.Minor {
			lines = append(lines, line)
		}
	}
	return list, lines
}

// columns have titles; those that begin with "#" hold numbers, those that end with "?" are minor.
func columns(titles ...string) (out []column) {
	for _, t := range titles {
		name, number := strings.CutPrefix(t, "#")
		name, minor := strings.CutSuffix(name, "?")
		out = append(out, column{name, number, minor})
	}
	return out
}

// state is a word with the mark of what is so.
func state(ok bool, yes, no string) cell {
	if ok {
		return cell{Text: yes, Mark: good}
	}
	return cell{Text: no, Mark: bad}
}

// verdictCell is a verdict as a cell.
func verdictCell(v Verdict) cell {
	return cell{Text: strings.ToUpper(clean(string(v))), Mark: markOf(v)}
}

// marks are those of verdicts and severities.
var marks = map[any]mark{Pass: good, Fail: bad, judge.Problem: bad, judge.Warn: warn}

// markOf is the mark of a verdict or a severity.
func markOf(v any) mark { return cmp.Or(marks[v], idle) }

// sections are all that have something to show, in the order in which they are read. Headline and findings come before.
func (r *Report) sections() []section {
	list := []section{
		r.assertionSection(), r.throughputSection(), r.latencySection(), r.searchSection(), r.pacedSection(),
		r.allocationSection(), r.baselineSection(), r.percentileSection(), r.setupSection(), r.chartSection(),
		r.mediaSection(), r.delaySection(), r.qualitySection(), r.soundSection(), r.stressSection(), r.channelSection(),
		r.serverSection(), r.networkSection(),
		r.candidateSection(), r.pairSection(), r.runSection(),
	}
	return slices.DeleteFunc(list, func(s section) bool { return len(s.Rows)+len(s.Steps)+len(s.Charts) == 0 })
}

// ofRun completes the heading of a section about one run, if there are several.
func (r *Report) ofRun(heading string) string {
	if len(r.Runs) > 1 {
		return fmt.Sprintf("%s of run %d", heading, r.Detail+1)
	}
	return heading
}

// fact is a value that is shown by its name.
type fact struct{ Key, Value string }

// facts are what is shown of a check as a whole, beside its result.
func (r *Report) facts() []fact {
	runs := fmt.Sprintf("%d, failed %d (%s)", r.Summary.Runs, r.Summary.Failed, unitRatio.of(r.Summary.share()))
	if r.Summary.Interrupted > 0 {
		runs += fmt.Sprintf(", interrupted %d", r.Summary.Interrupted)
	}
	started := unknown
	if !r.StartedAt.IsZero() {
		started = r.StartedAt.UTC().Format("2006-01-02 15:04:05 UTC")
	}
	facts := []fact{
		{"target", r.Target.words()},
		{r.ofRun("setup"), span(r.Setup.Total)},
		{r.ofRun("path"), r.Path.words()},
	}
	if x := r.Restarts; x != nil {
		facts = append(facts, fact{r.ofRun("restarts"), words.ICERestarts(x.Count, x.Inbound, x.Outbound)})
	}
	return append(facts,
		fact{"runs", runs}, fact{"start", started}, fact{"duration", span(&r.Duration)},
		fact{"tool", orUnknown(clean(r.Tool))})
}

// overview has a line for each check of a scenario.
func (r *Report) overview() section {
	s := section{Title: "Checks", Columns: columns("check", "verdict", "result", "exit", "#setup", "#runs failed")}
	for i, c := range r.suites() {
		if c.Report != r {
			s.add(cell{Text: c.name, Link: "#" + c.id(i)}, c.Verdict, c.Headline, c.exit(), c.Setup.Total,
				fmt.Sprintf("%d of %d", c.Summary.Failed, c.Summary.Runs))
		}
	}
	return s
}

// exit is the exit code with its name.
func (r Result) exit() string { return fmt.Sprintf("%d, %s", r.Exit.Code, clean(r.Exit.Name)) }

func (r *Report) assertionSection() section {
	s := section{Title: "Assertions", Columns: columns("", "expression", "value")}
	for _, a := range r.Assertions {
		s.add(state(a.Pass, "passed", "failed"), code(a.Expr), a.saw())
	}
	return s
}

func (r *Report) baselineSection() section {
	s := section{Title: "Compared with the baseline", Columns: columns("value", "", "#before", "#now", "#noise")}
	for _, c := range r.Baseline {
		s.add(code(c.Name), state(!c.Worse, c.word(), c.word()), c.number(c.Before), c.number(c.Now), c.number(c.Noise))
	}
	return s
}

func (r *Report) percentileSection() section {
	if len(r.Runs) < 2 {
		return section{}
	}
	s := section{Title: "Setup of all runs", Spread: spread(r.Runs, r.Summary.Setup)}
	s.Columns = columns("", "#runs", "#failed", "#min", "#p50", "#p95", "#p99", "#max")
	add := func(name string, p *Percentiles, failed int) {
		if p == nil {
			s.add(name, 0, failed, unknown, unknown, unknown, unknown, unknown)
			return
		}
		s.add(name, p.N, failed, &p.Min, &p.P50, &p.P95, &p.P99, &p.Max)
	}
	add("setup", r.Summary.Setup, r.Summary.Failed)
	for _, p := range r.Summary.Phases {
		add(title(p.Phase, p.Subject), p.Times, p.Failed)
	}
	return s
}

func (r *Report) setupSection() section {
	total := "not connected"
	switch {
	case r.Setup.Total != nil:
		total = span(r.Setup.Total)
	case r.detailRun() != nil && r.detailRun().Connected: // dumps need not show when a channel opened
		total = "total unknown"
	}
	return section{Title: r.ofRun("Setup") + ": " + total, Steps: r.Setup.steps()}
}

func (r *Report) chartSection() section {
	if run := r.detailRun(); run != nil {
		return section{Charts: charts(run.Samples)}
	}
	return section{}
}

func (r *Report) mediaSection() section {
	s := section{Title: r.ofRun("Media"), Columns: columns("stream", "", "codec")}
	shown := slices.DeleteFunc(slices.Clone(figures), func(f figure) bool { return f.title == "" })
	for _, f := range shown {
		s.Columns = append(s.Columns, column{f.title, true, f.minor})
	}
	for _, d := range r.Media.streams() {
		values := []any{d.kind + " " + d.direction, d.state(), d.coded()}
		for _, f := range shown {
			values = append(values, f.unit.of(f.of(d.Stream)))
		}
		s.add(values...)
	}
	return s
}

// state is what is wrong with a stream, or that it flows.
func (d directed) state() cell {
	switch {
	case d.Muted:
		return cell{Text: "muted", Mark: warn}
	case !d.Flows && d.direction == string(diag.Outbound) && d.Packets > 0:
		return cell{Text: "only sent", Mark: warn}
	case !d.Flows:
		return cell{Text: "stopped", Mark: bad}
	case d.Silent:
		return cell{Text: "silent", Mark: bad}
	}
	return cell{Text: "flows", Mark: good}
}

// coded is the codec, and of video the size of the frames.
func (d directed) coded() string {
	_, codec, _ := strings.Cut(d.MimeType, "/")
	codec = cmp.Or(codec, unknown)
	switch {
	case d.kind != "video":
		return codec
	case d.Width == nil || d.Height == nil:
		return codec + ", size unknown"
	}
	return fmt.Sprintf("%s %d×%d", codec, *d.Width, *d.Height)
}

func (r *Report) channelSection() section {
	s := section{Title: r.ofRun("Data channels"), Long: true}
	s.Columns = columns("label", "state", "#messages sent", "#messages received")
	for _, c := range r.Channels {
		state := "closed"
		if c.Open {
			state = "open"
		}
		if c.Echoed {
			state += ", echoed"
		}
		s.add(c.Label, state, c.Sent, c.Received)
	}
	return s
}

func (r *Report) serverSection() section {
	s := section{Title: r.ofRun("STUN and TURN servers"), Columns: columns("", "server", "result")}
	for _, server := range r.Servers {
		s.add(state(server.OK, "ok", "failed"), words.ServerName(server.ServerRow),
			words.ServerResult(server.ServerRow))
	}
	return s
}

func (r *Report) networkSection() section {
	s := section{Title: r.ofRun("Network"), Columns: columns("behavior", "value", "confidence")}
	if r.NAT == nil {
		return s
	}
	for _, row := range nat.Rows(&r.NAT.Behaviors, r.NAT.Families) {
		if row.Value != "" && row.Value != nat.Unknown {
			s.add(words.RowLabel(row), words.BehaviorValue(row.Behavior), row.Confidence)
		}
	}
	return s
}

func (r *Report) candidateSection() section {
	s := section{Title: r.ofRun("Candidates"), Long: true, Detail: r.Path != nil}
	s.Columns = columns("", "candidate", "server", "interface?")
	for _, c := range r.Candidates {
		server := c.URL
		if c.RelayProtocol != "" {
			server += " over " + c.RelayProtocol
		}
		s.add(c.Side, c, server, c.NetworkInterface)
	}
	return s
}

func (r *Report) pairSection() section {
	s := section{Title: r.ofRun("Candidate pairs"), Long: true, Detail: r.Path != nil}
	s.Columns = columns("local", "remote", "state", "#requests", "#responses", "#round trip?")
	for _, p := range r.Pairs {
		state := string(p.State)
		if p.Selected {
			state += ", selected"
		} else if p.Nominated {
			state += ", nominated"
		}
		s.add(orUnknown(p.Local), orUnknown(p.Remote), state, p.RequestsSent, p.ResponsesReceived,
			secondsMillis(p.CurrentRoundTripTime))
	}
	return s
}

// maxRuns is how many runs are listed, those that failed first if there are more.
const maxRuns = 250

func (r *Report) runSection() section {
	s := section{Title: "Runs", Long: true}
	s.Columns = columns("#run", "verdict", "#setup", "result", "path?", "recording?")
	if len(r.Runs) < 2 {
		return s
	}
	for _, run := range r.Runs {
		line := s.add(run.Index+1, run.Verdict, run.Setup.Total, run.Headline, run.Path.words(), run.Recording)
		line.Minor = run.Verdict == Pass
	}
	if len(s.Rows) > maxRuns {
		slices.SortStableFunc(s.Rows, func(a, b row) int { return int(*truth(a.Minor) - *truth(b.Minor)) })
		s.Title = fmt.Sprintf("Runs (%d of %d)", maxRuns, len(s.Rows))
		s.Rows = s.Rows[:maxRuns]
	}
	return s
}
