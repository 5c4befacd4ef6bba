// Package schematest keeps the published JSON schemas equal to the types they are of. It is for tests.
package schematest

import (
	"bytes"
	"encoding"
	"encoding/json"
	"maps"
	"os"
	"os/exec"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"dialtone/diag"
	"dialtone/diag/lab/labtest"
)

// Document is a published schema.
type Document struct {
	File        string // its path
	Package     string // the package whose go generate writes it: diag/report
	ID          string
	Title       string // the value of "schema" in what it is of
	Description string
	Root        reflect.Type
	// Enums are the values of fields that have few, by Type.field, and of types by their names, besides those of diag.
	Enums map[string][]string
	// Sources are the directories with the types, whose comments describe the fields; of equal names the last counts.
	Sources []string
}

// Object is an object of JSON.
type Object = map[string]any

// Check compares the published schema with the one that follows from the types: every field with its type, its comment,
// whether it is always there, whether it may be null, and its values where they are few. With update it writes it anew.
func (d Document) Check(t *testing.T, update bool) {
	t.Helper()
	m := maker{t, map[string]reflect.Type{}, Object{}, comments(t, d.Sources), d.Values()}
	m.ref(d.Root)
	var got bytes.Buffer
	enc := json.NewEncoder(&got)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(Object{
		"$schema": "https://json-schema.org/draft/2020-12/schema", "$id": d.ID, "title": d.Title,
		"description": d.Description, "$ref": "#/$defs/" + d.Root.Name(), "$defs": m.defs,
	}); err != nil {
		t.Fatal(err)
	}
	if update {
		if err := os.WriteFile(d.File, got.Bytes(), 0o644); err != nil { //nolint:gosec // for all to read
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(d.File)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got.String()); diff != "" {
		t.Errorf("%s differs from what the types say; run: go generate ./%s\n%s", d.File, d.Package, diff)
	}
}

// Values are those of all fields and types that have few.
func (d Document) Values() map[string][]string {
	out := maps.Clone(common)
	maps.Copy(out, d.Enums)
	out[d.Root.Name()+".schema"] = []string{d.Title}
	return out
}

// CheckFields reads the published file, and nothing of what made it: every field is in it, and nothing else is allowed.
// Numbers without a unit in their type must be described if they are fields of the types that described reports.
func (d Document) CheckFields(t *testing.T, described func(reflect.Type) bool) {
	t.Helper()
	raw, err := os.ReadFile(d.File)
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
		for typ.Kind() == reflect.Pointer || typ.Kind() == reflect.Slice || typ.Kind() == reflect.Map {
			typ = typ.Elem()
		}
		if typ.Kind() != reflect.Struct || isText(typ) || seen[typ] {
			return
		}
		seen[typ] = true
		def, ok := file.Defs[typ.Name()]
		if !ok || def.AdditionalProperties == nil || *def.AdditionalProperties {
			t.Errorf("%s is not in the schema, or allows what is not named", typ.Name())
		}
		for _, f := range fieldsOf(typ) {
			p, ok := def.Properties[f.name]
			if !ok || strings.TrimSpace(p.Description) == "" && f.isNumber() && described(f.of) {
				t.Errorf("%s.%s is not in the schema, or not described", typ.Name(), f.name)
			}
			if slices.Contains(def.Required, f.name) == f.optional {
				t.Errorf("%s.%s: required %v", typ.Name(), f.name, !f.optional)
			}
			walk(f.typ)
		}
	}
	walk(d.Root)
}

// validator prints a line for each file that the schema refuses.
const validator = `
import json, sys
from jsonschema import Draft202012Validator as V
schema = json.load(open(sys.argv[1]))
V.check_schema(schema)
v = V(schema, format_checker=V.FORMAT_CHECKER)
for path in sys.argv[2:]:
    wrong = [e for e in v.iter_errors(json.load(open(path)))]
    if wrong:
        print(path, list(wrong[0].absolute_path), wrong[0].message[:300])
`

// Validate asks a program of others which files the published schema refuses: a line for each.
func (d Document) Validate(t *testing.T, files ...string) string {
	t.Helper()
	python := labtest.NeedPython(t, "-c", "import jsonschema")
	args := append([]string{"-c", validator, d.File}, files...)
	out, err := exec.CommandContext(t.Context(), python, args...).CombinedOutput() //nolint:gosec // a fixed program
	if err != nil {
		t.Fatalf("jsonschema: %v\n%.3000s", err, out)
	}
	return string(out)
}

// field is a field as JSON has it.
type field struct {
	of       reflect.Type // the struct that declares it
	goName   string
	name     string
	typ      reflect.Type
	optional bool
}

// isNumber: it has no unit in its type.
func (f field) isNumber() bool {
	typ := f.typ
	for typ.Kind() == reflect.Pointer {
		typ = typ.Elem()
	}
	return typ == reflect.TypeFor[float64]()
}

// fieldsOf lists the fields of a struct, those of embedded ones too.
func fieldsOf(typ reflect.Type) (out []field) {
	for f := range typ.Fields() {
		f := f
		tag := f.Tag.Get("json")
		if f.Anonymous && tag == "" {
			out = append(out, fieldsOf(f.Type)...)
			continue
		}
		name, options, _ := strings.Cut(tag, ",")
		if !f.IsExported() || name == "-" {
			continue
		}
		out = append(out, field{typ, f.Name, name, f.Type, strings.Contains(options, "omitempty")})
	}
	return out
}

// maker writes the definitions of types.
type maker struct {
	t        *testing.T
	types    map[string]reflect.Type // that are defined
	defs     Object
	comments map[string]string // Type, Type.Field
	enums    map[string][]string
}

// ref defines a struct once.
func (m maker) ref(typ reflect.Type) Object {
	name := typ.Name()
	if other, done := m.types[name]; done && other != typ {
		m.t.Fatalf("%v and %v have the same name", other, typ)
	} else if !done {
		m.types[name] = typ
		def := Object{"type": "object", "additionalProperties": false}
		m.defs[name] = def
		if c := m.comments[name]; c != "" {
			def["description"] = c
		}
		properties, required := Object{}, []string{}
		for _, f := range fieldsOf(typ) {
			properties[f.name] = m.field(f)
			if !f.optional {
				required = append(required, f.name)
			}
		}
		slices.Sort(required)
		def["properties"], def["required"] = properties, required
	}
	return Object{"$ref": "#/$defs/" + name}
}

func (m maker) field(f field) Object {
	s := m.schema(f.typ, f.of.Name()+"."+f.name)
	if f.optional && f.typ.Kind() == reflect.Pointer {
		s = m.schema(f.typ.Elem(), f.of.Name()+"."+f.name)
	}
	if c := m.comments[f.of.Name()+"."+f.goName]; c != "" {
		s["description"] = c
	}
	return s
}

// isText reports whether a struct is a string in JSON.
func isText(typ reflect.Type) bool { return typ.Implements(reflect.TypeFor[encoding.TextMarshaler]()) }

// schema is that of a type.
func (m maker) schema(typ reflect.Type, place string) Object {
	switch typ {
	case reflect.TypeFor[time.Time]():
		return Object{"type": "string", "format": "date-time"}
	case reflect.TypeFor[diag.Millis]():
		return Object{"type": "number"}
	}
	for _, key := range []string{place, typ.Name()} {
		if values := m.enums[key]; len(values) > 0 && typ.Kind() == reflect.String {
			return Object{"enum": values}
		}
	}
	switch typ.Kind() {
	case reflect.Bool:
		return Object{"type": "boolean"}
	case reflect.String:
		return Object{"type": "string"}
	case reflect.Float64:
		return Object{"type": "number"}
	case reflect.Int, reflect.Int64:
		if place == "Exit.code" {
			return Object{"enum": ExitCodes}
		}
		return Object{"type": "integer"}
	case reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return Object{"type": "integer", "minimum": 0}
	case reflect.Pointer:
		return nullable(m.schema(typ.Elem(), place))
	case reflect.Slice:
		return Object{"type": "array", "items": m.schema(typ.Elem(), place)}
	case reflect.Map:
		value := typ.Elem()
		if value.Kind() == reflect.Pointer {
			value = value.Elem()
		}
		return Object{"type": "object", "additionalProperties": m.schema(value, place)}
	case reflect.Struct:
		if isText(typ) {
			return Object{"type": "string"}
		}
		return m.ref(typ)
	case reflect.Interface:
		return Object{}
	default:
		m.t.Fatalf("no schema for %v", typ)
		return nil
	}
}

func nullable(s Object) Object {
	if kind, ok := s["type"].(string); ok {
		s["type"] = []string{kind, "null"}
		return s
	}
	return Object{"anyOf": []Object{s, {"type": "null"}}}
}
