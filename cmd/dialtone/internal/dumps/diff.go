package dumps

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"text/tabwriter"

	"dialtone/cmd/dialtone/internal/helps"
	"dialtone/diag"
	"dialtone/diag/call"
	"dialtone/diag/words/compare"
	"dialtone/tui/diff"
	"dialtone/tui/live"
)

// Diff is what dialtone diff takes.
type Diff struct {
	Before string `arg:"" help:"A recording or a dump of a browser; FILE#ID names a connection of a dump."`
	After  string `arg:"" help:"The one to compare it with."`
	All    bool   `help:"Show what is the same, too."`
	Plain  bool   `help:"Lines of text instead of the screen. The default if stdin or stdout is not a terminal."`
}

// Help implements kong.HelpProvider.
func (*Diff) Help() string {
	return helps.Detail("The result, setup, path, codecs, statistics and findings of two calls beside each other, "+
		"on a screen or as text. What is the same is left out; a shows it on the screen.",
		[]string{
			"dialtone diff good.jsonl bad.jsonl", "dialtone diff good.jsonl bad.jsonl --plain | grep loss",
			"dialtone diff dump.gz#9-1 dump.gz#9-3 --all",
		},
		diag.ExitPass, diag.ExitUsage, diag.ExitCannotRun)
}

// Compared is two calls beside each other.
type Compared struct {
	compare.Calls
	Damage string // what could not be read
	names  [2]string
	all    bool
}

// Read reads both calls.
func (x *Diff) Read(stdin io.Reader) (*Compared, error) {
	var sides [2]*call.Call
	var faults []string
	out := &Compared{all: x.All}
	if x.Before == "-" && x.After == "-" {
		return nil, errors.New("both files are the standard input: give a file for one of them")
	}
	for i, path := range []string{x.Before, x.After} {
		opened, err := Open([]string{path}, Options{Stdin: stdin, Large: true})
		if err == nil {
			err = opened.Chosen(path)
		}
		if err != nil {
			return nil, err
		}
		if opened.Damage != "" {
			faults = append(faults, opened.Damage)
		}
		sides[i] = call.Fold(opened.Recording.Events)
		out.names[i] = diag.Clean(path, 60)
	}
	if a, b := filepath.Base(out.names[0]), filepath.Base(out.names[1]); a != b {
		out.names = [2]string{a, b}
	}
	out.Calls, out.Damage = compare.Of(sides[0], sides[1]), strings.Join(faults, "; ")
	return out, nil
}

// Show shows them on a screen until the user leaves it.
func (c *Compared) Show(o live.Options) {
	left := make(chan struct{})
	o.Stop = func() { close(left) }
	screen := live.Open(o, diff.New(c.Calls, c.names, c.all, c.Damage))
	select {
	case <-left:
	case <-screen.Done():
	}
	screen.Close()
}

// Write writes them as text.
func (c *Compared) Write(w io.Writer) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintf(t, "\t%s\t%s\n", c.names[0], c.names[1])
	for _, s := range c.Sections {
		for _, r := range s.Rows {
			if c.all || r.Sameness() != compare.Same {
				_, _ = fmt.Fprintf(t, "%s\t%s\t%s\n", s.Lead+r.Name, cell(r.Values[0].Text), cell(r.Values[1].Text))
			}
		}
	}
	if err := t.Flush(); err != nil { // with the first failure
		return err
	}
	return c.findings(w)
}

// cell is a text of a file, without what would change the terminal or the columns.
func cell(s string) string { return cmp.Or(diag.Clean(s, 300), "-") }

// Chosen is an error if a connection has to be chosen.
func (o *Opened) Chosen(path string) error {
	if o.Recording != nil {
		return nil
	}
	var ids []string
	for _, c := range o.Connections {
		ids = append(ids, c.ID)
	}
	return fmt.Errorf("%s has several connections: choose one with FILE#ID: %s", diag.Clean(path, 200),
		diag.Clean(strings.Join(ids, ", "), 300))
}

// findings are those of either call alone, and with --all those of both.
func (c *Compared) findings(w io.Writer) error {
	var out strings.Builder
	for _, f := range c.Findings {
		r, finding := f.Row(), cmp.Or(f[0], f[1])
		mark, title := "=", cmp.Or(r.Values[0].Text, r.Values[1].Text)
		switch f.Sameness() {
		case compare.OnlyFirst:
			mark = "-"
		case compare.OnlySecond:
			mark = "+"
		case compare.Same, compare.Near, compare.Differs:
			if !c.all {
				continue
			}
		}
		fmt.Fprintf(&out, "%s %s: %s [%s]\n", mark, r.Name, cell(title), finding.ID)
	}
	if out.Len() == 0 {
		return nil
	}
	_, err := io.WriteString(w, "\nfindings (- only the first, + only the second)\n"+out.String())
	return err
}
