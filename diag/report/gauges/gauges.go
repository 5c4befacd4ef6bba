// Package gauges collects the numbers of a report, and writes them in the text format of Prometheus.
package gauges

import (
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"dialtone/diag"
)

// Family is the samples of one name.
type Family struct {
	Name, Help string
	Samples    []Sample
}

// Sample is a number. Labels are names and values in turn.
type Sample struct {
	Labels []string
	Value  float64
}

// maxLabel bounds the value of a label, in characters.
const maxLabel = 600

// Set collects samples by family: those of a family stand together.
type Set struct {
	prefix   string
	families []Family
	index    map[string]int  // of families, by their names
	known    map[string]bool // series, each of which is given once: labels of foreign origin may be equal
}

// New makes a set whose names begin with a prefix.
func New(prefix string) *Set {
	return &Set{prefix: prefix, index: map[string]int{}, known: map[string]bool{}}
}

// Add takes a value, if it was measured; labels are names and values in turn.
func (s *Set) Add(family, help string, v *float64, labels ...string) {
	name := s.prefix + family
	kept := make([]string, 0, len(labels))
	for i := 0; i+1 < len(labels); i += 2 {
		kept = append(kept, labels[i], strings.TrimSpace(diag.Clean(labels[i+1], maxLabel)))
	}
	series := name + "\xff" + strings.Join(kept, "\xff")
	if v == nil || s.known[series] {
		return
	}
	s.known[series] = true
	i, ok := s.index[name]
	if !ok {
		i = len(s.families)
		s.index[name], s.families = i, append(s.families, Family{Name: name, Help: help})
	}
	s.families[i].Samples = append(s.families[i].Samples, Sample{kept, *v})
}

// Families are in the order in which they came.
func (s *Set) Families() []Family { return s.families }

var escapes = strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`)

// Write writes the set in the text format of Prometheus. A family with quantiles is a summary, every other a gauge.
func (s *Set) Write(w io.Writer) error {
	var b strings.Builder
	for _, f := range s.families {
		kind := "gauge"
		if slices.Contains(f.Samples[0].Labels, "quantile") {
			kind = "summary"
		}
		fmt.Fprintf(&b, "# HELP %s %s\n# TYPE %s %s\n", f.Name, f.Help, f.Name, kind)
		for _, one := range f.Samples {
			labels := make([]string, 0, len(one.Labels)/2)
			for i := 0; i < len(one.Labels); i += 2 {
				labels = append(labels, one.Labels[i]+`="`+escapes.Replace(one.Labels[i+1])+`"`)
			}
			b.WriteString(f.Name + "{" + strings.Join(labels, ",") + "} " + strconv.FormatFloat(one.Value, 'g', 15, 64) + "\n")
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}
