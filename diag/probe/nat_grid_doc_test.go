package probe

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"dialtone/diag/lab"
)

// kindTable tells of every kind of NAT, asked about with one server.
func kindTable(rows []gridRow) string {
	var b strings.Builder
	b.WriteString("### By kind of NAT\n\nOne server, packet loss each way; right / unknown / wrong.\n\n" +
		"| mapping | filtering | loss | mapping verdict | filtering verdict | whole verdict |\n|---|---|---:|---:|---:|---:|\n")
	for kind := range 9 {
		for _, r := range rows {
			if r.servers == 1 && r.way == lab.BothWays {
				g, nat := r.cells[kind], natSide(kind)
				fmt.Fprintf(&b, "| %s | %s | %.0f %% | %s | %s | %s |\n", nat.Mapping, nat.Filtering, 100*r.loss, g.mapping, g.filtering, g.verdict)
			}
		}
	}
	return b.String()
}

// serverTable tells what further servers give.
func serverTable(rows []gridRow) string {
	var b strings.Builder
	b.WriteString("### By number of servers\n\nAll nine kinds.\n\n" +
		"| servers | loss | runs | wrong | mapping unknown | filtering unknown | verdict unknown | mean time | longest time |\n" +
		"|---:|---|---:|---:|---:|---:|---:|---:|---:|\n")
	for _, r := range rows {
		g := &r.sum
		fmt.Fprintf(&b, "| %d | %s | %d | %d | %.1f %% | %.1f %% | %.1f %% | %.1f s | %.1f s |\n", r.servers, lossWords(r.gridCell), g.runs, g.wrong(),
			g.mapping.unknownShare(), g.filtering.unknownShare(), g.verdict.unknownShare(), g.total.Seconds()/float64(g.runs), g.slowest.Seconds())
	}
	return b.String()
}

// compareTable sets dialtone beside the classifier that asks once.
func compareTable(list []comparison) string {
	var b strings.Builder
	b.WriteString("### Compared with a classifier that sends each request once\n\nOne server, the same networks; mapping and filtering together; right / unknown / wrong.\n\n" +
		"| NAT and loss | runs | dialtone | single requests | wrong with single requests |\n|---|---:|---:|---:|---:|\n")
	for _, c := range list {
		fmt.Fprintf(&b, "| %s | %d | %s | %s | %.1f %% |\n", c.what, c.ours.runs, c.ours.both, c.naive.both, 100*float64(c.naive.both.wrong)/float64(c.naive.runs))
	}
	return b.String()
}

// writeAccuracy replaces the tables of the document.
func writeAccuracy(t *testing.T, tables string) {
	t.Helper()
	const path = "../../docs/explanation/evidence.md"
	const begin = "<!-- What follows is written by: go test ./diag/probe -run ^TestAccuracy$ -accuracy 150 -->\n"
	const end = "\n<!-- The end of the tables of TestAccuracy. -->\n"
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	head, rest, begun := strings.Cut(string(raw), begin)
	_, tail, ended := strings.Cut(rest, end)
	if !begun || !ended {
		t.Fatalf("%s has no place for the tables", path)
	}
	if err := os.WriteFile(path, []byte(head+begin+"\n"+tables+end+tail), 0o644); err != nil { //nolint:gosec // a document for all
		t.Fatal(err)
	}
}
