package main

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/alecthomas/kong"

	"dialtone/diag"
	diagcheck "dialtone/diag/check"
	"dialtone/diag/judge"
	"dialtone/diag/report"
)

// count is a whole number from 1.
type count struct {
	n int
	flaw
}

// maxCount bounds how many calls a check may place.
const maxCount = 10_000

// Decode implements kong.MapperValue.
func (c *count) Decode(ctx *kong.DecodeContext) error { return c.decode(ctx, c.set) }

func (c *count) set(raw string) error {
	v, err := strconv.Atoi(raw)
	if err != nil || v < 1 || v > maxCount {
		return fmt.Errorf("%s is no count: write a whole number from 1 to %d", quote(raw), maxCount)
	}
	c.n = v
	return nil
}

// roleName is the part to play in a room.
type roleName struct {
	name string
	flaw
}

// Decode implements kong.MapperValue.
func (r *roleName) Decode(ctx *kong.DecodeContext) error { return r.decode(ctx, r.set) }

func (r *roleName) set(raw string) error {
	if raw != diagcheck.RoleOffer && raw != diagcheck.RoleAnswer && raw != diagcheck.RoleAny {
		return fmt.Errorf("%s is no role: write offer, answer or any", quote(raw))
	}
	r.name = raw
	return nil
}

// pathName is the path that a call is to take.
type pathName struct {
	name string
	flaw
}

// Decode implements kong.MapperValue.
func (p *pathName) Decode(ctx *kong.DecodeContext) error { return p.decode(ctx, p.set) }

func (p *pathName) set(raw string) error {
	if raw != judge.ExpectDirect && raw != judge.ExpectRelay && raw != "any" {
		return fmt.Errorf("%s is no path: write direct, relay or any", quote(raw))
	}
	p.name = raw
	return nil
}

// path is the expectation: "" for any.
func (p *pathName) path() string {
	if p.name == "any" {
		return ""
	}
	return p.name
}

// expressions are assertions; it grows with each value.
type expressions struct {
	list []*diagcheck.Assertion
	flaw
}

// Decode implements kong.MapperValue.
func (e *expressions) Decode(ctx *kong.DecodeContext) error { return e.decode(ctx, e.set) }

func (*expressions) splits() bool { return false }

func (e *expressions) set(raw string) error {
	a, err := diagcheck.ParseAssertion(raw)
	if err != nil {
		return fmt.Errorf("%w; docs/check.md lists all names", err)
	}
	e.list = append(e.list, a)
	return nil
}

// output is one form in which a report is written.
type output struct {
	format string
	file   string // "" or "-" for stdout
	write  report.Writer
}

func (o output) stdout() bool { return o.file == "" }

// outputs are those of a report; it grows with each value.
type outputs struct {
	list []output
	flaw
}

// Decode implements kong.MapperValue.
func (o *outputs) Decode(ctx *kong.DecodeContext) error { return o.decode(ctx, o.set) }

func (*outputs) splits() bool { return true }

func (o *outputs) set(raw string) error {
	format, file, _ := strings.Cut(raw, "=")
	if file == "-" {
		file = ""
	}
	known := slices.Sorted(maps.Keys(report.Formats))
	write, ok := report.Formats[format]
	if !ok {
		return fmt.Errorf("%s is no format%s; there are %s", quote(format), didYouMean("", format, known),
			strings.Join(known, ", "))
	}
	if file != "" {
		if info, err := os.Stat(filepath.Dir(file)); err != nil || !info.IsDir() {
			return fmt.Errorf("%s cannot be written: there is no directory %s; make it first", quote(file),
				quote(filepath.Dir(file)))
		}
	}
	o.list = append(o.list, output{format: format, file: file, write: write})
	return nil
}

// clash tells of two reports to one place.
func clash(list []output) error {
	taken := map[string]string{}
	for _, o := range list {
		place := "stdout"
		if !o.stdout() {
			place = filepath.Clean(o.file)
		}
		if other, ok := taken[place]; ok {
			return fmt.Errorf("both %s and %s are to be written to %s: name a file of its own for one of them, as -o %s=FILE",
				other, o.format, place, o.format)
		}
		taken[place] = o.format
	}
	return nil
}

// fileName makes a name fit for a file.
func fileName(s string) string {
	fit := func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '-' || r == '_' {
			return r
		}
		return '-'
	}
	return strings.Map(fit, diag.Clean(s, 60))
}
