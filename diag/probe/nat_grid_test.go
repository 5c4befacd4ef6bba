package probe

import (
	"errors"
	"flag"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"dialtone/diag"
	"dialtone/diag/judge/network"
	"dialtone/diag/lab"
	"dialtone/diag/lab/labtest"
	"dialtone/diag/nat"
	"dialtone/diag/nat/pair"
	"dialtone/diag/words"
)

// accuracy makes the tables of docs/explanation/evidence.md: go test ./diag/probe -run ^TestAccuracy$ -accuracy 150
var accuracy = flag.Int("accuracy", 0, "write docs/explanation/evidence.md from this many seeds per kind of NAT and loss")

// natKinds are what a simulated NAT may do.
var natKinds = []lab.NATBehavior{lab.EndpointIndependent, lab.AddressDependent, lab.AddressAndPortDependent}

// gridLosses are the shares of packets that get lost.
var gridLosses = []float64{0, 0.05, 0.10, 0.20}

// gridCell is one kind of NAT at one loss.
type gridCell struct {
	nat     lab.Side
	loss    float64
	way     lab.LossWay
	servers int
}

// world is a cell's network.
func (c gridCell) world(t *testing.T, seed uint64) *lab.World {
	t.Helper()
	w, err := lab.NewWorld(lab.WorldOptions{
		Sides: []lab.Side{c.nat}, Loss: c.loss, Way: c.way, Seed: seed, Delay: 10 * time.Millisecond, Responders: c.servers,
	})
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// side is what a result line has to say.
func (c gridCell) side() nat.Side {
	return nat.Side{Mapping: nat.Value(c.nat.Mapping.String()), Filtering: nat.Value(c.nat.Filtering.String()), UDP: true}
}

// score counts verdicts about one thing.
type score struct{ right, unknown, wrong int }

func (s *score) add(o score) {
	s.right, s.unknown, s.wrong = s.right+o.right, s.unknown+o.unknown, s.wrong+o.wrong
}

func (s score) String() string { return fmt.Sprintf("%d / %d / %d", s.right, s.unknown, s.wrong) }

// unknownShare is in percent.
func (s score) unknownShare() float64 {
	return 100 * float64(s.unknown) / float64(max(1, s.right+s.unknown+s.wrong))
}

// scoreOf compares a verdict with the truth.
func scoreOf[T comparable](got, truth, unknown T) score {
	switch got {
	case truth:
		return score{right: 1}
	case unknown:
		return score{unknown: 1}
	}
	return score{wrong: 1}
}

// worst is the score of several verdicts taken as one: wrong where one is, unknown where one is, else right.
func worst(all ...score) score {
	var sum score
	for _, s := range all {
		sum.add(s)
	}
	switch {
	case sum.wrong > 0:
		return score{wrong: 1}
	case sum.unknown > 0:
		return score{unknown: 1}
	}
	return score{right: 1}
}

// gridResult is what came of runs.
type gridResult struct {
	runs                        int
	mapping, filtering, verdict score
	both                        score // mapping and filtering as one
	slowest, total              time.Duration
	complaints                  []string
}

func (g *gridResult) add(o gridResult) {
	g.runs += o.runs
	g.mapping.add(o.mapping)
	g.filtering.add(o.filtering)
	g.verdict.add(o.verdict)
	g.both.add(o.both)
	g.slowest, g.total = max(g.slowest, o.slowest), g.total+o.total
	g.complaints = append(g.complaints, o.complaints...)
}

func (g *gridResult) wrong() int { return g.mapping.wrong + g.filtering.wrong + g.verdict.wrong }

func (g *gridResult) unknown() int {
	return g.mapping.unknown + g.filtering.unknown + g.verdict.unknown
}

// judge compares a report with the truth.
func (c gridCell) judge(r network.Verdict) gridResult {
	g := gridResult{
		runs:      1,
		mapping:   scoreOf(r.Behaviors.Mapping.Value, nat.Value(c.nat.Mapping.String()), nat.Unknown),
		filtering: scoreOf(r.Behaviors.Filtering.Value, nat.Value(c.nat.Filtering.String()), nat.Unknown),
		verdict:   c.verdict(r),
	}
	g.both = worst(g.mapping, g.filtering)
	if g.wrong() > 0 || c.loss == 0 && g.unknown() > 0 {
		g.complaints = []string{fmt.Sprintf("mapping %s (%s), filtering %s (%s), exit %d, %s", r.Behaviors.Mapping.Value, strings.Join(words.BehaviorEvidence(r.Behaviors.Mapping), "; "),
			r.Behaviors.Filtering.Value, strings.Join(words.BehaviorEvidence(r.Behaviors.Filtering), "; "), r.Exit, pair.Line(r.Side))}
	}
	return g
}

// verdict is about what a person does next: the exit code, and from the result line what becomes of calls with each kind of
// other side.
func (c gridCell) verdict(r network.Verdict) score {
	exit := diag.ExitNoRelay // the world has no TURN server
	if c.nat.Mapping == lab.EndpointIndependent {
		exit = diag.ExitPass
	}
	scores := []score{scoreOf(r.Exit, exit, diag.ExitInconclusive)}
	side, err := pair.Parse(pair.Line(r.Side))
	if err != nil {
		return score{wrong: 1}
	}
	for i := range 9 {
		other := gridCell{nat: natSide(i)}.side()
		got, truth := pair.Predict(side, other), pair.Predict(c.side(), other)
		scores = append(scores, scoreOf(got.Path, truth.Path, pair.PathUnknown))
	}
	return worst(scores...)
}

// runCell asks through a simulated NAT. Its time is simulated too: a run takes as long as the machine needs for it.
func runCell(t *testing.T, c gridCell, seed uint64) (g gridResult) {
	synctest.Test(t, func(t *testing.T) {
		w := c.world(t, seed)
		start := time.Now()
		o, err := NAT(t.Context(), worldServers(w), NATOptions{Net: w.Client(0)})
		took := time.Since(start)
		if err := errors.Join(err, w.Close()); err != nil {
			t.Fatal(err)
		}
		g = c.judge(judged(o))
		g.slowest, g.total = took, took
		for i := range g.complaints {
			g.complaints[i] = fmt.Sprintf("%+v seed %d: %s", c, seed, g.complaints[i])
		}
	})
	return g
}

// runCells runs every cell once per seed, several at once.
func runCells(t *testing.T, run func(*testing.T, gridCell, uint64) gridResult, cells []gridCell, seeds int) []gridResult {
	results := make([]gridResult, len(cells))
	next := make(chan int)
	var workers sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		workers.Go(func() {
			for i := range next {
				for seed := range seeds {
					results[i].add(run(t, cells[i], uint64(seed+1)))
				}
			}
		})
	}
	for i := range cells {
		next <- i
	}
	close(next)
	workers.Wait()
	return results
}

// allKinds are a cell for each kind of NAT.
func allKinds(c gridCell) []gridCell {
	var out []gridCell
	for i := range 9 {
		c.nat = natSide(i)
		out = append(out, c)
	}
	return out
}

// gridRow is nine cells and their sum.
type gridRow struct {
	gridCell
	cells []gridResult
	sum   gridResult
}

// runRow asks through all nine kinds of NAT.
func runRow(t *testing.T, run func(*testing.T, gridCell, uint64) gridResult, c gridCell, seeds int) gridRow {
	r := gridRow{gridCell: c, cells: runCells(t, run, allKinds(c), seeds)}
	for _, g := range r.cells {
		r.sum.add(g)
	}
	return r
}

// check complains about wrong verdicts, about unknown ones without loss, and where more verdicts are unknown than packets
// are lost. A run is over in time.
func (r *gridRow) check(t *testing.T) {
	t.Helper()
	for _, c := range r.sum.complaints {
		t.Error(c)
	}
	if share := r.sum.verdict.unknownShare(); r.sum.wrong() > 0 || share > 100*r.loss {
		t.Errorf("%+v: %d wrong, %.1f %% unknown", r.gridCell, r.sum.wrong(), share)
	}
	limit := NATBudget
	if r.loss == 0 && r.servers == 3 {
		limit = 1500 * time.Millisecond
	}
	if r.sum.slowest > limit {
		t.Errorf("%+v: a run took %v, more than %v", r.gridCell, r.sum.slowest, limit)
	}
}

// TestAccuracy: all nine kinds of NAT, with packets lost in each direction or in one, and never a wrong verdict; without loss
// never an unknown one. The classifier that asks once shows that these worlds do mislead.
func TestAccuracy(t *testing.T) {
	seeds := *accuracy
	if seeds == 0 {
		seeds = labtest.Sample(8, 2)
	}
	var rows []gridRow
	for _, servers := range []int{1, 3} {
		for _, loss := range gridLosses {
			rows = append(rows, runRow(t, runCell, gridCell{loss: loss, servers: servers}, seeds))
		}
		for _, way := range []lab.LossWay{lab.FromClients, lab.ToClients} {
			rows = append(rows, runRow(t, runCell, gridCell{loss: 0.1, way: way, servers: servers}, seeds))
		}
	}
	for i := range rows {
		rows[i].check(t)
	}
	compared := compare(t, rows, seeds)
	text := kindTable(rows) + "\n" + serverTable(rows) + "\n" + compareTable(compared)
	t.Log("\n" + text)
	if *accuracy > 0 {
		writeAccuracy(t, text)
	}
}

// TestGridNoticesMistakes: a report that is wrong, in one point, is counted as such.
func TestGridNoticesMistakes(t *testing.T) {
	c := gridCell{nat: natSide(2)} // endpoint-independent, filtered by port
	report := func(mapping, filtering nat.Value, exit diag.Exit) network.Verdict {
		r := network.Verdict{Exit: exit}
		r.Behaviors.Mapping.Value, r.Behaviors.Filtering.Value = mapping, filtering
		r.Side = nat.Side{Mapping: mapping, Filtering: filtering, UDP: true}
		return r
	}
	const ei, ad, apd, unknown = nat.EndpointIndependent, nat.AddressDependent, nat.AddressAndPortDependent, nat.Unknown
	for name, tt := range map[string]struct {
		r                           network.Verdict
		mapping, filtering, verdict score
	}{
		"right":             {report(ei, apd, diag.ExitPass), score{right: 1}, score{right: 1}, score{right: 1}},
		"mapping wrong":     {report(apd, apd, diag.ExitPass), score{wrong: 1}, score{right: 1}, score{wrong: 1}},
		"filtering wrong":   {report(ei, ad, diag.ExitPass), score{right: 1}, score{wrong: 1}, score{wrong: 1}},
		"exit wrong":        {report(ei, apd, diag.ExitNoRelay), score{right: 1}, score{right: 1}, score{wrong: 1}},
		"filtering unknown": {report(ei, unknown, diag.ExitPass), score{right: 1}, score{unknown: 1}, score{unknown: 1}},
		"nothing known":     {report(unknown, unknown, diag.ExitInconclusive), score{unknown: 1}, score{unknown: 1}, score{unknown: 1}},
	} {
		g := c.judge(tt.r)
		if g.mapping != tt.mapping || g.filtering != tt.filtering || g.verdict != tt.verdict || (name == "right") != (len(g.complaints) == 0) {
			t.Errorf("%s: %+v", name, g)
		}
	}
}
