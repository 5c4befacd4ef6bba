package diag

import (
	"flag"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

//go:generate go test -run ^(TestEventsDocument|TestNATDocument)$ -update .

var update = flag.Bool("update", false, "write the generated part of docs/reference/events.md")

// generatedMark parts the document: what stands above is written by hand, what stands below by this test.
const generatedMark = "<!-- What follows is generated from the source: go generate ./diag -->\n"

const eventsDocument = "../docs/reference/events.md"

// TestEventsDocument compares the reference of events and fields with the source that it is made from.
func TestEventsDocument(t *testing.T) {
	raw, err := os.ReadFile(eventsDocument)
	if err != nil {
		t.Fatal(err)
	}
	written, old, found := strings.Cut(string(raw), generatedMark)
	if !found {
		t.Fatalf("%s has no line %q", eventsDocument, generatedMark)
	}
	got := renderReference(t)
	if *update {
		if err := os.WriteFile(eventsDocument, []byte(written+generatedMark+got), 0o644); err != nil { //nolint:gosec // a document for all
			t.Fatal(err)
		}
		return
	}
	if diff := cmp.Diff(old, got); diff != "" {
		t.Errorf("the document does not tell what the source says; run: go generate ./diag\n%s", diff)
	}
}

// TestEveryMeasureHasAUnit: a number without a unit is a riddle.
func TestEveryMeasureHasAUnit(t *testing.T) {
	src := parseSource(t)
	for _, s := range src.structs {
		for _, f := range s.fields {
			if f.kind == "number" && f.unit == "" {
				t.Errorf("%s.%s is a number without a unit: name it in the field's comment", s.name, f.json)
			}
		}
	}
}

// TestSourceHasTheVocabulary: what the document is made from is what is registered.
func TestSourceHasTheVocabulary(t *testing.T) {
	src := parseSource(t)
	found := map[Type]bool{}
	for _, s := range src.structs {
		if s.event != "" {
			found[Type(s.event)] = true
		}
	}
	for name := range decoders {
		if !found[name] {
			t.Errorf("%s is registered, but no method Type returns it as a literal", name)
		}
	}
	if len(found) != len(decoders) {
		t.Errorf("%d types have a method Type, %d are registered: the difference is written and not read", len(found), len(decoders))
	}
}
