package diag

import (
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const natDocument = "../docs/reference/nat.md"

// TestNATDocument compares the reference of the report with the source that it is made from.
func TestNATDocument(t *testing.T) {
	raw, err := os.ReadFile(natDocument)
	if err != nil {
		t.Fatal(err)
	}
	written, old, found := strings.Cut(string(raw), generatedMark)
	if !found {
		t.Fatalf("%s has no line %q", natDocument, generatedMark)
	}
	r := &renderer{src: parseSource(t), used: map[string]bool{}}
	objects := map[string]bool{"NATReport": true}
	r.collect(r.src.structs["NATReport"], objects)
	r.line("")
	r.object("NATReport")
	for _, name := range slices.Sorted(maps.Keys(objects)) {
		if name != "NATReport" {
			r.object(name)
		}
	}
	r.values()
	got := strings.ReplaceAll(strings.ReplaceAll(r.b.String(), "\n## Values\n", "\n### Values\n"), "\n\n\n", "\n\n")
	if *update {
		if err := os.WriteFile(natDocument, []byte(written+generatedMark+got), 0o644); err != nil { //nolint:gosec // a document for all
			t.Fatal(err)
		}
		return
	}
	if diff := cmp.Diff(old, got); diff != "" {
		t.Errorf("the document does not tell what the source says; run: go generate ./diag\n%s", diff)
	}
}

// behaviorValues are those that each behavior may have. Of the lifetime they are forms: N and M stand for seconds.
var behaviorValues = map[string][]string{
	"udp":               {BehaviorPresent, BehaviorNone, BehaviorUnknown},
	"nat":               {BehaviorNone, BehaviorPresent, BehaviorUnknown},
	"mapping":           {EndpointIndependent, AddressDependent, AddressAndPortDependent, BehaviorUnknown},
	"filtering":         {EndpointIndependent, AddressDependent, AddressAndPortDependent, BehaviorUnknown},
	"port_preservation": {PortPreserved, PortNotPreserved, BehaviorUnknown},
	"pooling":           {PoolingPaired, PoolingArbitrary, BehaviorUnknown},
	"uplinks":           {UplinksOne, UplinksSeveral, BehaviorUnknown},
	"alg":               {BehaviorNone, BehaviorPresent, BehaviorUnknown},
	"cgnat":             {BehaviorPresent, BehaviorUnknown},
	"clat":              {BehaviorPresent, BehaviorUnknown},
	"ipv6":              {BehaviorPresent, BehaviorNone, BehaviorUnknown},
	"tcp_mapping":       {EndpointIndependent, AddressDependent, AddressAndPortDependent, BehaviorUnknown},
	"lifetime":          {"between N s and M s", "at least N s", "less than M s", BehaviorUnknown},
	"fragments":         {BehaviorPresent, FragmentsOutgoing, BehaviorNone, BehaviorUnknown},
	"hairpin":           {BehaviorPresent, BehaviorNone, BehaviorUnknown},
}

// TestBehaviorsDocument: the table of behaviors has a row for each that a report has, and in it the values that there are.
func TestBehaviorsDocument(t *testing.T) {
	raw, err := os.ReadFile(natDocument)
	if err != nil {
		t.Fatal(err)
	}
	_, part, _ := strings.Cut(string(raw), "\n## Behavior\n")
	part, _, _ = strings.Cut(part, "\n## ")
	told := map[string][]string{}
	for _, row := range regexp.MustCompile("(?m)^\\| `(\\w+)` \\| ([^|]*) \\|").FindAllStringSubmatch(part, -1) {
		told[row[1]] = strings.Split(strings.Trim(row[2], "`"), "`, `")
	}
	if diff := cmp.Diff(behaviorValues, told); diff != "" {
		t.Errorf("the table of %s (-there are, +told):\n%s", natDocument, diff)
	}
	var keys []string
	for _, f := range parseSource(t).structs["NATBehaviors"].fields {
		keys = append(keys, f.json)
	}
	slices.Sort(keys)
	if diff := cmp.Diff(keys, slices.Sorted(maps.Keys(behaviorValues))); diff != "" {
		t.Errorf("NATBehaviors (-there are, +listed):\n%s", diff)
	}
	for _, constant := range valueConstants(t) {
		if !slices.ContainsFunc(slices.Collect(maps.Values(behaviorValues)), func(list []string) bool { return slices.Contains(list, constant) }) {
			t.Errorf("no behavior has the value %q", constant)
		}
	}
}

// valueConstants are the constants of the block "Values of a behavior".
func valueConstants(t *testing.T) (list []string) {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), "nat.go", nil, parser.ParseComments)
	if err != nil {
		t.Fatal(err)
	}
	for _, decl := range file.Decls {
		d, ok := decl.(*ast.GenDecl)
		if !ok || !strings.HasPrefix(d.Doc.Text(), "Values of a behavior") {
			continue
		}
		for _, spec := range d.Specs {
			for _, v := range spec.(*ast.ValueSpec).Values {
				text, err := strconv.Unquote(v.(*ast.BasicLit).Value)
				if err != nil {
					t.Fatal(err)
				}
				list = append(list, text)
			}
		}
	}
	if len(list) < 10 {
		t.Errorf("only %d values were found", len(list))
	}
	return list
}

// checkValues holds a report against the values that are documented.
func checkValues(t *testing.T, b *NATBehaviors) {
	t.Helper()
	number := regexp.MustCompile(`\d+`)
	for key, behavior := range map[string]Behavior{
		"udp": b.UDP, "nat": b.NAT, "mapping": b.Mapping, "filtering": b.Filtering, "port_preservation": b.PortPreservation, "pooling": b.Pooling,
		"uplinks": b.Uplinks, "alg": b.ALG, "cgnat": b.CGNAT, "clat": b.CLAT, "ipv6": b.IPv6, "tcp_mapping": b.TCPMapping, "lifetime": b.Lifetime,
		"fragments": b.Fragments, "hairpin": b.Hairpin,
	} {
		value := behavior.Value
		if key == "lifetime" {
			n := 0
			value = number.ReplaceAllStringFunc(value, func(string) string {
				n++
				if n == 2 || strings.HasPrefix(value, "less") {
					return "M"
				}
				return "N"
			})
		}
		if !slices.Contains(behaviorValues[key], value) {
			t.Errorf("%s is %q, which is not documented", key, behavior.Value)
		}
		if len(behavior.Evidence) == 0 || behavior.Confidence == "" || (behavior.Value == BehaviorUnknown) && behavior.Confidence == Proven {
			t.Errorf("%s: %+v", key, behavior)
		}
	}
}
