package toml

import (
	"errors"
	"runtime"
	"strings"
	"testing"
	"time"
)

// costly are texts whose decoding costs seconds or gigabytes without limits.
func costly() map[string]string {
	deep := strings.Repeat("a.", 20_000) + "a"
	return map[string]string{
		"dotted key":          deep + " = 1",
		"dotted table":        "[" + deep + "]",
		"table of tables":     "[[" + deep + "]]",
		"nested tables":       "a = " + strings.Repeat("{a = ", 20_000) + "1" + strings.Repeat("}", 20_000),
		"nested lists":        "a = " + strings.Repeat("[", 100_000) + strings.Repeat("]", 100_000),
		"key in a table":      "a = {" + deep + " = 1}",
		"key in a list":       "a = [1, {" + deep + " = 1}]",
		"after a long string": `a = ["""x"""", {` + deep + " = 1}]",
		"after a literal":     `a = ['''x''''', {` + deep + " = 1}]",
		"after an escape":     `a = ["\\", {` + deep + " = 1}]",
		"after a comment":     "a = [ # \"\n{" + deep + " = 1}]",
		"spaces and quotes":   strings.Repeat(`"" . `, 20_000) + `"" = 1`,
		"long key":            `["` + strings.Repeat("x", 100_000) + "\"]\n" + strings.Repeat("a.b=1\n", 10_000),
		"long dotted key":     `"` + strings.Repeat("x", 100_000) + "\".a = 1",
		"large":               strings.Repeat("a=1\n", 100_000),
	}
}

func TestLimits(t *testing.T) {
	for name, text := range costly() {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		began := time.Now()
		var v map[string]any
		_, err := Decode(text, &v)
		var over *LimitError
		if !errors.As(err, &over) {
			t.Errorf("%s: %v", name, err)
		}
		runtime.ReadMemStats(&after)
		if took, made := time.Since(began), after.TotalAlloc-before.TotalAlloc; took > time.Second || made > 10<<20 {
			t.Errorf("%s: %v and %d MB", name, took, made>>20)
		}
	}
}

// TestBounds: each bound by itself, little beyond it.
func TestBounds(t *testing.T) {
	for _, text := range []string{
		"a = " + strings.Repeat("[", 17) + strings.Repeat("]", 17),
		"a" + strings.Repeat(".a", 16) + " = 1",
		strings.Repeat("x", 520) + " = 1",
		"a = 1" + strings.Repeat(" ", 260<<10),
	} {
		var v map[string]any
		var over *LimitError
		if _, err := Decode(text, &v); !errors.As(err, &over) {
			t.Errorf("%.50q: %v", text, err)
		}
	}
}

// TestOrdinary: what files of settings hold is within the limits.
func TestOrdinary(t *testing.T) {
	for _, text := range []string{
		"", "a = 1\n", "[call]\nfor = \"1s\"\n[[check]]\nice = [\"stun:a.example.org:3478\",\n  \"turn:b.c.d.e.f.example.org\"]\n",
		"a.b.c = 1", "x = 1.5 # a.b.c.d.e.f.g.h.i.j.k.l.m.n.o.p.q.r.s", "a = [[[1]]]\nb = {c = {d = 1}}",
		"a = \"\"\"\n" + strings.Repeat("a.[{", 1000) + "\n\"\"\"\"\"\nb = '''" + strings.Repeat("a.[{", 1000) + "'''\n",
		"a = \"" + strings.Repeat(`\".[{`, 1000) + "\"\nb = '" + strings.Repeat(`\.[{`, 1000) + "'\n",
		"a = [\n" + strings.Repeat("  \"192.0.2.1\", [1.5, 2.5],\n", 5000) + "]\n",
		"a = ['" + strings.Repeat("x = [1]. ", 500) + "']\nb = [[\"" + strings.Repeat("y", 3000) + "\"]]\n",
		strings.Repeat("[[check]]\nname = \"x\"\n", 1000),
	} {
		var v map[string]any
		if _, err := Decode(text, &v); err != nil {
			t.Errorf("%.100q: %v", text, err)
		}
	}
}

func depth(v any) int {
	deepest := 0
	switch v := v.(type) {
	case map[string]any:
		for _, inner := range v {
			deepest = max(deepest, depth(inner))
		}
	case []map[string]any:
		for _, inner := range v {
			deepest = max(deepest, depth(inner))
		}
	case []any:
		for _, inner := range v {
			deepest = max(deepest, depth(inner))
		}
	default:
		return 0
	}
	return deepest + 1
}

// FuzzDecode: nothing deep is hidden from the limits.
func FuzzDecode(f *testing.F) {
	for _, text := range costly() {
		f.Add(text[:min(len(text), 200)])
	}
	f.Add("a = \"\"\"x\"\"\"\" # \"\nb = '''y'''\n[[c]]\nd.e = {f = [1, 2]}")
	f.Fuzz(func(t *testing.T, text string) {
		var v map[string]any
		if _, err := Decode(text, &v); err == nil && depth(v) > maxDepth*maxParts+maxParts {
			t.Errorf("%d tables inside each other", depth(v))
		}
	})
}
