package main

import (
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"

	"dialtone/diag"
)

// mistake is one thing that is wrong with the configuration.
type mistake struct {
	origin string // where it was written: "--for", "DIALTONE_FOR", "/home/me/.config/dialtone/config.toml: call.for"
	text   string // what is wrong, and how to write it
}

// mistakes of one error, which may be several joined.
func mistakesOf(origin string, err error) []mistake {
	var found []mistake
	for _, e := range flatten(err) {
		found = append(found, mistake{origin, e.Error()})
	}
	return found
}

// flatten takes joined errors apart. An error that wraps others for its own words stays whole.
func flatten(err error) []error {
	if err == nil {
		return nil
	}
	type several interface{ Unwrap() []error }
	joined, ok := err.(several) // the outermost layer alone is a list; what it wraps is one mistake each
	if !ok || !isJoin(err, joined.Unwrap()) {
		return []error{err}
	}
	var flat []error
	for _, e := range joined.Unwrap() {
		flat = append(flat, flatten(e)...)
	}
	return flat
}

// isJoin tells errors.Join from fmt.Errorf with several %w.
func isJoin(err error, parts []error) bool { return err.Error() == errors.Join(parts...).Error() }

// mentionedFlag finds the flag that a text speaks of.
var mentionedFlag = regexp.MustCompile(`--[a-z][a-z-]*`)

// tell writes all mistakes, one a line, and what to do.
func tell(w io.Writer, command string, found []mistake) {
	head := "there is a mistake in the configuration:"
	if len(found) > 1 {
		head = fmt.Sprintf("there are %d mistakes in the configuration:", len(found))
	}
	var b strings.Builder
	fmt.Fprintf(&b, "dialtone: %s\n", head)
	for _, m := range found {
		fmt.Fprintf(&b, "  %s: %s\n", diag.Clean(m.origin, 400), diag.Clean(m.text, 600))
	}
	fmt.Fprintf(&b, "Nothing was started. Try: dialtone %s --help\n", command)
	complain(w, strings.TrimSuffix(b.String(), "\n"))
}

// complain writes a text and a line end to stderr. When that fails there is nobody left to tell.
func complain(w io.Writer, text string) { _, _ = io.WriteString(w, text+"\n") }

// nearest is the candidate that a misspelt word probably meant, or "" where none is near.
func nearest(word string, candidates []string) string {
	best, distance := "", len(word)/3+2 // 1 to a few letters, by length
	for _, c := range slices.Sorted(slices.Values(candidates)) {
		if d := diag.EditDistance(word, c); d < distance {
			best, distance = c, d
		}
	}
	return best
}

// didYouMean is the end of a sentence about an unknown word; prefix stands before all candidates.
func didYouMean(prefix, word string, candidates []string) string {
	if n := nearest(word, candidates); n != "" {
		return "; did you mean " + prefix + n + "?"
	}
	return ""
}
