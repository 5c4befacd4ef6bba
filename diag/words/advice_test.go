package words

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"math/rand/v2"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"
	"testing"

	"dialtone/diag"
	"dialtone/diag/judge"
	"dialtone/diag/words/failure"
)

// notes are findings that are good to know and ask for nothing; every other has a next step, whatever its evidence.
var notes = map[string]bool{
	"ice.limited":     true, // checks that are only repeated less often explain nothing
	"impair.injected": true,
}

// TestEveryFindingHasAStep writes each finding with evidence of many kinds: every constant of its types, flags,
// numbers and lists with and without values. None is without a next step, and no step sends the reader in a circle.
func TestEveryFindingHasAStep(t *testing.T) {
	m := maker{constants(t, ".."), rand.New(rand.NewPCG(16, 8))} //nolint:gosec // the same numbers every time
	for id, e := range entries {
		seen := map[string]bool{}
		for n := range 150 {
			f := judge.Finding{ID: id, Severity: judge.Problem, Subject: "turn:t.example"}
			if len(e.Of) > 0 && e.Of[0] != nil && n > 0 {
				v := reflect.New(reflect.TypeOf(e.Of[n%len(e.Of)])).Elem()
				m.fill(v, 0)
				f.Evidence = v.Interface()
			}
			text := Of(f)
			if bad := badStep(text); bad != "" && !notes[id] && !seen[bad] {
				seen[bad] = true
				t.Errorf("%s: %s: %q, evidence %+v", id, bad, text.Title, f.Evidence)
			}
		}
	}
}

// TestEveryServerFailureHasAStep tries all causes, details and error codes at all steps of asking a server.
func TestEveryServerFailureHasAStep(t *testing.T) {
	m := maker{constants: constants(t, "..")}
	codes := []int{0, 300, 400, 401, 403, 405, 420, 437, 438, 440, 441, 442, 443, 446, 447, 486, 487, 500, 508, 599}
	if len(m.constants["Cause"]) < 8 || len(m.constants["Detail"]) < 8 || len(m.constants["StageName"]) < 8 {
		t.Fatal(m.constants)
	}
	for _, cause := range append(m.constants["Cause"], "new") {
		for _, detail := range append(m.constants["Detail"], "") {
			for _, stage := range m.constants["StageName"] {
				for _, code := range codes {
					f := diag.Failure{Cause: diag.Cause(cause), Detail: diag.Detail(detail), Code: code}
					s := diag.Server{
						URL: "turn:t.example", TURN: true, Transport: "udp",
						Stages: []diag.Stage{{Name: diag.StageName(stage), Failure: &f}},
					}
					what, advice := failure.Of(&s)
					if bad := badStep(Text{Title: what, Advice: advice}); bad != "" {
						t.Fatalf("%s %s %s %d: %s", cause, detail, stage, code, bad)
					}
				}
			}
		}
	}
}

// badStep says what is wrong with the next step of a finding; empty: nothing.
func badStep(text Text) string {
	switch step := text.Advice; {
	case step == "":
		return "no next step"
	case !strings.HasSuffix(step, ".") && !strings.HasPrefix(step, "Ask the peer to run: "):
		return "no sentence: " + step
	case strings.Contains(strings.ToLower(step), "finding"):
		return "a circle: " + step
	case step == text.Title:
		return "the step is the title"
	}
	return ""
}

// maker makes evidence.
type maker struct {
	constants map[string][]string // by the name of their type
	*rand.Rand
}

// fill sets a value and what it holds.
func (m maker) fill(v reflect.Value, depth int) {
	if !v.CanSet() || depth > 6 {
		return
	}
	switch v.Kind() {
	case reflect.String:
		if list := m.constants[v.Type().Name()]; len(list) > 0 {
			v.SetString(list[m.IntN(len(list))])
		} else {
			v.SetString([]string{"", "x", "7"}[m.IntN(3)])
		}
	case reflect.Bool:
		v.SetBool(m.IntN(2) == 0)
	case reflect.Int, reflect.Int64, reflect.Int32, reflect.Int16, reflect.Int8:
		v.SetInt([]int64{0, 1, 3, 100}[m.IntN(4)])
	case reflect.Uint, reflect.Uint64, reflect.Uint32, reflect.Uint16, reflect.Uint8:
		v.SetUint([]uint64{0, 1, 3, 100}[m.IntN(4)])
	case reflect.Float64, reflect.Float32:
		v.SetFloat([]float64{0, 0.5, 1200}[m.IntN(3)])
	case reflect.Pointer:
		if m.IntN(2) == 0 {
			v.Set(reflect.New(v.Type().Elem()))
			m.fill(v.Elem(), depth+1)
		}
	case reflect.Slice:
		if n := m.IntN(3); n > 0 {
			v.Set(reflect.MakeSlice(v.Type(), n, n))
			for i := range n {
				m.fill(v.Index(i), depth+1)
			}
		}
	case reflect.Struct:
		for i := range v.NumField() {
			m.fill(v.Field(i), depth+1)
		}
	default: // maps and interfaces stay empty
	}
}

// constants collects those of named string types in the source of a directory.
func constants(t *testing.T, dir string) map[string][]string {
	t.Helper()
	out := map[string][]string{}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
		if err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
		ast.Inspect(file, func(n ast.Node) bool {
			spec, ok := n.(*ast.ValueSpec)
			if !ok {
				return true
			}
			kind, _ := spec.Type.(*ast.Ident)
			for _, value := range spec.Values {
				if lit, ok := value.(*ast.BasicLit); ok && kind != nil && lit.Kind == token.STRING {
					text, _ := strconv.Unquote(lit.Value)
					out[kind.Name] = append(out[kind.Name], text)
				}
			}
			return true
		})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// TestAnswerThatIsNotTaken: of a server that made an offer it is not said that it accepts no POST.
func TestAnswerThatIsNotTaken(t *testing.T) {
	for op, post := range map[string]bool{"offer": true, "dial": true, "answer": false} {
		for _, status := range []int{405, 501} {
			advice := SignalAdvice(diag.SignalFailure{Op: op, Reason: "status", Status: status})
			if advice == "" || strings.Contains(advice, "POST") != post {
				t.Errorf("%s, %d: %q", op, status, advice)
			}
		}
	}
}
