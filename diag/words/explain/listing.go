package explain

import (
	"fmt"
	"strings"
)

// Listing has a line for each name: the name, and the first sentence about it.
func Listing(names []string, about func(name string) (text string, ok bool)) string {
	width := 0
	for _, name := range names {
		width = max(width, len(name))
	}
	lines := make([]string, len(names))
	for i, name := range names {
		text, _ := about(name)
		sentence, _, _ := strings.Cut(text, ". ")
		lines[i] = fmt.Sprintf("%-*s  %s", width, name, strings.TrimSuffix(sentence, "."))
	}
	return strings.Join(lines, "\n")
}
