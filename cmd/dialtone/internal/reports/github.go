package reports

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"dialtone/diag/judge"
	"dialtone/diag/report"
)

// GitHub is a job of GitHub Actions, or of a runner that speaks its way. Its zero value is none.
type GitHub struct {
	lines   bool   // it reads annotations
	summary string // the file of the summary of the step
}

// maxAnnotations is how many of a kind GitHub shows of a step.
const maxAnnotations = 10

// NewGitHub reads the environment, of NAME=VALUE.
func NewGitHub(environ []string) GitHub {
	var g GitHub
	for _, pair := range environ {
		switch name, value, _ := strings.Cut(pair, "="); name {
		case "GITHUB_ACTIONS":
			g.lines = value == "true"
		case "GITHUB_STEP_SUMMARY":
			g.summary = value
		}
	}
	return g
}

// Write annotates the job, and appends the report to the summary of its step unless list holds that file already.
func (g GitHub) Write(stderr io.Writer, r *report.Report, list []Output) error {
	var err error
	if g.lines {
		_, err = io.WriteString(stderr, annotations(r))
	}
	if g.summary == "" || slices.ContainsFunc(list, func(o Output) bool { return o.file == g.summary }) {
		return err
	}
	return errors.Join(err, g.summarize(r))
}

func (g GitHub) summarize(r *report.Report) error {
	var b bytes.Buffer
	if err := report.WriteMarkdown(&b, r); err != nil {
		return err
	}
	f, err := os.OpenFile(g.summary, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("cannot append to GITHUB_STEP_SUMMARY: %w", err)
	}
	_, err = f.Write(b.Bytes())
	return errors.Join(err, f.Close())
}

// annotations are a line for each check that did not pass, and for each warning.
func annotations(r *report.Report) string {
	checks := []*report.Report{r}
	if len(r.Checks) > 0 {
		checks = nil
		for i := range r.Checks {
			checks = append(checks, &r.Checks[i])
		}
	}
	var failed, warned []string
	for _, c := range checks {
		title := escaped("dialtone "+c.Name, ":", "%3A", ",", "%2C")
		if c.Verdict != report.Pass {
			text := strings.Join(append([]string{c.Headline}, c.Next...), "\n")
			failed = append(failed, fmt.Sprintf("::error title=%s::%s\n", title, escaped(text)))
		}
		for _, f := range c.Findings {
			if f.Severity == judge.Warn {
				text := escaped(f.Title + "\n" + f.Advice)
				warned = append(warned, fmt.Sprintf("::warning title=%s::%s\n", title, text))
			}
		}
	}
	return strings.Join(slices.Concat(first(failed), first(warned)), "")
}

func first(list []string) []string { return list[:min(len(list), maxAnnotations)] }

// escaped is text as a workflow command holds it.
func escaped(text string, more ...string) string {
	return strings.NewReplacer(append([]string{"%", "%25", "\r", "%0D", "\n", "%0A"}, more...)...).
		Replace(strings.TrimSpace(text))
}
