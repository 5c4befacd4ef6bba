package load

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"dialtone/diag/check"
	"dialtone/diag/judge/crowd"
	"dialtone/diag/report/schematest"
)

//go:generate go test -run ^TestSchema$ -update .

var update = flag.Bool("update", false, "write the schema anew")

var schema = schematest.Document{
	File: "../../docs/reference/load.schema.json", Package: "diag/load", ID: "urn:dialtone:load:1", Title: Schema,
	Description: "What dialtone load -o json and dialtone merge write. Keys that end with _ms are times in milliseconds, " +
		"shares are 0-1; what is null or absent was not measured.",
	Root: reflect.TypeFor[Report](),
	Enums: map[string][]string{
		"StepOutcome": {string(Held), string(Broke), string(Unknown)},
		"Loss":        {string(crowd.Silent), string(crowd.Ended), string(crowd.Late), string(crowd.Implausible)},
	},
	Sources: []string{"..", "../judge", "../judge/crowd", "../words", "../words/phrase", "../report", "."},
}

func TestSchema(t *testing.T) { schema.Check(t, *update) }

func TestEveryFieldIsInTheSchema(t *testing.T) {
	here := reflect.TypeFor[Report]().PkgPath()
	schema.CheckFields(t, func(typ reflect.Type) bool { return typ.PkgPath() == here && typ != reflect.TypeFor[Values]() })
}

// TestReportsAreValid: a validator of others accepts the reports of tests that ran, and refuses them with one fault.
func TestReportsAreValid(t *testing.T) {
	good, err := Run(t.Context(), options(check.Loopback{}, 2, 10))
	if err != nil {
		t.Fatal(err)
	}
	failed, err := Run(t.Context(), options(&silent{refuse: func(int) bool { return true }}, 3, 100))
	if err != nil {
		t.Fatal(err)
	}
	failed.Agents = []crowd.Agent{{Name: "a", Part: 1, Calls: 3, Unreported: 3, Loss: crowd.Silent}}
	failed.Missing, failed.Limit = []int{2}, &Limit{Steps: []Step{{Rate: 1, Outcome: Broke, Broken: "calls.failed == 0"}}}
	failed.Settle()
	none := &Report{Schema: Schema, Complete: []int{1}, Plan: good.Plan}
	none.Settle()
	dir := t.TempDir()
	write := func(name string, r *Report, spoil func(text string) string) string {
		var b bytes.Buffer
		if err := WriteJSON(&b, r); err != nil {
			t.Fatal(err)
		}
		text := spoil(b.String())
		if path := filepath.Join(dir, name); os.WriteFile(path, []byte(text), 0o600) == nil {
			return path
		}
		t.Fatal(name)
		return ""
	}
	as := func(s string) string { return s }
	var right, wrong []string
	for name, r := range map[string]*Report{"good": good, "failed": failed, "none": none} {
		right = append(right, write(name, r, as))
	}
	for name, change := range map[string][2]string{
		"another schema": {Schema, "dialtone.load/0"}, "further key": {`"plan": {`, `"plan": {"more": 1,`},
		"missing key": {`"peak"`, `"peaks"`}, "text for a number": {`"dropped": 0`, `"dropped": "0"`},
		"unknown outcome": {`"` + string(Broke) + `"`, `"bent"`}, "unknown loss": {`"` + string(crowd.Silent) + `"`, `"mute"`},
	} {
		wrong = append(wrong, write(name, failed, func(s string) string {
			if !strings.Contains(s, change[0]) {
				t.Errorf("%s: no %s", name, change[0])
			}
			return strings.Replace(s, change[0], change[1], 1)
		}))
	}
	if out := schema.Validate(t, right...); out != "" {
		t.Error(out)
	}
	out := schema.Validate(t, wrong...)
	for _, path := range wrong {
		if !strings.Contains(out, path+" ") {
			t.Errorf("%s was taken for a report", filepath.Base(path))
		}
	}
}
