package report

import (
	"reflect"
	"testing"

	"dialtone/diag/nat"
	"dialtone/diag/report/schematest"
)

var schema = schematest.Document{
	File: "../../docs/reference/report.schema.json", Package: "diag/report", ID: "urn:dialtone:report:2", Title: Schema,
	Description: "What dialtone check -o json writes. Keys that end with _ms are times in milliseconds, ratios are 0-1; what is null or absent was not measured.",
	Root:        reflect.TypeFor[Report](),
	Enums: map[string][]string{
		"Confidence":  {string(nat.Proven), string(nat.Likely), string(nat.NotKnown), string(nat.Contradictory), ""},
		"Change.unit": {"ms", "ratio"},
	},
	Sources: []string{
		"..", "../call", "../nat", "../nat/turn", "../nat/pair", "../finding", "../judge", "../judge/network", "../words",
		"../words/phrase", "../words/verdict", ".",
	},
}

// few are the values of fields that have few.
var few = schema.Values()

func TestSchema(t *testing.T) { schema.Check(t, *update) }

func TestEveryFieldIsInTheSchema(t *testing.T) {
	here := reflect.TypeFor[Report]().PkgPath()
	schema.CheckFields(t, func(typ reflect.Type) bool { return typ.PkgPath() == here && typ.Name() != "Change" })
}
