package report

import (
	"cmp"
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"

	"dialtone/diag"
)

// unknown stands for what was not measured, wherever a person reads.
const unknown = "unknown"

// maxText bounds one piece of text that came from elsewhere, in bytes.
const maxText = 600

// clean makes text fit for any format: one line, valid, bounded, nothing that is invisible.
func clean(s string) string { return strings.TrimSpace(diag.Clean(s, maxText)) }

// orUnknown is s, or the word for what is not known.
func orUnknown(s string) string {
	if s == "" {
		return unknown
	}
	return s
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

// detailRun is the run that the report describes; nil where there is none.
func (r *Report) detailRun() *Run {
	if r.Detail < 0 || r.Detail >= len(r.Runs) {
		return nil
	}
	return &r.Runs[r.Detail]
}

// share is how many runs failed, 0–1; false where there was none.
func (s Summary) share() (float64, bool) {
	if s.Runs == 0 {
		return 0, false
	}
	return float64(s.Failed) / float64(s.Runs), true
}

// interrupted adds the runs that were cut short to a count, where there are any.
func (s Summary) interrupted() string {
	if s.Interrupted == 0 {
		return ""
	}
	return fmt.Sprintf(", interrupted: %d", s.Interrupted)
}

// what is the target in a few words.
func (t Target) what() string {
	words := []string{clean(t.Kind)}
	if t.Room != "" {
		words = append(words, strconv.Quote(clean(t.Room)))
	}
	if t.URL != "" {
		words = append(words, clean(t.URL))
	}
	if t.Role != "" {
		words = append(words, "as "+clean(t.Role))
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

// address is IP and port.
func (c Candidate) address() string {
	return clean(net.JoinHostPort(c.Address, strconv.Itoa(int(c.Port))))
}

func (c Candidate) words() string {
	return clean(strings.Join([]string{orUnknown(c.Type), c.Protocol, c.address()}, " "))
}

// kind is whether the path is direct.
func (p *Path) kind() string {
	if p.Relay {
		return "relayed"
	}
	return "direct"
}

// title is the phase with what it is about.
func (p Phase) title() string { return clean(p.Name + " " + p.Subject) }

func (p PhaseSummary) title() string { return clean(p.Name + " " + p.Subject) }

// ended is how the phase ended, in a word.
func (p Phase) ended() string {
	switch {
	case p.Outcome != "":
		return clean(p.Outcome)
	case p.DurationMs == nil:
		return "not over"
	}
	return unknown
}

// fixed has one decimal, as long as that fits.
func fixed(v float64) string {
	if v >= 1e7 || v <= -1e7 {
		return fmt.Sprintf("%.3g", v)
	}
	return fmt.Sprintf("%.1f", v)
}

// amount is fixed, with a decimal more where it is small.
func amount(v float64) string {
	if v < 10 && v > -10 {
		return fmt.Sprintf("%.2f", v)
	}
	return fixed(v)
}

// millis is a time for a person: three digits, and a unit that fits.
func millis(v *float64) string {
	switch {
	case v == nil:
		return unknown
	case *v < 10:
		return fmt.Sprintf("%.2f ms", *v)
	case *v < 100:
		return fmt.Sprintf("%.1f ms", *v)
	case *v < 10_000:
		return fmt.Sprintf("%.0f ms", *v)
	}
	return fixed(*v/1000) + " s"
}

func percent(v *float64) string {
	if v == nil {
		return unknown
	}
	return fixed(100**v) + " %"
}

// kilobits is a rate in bit/s.
func kilobits(v *float64) string {
	if v == nil {
		return unknown
	}
	if *v >= 1e11 {
		return fixed(*v/1000) + " kbit/s"
	}
	if *v < 10_000 {
		return fixed(*v/1000) + " kbit/s"
	}
	return fmt.Sprintf("%.0f kbit/s", *v/1000)
}

// directed is a stream with its kind and direction.
type directed struct {
	kind, direction string // audio or video, inbound or outbound
	*Stream
}

// streams are all of the media that there were.
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

// picture is size and rate of video; "" for audio.
func (d directed) picture() string {
	if d.kind != "video" {
		return ""
	}
	size, rate := unknown, unknown
	if d.Width != nil && d.Height != nil {
		size = fmt.Sprintf("%d×%d", *d.Width, *d.Height)
	}
	if d.FramesPerSecond != nil {
		rate = fixed(*d.FramesPerSecond) + "/s"
	}
	return size + " " + rate
}

// state is what is wrong with a stream; "flows" where nothing is.
func (s *Stream) state() string {
	switch {
	case !s.Flows:
		return "stopped"
	case s.Silent:
		return "silent"
	}
	return "flows"
}

// saw is what an assertion was decided on: of an expression without a comparison that is what it was itself.
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

// step is one step of the set-up on the scale of a waterfall.
type step struct {
	Phase
	from, to float64 // 0–1
}

// steps puts the phases on one scale, in the order of their beginning. The scale is made of the time of those that came
// to an end: waiting for the other party, and pauses, may be long and are nobody's to shorten, so they are cut out.
func (s Setup) steps() []step {
	last, done := s.last()
	end := func(p Phase) float64 {
		if p.DurationMs == nil {
			return max(last, p.StartMs)
		}
		return min(p.StartMs+max(*p.DurationMs, 0), max(last, p.StartMs))
	}
	phases := slices.Clone(s.Phases)
	slices.SortStableFunc(phases, func(a, b Phase) int { return cmp.Compare(a.StartMs, b.StartMs) })
	var busy [][2]float64
	for _, p := range phases {
		if p.Name == string(diag.PhaseWait) || done && !p.done() {
			continue
		}
		if n := len(busy); n > 0 && p.StartMs <= busy[n-1][1] {
			busy[n-1][1] = max(busy[n-1][1], end(p))
			continue
		}
		busy = append(busy, [2]float64{p.StartMs, end(p)})
	}
	at := func(ms float64) (sum float64) {
		for _, b := range busy {
			sum += max(min(ms, b[1])-b[0], 0)
		}
		return sum
	}
	whole := max(at(last), 1e-9)
	out := make([]step, 0, len(phases))
	for _, p := range phases {
		out = append(out, step{Phase: p, from: at(p.StartMs) / whole, to: at(end(p)) / whole})
	}
	return out
}

// last is when the last phase was done; or else, and then it says so, when the last one began or ended.
func (s Setup) last() (at float64, done bool) {
	all := 0.0
	for _, p := range s.Phases {
		end := p.StartMs
		if p.DurationMs != nil {
			end += max(*p.DurationMs, 0)
		}
		all = max(all, end)
		if p.done() {
			at, done = max(at, end), true
		}
	}
	if !done {
		at = all
	}
	return at, done
}

// done: it came to an end of its own.
func (p Phase) done() bool {
	return p.Outcome == string(diag.OutcomeOK) || p.Outcome == string(diag.OutcomeFailed)
}
