package settings

import "strings"

// ShellQuoted is an argument that can be pasted into a shell.
func ShellQuoted(arg string) string {
	harmless := func(r rune) bool {
		return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("-_./:@%+,=", r)
	}
	if arg != "" && !strings.HasPrefix(arg, "-") && strings.TrimFunc(arg, harmless) == "" {
		return arg
	}
	return "'" + strings.ReplaceAll(arg, "'", `'\''`) + "'"
}
