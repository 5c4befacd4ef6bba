package gauges_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"dialtone/diag/report/gauges"
)

// TestWrite: families stand together, a series is given once, a label without a value is left out, and what was not
// measured has no sample.
func TestWrite(t *testing.T) {
	s := gauges.New("p_")
	s.Add("a", "First.", new(1.0), "x", "1", "lone")
	s.Add("b", "Second.", new(0.25), "quantile", "0.5")
	s.Add("a", "First.", new(2.0), "x", "a\"b\\c\nd")
	s.Add("a", "First.", new(3.0), "x", "1")
	s.Add("c", "Third.", nil)
	var b strings.Builder
	if err := s.Write(&b); err != nil {
		t.Fatal(err)
	}
	const want = `# HELP p_a First.
# TYPE p_a gauge
p_a{x="1"} 1
p_a{x="a\"b\\c d"} 2
# HELP p_b Second.
# TYPE p_b summary
p_b{quantile="0.5"} 0.25
`
	if diff := cmp.Diff(want, b.String()); diff != "" {
		t.Error(diff)
	}
	if got := s.Families(); len(got) != 2 || got[0].Samples[1].Value != 2 {
		t.Errorf("families %v", got)
	}
}
