// Package loads runs a load test for a person or a pipeline: its settings, its progress, its reports.
package loads

import (
	"cmp"
	"fmt"
	"io"
	"maps"
	"net"
	"slices"
	"strconv"
	"strings"
	"time"

	"dialtone/cmd/dialtone/internal/files"
	"dialtone/cmd/dialtone/internal/reports"
	"dialtone/cmd/dialtone/internal/settings"
	"dialtone/diag"
	"dialtone/diag/assert"
	"dialtone/diag/load"
	"dialtone/diag/load/agents"
)

// Assertion is a condition over the report of a load test.
type Assertion assert.Assertion

// Count is a number of calls.
type Count int

// Output is a place for the report.
type Output = reports.Place[load.Report]

// Moment is a time to begin at.
type Moment time.Time

// Part is one of several parts of a test, from 1; the zero value is the whole.
type Part struct{ N, Of int }

// Bounds of the settings.
const (
	maxCalls = 1_000_000
	maxParts = 10_000
)

// Decoders adds the decoders of the settings.
func Decoders(d settings.Decoders) {
	settings.Add(d, settings.Number[Count](1, maxCalls, false))
	settings.Add(d, settings.Number[Crew](1, agents.MaxAgents, false))
	settings.Add(d, func(raw string) (AgentName, error) {
		name, err := agents.ParseName(raw)
		return AgentName(name), err
	})
	settings.Add(d, load.ParseRate)
	settings.Add(d, load.ParseStage)
	settings.Add(d, parsePart)
	settings.Add(d, parseMoment)
	settings.Add(d, func(raw string) (Output, error) { return reports.ParsePlace(raw, load.Formats) })
	settings.Add(d, func(raw string) (*Assertion, error) {
		a, err := load.ParseAssertion(raw)
		if err != nil {
			return nil, fmt.Errorf("%w; docs/reference/load.md lists all names", err)
		}
		return (*Assertion)(a), nil
	})
}

// Formats lists the formats of reports.
func Formats() string { return strings.Join(slices.Sorted(maps.Keys(load.Formats)), ", ") }

func parsePart(raw string) (Part, error) {
	first, of, _ := strings.Cut(raw, "/")
	n, err := strconv.Atoi(first)
	m, err2 := strconv.Atoi(of)
	if err != nil || err2 != nil || n < 1 || m < n || m > maxParts {
		return Part{}, fmt.Errorf("invalid part %s: use N/M, such as 3/8, with M up to %d", settings.Quote(raw), maxParts)
	}
	return Part{n, m}, nil
}

// parseMoment reads RFC 3339, or seconds since 1970.
func parseMoment(raw string) (Moment, error) {
	if s, err := strconv.ParseFloat(raw, 64); err == nil && s > 0 && s < 1e11 {
		return Moment(time.UnixMilli(int64(s * 1000))), nil
	}
	t, err := time.Parse(time.RFC3339, raw)
	if err != nil {
		return Moment{}, fmt.Errorf("invalid time %s: use RFC 3339, such as 2026-01-31T12:00:00Z, or seconds since 1970",
			settings.Quote(raw))
	}
	return Moment(t), nil
}

// Write writes the report to all its places.
func Write(stdout io.Writer, r *load.Report, list []Output) error {
	return reports.WritePlaces(stdout, r, list, load.WriteText)
}

// maxReport bounds a report that is merged, in bytes.
const maxReport = 24 << 20

// Merge reads the reports of parts and makes one of them.
func Merge(paths []string) (*load.Report, error) {
	var parts []*load.Report
	for _, path := range paths {
		raw, err := files.Read(path, maxReport)
		if err != nil {
			return nil, err
		}
		r, err := load.ReadJSON(raw)
		if err != nil {
			return nil, fmt.Errorf("%s: %w; make one with dialtone load -o json=FILE", settings.Quote(path), err)
		}
		parts = append(parts, r)
	}
	return load.Merge(parts)
}

// socketsPerPeer is how many files a peer may have open beside a socket on each local address: its signaling, and a
// socket that an ICE restart or a TURN server needs.
const socketsPerPeer = 4

// spareFiles are those of the program itself.
const spareFiles = 64

// Enough reports that the test needs more open files than the system allows, before a call fails because of it.
func Enough(o load.Options, hold time.Duration, both bool) error {
	limit := load.OpenFiles()
	peers := o.Plan.AtOnce(hold)
	peers = min(peers, o.MaxInProgress)
	if both {
		peers *= 2
	}
	addresses, err := net.InterfaceAddrs()
	if err != nil {
		addresses = nil // then the estimate is low
	}
	need := uint64(peers*(len(addresses)+socketsPerPeer) + spareFiles) // #nosec G115 -- positive
	if limit == 0 || need <= limit {
		return nil
	}
	return fmt.Errorf("up to %d peers at once may need %d open files, and this process may have %d: run ulimit -n %d "+
		"before, or lower --arrive, --hold or --max-in-progress", peers, need, limit, need)
}

// line says in one line how the test stands.
func line(p load.Progress) string {
	c := p.Counts
	text := fmt.Sprintf("%s: %d of %d calls begun, %d in progress, %d passed, %d failed",
		(p.Point.At + diag.Millis(time.Second)).Duration(), c.Started, p.Due, p.Point.InProgress, c.Passed, c.Failed)
	if c.Dropped > 0 {
		text += fmt.Sprintf(", %d dropped", c.Dropped)
	}
	if p50, p95 := p.Point.Quantile(0.5), p.Point.Quantile(0.95); p50 != nil {
		text += fmt.Sprintf("; setup p50 %.0f ms, p95 %.0f ms", p50.Float(), p95.Float())
	}
	if len(p.Causes) > 0 {
		text += fmt.Sprintf("; most failed by %s", cmp.Or(p.Causes[0].ID, "unknown"))
	}
	if p.Point.Tester.Short {
		text += "; this machine is the limit"
	}
	return text
}
