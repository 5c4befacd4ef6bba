package report

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"dialtone/diag/lab/labtest"
	"dialtone/diag/report/schematest"
)

// This file asks programs of others what they make of each format.

// written writes all fixtures and some hostile reports in a format, into files of a directory.
func written(t *testing.T, format string) (files []string) {
	t.Helper()
	dir := t.TempDir()
	all := fixtures(t)
	for seed := range uint64(25) {
		all[fmt.Sprintf("hostile-%d", seed)] = hostileReport(seed)
	}
	for name, r := range all {
		var b bytes.Buffer
		if err := Formats[format](&b, r); err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(dir, name+"."+format)
		if err := os.WriteFile(path, b.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
		files = append(files, path)
	}
	return files
}

// run returns what a program prints, on both outputs; it must end well.
func run(t *testing.T, stdin []byte, program string, args ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), program, args...) //nolint:gosec // of the tests' own choice
	cmd.Stdin = bytes.NewReader(stdin)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Errorf("%s: %v\n%.3000s", filepath.Base(program), err, out)
	}
	return string(out)
}

func TestSchemaValidator(t *testing.T) {
	labtest.NeedTime(t)
	if out := schema.Validate(t, written(t, "json")...); out != "" {
		t.Error(out)
	}
	wrong := spoilt(t)
	out := schema.Validate(t, wrong...)
	for _, path := range wrong {
		if !strings.Contains(out, path+" ") {
			t.Errorf("%s was taken for a report", filepath.Base(path))
		}
	}
}

// spoilt are files with one fault each.
func spoilt(t *testing.T) (files []string) {
	t.Helper()
	dir := t.TempDir()
	for name, spoil := range map[string]func(map[string]any){
		"further key":          func(r schematest.Object) { r["more"] = 1 },
		"missing key":          func(r schematest.Object) { delete(r, "findings") },
		"verdict of no kind":   func(r schematest.Object) { r["verdict"] = "maybe" },
		"another schema":       func(r schematest.Object) { r["schema"] = "dialtone.report/1" },
		"null where a list is": func(r schematest.Object) { r["runs"] = nil },
		"text for a number":    func(r schematest.Object) { r["duration_ms"] = "12" },
		"no such exit code":    func(r schematest.Object) { r["exit"].(schematest.Object)["code"] = 77 },
		"deep further key": func(r schematest.Object) {
			r["runs"].([]any)[0].(schematest.Object)["setup"].(schematest.Object)["x"] = 1
		},
		"deep missing key": func(r schematest.Object) {
			delete(r["runs"].([]any)[0].(schematest.Object)["setup"].(schematest.Object), "phases")
		},
	} {
		var b bytes.Buffer
		if err := WriteJSON(&b, recorded(t, "good")); err != nil {
			t.Fatal(err)
		}
		var r schematest.Object
		if err := json.Unmarshal(b.Bytes(), &r); err != nil {
			t.Fatal(err)
		}
		spoil(r)
		raw, err := json.Marshal(r)
		if err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(dir, strings.ReplaceAll(name, " ", "-")+".json")
		if err := os.WriteFile(path, raw, 0o600); err != nil {
			t.Fatal(err)
		}
		files = append(files, path)
	}
	return files
}

func TestJUnitXMLSchema(t *testing.T) {
	xmllint := labtest.NeedProgram(t, "xmllint")
	files := written(t, "junit")
	run(t, nil, xmllint, append([]string{"--noout", "--nonet", "--schema", "testdata/junit.xsd"}, files...)...)
	refused := exec.CommandContext(t.Context(), xmllint, "--noout", "--schema", "testdata/junit.xsd", "-") //nolint:gosec // a fixed command
	refused.Stdin = strings.NewReader(`<testsuite name="x" tests="1" failures="0" errors="0" skipped="0"><testcase name="y"/></testsuite>`)
	if err := refused.Run(); err == nil {
		t.Error("the schema takes a case without a class")
	}
}

// countCases reads JUnit as consumers do: the suites, the cases and what they hold.
const countCases = `
import sys, xml.etree.ElementTree as E
for path in sys.argv[1:]:
    root = E.parse(path).getroot()
    for s in root.findall("testsuite"):
        for what, tag in (("tests", "testcase"), ("failures", "testcase/failure"), ("errors", "testcase/error"), ("skipped", "testcase/skipped")):
            if int(s.get(what)) != len(s.findall(tag)):
                print(path, s.get("name"), what)
`

func TestJUnitInPython(t *testing.T) {
	python := labtest.NeedPython(t, "-c", "pass")
	if out := run(t, nil, python, append([]string{"-c", countCases}, written(t, "junit")...)...); out != "" {
		t.Error(out)
	}
}

// readWithPerl reads TAP with the parser that prove has. One that does not know version 14 yet is told 13, which has the same points,
// plans and diagnostics; subtests are text for it.
const readWithPerl = `
use strict; use TAP::Parser; use TAP::Parser::Grammar;
for my $path (@ARGV) {
    open my $h, '<', $path or die; local $/; my $tap = <$h>;
    my $subtests = $tap =~ /^    1\.\./m;
    my $p = TAP::Parser->new({ tap => "TAP version 14\n1..0\n" });
    1 while $p->next;
    $tap =~ s/^TAP version 14/TAP version 13/ if $p->parse_errors;
    $p = TAP::Parser->new({ tap => $tap });
    my ($points, $yaml) = (0, 0);
    while (my $r = $p->next) {
        $points++ if $r->is_test;
        if ($r->is_yaml) { $yaml++; print "$path: no result\n" unless ref $r->data eq 'HASH' && $r->data->{result}; }
        print "$path: not understood: ", $r->raw, "\n" if $r->is_unknown && !$subtests;
    }
    print "$path: ", join('; ', $p->parse_errors), "\n" if $p->parse_errors;
    print "$path: $points points, $yaml diagnostics\n" if $points == 0 || !$subtests && $points != $yaml;
}
`

func TestTAPParser(t *testing.T) {
	perl := labtest.NeedProgram(t, "perl")
	if out := run(t, nil, perl, append([]string{"-e", readWithPerl}, written(t, "tap")...)...); out != "" {
		t.Error(out)
	}
}

func TestPromtool(t *testing.T) {
	promtool := labtest.NeedProgram(t, "promtool")
	for _, path := range written(t, "prom") {
		raw, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if out := run(t, raw, promtool, "check", "metrics"); out != "" {
			t.Errorf("%s: %s", filepath.Base(path), out)
		}
	}
}

// TestMarkdownRenders: the renderer of GitHub makes tables of the tables, and no element of what is text.
func TestMarkdownRenders(t *testing.T) {
	cmark := labtest.NeedProgram(t, "cmark-gfm")
	for _, path := range written(t, "markdown") {
		raw, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		page := run(t, raw, cmark, "--unsafe", "-e", "table", "-e", "strikethrough", "-e", "autolink")
		for _, tag := range []string{"<script", "<img", "<em>", "<del>", "javascript:x\"", "<strong></strong>"} {
			if strings.Contains(page, tag) {
				t.Errorf("%s: the page holds %s", filepath.Base(path), tag)
			}
		}
		if tables := strings.Count(string(raw), "|---|\n"); strings.Count(page, "<table>") != tables {
			t.Errorf("%s: %d tables of %d", filepath.Base(path), strings.Count(page, "<table>"), tables)
		}
	}
}
