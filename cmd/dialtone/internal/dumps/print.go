package dumps

import (
	"errors"
	"fmt"
	"io"
	"strconv"
	"text/tabwriter"
	"time"

	"dialtone/cmd/dialtone/internal/calls"
	"dialtone/cmd/dialtone/internal/nattext"
	"dialtone/diag"
	"dialtone/diag/call"
	"dialtone/diag/dump"
	"dialtone/diag/judge"
	"dialtone/diag/judge/network"
	"dialtone/diag/words/verdict"
)

// Print prints the events and the verdict, as the call itself did. Of several connections it lists what they come to.
func (o *Opened) Print(w io.Writer) (diag.Exit, error) {
	if o.Recording == nil {
		if err := list(w, o.Connections); err != nil {
			return diag.ExitCannotRun, err
		}
		return diag.ExitUsage, errors.New("the dump has several connections: choose one with --connection ID")
	}
	placed := call.Fold(o.Recording.Events)
	v := judge.Judge(placed)
	err := calls.WriteLines(w, o.Recording.Events)
	if err == nil {
		text := calls.VerdictText(v)
		if last := placed.Diagnosed(); placed.Alone() && last != nil {
			text = "\n" + nattext.Text(network.Judge(last.State), true)
		}
		_, err = io.WriteString(w, text)
	}
	if err != nil {
		return diag.ExitCannotRun, err
	}
	return v.Exit, nil
}

// list writes the connections of a dump: what to choose from, and what each comes to.
func list(w io.Writer, all []dump.Connection) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintln(t, "CONNECTION\tSTARTED\tLENGTH\tPEER\tVERDICT\tFINDINGS\tPAGE")
	for i := range all {
		c := &all[i]
		v := judge.Judge(call.Fold(c.Events))
		peer := "-"
		for j := range all {
			if i != j && dump.AreEnds(c, &all[j]) {
				peer = all[j].ID
			}
		}
		headline, findings := verdict.Of(v).Headline, strconv.Itoa(len(v.Findings))
		switch {
		case c.StartedAt.IsZero():
			headline, findings = "empty", "-"
		case c.Cut || len(c.Events) == 0:
			headline, findings = "not read: choose it", "-"
		}
		_, _ = fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\t%s\t%s\n", c.ID, c.OpenedAt.Format("15:04:05Z"),
			c.Length.Round(100*time.Millisecond), peer, headline, findings, c.URL)
	}
	return t.Flush() // with the first failure
}
