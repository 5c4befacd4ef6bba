package diag

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// source is what the document says of the Go source.
type source struct {
	groups  []group
	structs map[string]*structure
	enums   map[string]*enumeration
	ints    map[string]string // integer constants
}

// group is the events of one file.
type group struct {
	doc     string
	structs []*structure // in the order of the source; those that are events
}

type structure struct {
	name, event, doc string // event: its Type, empty for objects within events
	fields           []field
	embedded         []string // structs whose fields are its own
}

type field struct {
	json, kind, of string // kind: string, boolean, integer, number, object, array; of: name of the object, of the values or of the elements
	absent         string
	unit, meaning  string
}

type enumeration struct {
	name, doc string
	values    []value
}

type value struct{ text, meaning string }

// parseSource reads the packages whose structs are written to a recording.
func parseSource(t *testing.T) *source { return parseFiles(t, "*.go", "record/*.go") }

// parseFiles reads the files that match the patterns.
func parseFiles(t *testing.T, patterns ...string) *source {
	t.Helper()
	src := &source{structs: map[string]*structure{}, enums: map[string]*enumeration{}, ints: map[string]string{}}
	fset := token.NewFileSet()
	for _, pattern := range patterns {
		files, err := fs.Glob(dirFS("."), pattern)
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range files {
			if strings.HasSuffix(name, "_test.go") {
				continue
			}
			file, err := parser.ParseFile(fset, name, nil, parser.ParseComments)
			if err != nil {
				t.Fatal(err)
			}
			src.add(file)
		}
	}
	for _, s := range src.structs {
		s.fields = append(src.inherited(s), s.fields...)
		s.embedded = nil
	}
	return src
}

// inherited are the fields of embedded structs, whose own ones have been taken in or not.
func (src *source) inherited(s *structure) (list []field) {
	for _, name := range s.embedded {
		if inner := src.structs[name]; inner != nil {
			list = append(append(list, src.inherited(inner)...), inner.fields...)
		}
	}
	return list
}

// add takes the declarations of one file.
func (src *source) add(file *ast.File) {
	var inFile []*structure
	doc := ""
	for _, decl := range file.Decls {
		if d, ok := decl.(*ast.GenDecl); ok {
			if d.Tok == token.VAR && strings.HasPrefix(d.Doc.Text(), "The events of ") {
				doc = oneLine(d.Doc.Text())
			}
			inFile = append(inFile, src.addSpecs(d)...)
		}
	}
	for _, decl := range file.Decls {
		if d, ok := decl.(*ast.FuncDecl); ok {
			src.addMethod(d)
		}
	}
	if doc == "" {
		return
	}
	g := group{doc: doc}
	for _, s := range inFile {
		if s.event != "" {
			g.structs = append(g.structs, s)
		}
	}
	src.groups = append(src.groups, g)
}

func (src *source) addSpecs(d *ast.GenDecl) []*structure {
	var found []*structure
	for _, spec := range d.Specs {
		switch s := spec.(type) {
		case *ast.TypeSpec:
			doc := s.Doc.Text()
			if doc == "" {
				doc = d.Doc.Text()
			}
			switch typ := s.Type.(type) {
			case *ast.StructType:
				st := &structure{name: s.Name.Name, doc: oneLine(doc), fields: fields(typ), embedded: embedded(typ)}
				if namesake := src.structs[st.name]; namesake != nil && slices.Contains(st.embedded, st.name) {
					st.fields = append(slices.Clone(namesake.fields), st.fields...) // it embeds one of another package
					st.embedded = slices.DeleteFunc(st.embedded, func(name string) bool { return name == st.name })
				}
				src.structs[st.name] = st
				found = append(found, st)
			case *ast.Ident:
				if typ.Name == "string" {
					src.enums[s.Name.Name] = &enumeration{name: s.Name.Name, doc: oneLine(doc)}
				}
			}
		case *ast.ValueSpec:
			src.addConstant(d.Tok, s)
		}
	}
	return found
}

func (src *source) addConstant(tok token.Token, s *ast.ValueSpec) {
	if tok != token.CONST || len(s.Values) != 1 {
		return
	}
	lit, ok := s.Values[0].(*ast.BasicLit)
	if !ok {
		return
	}
	typ, typed := s.Type.(*ast.Ident)
	switch {
	case lit.Kind == token.INT && !typed:
		src.ints[s.Names[0].Name] = lit.Value
	case lit.Kind == token.STRING && typed:
		text, err := strconv.Unquote(lit.Value)
		if e := src.enums[typ.Name]; err == nil && e != nil {
			e.values = append(e.values, value{text, comment(s.Doc, s.Comment)})
		}
	}
}

// addMethod takes the name of an event from its method name.
func (src *source) addMethod(d *ast.FuncDecl) {
	if d.Recv == nil || d.Name.Name != "name" || len(d.Body.List) != 1 {
		return
	}
	ret, ok := d.Body.List[0].(*ast.ReturnStmt)
	if !ok {
		return
	}
	recv, isName := d.Recv.List[0].Type.(*ast.Ident)
	lit, isLiteral := ret.Results[0].(*ast.BasicLit)
	if !isName || !isLiteral || src.structs[recv.Name] == nil {
		return
	}
	if name, err := strconv.Unquote(lit.Value); err == nil {
		src.structs[recv.Name].event = name
	}
}

// fields describes the fields of a struct that have a JSON name.
func fields(s *ast.StructType) []field {
	var list []field
	for _, f := range s.Fields.List {
		if f.Tag == nil {
			continue
		}
		tag, err := strconv.Unquote(f.Tag.Value)
		if err != nil {
			continue
		}
		name, options, _ := strings.Cut(reflect.StructTag(tag).Get("json"), ",")
		out := field{json: name, meaning: comment(f.Doc, f.Comment)}
		out.kind, out.of = kindOf(f.Type)
		leftOut := options == "omitempty" || options == "omitzero"
		out.absent = absent(f.Type, out.kind, leftOut)
		out.unit = unit(f.Type, out)
		out.meaning = leadingUnit.ReplaceAllString(out.meaning, "")
		if strings.Contains(out.meaning, "absent") && leftOut {
			out.absent = "see right"
		}
		list = append(list, out)
	}
	return list
}

// embedded are the structs that a struct embeds.
func embedded(s *ast.StructType) (list []string) {
	for _, f := range s.Fields.List {
		if len(f.Names) == 0 && f.Tag == nil {
			_, of := kindOf(f.Type)
			list = append(list, of)
		}
	}
	return list
}

// comment is what stands beside a field, or above it where that would be too long a line.
func comment(above, beside *ast.CommentGroup) string {
	if beside != nil {
		return oneLine(beside.Text())
	}
	return oneLine(above.Text())
}

// kindOf says what a Go type is in JSON.
func kindOf(expr ast.Expr) (kind, of string) {
	switch typ := expr.(type) {
	case *ast.StarExpr:
		return kindOf(typ.X)
	case *ast.ArrayType:
		if elt, ok := typ.Elt.(*ast.Ident); ok && elt.Name == "byte" { // encoding/json writes it so
			return "string", ""
		}
		_, of = kindOf(typ.Elt)
		return "array", of
	case *ast.SelectorExpr:
		switch typ.Sel.Name {
		case "Time", "Addr", "AddrPort", "Prefix":
			return "string", ""
		}
		return kindOf(typ.Sel)
	case *ast.Ident:
		switch typ.Name {
		case "string":
			return "string", ""
		case "any":
			return "object", ""
		case "bool":
			return "boolean", ""
		case "float64", "Millis":
			return "number", ""
		case "int", "int64", "uint8", "uint16", "uint32", "uint64":
			return "integer", ""
		}
		if st := typ.Name; st != "" {
			return "object", st // or values: the renderer knows
		}
	}
	return "object", ""
}

// absent says when a field is left out.
func absent(expr ast.Expr, kind string, omitempty bool) string {
	_, pointer := expr.(*ast.StarExpr)
	switch {
	case !omitempty:
		return "never"
	case pointer:
		return "when unknown"
	case kind == "boolean":
		return "when false"
	case kind == "integer" || kind == "number":
		return "when 0"
	}
	return "when empty"
}

// leadingUnit is a unit at the beginning of a comment, which has a column of its own.
var leadingUnit = regexp.MustCompile(`^(seconds|ms|bit/s|bytes)($|[,;] )`)

var unitWords = regexp.MustCompile(`\b(seconds|ms|bit/s|bytes|0–1)\b`)

// unit takes the unit from the type, from the W3C name, or from the comment.
func unit(expr ast.Expr, f field) string {
	if star, ok := expr.(*ast.StarExpr); ok {
		expr = star.X
	}
	if sel, ok := expr.(*ast.SelectorExpr); ok {
		expr = sel.Sel
	}
	if id, ok := expr.(*ast.Ident); ok && id.Name == "Millis" {
		return "ms"
	}
	if f.kind != "number" && f.kind != "integer" {
		return ""
	}
	lower := strings.ToLower(f.json)
	switch {
	case strings.HasPrefix(lower, "bytes"), strings.HasPrefix(lower, "headerbytes"), strings.HasSuffix(lower, "window"), lower == "mtu", lower == "maxmessagesize":
		return "bytes"
	case lower == "bitrate":
		return "bit/s"
	case lower == "clockrate", lower == "frequency", strings.HasPrefix(lower, "timestamprate"):
		return "Hz"
	case strings.HasSuffix(lower, "framespersecond"):
		return "1/s"
	case lower == "framewidth", lower == "frameheight":
		return "pixels"
	case strings.HasSuffix(lower, "roundtriptime"):
		return "s"
	}
	switch word := unitWords.FindString(f.meaning); word {
	case "seconds":
		return "s"
	case "0–1":
		return "ratio"
	default:
		return word
	}
}

func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }
