package calls

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"dialtone/diag"
	"dialtone/diag/call"
	"dialtone/diag/judge"
	"dialtone/diag/words/line"
	"dialtone/diag/words/verdict"
)

// eventSource gives the events of a call, in order and in batches; io.EOF is the end. *feed.Reader is one.
type eventSource interface {
	Next(ctx context.Context) ([]diag.Event, error)
}

// printEvents writes one line per event as they come, until the call has ended. It returns the first error of a write;
// by then it no longer reads.
func printEvents(ctx context.Context, events eventSource, w io.Writer) error {
	for {
		batch, err := events.Next(ctx)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if err := WriteLines(w, batch); err != nil {
			return err
		}
	}
}

// WriteLines writes one line per event.
func WriteLines(w io.Writer, events []diag.Event) error {
	text := bufio.NewWriterSize(w, 64<<10)
	for _, e := range events {
		if _, err := text.WriteString(line.Time(e.At) + "  " + line.Of(e) + "\n"); err != nil {
			return err
		}
	}
	return text.Flush()
}

// VerdictText is the end of the plain output: the result of the call, the reasons, and the next steps.
func VerdictText(v judge.Verdict) string {
	var b strings.Builder
	fmt.Fprintf(&b, "\nverdict: %s (exit %d, %s)\n", verdict.Of(v).Headline, int(v.Exit), v.Exit)
	for _, row := range verdict.Lines(v) {
		fmt.Fprintf(&b, "%7s: %s\n", row[0], row[1])
	}
	return b.String()
}

// follow folds a call until it has ended, or the context.
func follow(ctx context.Context, events eventSource) *call.Call {
	placed := &call.Call{}
	for {
		batch, err := events.Next(ctx)
		if err != nil {
			return placed
		}
		for _, e := range batch {
			placed.Apply(e)
		}
	}
}
