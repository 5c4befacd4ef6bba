package diag

import (
	"cmp"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
)

func dirFS(dir string) fs.FS { return os.DirFS(dir) }

// renderReference writes the generated part of the document.
func renderReference(t *testing.T) string {
	t.Helper()
	r := &renderer{src: parseSource(t), examples: map[Type]string{}, used: map[string]bool{}}
	for _, e := range examples() {
		raw, err := e.MarshalJSON()
		if err != nil {
			t.Fatal(err)
		}
		r.examples[e.Type()] = string(raw)
	}
	r.section("The header")
	r.table(r.src.structs["Header"])
	r.object("Config")
	r.orderGroups()
	r.index()
	for _, g := range r.src.groups {
		r.group(g)
	}
	r.objects()
	r.values()
	return strings.ReplaceAll(r.b.String(), "\n\n\n", "\n\n")
}

// The headings begin differently from those of events, lest ICEServer and ice.server share an anchor.
const (
	objectHeading = "Object "
	valuesHeading = "Values of "
)

type renderer struct {
	b        strings.Builder
	src      *source
	examples map[Type]string
	used     map[string]bool // enumerations that a field has been told to have
}

func (r *renderer) line(format string, args ...any) { fmt.Fprintf(&r.b, format+"\n", args...) }

func (r *renderer) section(title string) { r.line("\n## %s\n", title) }

// orderGroups puts the groups into the order in which a call meets them.
func (r *renderer) orderGroups() {
	first := map[string]uint64{}
	for _, e := range slices.Backward(examples()) {
		family, _, _ := strings.Cut(string(e.Type()), ".")
		first[family] = e.Seq
	}
	slices.SortFunc(r.src.groups, func(a, b group) int {
		familyA, _, _ := strings.Cut(a.structs[0].event, ".")
		familyB, _, _ := strings.Cut(b.structs[0].event, ".")
		return cmp.Compare(first[familyA], first[familyB])
	})
}

// index lists all events.
func (r *renderer) index() {
	r.section("The events")
	for _, g := range r.src.groups {
		var links []string
		for _, s := range g.structs {
			links = append(links, fmt.Sprintf("[`%s`](#%s)", s.event, anchor(s.event)))
		}
		r.line("- %s: %s", groupTitle(g), strings.Join(links, ", "))
	}
}

// group writes the events of one file.
func (r *renderer) group(g group) {
	r.section(groupTitle(g))
	r.line("%s", r.prose(g.doc))
	for _, s := range g.structs {
		r.line("\n### `%s`\n", s.event)
		r.line("%s\n", r.prose(strings.Replace(s.doc, s.name+` ("`+s.event+`")`, "`"+s.event+"`", 1)))
		r.table(s)
		r.line("```json\n%s\n```", r.examples[Type(s.event)])
	}
}

// groupTitle is what "The events of …" are of.
func groupTitle(g group) string {
	rest := strings.TrimPrefix(g.doc, "The events of ")
	title := rest[:strings.IndexAny(rest+".", ":.")]
	return strings.ToUpper(title[:1]) + title[1:]
}

// objects writes the structs within events.
func (r *renderer) objects() {
	r.section("Objects within events")
	used := map[string]bool{}
	for _, g := range r.src.groups {
		for _, s := range g.structs {
			r.collect(s, used)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(used)) {
		if r.src.structs[name].event == "" {
			r.object(name)
		}
	}
}

func (r *renderer) object(name string) {
	s := r.src.structs[name]
	r.line("### %s%s\n\n%s\n", objectHeading, name, r.prose(s.doc))
	r.table(s)
}

// collect marks the objects in s, and theirs.
func (r *renderer) collect(s *structure, used map[string]bool) {
	for _, f := range s.fields {
		if inner := r.src.structs[f.of]; inner != nil && !used[f.of] {
			used[f.of] = true
			r.collect(inner, used)
		}
	}
}

// values writes the words that a field may have.
func (r *renderer) values() {
	r.section("Values")
	r.line("A later version may add values; a reader should show one that it does not know as it is.")
	for _, name := range slices.Sorted(maps.Keys(r.used)) {
		e := r.src.enums[name]
		r.line("\n### %s%s\n\n%s\n", valuesHeading, name, r.prose(e.doc))
		r.line("| value | meaning |\n|---|---|")
		for _, v := range e.values {
			r.line("| `%s` | %s |", v.text, r.prose(v.meaning))
		}
	}
}

// table writes the fields of a struct.
func (r *renderer) table(s *structure) {
	if len(s.fields) == 0 {
		return
	}
	r.line("| field | JSON type | unit | absent | meaning |\n|---|---|---|---|---|")
	for _, f := range s.fields {
		r.line("| `%s` | %s | %s | %s | %s |", f.json, r.typeOf(f), f.unit, f.absent, r.prose(f.meaning))
	}
	r.line("")
}

func (r *renderer) typeOf(f field) string {
	kind := f.kind
	if r.src.enums[f.of] != nil {
		kind = "string"
		r.used[f.of] = true
	}
	if f.of == "" {
		return kind
	}
	target := objectHeading + f.of
	switch s := r.src.structs[f.of]; {
	case s == nil:
		target = valuesHeading + f.of
	case s.event != "":
		target = s.event
	}
	link := fmt.Sprintf("[%s](#%s)", f.of, anchor(target))
	if f.of == "Exit" { // an object of code and name, which have a page of their own
		link = "[code and name](exit-codes.md)"
	}
	if kind == "array" {
		return "array of " + link
	}
	return kind + " " + link
}

var docLink = regexp.MustCompile(`\[([A-Z]\w*)\]`)

var camelCase = regexp.MustCompile(`\b[A-Z][a-z]+[A-Z]\w*`)

// prose makes Markdown of a doc comment: a reference to a constant becomes its value, any other one the name alone; an event
// that is called by its Go name gets its own.
func (r *renderer) prose(s string) string {
	s = camelCase.ReplaceAllStringFunc(s, func(name string) string {
		if st := r.src.structs[name]; st != nil && st.event != "" {
			return "`" + st.event + "`"
		}
		return name
	})
	s = docLink.ReplaceAllStringFunc(s, func(link string) string {
		name := link[1 : len(link)-1]
		if n, ok := r.src.ints[name]; ok {
			return n
		}
		return name
	})
	return strings.NewReplacer("|", `\|`, "<", `\<`).Replace(s)
}

// anchor is the target that Markdown renderers make of a heading.
func anchor(heading string) string {
	return strings.ToLower(strings.NewReplacer(".", "", " ", "-").Replace(heading))
}
