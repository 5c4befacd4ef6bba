package report

import (
	"bytes"
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"dialtone/diag"
	"dialtone/diag/nat"
)

const schemaFile = "../../docs/reference/report.schema.json"

// enums are the values of fields that have few. A field of a type with values of its own is found by the type.
var enums = map[string][]string{
	"Report.schema":    {Schema},
	"Verdict":          {string(Pass), string(Fail), string(Error)},
	"Severity":         {string(diag.Info), string(diag.Warn), string(diag.Problem)},
	"Confidence":       {string(nat.Proven), string(nat.Likely), string(nat.NotKnown), string(nat.Contradictory), ""},
	"Exit.name":        exitNames(),
	"Target.role":      {"offer", "answer", "any"},
	"PhaseName":        phaseNames,
	"PhaseEnd.outcome": {string(diag.OutcomeOK), string(diag.OutcomeFailed), string(diag.OutcomeCancelled), ""},
	"Side":             {string(diag.Local), string(diag.Remote)},
	"Change.unit":      {"ms", "ratio"},
}

var phaseNames = []string{
	string(diag.PhaseDial), string(diag.PhaseWait), string(diag.PhaseGather), string(diag.PhaseOfferAnswer), string(diag.PhaseICE), string(diag.PhaseNomination),
	string(diag.PhaseDTLS), string(diag.PhaseSCTP), string(diag.PhaseChannel), string(diag.PhaseFirstPacket), string(diag.PhaseFirstFrame), string(diag.PhaseRestart),
}

var exitCodes = []diag.Exit{
	diag.ExitPass, diag.ExitAssertion, diag.ExitUsage, diag.ExitSignaling, diag.ExitNoPeer, diag.ExitICE, diag.ExitDTLS, diag.ExitChannel, diag.ExitMedia,
	diag.ExitCannotRun, diag.ExitInterrupted,
}

func exitNames() (out []string) {
	for _, e := range exitCodes {
		out = append(out, e.String())
	}
	return out
}

// TestSchema compares the published schema with the one that follows from the types: every field with its type, its comment, whether
// it is always there, whether it may be null, and its values where they are few.
func TestSchema(t *testing.T) {
	m := schemaMaker{defs: map[string]any{}, comments: comments(t)}
	m.ref(reflect.TypeFor[Report]())
	var got bytes.Buffer
	enc := json.NewEncoder(&got)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(map[string]any{
		"$schema": "https://json-schema.org/draft/2020-12/schema", "$id": "urn:dialtone:report:2", "title": Schema,
		"description": "What dialtone check -o json writes. Keys that end with _ms are times in milliseconds, ratios are 0-1; what is null or absent was not measured.",
		"$ref":        "#/$defs/Report", "$defs": m.defs,
	}); err != nil {
		t.Fatal(err)
	}
	if *update {
		if err := os.WriteFile(schemaFile, got.Bytes(), 0o644); err != nil { //nolint:gosec // for all to read
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(schemaFile)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got.String()); diff != "" {
		t.Errorf("docs/reference/report.schema.json does not tell what the types say; run: go generate ./diag/report\n%s", diff)
	}
}

// TestEveryFieldIsInTheSchema reads the published file, and nothing of what made it.
func TestEveryFieldIsInTheSchema(t *testing.T) {
	raw, err := os.ReadFile(schemaFile)
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		Defs map[string]struct {
			Properties           map[string]struct{ Description string }
			Required             []string
			AdditionalProperties *bool
		} `json:"$defs"`
	}
	if err := json.Unmarshal(raw, &file); err != nil {
		t.Fatal(err)
	}
	seen := map[reflect.Type]bool{}
	var walk func(reflect.Type)
	walk = func(typ reflect.Type) {
		for typ.Kind() == reflect.Pointer || typ.Kind() == reflect.Slice {
			typ = typ.Elem()
		}
		if typ.Kind() != reflect.Struct || typ == reflect.TypeFor[time.Time]() || seen[typ] {
			return
		}
		seen[typ] = true
		def, ok := file.Defs[typ.Name()]
		if !ok || def.AdditionalProperties == nil || *def.AdditionalProperties {
			t.Errorf("%s is not in the schema, or allows what is not named", typ.Name())
		}
		for _, f := range fieldsOf(typ) {
			p, ok := def.Properties[f.name]
			if !ok || strings.TrimSpace(p.Description) == "" && needsWords(f) {
				t.Errorf("%s.%s is not in the schema, or not described", typ.Name(), f.name)
			}
			if slices.Contains(def.Required, f.name) == f.optional {
				t.Errorf("%s.%s: required %v", typ.Name(), f.name, !f.optional)
			}
			walk(f.typ)
		}
	}
	walk(reflect.TypeFor[Report]())
}

// needsWords: a number of this package, which has no unit in its type.
func needsWords(f schemaField) bool {
	typ := f.typ
	for typ.Kind() == reflect.Pointer {
		typ = typ.Elem()
	}
	return typ.Kind() == reflect.Float64 && f.of.PkgPath() == reflect.TypeFor[Report]().PkgPath() && f.of.Name() != "Change"
}

// schemaField is a field as JSON has it.
type schemaField struct {
	of       reflect.Type // the struct that declares it
	goName   string
	name     string
	typ      reflect.Type
	optional bool
}

// fieldsOf lists the fields of a struct, those of embedded ones too.
func fieldsOf(typ reflect.Type) (out []schemaField) {
	for i := range typ.NumField() {
		f := typ.Field(i)
		tag := f.Tag.Get("json")
		if f.Anonymous && tag == "" {
			out = append(out, fieldsOf(f.Type)...)
			continue
		}
		name, options, _ := strings.Cut(tag, ",")
		if !f.IsExported() || name == "-" {
			continue
		}
		out = append(out, schemaField{of: typ, goName: f.Name, name: name, typ: f.Type, optional: strings.Contains(options, "omitempty")})
	}
	return out
}

type schemaMaker struct {
	defs     map[string]any
	comments map[string]string // Type, Type.Field
}

type object = map[string]any

// ref defines a struct once.
func (m schemaMaker) ref(typ reflect.Type) object {
	name := typ.Name()
	if _, done := m.defs[name]; !done {
		def := object{"type": "object", "additionalProperties": false}
		m.defs[name] = def
		if c := m.comments[name]; c != "" {
			def["description"] = c
		}
		properties, required := object{}, []string{}
		for _, f := range fieldsOf(typ) {
			properties[f.name] = m.field(f)
			if !f.optional {
				required = append(required, f.name)
			}
		}
		slices.Sort(required)
		def["properties"], def["required"] = properties, required
	}
	return object{"$ref": "#/$defs/" + name}
}

func (m schemaMaker) field(f schemaField) object {
	s := m.schema(f.typ, f.of.Name()+"."+f.name)
	if f.optional && f.typ.Kind() == reflect.Pointer {
		s = m.schema(f.typ.Elem(), f.of.Name()+"."+f.name)
	}
	if c := m.comments[f.of.Name()+"."+f.goName]; c != "" {
		s["description"] = c
	}
	return s
}

// schema is that of a type. Lists of package diag may be null: it leaves them out where nothing is known.
func (m schemaMaker) schema(typ reflect.Type, place string) object {
	switch typ {
	case reflect.TypeFor[time.Time]():
		return object{"type": "string", "format": "date-time"}
	case reflect.TypeFor[diag.Millis]():
		return object{"type": "number"}
	}
	for _, key := range []string{place, typ.Name()} {
		if values := enums[key]; len(values) > 0 && typ.Kind() == reflect.String {
			return object{"enum": values}
		}
	}
	switch typ.Kind() {
	case reflect.Bool:
		return object{"type": "boolean"}
	case reflect.String:
		return object{"type": "string"}
	case reflect.Float64:
		return object{"type": "number"}
	case reflect.Int, reflect.Int64:
		if place == "Exit.code" {
			return object{"enum": exitCodes}
		}
		return object{"type": "integer"}
	case reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return object{"type": "integer", "minimum": 0}
	case reflect.Pointer:
		return nullable(m.schema(typ.Elem(), place))
	case reflect.Slice:
		list := object{"type": "array", "items": m.schema(typ.Elem(), place)}
		return list
	case reflect.Struct:
		return m.ref(typ)
	case reflect.Interface:
		return object{}
	default:
		panic("no schema for " + typ.String())
	}
}

func nullable(s object) object {
	if kind, ok := s["type"].(string); ok {
		s["type"] = []string{kind, "null"}
		return s
	}
	return object{"anyOf": []object{s, {"type": "null"}}}
}

// comments are those of the types and fields of this package and of diag, on one line each.
func comments(t *testing.T) map[string]string {
	t.Helper()
	out := map[string]string{}
	for _, dir := range []string{"..", "../call", "../nat", "../nat/turn", "../nat/pair", "../finding", "../judge", "../judge/network", "../words", "../words/phrase", "../words/verdict", "."} {
		paths, err := filepath.Glob(filepath.Join(dir, "*.go"))
		if err != nil {
			t.Fatal(err)
		}
		for _, path := range paths {
			if strings.HasSuffix(path, "_test.go") {
				continue
			}
			file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ParseComments)
			if err != nil {
				t.Fatal(err)
			}
			ast.Inspect(file, func(n ast.Node) bool {
				if d, ok := n.(*ast.GenDecl); ok && d.Tok == token.TYPE {
					for _, s := range d.Specs {
						takeComments(out, d, s.(*ast.TypeSpec))
					}
				}
				return true
			})
		}
	}
	return out
}

func takeComments(out map[string]string, d *ast.GenDecl, spec *ast.TypeSpec) {
	words := func(groups ...*ast.CommentGroup) string {
		var parts []string
		for _, g := range groups {
			if g != nil {
				parts = append(parts, strings.Fields(strings.NewReplacer("[", "", "]", "").Replace(g.Text()))...)
			}
		}
		return strings.Join(parts, " ")
	}
	body, ok := spec.Type.(*ast.StructType)
	if !ok {
		return
	}
	out[spec.Name.Name] = words(d.Doc, spec.Doc)
	for _, f := range body.Fields.List {
		for _, name := range f.Names {
			out[spec.Name.Name+"."+name.Name] = words(f.Doc, f.Comment)
		}
	}
}
