package report

import (
	"fmt"
	"io"
	"strings"

	"dialtone/diag/report/junit"
)

// WriteTAP writes the report in the Test Anything Protocol, version 14: a test point for each run, assertion and value
// of the baseline, with diagnostics in YAML. Several checks are subtests. A test point is "not ok" exactly if the exit
// code is not 0; what does not count is skipped.
func WriteTAP(w io.Writer, r *Report) error {
	var b strings.Builder
	b.WriteString("TAP version 14\n")
	suites := r.suites()
	if len(r.Checks) == 0 {
		tapPoints(&b, "", suites[0])
		_, err := io.WriteString(w, b.String())
		return err
	}
	fmt.Fprintf(&b, "1..%d\n", len(suites))
	for i, s := range suites {
		fmt.Fprintf(&b, "# Subtest: %s\n", tapText(s.name))
		tapPoints(&b, "    ", s)
		fmt.Fprintf(&b, "%s %d - %s\n", tapWord(s.Verdict == Pass), i+1, tapText(s.name))
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func tapPoints(b *strings.Builder, indent string, s suite) {
	fmt.Fprintf(b, "%s1..%d\n", indent, len(s.cases))
	fmt.Fprintf(b, "%s# %s: %s\n", indent, strings.ToUpper(clean(string(s.Verdict))), tapText(s.Headline))
	for _, f := range s.phaseFacts() {
		fmt.Fprintf(b, "%s# %s: %s\n", indent, tapText(f.Key), tapText(f.Value))
	}
	for i, c := range s.cases {
		directive := ""
		if c.outcome == skipped {
			directive = " # SKIP " + tapText(c.message)
		}
		fmt.Fprintf(b, "%s%s %d - %s%s\n", indent, tapWord(c.outcome == passed || c.outcome == skipped), i+1,
			tapText(c.group+": "+c.name), directive)
		tapDiagnostics(b, indent+"  ", c)
	}
}

func tapWord(ok bool) string {
	if ok {
		return "ok"
	}
	return "not ok"
}

func tapDiagnostics(b *strings.Builder, indent string, c testCase) {
	line := func(format string, args ...any) { fmt.Fprintf(b, indent+format+"\n", args...) }
	line("---")
	line("result: %s", yamlText(string(c.outcome)))
	if c.message != "" {
		line("message: %s", yamlText(c.message))
	}
	if c.kind != "" {
		line("type: %s", yamlText(c.kind))
	}
	if c.time != nil {
		line("duration_ms: %.3f", max(c.time.Float(), 0))
	}
	for _, f := range c.facts {
		line("%s: %s", f.Key, yamlText(f.Value))
	}
	if len(c.detail) > 0 {
		line("detail: |")
	}
	for _, d := range c.detail {
		line("  %s", tapDetail(d))
	}
	line("...")
}

// tapText makes text fit for a description: # would begin a directive.
func tapText(s string) string {
	return strings.NewReplacer(`\`, `\\`, "#", `\#`).Replace(orUnknown(clean(s)))
}

// yamlText is text in double quotes.
func yamlText(s string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(junit.Clean(clean(s))) + `"`
}

// tapDetail is a line of a block, which keeps the blanks at its beginning.
func tapDetail(s string) string {
	trimmed := strings.TrimLeft(s, " ")
	return s[:len(s)-len(trimmed)] + junit.Clean(orUnknown(clean(trimmed)))
}
