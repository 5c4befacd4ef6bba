package settings

import (
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"dialtone/cmd/dialtone/internal/files"
	"dialtone/diag"
)

// Mistake is one thing that is wrong with the settings.
type Mistake struct {
	Origin string // where it was written: "--for", "DIALTONE_FOR", "/home/me/.config/dialtone/config.toml:3: for"
	Text   string // what is wrong, and how to write it
}

// String is the mistake with its origin, which is not repeated if the text begins with it.
func (m Mistake) String() string {
	if rest, ok := strings.CutPrefix(m.Text, m.Origin); ok && rest != "" && strings.ContainsAny(rest[:1], ": ") {
		return m.Text
	}
	return m.Origin + ": " + m.Text
}

// MistakeErrors are all that were found. As an error there is at least one.
type MistakeErrors []Mistake

func (m MistakeErrors) Error() string {
	lines := make([]string, 0, len(m))
	for _, one := range m {
		lines = append(lines, one.String())
	}
	return strings.Join(lines, "\n")
}

// maxMistakes is how many a report shows.
const maxMistakes = 20

// Report is the text for the user, with the next step.
func (m MistakeErrors) Report(command string) string {
	head := "invalid configuration:"
	if len(m) > 1 {
		head = fmt.Sprintf("invalid configuration, %d mistakes:", len(m))
	}
	var b strings.Builder
	fmt.Fprintf(&b, "dialtone: %s\n", head)
	for _, one := range m[:min(len(m), maxMistakes)] {
		cleaned := Mistake{diag.Clean(one.Origin, 400), diag.Clean(one.Text, 600)}
		fmt.Fprintf(&b, "  %s\n", cleaned)
	}
	if rest := len(m) - maxMistakes; rest > 0 {
		fmt.Fprintf(&b, "  and %d more\n", rest)
	}
	fmt.Fprintf(&b, "Nothing was started. Try: dialtone %s", strings.TrimSpace(command+" --help"))
	return b.String()
}

// Add takes over an error, which may be several joined. MistakeErrors keep their own origin.
func (m *MistakeErrors) Add(origin string, err error) {
	for _, e := range flatten(err) {
		if known, ok := e.(MistakeErrors); ok { //nolint:errorlint // one that is wrapped has further words
			*m = append(*m, known...)
		} else {
			*m = append(*m, Mistake{origin, e.Error()})
		}
	}
}

// flatten takes joined errors apart. An error that wraps others for its own words stays whole.
func flatten(err error) []error {
	if err == nil {
		return nil
	}
	type several interface{ Unwrap() []error }
	joined, ok := err.(several) // only the outermost error may be a list; what it wraps is one mistake each
	if !ok || !isJoin(err, joined.Unwrap()) {
		return []error{err}
	}
	var flat []error
	for _, e := range joined.Unwrap() {
		flat = append(flat, flatten(e)...)
	}
	return flat
}

// isJoin distinguishes errors.Join from fmt.Errorf with several %w.
func isJoin(err error, parts []error) bool { return err.Error() == errors.Join(parts...).Error() }

// mentionedFlag finds the flag in an error's text.
var mentionedFlag = regexp.MustCompile(`--[a-z][a-z-]*`)

// Check returns all mistakes in the settings and those of err as one error of type [MistakeErrors], or nil.
func (p *Parsed) Check(err error) error {
	found := slices.Clone(p.mistakes)
	for _, e := range flatten(errors.Join(err, files.Distinct(p.paths))) {
		origin := p.place
		if flag := mentionedFlag.FindString(e.Error()); flag != "" {
			origin = p.originOf(strings.TrimPrefix(flag, "--"))
		}
		found.Add(origin, e)
	}
	if len(found) == 0 {
		return nil
	}
	return found
}

// originOf says where the value of a flag was written. Without a value it is the place of the command.
func (p *Parsed) originOf(flag string) string {
	if origin, ok := p.origins[flag]; ok {
		return origin
	}
	if p.Typed[flag] {
		return "--" + flag
	}
	return p.place
}

// DidYouMean is the end of a sentence about an unknown word; prefix stands before all candidates.
func DidYouMean(prefix, word string, candidates []string) string {
	if near := diag.Nearest(word, candidates); len(near) > 0 {
		return "; did you mean " + prefix + near[0] + "?"
	}
	return ""
}

// Beside reports the flags of the command line that a target has no use for.
func Beside(typed, may map[string]bool, target string) error {
	var errs []error
	for _, flag := range slices.Sorted(maps.Keys(typed)) {
		if !may[flag] {
			errs = append(errs, fmt.Errorf("--%s does not apply to %s", flag, target))
		}
	}
	return errors.Join(errs...)
}
