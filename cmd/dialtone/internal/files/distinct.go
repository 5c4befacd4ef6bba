package files

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
)

// Use is what a command does with a file.
type Use string

// Values of a [Use].
const (
	Reads  Use = "reads"
	Writes Use = "writes"
	Fills  Use = "fills" // a directory, with files that have names of their own
)

// Named is a file that a flag names; "" if it names none.
type Named struct {
	Flag, Path string
	Use        Use
}

// Distinct says which flags name one file, that one of them would destroy, or nil. The values of one flag are its own
// affair.
func Distinct(list []Named) error {
	for i, b := range list {
		for _, a := range list[:i] {
			if a.Flag == b.Flag || a.Use == b.Use && a.Use != Writes || !Same(a.Path, b.Path) {
				continue
			}
			switch {
			case a.Use == Reads:
				return fmt.Errorf("%s would overwrite the file of %s: give it a file of its own", b.Flag, a.Flag)
			case b.Use == Reads:
				return fmt.Errorf("%s would overwrite the file of %s: give it a file of its own", a.Flag, b.Flag)
			}
			return fmt.Errorf("%s and %s name the same file: give each a file of its own", a.Flag, b.Flag)
		}
	}
	return nil
}

// Same reports whether two paths lead to one file, whatever their spelling, through links too, and also if it does not
// exist yet. Devices, such as /dev/null, are not files: nothing is destroyed there.
func Same(a, b string) bool {
	if a == "" || b == "" {
		return false
	}
	atA, missingA := os.Stat(a)
	atB, missingB := os.Stat(b)
	if missingA == nil && missingB == nil {
		return os.SameFile(atA, atB) && atA.Mode()&os.ModeCharDevice == 0
	}
	a, b = target(a), target(b)
	foldsCase := runtime.GOOS == "windows" || runtime.GOOS == "darwin"
	return a == b || foldsCase && strings.EqualFold(a, b)
}

// target is where a file will be made that does not exist: links lead there.
func target(path string) string {
	if whole, err := filepath.Abs(path); err == nil {
		path = whole
	}
	const maxLinks = 40 // as in Linux
	for range maxLinks {
		dir, base := filepath.Split(path)
		if real, err := filepath.EvalSymlinks(dir); err == nil {
			dir = real
		}
		path = filepath.Join(dir, base)
		link, err := os.Readlink(path)
		switch {
		case err != nil:
			return path
		case filepath.IsAbs(link):
			path = link
		default:
			path = filepath.Join(dir, link)
		}
	}
	return path
}
