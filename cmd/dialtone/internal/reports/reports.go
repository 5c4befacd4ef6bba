// Package reports writes the report of a check to all its places, and its progress to stderr.
package reports

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"dialtone/cmd/dialtone/internal/files"
	"dialtone/cmd/dialtone/internal/settings"
	"dialtone/diag/record"
	"dialtone/diag/report"
)

// Place is a format of a kind of report and the place to write it to.
type Place[R any] struct {
	format string
	file   string // "" for stdout
	write  func(io.Writer, *R) error
}

// Output is a place for the report of a check.
type Output = Place[report.Report]

// Formats lists the known formats.
func Formats() []string { return slices.Sorted(maps.Keys(report.Formats)) }

// Parse reads FORMAT or FORMAT=FILE of the report of a check, where - stands for stdout.
func Parse(text string) (Output, error) { return ParsePlace(text, report.Formats) }

// ParsePlace reads FORMAT or FORMAT=FILE, where - stands for stdout.
func ParsePlace[R any, W ~func(io.Writer, *R) error](text string, formats map[string]W) (Place[R], error) {
	format, file, _ := strings.Cut(text, "=")
	if file == "-" {
		file = ""
	}
	write, ok := formats[format]
	if known := slices.Sorted(maps.Keys(formats)); !ok {
		return Place[R]{}, fmt.Errorf("unknown format %s%s; there are %s", settings.Quote(format),
			settings.DidYouMean("", format, known), strings.Join(known, ", "))
	}
	if file != "" {
		if info, err := os.Stat(filepath.Dir(file)); err != nil || !info.IsDir() {
			return Place[R]{}, fmt.Errorf("cannot write %s: create its directory first", settings.Quote(file))
		}
	}
	return Place[R]{format: format, file: file, write: write}, nil
}

// File is the path of the file, "" for stdout.
func (o Place[R]) File() string { return o.file }

// Stdout are the outputs that go there.
func Stdout(list []Output) []Output {
	return slices.DeleteFunc(slices.Clone(list), func(o Output) bool { return o.file != "" })
}

// Asked are the outputs of a command line that cannot be read as a whole, without files that stand in it twice.
func Asked(args []string) []Output {
	var out []Output
	for i, arg := range args {
		text, long := strings.CutPrefix(arg, "--out=")
		switch {
		case long:
		case (arg == "-o" || arg == "--out") && i+1 < len(args):
			text = args[i+1]
		case strings.HasPrefix(arg, "-o"):
			text = arg[len("-o"):]
		default:
			continue
		}
		o, err := Parse(text)
		others := slices.DeleteFunc(slices.Clone(args), func(other string) bool { return !strings.HasSuffix(other, o.file) })
		if err == nil && (o.file == "" || len(others) == 1) {
			out = append(out, o)
		}
	}
	return out
}

// Clash reports two outputs with one place.
func Clash[R any](list []Place[R]) error {
	for i, o := range list {
		for _, other := range list[:i] {
			if o.file == other.file || files.Same(o.file, other.file) {
				return fmt.Errorf("%s and %s both go to %s: give one of them a file, such as -o %s=FILE", other.format, o.format,
					cmp.Or(o.file, "stdout"), o.format)
			}
		}
	}
	return nil
}

// Guard keeps out of jsonl, which is a recording, what recordings do not hold.
func Guard(list []Output, o record.Options) []Output {
	list = slices.Clone(list)
	for i := range list {
		if write := list[i].write; list[i].format == "jsonl" {
			list[i].write = func(w io.Writer, r *report.Report) error {
				var b bytes.Buffer
				if err := write(&b, r); err != nil {
					return err
				}
				_, err := w.Write(record.Clean(b.Bytes(), o))
				return err
			}
		}
	}
	return list
}

// Write writes the report to all its places; a failure at one does not affect the others. Text goes to stdout if
// nothing else does.
func Write(stdout io.Writer, r *report.Report, list []Output) error {
	return WritePlaces(stdout, r, list, report.WriteText)
}

// WritePlaces writes a report of any kind like [Write].
func WritePlaces[R any](stdout io.Writer, r *R, list []Place[R], text func(io.Writer, *R) error) error {
	if !slices.ContainsFunc(list, func(o Place[R]) bool { return o.file == "" }) {
		list = append([]Place[R]{{format: "text", write: text}}, list...)
	}
	return WriteOnly(stdout, r, list)
}

// WriteOnly writes the report to these places and to no other; a failure at one does not affect the others.
func WriteOnly[R any](stdout io.Writer, r *R, list []Place[R]) error {
	var errs []error
	for _, o := range list {
		errs = append(errs, o.writeTo(stdout, r))
	}
	return errors.Join(errs...)
}

// address finds what looks like an IP address or an mDNS name.
var address = regexp.MustCompile(`\b\d{1,3}(\.\d{1,3}){3}\b|([0-9a-fA-F]{1,4}:){4}|::[0-9a-fA-F]|\.local\b`)

// modeOf is the mode of a file: only its owner reads one that holds addresses.
func modeOf(content []byte) os.FileMode {
	if address.Match(content) {
		return 0o600
	}
	return 0o666
}

func (o Place[R]) writeTo(stdout io.Writer, r *R) error {
	var b bytes.Buffer
	if err := o.write(&b, r); err != nil {
		return fmt.Errorf("cannot make the report as %s: %w", o.format, err)
	}
	if o.file != "" {
		if err := files.Replace(o.file, b.Bytes(), modeOf(b.Bytes())); err != nil {
			return fmt.Errorf("cannot write the report as %s: %w; check the disk and the directory", o.format, err)
		}
		return nil
	}
	_, err := stdout.Write(b.Bytes())
	return err
}
