package report

import (
	"cmp"
	"fmt"
	"strconv"
	"strings"

	"dialtone/diag"
	"dialtone/diag/call"
)

// unknown stands for what was not measured, wherever a person reads.
const unknown = "unknown"

// maxText bounds one piece of text of foreign origin, in bytes.
const maxText = 600

// clean makes text fit for any format: one line, valid, bounded, without invisible characters.
func clean(s string) string { return strings.TrimSpace(diag.Clean(s, maxText)) }

// orUnknown is s, or the word for what is not known.
func orUnknown(s string) string { return cmp.Or(s, unknown) }

// unit is what a number counts: its name in a baseline, how people read it, and how many of it make one in the base
// unit of Prometheus.
type unit struct {
	name string
	show func(float64) string
	base float64
}

// Units of statistics.
var (
	unitCount     = unit{"", func(v float64) string { return strconv.FormatFloat(v, 'f', 0, 64) }, 1}
	unitMillis    = unit{"ms", millis, 1000}
	unitRatio     = unit{"ratio", func(v float64) string { return fixed(100*v) + " %" }, 1}
	unitBits      = unit{"bit/s", kilobits, 8} // per second; its base unit is the byte
	unitPerSecond = unit{"1/s", func(v float64) string { return fixed(v) + "/s" }, 1}
)

// of is a value with its unit, or the word for what was not measured.
func (u unit) of(v *float64) string {
	if v == nil {
		return unknown
	}
	return u.show(*v)
}

// fixed has one decimal, as long as that fits.
func fixed(v float64) string {
	if v >= 1e7 || v <= -1e7 {
		return fmt.Sprintf("%.3g", v)
	}
	return fmt.Sprintf("%.1f", v)
}

// millis is a time for a person: three digits, and a unit that fits.
func millis(v float64) string {
	switch {
	case v < 10:
		return fmt.Sprintf("%.2f ms", v)
	case v < 100:
		return fmt.Sprintf("%.1f ms", v)
	case v < 10_000:
		return fmt.Sprintf("%.0f ms", v)
	}
	return fixed(v/1000) + " s"
}

// span is a time for a person, or the word for what was not measured.
func span(m *diag.Millis) string { return unitMillis.of(float(m)) }

// float is a time in milliseconds.
func float(m *diag.Millis) *float64 {
	if m == nil {
		return nil
	}
	return new(m.Float())
}

// kilobits is a rate in bit/s.
func kilobits(v float64) string {
	if v >= 1e11 || v < 10_000 {
		return fixed(v/1000) + " kbit/s"
	}
	return fmt.Sprintf("%.0f kbit/s", v/1000)
}

// checks are those inside, or the report itself.
func (r *Report) checks() []*Report {
	if len(r.Checks) == 0 {
		return []*Report{r}
	}
	out := make([]*Report, len(r.Checks))
	for i := range r.Checks {
		out[i] = &r.Checks[i]
	}
	return out
}

// name is that of the check, never empty.
func (r *Report) name() string { return cmp.Or(clean(r.Name), clean(r.Target.Kind), "check") }

// detailRun is the run that the report describes; nil if there is none.
func (r *Report) detailRun() *Run {
	if r.Detail < 0 || r.Detail >= len(r.Runs) {
		return nil
	}
	return &r.Runs[r.Detail]
}

// share is how many runs failed, 0–1; nil if there was none.
func (s Summary) share() *float64 {
	if s.Runs == 0 {
		return nil
	}
	return new(float64(s.Failed) / float64(s.Runs))
}

// words describes a target in a line.
func (t Target) words() string {
	if t.Kind == "" { // nothing was started
		return "none"
	}
	words := []string{clean(t.Kind)}
	if t.Room != "" {
		words = append(words, strconv.Quote(clean(t.Room)))
	}
	if t.URL != "" {
		words = append(words, clean(t.URL))
	}
	if role, known := map[string]string{"offer": "offerer", "answer": "answerer", "any": "any role"}[t.Role]; known {
		words = append(words, "("+role+")")
	}
	if len(t.ICEServers) > 0 {
		words = append(words, "with "+clean(strings.Join(t.ICEServers, " ")))
	}
	if t.RelayOnly {
		words = append(words, "relay only")
	}
	if !t.Media && t.Kind != "scenario" {
		words = append(words, "without media")
	}
	return strings.Join(words, " ")
}

// words describes a path in a line.
func (p *Path) words() string {
	if p == nil {
		return "none"
	}
	kind := "direct"
	if p.Relay {
		kind = "relayed"
	}
	return fmt.Sprintf("%s ⇄ %s, %s, round trip %s", clean(p.Local.String()), clean(p.Remote.String()), kind,
		span(p.RTT))
}

// title is a phase with its subject.
func title(name diag.PhaseName, subject string) string { return clean(string(name) + " " + subject) }

// ended is how the phase ended, in words.
func (p Phase) ended() string {
	if p.Outcome == "" && p.Duration == nil {
		return "in progress"
	}
	return orUnknown(clean(string(p.Outcome)))
}

// directed is a stream with its kind and direction.
type directed struct {
	kind, direction string // audio or video, inbound or outbound
	*call.Stream
}

// streams are all of the media that there was.
func (m Media) streams() []directed {
	var out []directed
	for _, k := range []struct {
		name string
		*Kind
	}{{"audio", m.Audio}, {"video", m.Video}} {
		if k.Kind == nil {
			continue
		}
		for _, d := range []directed{{k.name, "inbound", k.Inbound}, {k.name, "outbound", k.Outbound}} {
			if d.Stream != nil {
				out = append(out, d)
			}
		}
	}
	return out
}

// saw is what an assertion was decided on: of an expression without a comparison that is its own value.
func (a Assertion) saw() string {
	switch v := a.Value.(type) {
	case nil:
		if a.Error != "" {
			return clean(a.Error)
		}
		return strconv.FormatBool(a.Pass)
	case string:
		return clean(v)
	case float64:
		return strconv.FormatFloat(v, 'g', 6, 64)
	default:
		return clean(fmt.Sprint(v))
	}
}

// number is a compared value with its unit.
func (c Change) number(v float64) string {
	return strconv.FormatFloat(v, 'g', 6, 64) + " " + clean(c.Unit)
}

// word says what became of a value.
func (c Change) word() string {
	switch {
	case c.Worse:
		return "worse"
	case c.Before-c.Now > c.Noise:
		return "better"
	}
	return "same"
}
