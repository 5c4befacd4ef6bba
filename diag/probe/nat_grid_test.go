package probe

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"dialtone/diag"
	"dialtone/diag/lab"
)

// accuracy makes the table of docs/accuracy.md: go test ./diag/probe -run ^TestAccuracy$ -accuracy 150
var accuracy = flag.Int("accuracy", 0, "write docs/accuracy.md from this many seeds per kind of NAT and loss")

// natKinds are what a simulated NAT may do.
var natKinds = []lab.NATBehavior{lab.EndpointIndependent, lab.AddressDependent, lab.AddressAndPortDependent}

// gridCell is one kind of NAT at one loss.
type gridCell struct {
	mapping, filtering lab.NATBehavior
	loss               float64
	servers            int
}

// gridResult is what came of one cell's runs.
type gridResult struct {
	runs, wrong, unknown int // of mapping and filtering, two verdicts a run
	slowest, total       time.Duration
	complaints           []string
}

func (g *gridResult) add(o gridResult) {
	g.runs, g.wrong, g.unknown = g.runs+o.runs, g.wrong+o.wrong, g.unknown+o.unknown
	g.slowest, g.total = max(g.slowest, o.slowest), g.total+o.total
	g.complaints = append(g.complaints, o.complaints...)
}

// count compares a verdict with the truth.
func (g *gridResult) count(c gridCell, seed uint64, what string, b diag.Behavior, truth lab.NATBehavior) {
	switch {
	case b.Value == truth.String():
	case b.Value == diag.BehaviorUnknown:
		g.unknown++
		if c.loss == 0 {
			g.complaints = append(g.complaints, fmt.Sprintf("%v seed %d: %s unknown without loss: %s", c, seed, what, strings.Join(b.Evidence, "; ")))
		}
	default:
		g.wrong++
		g.complaints = append(g.complaints, fmt.Sprintf("%v seed %d: %s is %s: %s", c, seed, what, b.Value, strings.Join(b.Evidence, "; ")))
	}
}

// runCell asks through a simulated NAT. Its time is simulated too: a run takes as long as the machine needs for it.
func runCell(t *testing.T, c gridCell, seed uint64) (g gridResult) {
	synctest.Test(t, func(t *testing.T) {
		w, err := lab.NewWorld(lab.WorldOptions{
			Mapping: c.mapping, Filtering: c.filtering, Loss: c.loss, Seed: seed, Delay: 10 * time.Millisecond, Responders: c.servers,
		})
		if err != nil {
			t.Fatal(err)
		}
		var servers []diag.NATAsked
		for _, r := range w.Responders() {
			servers = append(servers, diag.NATAsked{URL: r.URL(), Address: r.Addr()})
		}
		start := time.Now()
		o, err := NAT(t.Context(), servers, NATOptions{Net: w.Client(0)})
		g.slowest = time.Since(start)
		g.total = g.slowest
		if err := errors.Join(err, w.Close()); err != nil {
			t.Fatal(err)
		}
		r := diag.JudgeNAT(o, nil, nil, nil)
		g.runs = 1
		g.count(c, seed, "mapping", r.Behavior.Mapping, c.mapping)
		g.count(c, seed, "filtering", r.Behavior.Filtering, c.filtering)
	})
	return g
}

// runGrid asks through all nine kinds of NAT.
func runGrid(t *testing.T, loss float64, servers, seeds int) gridResult {
	var sum gridResult
	for _, m := range natKinds {
		for _, f := range natKinds {
			for seed := range seeds {
				sum.add(runCell(t, gridCell{m, f, loss, servers}, uint64(seed+1)))
			}
		}
	}
	return sum
}

// TestAccuracy: all nine kinds of NAT, with packets lost in each direction, and never a wrong verdict; without loss never
// an unknown one.
func TestAccuracy(t *testing.T) {
	seeds := max(*accuracy, 2)
	losses := []float64{0, 0.05, 0.10, 0.20}
	results := make([]gridResult, 2*len(losses))
	var all sync.WaitGroup
	for i := range results {
		all.Go(func() { results[i] = runGrid(t, losses[i/2], 1+i%2*2, seeds) })
	}
	all.Wait()
	var table strings.Builder
	table.WriteString("| servers | loss, each way | runs | wrong | unknown | mean time | longest time |\n|---:|---:|---:|---:|---:|---:|---:|\n")
	for i, g := range results {
		fmt.Fprintf(&table, "| %d | %.0f %% | %d | %d | %.1f %% | %.1f s | %.1f s |\n", 1+i%2*2, 100*losses[i/2], g.runs, g.wrong,
			50*float64(g.unknown)/float64(g.runs), g.total.Seconds()/float64(g.runs), g.slowest.Seconds())
		for _, c := range g.complaints {
			t.Error(c)
		}
	}
	t.Log("\n" + table.String())
	if *accuracy > 0 {
		writeAccuracy(t, table.String())
	}
}

// writeAccuracy replaces the table of the document.
func writeAccuracy(t *testing.T, table string) {
	const path, mark = "../../docs/accuracy.md", "<!-- What follows is written by: go test ./diag/probe -run ^TestAccuracy$ -accuracy 150 -->\n"
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	head, _, found := strings.Cut(string(raw), mark)
	if !found {
		t.Fatalf("%s has no line %q", path, mark)
	}
	if err := os.WriteFile(path, []byte(head+mark+"\n"+table), 0o644); err != nil { //nolint:gosec // a document for all
		t.Fatal(err)
	}
}
