package dumps

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"

	"dialtone/cmd/dialtone/internal/helps"
	"dialtone/diag"
	"dialtone/diag/call"
	"dialtone/diag/judge"
	"dialtone/diag/words"
	"dialtone/diag/words/verdict"
)

// Diff is what dialtone diff takes.
type Diff struct {
	Before string `arg:"" help:"A recording or a dump of a browser; FILE#ID names a connection of a dump."`
	After  string `arg:"" help:"The one to compare it with."`
	All    bool   `help:"Show what is the same, too."`
}

// Help implements kong.HelpProvider.
func (*Diff) Help() string {
	return helps.Detail("The setup, the path, codecs, statistics and findings of two calls beside each other. Lines that "+
		"are the same are left out.",
		[]string{"dialtone diff good.jsonl bad.jsonl", "dialtone diff dump.gz#9-1 dump.gz#9-3 --all"},
		diag.ExitPass, diag.ExitUsage, diag.ExitCannotRun)
}

// Write writes the comparison.
func (x *Diff) Write(w io.Writer, stdin io.Reader) (damage string, _ error) {
	var sides [2]*call.Call
	var faults []string
	for i, path := range []string{x.Before, x.After} {
		opened, err := Open([]string{path}, Options{Stdin: stdin, Large: true})
		if err == nil {
			err = opened.Chosen()
		}
		if err != nil {
			return "", err
		}
		if opened.Damage != "" {
			faults = append(faults, opened.Damage)
		}
		sides[i] = call.Fold(opened.Recording.Events)
	}
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintf(t, "\t%s\t%s\n", diag.Clean(x.Before, 60), diag.Clean(x.After, 60))
	verdicts := [2]judge.Verdict{judge.Judge(sides[0]), judge.Judge(sides[1])}
	for _, r := range rows(sides, verdicts) {
		if x.All || r.before != r.after {
			_, _ = fmt.Fprintf(t, "%s\t%s\t%s\n", r.name, cell(r.before), cell(r.after))
		}
	}
	if err := t.Flush(); err != nil { // with the first failure
		return "", err
	}
	return strings.Join(faults, "; "), x.findings(w, verdicts[0], verdicts[1])
}

// cell is a text of a file, without what would change the terminal or the columns.
func cell(s string) string { return cmp.Or(diag.Clean(s, 300), "-") }

// Chosen is an error if a connection has to be chosen.
func (o *Opened) Chosen() error {
	if o.Recording != nil {
		return nil
	}
	var ids []string
	for _, c := range o.Connections {
		ids = append(ids, c.ID)
	}
	return errors.New("the dump has several connections: choose one with FILE#ID: " +
		diag.Clean(strings.Join(ids, ", "), 300))
}

// row is something of both calls.
type row struct{ name, before, after string }

func rows(sides [2]*call.Call, verdicts [2]judge.Verdict) []row {
	a, b := sides[0], sides[1]
	out := []row{
		{"verdict", verdict.Of(verdicts[0]).Headline, verdict.Of(verdicts[1]).Headline},
		{"exit code", verdicts[0].Exit.String(), verdicts[1].Exit.String()},
		{"role", string(a.Role), string(b.Role)},
		{"ICE servers", servers(a), servers(b)},
		{"setup", setup(a), setup(b)},
	}
	for _, name := range phases(a, b) {
		out = append(out, row{"  " + name, phase(a, name), phase(b, name)})
	}
	out = append(
		out, row{"candidates", candidates(a), candidates(b)}, row{"path", judge.Path(a.Selected), judge.Path(b.Selected)},
		row{"round trip", roundTrip(a), roundTrip(b)},
		row{"DTLS", a.DTLS.Version + " " + a.DTLS.Cipher, b.DTLS.Version + " " + b.DTLS.Cipher},
		row{"ICE restarts", fmt.Sprint(a.Restarts), fmt.Sprint(b.Restarts)},
		row{"data channels", channels(a), channels(b)},
	)
	for _, direction := range []diag.Direction{diag.Outbound, diag.Inbound} {
		for _, kind := range diag.Kinds {
			out = append(out, streams(string(direction)+" "+kind, a.StreamOf(direction, kind), b.StreamOf(direction, kind))...)
		}
	}
	return out
}

func servers(c *call.Call) string {
	var out []string
	for _, s := range c.Start.ICEServers {
		out = append(out, diag.Clean(s.URL, 100))
	}
	return strings.Join(out, " ")
}

func setup(c *call.Call) string {
	if d, known := c.SetupTime(); known {
		return words.Duration(d)
	}
	return ""
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
	return diag.Clean(strings.TrimSpace(string(s.Phase)+" "+s.Subject), 80)
}

func phase(c *call.Call, name string) string {
	for _, s := range c.Spans {
		if phaseName(s) == name && s.Outcome == "" {
			return "in progress"
		} else if phaseName(s) == name {
			return string(s.Outcome) + " " + words.Duration(s.Length(c.Now))
		}
	}
	return ""
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

func roundTrip(c *call.Call) string {
	var all []float64
	for _, s := range c.Samples {
		if s.Pair != nil && s.Pair.CurrentRoundTripTime != nil {
			all = append(all, *s.Pair.CurrentRoundTripTime)
		}
	}
	if len(all) == 0 {
		return ""
	}
	slices.Sort(all)
	return "median " + words.Duration(diag.SecondsOf(all[len(all)/2]))
}

func channels(c *call.Call) string {
	var out []string
	for _, ch := range c.Channels {
		out = append(out, diag.Clean(ch.Label, 40))
	}
	return strings.Join(out, " ")
}

func streams(name string, a, b call.Stream) []row {
	value := func(v *float64, form string, scale float64) string {
		if v == nil {
			return ""
		}
		return fmt.Sprintf(form, *v*scale)
	}
	millis := func(v *diag.Millis) string {
		if v == nil {
			return ""
		}
		return fmt.Sprintf("%.1f ms", v.Float())
	}
	packets := func(s call.Stream) string {
		if s.Packets == 0 {
			return ""
		}
		return fmt.Sprint(s.Packets)
	}
	size := func(s call.Stream) string {
		if s.Width == nil || s.Height == nil {
			return ""
		}
		return fmt.Sprintf("%d × %d", *s.Width, *s.Height)
	}
	return []row{
		{name + " codec", diag.Clean(a.MimeType, 40), diag.Clean(b.MimeType, 40)},
		{name + " packets", packets(a), packets(b)},
		{name + " bitrate", value(a.Bitrate, "%.1f kbit/s", 1e-3), value(b.Bitrate, "%.1f kbit/s", 1e-3)},
		{name + " loss", value(a.Loss, "%.2f %%", 100), value(b.Loss, "%.2f %%", 100)},
		{name + " jitter", millis(a.Jitter), millis(b.Jitter)},
		{name + " round trip", millis(a.RoundTrip), millis(b.RoundTrip)},
		{name + " MOS", value(a.MOS, "%.2f", 1), value(b.MOS, "%.2f", 1)},
		{name + " frames", value(a.FramesPerSecond, "%.1f fps", 1), value(b.FramesPerSecond, "%.1f fps", 1)},
		{name + " size", size(a), size(b)},
	}
}

// findings are those of either call alone, and with --all those of both.
func (x *Diff) findings(w io.Writer, a, b judge.Verdict) error {
	var out strings.Builder
	one := func(mark string, f judge.Finding) {
		fmt.Fprintf(&out, "%s %s: %s [%s]\n", mark, f.Severity, cell(words.Of(f).Title), f.ID)
	}
	for _, f := range a.Findings {
		switch same := slices.ContainsFunc(b.Findings, f.Same); {
		case !same:
			one("-", f)
		case x.All:
			one("=", f)
		}
	}
	for _, f := range b.Findings {
		if !slices.ContainsFunc(a.Findings, f.Same) {
			one("+", f)
		}
	}
	if out.Len() == 0 {
		return nil
	}
	_, err := io.WriteString(w, "\nfindings (- only the first, + only the second)\n"+out.String())
	return err
}
