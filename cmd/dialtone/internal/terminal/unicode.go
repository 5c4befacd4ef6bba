package terminal

import "strings"

// Unicode reports whether the terminal shows more than ASCII. It reads the environment as the C library does: of the
// locale's variables the first that is set and not empty counts (POSIX.1-2024 §8.2). If none is, as on Windows and in
// many containers, Unicode is assumed. The Linux console has 512 glyphs at most, a dumb terminal promises nothing.
func (s Streams) Unicode() bool {
	if term := s.Getenv("TERM"); term == "linux" || term == "dumb" {
		return false
	}
	for _, name := range []string{"LC_ALL", "LC_CTYPE", "LANG"} {
		if locale := strings.ToLower(s.Getenv(name)); locale != "" {
			return strings.Contains(locale, "utf-8") || strings.Contains(locale, "utf8")
		}
	}
	return true
}
