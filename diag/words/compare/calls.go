package compare

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"

	"dialtone/diag"
	"dialtone/diag/call"
	"dialtone/diag/judge"
	"dialtone/diag/words"
	"dialtone/diag/words/term"
	"dialtone/diag/words/verdict"
)

// Sameness is how far two calls agree in something.
type Sameness uint8

// Samenesses.
const (
	Same       Sameness = iota
	Near                // numbers within a tenth of the larger
	Differs             // anything else that both have
	OnlyFirst           // the second call does not have it
	OnlySecond          // the first call does not have it
)

// near is the share of the larger of two numbers by which they differ at most to be near.
const near = 0.1

// Value is a value of one call.
type Value struct {
	Text   string   // empty: the call does not have it
	Number *float64 // nil: the text is no number
}

// Row is something of both calls.
type Row struct {
	Name   string
	Values [2]Value
}

// Sameness compares the values.
func (r Row) Sameness() Sameness {
	a, b := r.Values[0], r.Values[1]
	switch {
	case a.Text == b.Text:
		return Same
	case b.Text == "":
		return OnlyFirst
	case a.Text == "":
		return OnlySecond
	case a.Number != nil && b.Number != nil:
		if math.Abs(*a.Number-*b.Number) <= near*max(math.Abs(*a.Number), math.Abs(*b.Number)) {
			return Near
		}
	}
	return Differs
}

// mostPercent is the percentage up to which a change is one; above it is a factor.
const mostPercent = 900

// Change is how the second number differs from the first; empty if either is unknown, or the first is 0.
func (r Row) Change() string {
	a, b := r.Values[0].Number, r.Values[1].Number
	if a == nil || b == nil || *a == 0 || r.Sameness() == Same {
		return ""
	}
	percent := math.Round((*b/(*a) - 1) * 100)
	switch {
	case percent > mostPercent:
		return fmt.Sprintf("×%.0f", *b / *a)
	case percent > 0:
		return fmt.Sprintf("+%.0f %%", percent)
	case percent < 0:
		return fmt.Sprintf("−%.0f %%", -percent)
	}
	return "±0 %"
}

// Section is a part of the comparison.
type Section struct {
	Title string
	Lead  string // what distinguishes its rows from those of other sections
	Rows  []Row
}

// Found is a finding of one call or of both: nil for the call that does not have it.
type Found [2]*judge.Finding

// Calls is what two calls are beside each other.
type Calls struct {
	Sections []Section
	Findings []Found
}

// Of compares two calls.
func Of(a, b *call.Call) Calls {
	sides := [2]*call.Call{a, b}
	verdicts := [2]judge.Verdict{judge.Judge(a), judge.Judge(b)}
	result := Section{Title: "result", Rows: []Row{
		row("verdict", verdict.Of(verdicts[0]).Headline, verdict.Of(verdicts[1]).Headline),
		row("exit code", verdicts[0].Exit.String(), verdicts[1].Exit.String()),
		row("role", string(a.Role), string(b.Role)),
		row("ICE servers", servers(a), servers(b)),
	}}
	setup := Section{Title: "setup", Lead: "setup ", Rows: []Row{{"total", [2]Value{setupTime(a), setupTime(b)}}}}
	for _, name := range phases(a, b) {
		setup.Rows = append(setup.Rows, Row{name, [2]Value{phase(a, name), phase(b, name)}})
	}
	path := Section{Title: "path", Rows: []Row{
		row("candidates", candidates(a), candidates(b)),
		row("path", judge.Path(a.Selected), judge.Path(b.Selected)),
		{"round trip", [2]Value{roundTrip(a), roundTrip(b)}},
		row("DTLS", dtls(a), dtls(b)),
		row("ICE restarts", fmt.Sprint(a.Restarts), fmt.Sprint(b.Restarts)),
		row("data channels", channels(a), channels(b)),
	}}
	out := Calls{Sections: []Section{result, setup, path}, Findings: findings(verdicts)}
	for _, direction := range []diag.Direction{diag.Outbound, diag.Inbound} {
		for _, kind := range diag.Kinds {
			s := Section{Title: string(direction) + " " + kind, Lead: string(direction) + " " + kind + " "}
			s.Rows = streams([2]call.Stream{sides[0].StreamOf(direction, kind), sides[1].StreamOf(direction, kind)})
			out.Sections = append(out.Sections, s)
		}
	}
	return out
}

func row(name, a, b string) Row { return Row{name, [2]Value{{Text: a}, {Text: b}}} }

// findings are those of either call, the most severe first.
func findings(v [2]judge.Verdict) []Found {
	var out []Found
	for i := range v[0].Findings {
		f := Found{&v[0].Findings[i]}
		if j := slices.IndexFunc(v[1].Findings, v[0].Findings[i].Same); j >= 0 {
			f[1] = &v[1].Findings[j]
		}
		out = append(out, f)
	}
	for i := range v[1].Findings {
		if !slices.ContainsFunc(v[0].Findings, v[1].Findings[i].Same) {
			out = append(out, Found{nil, &v[1].Findings[i]})
		}
	}
	slices.SortStableFunc(out, func(a, b Found) int { return b.severity().Compare(a.severity()) })
	return out
}

func (f Found) severity() diag.Severity { return cmp.Or(f[0], f[1]).Severity }

// Row is the finding as a row: its severity, and what each call says of it.
func (f Found) Row() Row {
	r := Row{Name: string(f.severity())}
	for i, finding := range f {
		if finding != nil {
			r.Values[i].Text = words.Of(*finding).Title
		}
	}
	return r
}

// Sameness is whether both calls have the finding, whatever its numbers.
func (f Found) Sameness() Sameness {
	if f[0] != nil && f[1] != nil {
		return Same
	}
	return f.Row().Sameness()
}

func servers(c *call.Call) string {
	out := diag.Map(c.Start.ICEServers, func(s diag.ICEServer) string { return diag.Clean(s.URL, 100) })
	return strings.Join(out, " ")
}

func setupTime(c *call.Call) Value {
	if d, known := c.SetupTime(); known {
		return Value{words.Duration(d), new(d.Seconds())}
	}
	return Value{}
}

// phases are the names of those that either call has, in their order.
func phases(a, b *call.Call) []string {
	var out []string
	for _, c := range []*call.Call{a, b} {
		for _, s := range c.Spans {
			if name := phaseName(s); !slices.Contains(out, name) && len(out) < 100 {
				out = append(out, name)
			}
		}
	}
	return out
}

func phaseName(s call.Span) string {
	return diag.Clean(words.Join(" ", term.Phase(s.Phase), s.Subject), 80)
}

func phase(c *call.Call, name string) Value {
	for _, s := range c.Spans {
		if phaseName(s) == name && s.Outcome == "" {
			return Value{Text: "in progress"}
		} else if phaseName(s) == name {
			v := Value{Text: string(s.Outcome) + " " + words.Duration(s.Length(c.Now))}
			if s.Outcome == diag.OutcomeOK {
				v.Number = new(s.Length(c.Now).Seconds())
			}
			return v
		}
	}
	return Value{}
}

func candidates(c *call.Call) string {
	var out []string
	for _, side := range []struct {
		name string
		rows []call.CandidateRow
	}{{"local", c.Local}, {"remote", c.Remote}} {
		for _, t := range []diag.CandidateType{diag.Host, diag.Srflx, diag.Prflx, diag.Relay} {
			n := 0
			for _, r := range side.rows {
				if r.CandidateType == t {
					n++
				}
			}
			if n > 0 {
				out = append(out, fmt.Sprintf("%s %d %s", side.name, n, t))
			}
		}
	}
	return strings.Join(out, ", ")
}

func roundTrip(c *call.Call) Value {
	var all []float64
	for _, s := range c.Samples {
		if s.Pair != nil && s.Pair.CurrentRoundTripTime != nil {
			all = append(all, *s.Pair.CurrentRoundTripTime)
		}
	}
	if len(all) == 0 {
		return Value{}
	}
	slices.Sort(all)
	median := all[len(all)/2]
	return Value{"median " + words.Duration(diag.SecondsOf(median)), &median}
}

func dtls(c *call.Call) string { return words.Join(" ", c.DTLS.Version, c.DTLS.Cipher) }

func channels(c *call.Call) string {
	out := diag.Map(c.Channels, func(ch call.ChannelRow) string { return diag.Clean(ch.Label, 40) })
	slices.Sort(out) // their order is that of opening, which changes nothing
	return strings.Join(out, " ")
}

func count(n uint64) Value { return Value{fmt.Sprint(n), new(float64(n))} }

// figures are the statistics of a stream that are compared.
var figures = []struct {
	name  string
	value func(call.Stream) Value
}{
	{"codec", func(s call.Stream) Value { return Value{Text: diag.Clean(s.MimeType, 40)} }},
	{"packets", func(s call.Stream) Value {
		if s.Packets == 0 {
			return Value{}
		}
		return count(s.Packets)
	}},
	{"bitrate", func(s call.Stream) Value { return number(s.Bitrate, "%.1f kbit/s", 1e-3) }},
	{"loss", func(s call.Stream) Value { return number(s.Loss, "%.2f %%", 100) }},
	{"jitter", func(s call.Stream) Value { return millis(s.Jitter) }},
	{"round trip", func(s call.Stream) Value { return millis(s.RoundTrip) }},
	{"MOS", func(s call.Stream) Value { return number(s.MOS, "%.2f", 1) }},
	{"frames", func(s call.Stream) Value { return number(s.FramesPerSecond, "%.1f fps", 1) }},
	{"size", func(s call.Stream) Value {
		if s.Width == nil || s.Height == nil {
			return Value{}
		}
		return Value{Text: fmt.Sprintf("%d × %d", *s.Width, *s.Height)}
	}},
}

func streams(of [2]call.Stream) []Row {
	var out []Row
	for _, f := range figures {
		out = append(out, Row{f.name, [2]Value{f.value(of[0]), f.value(of[1])}})
	}
	return out
}

func number(v *float64, form string, scale float64) Value {
	if v == nil {
		return Value{}
	}
	return Value{fmt.Sprintf(form, *v*scale), v}
}

func millis(v *diag.Millis) Value {
	if v == nil {
		return Value{}
	}
	return Value{fmt.Sprintf("%.1f ms", v.Float()), new(v.Float())}
}
