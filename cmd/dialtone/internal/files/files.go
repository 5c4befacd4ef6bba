// Package files reads files up to a limit, and replaces them as a whole.
package files

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
)

// Size is a number of bytes.
type Size int64

// ParseSize reads a size such as 500MB or 2GiB.
func ParseSize(text string) (Size, error) {
	number := strings.TrimRight(text, "kKMGTiB ")
	units := map[string]float64{
		"": 1, "B": 1, "kB": 1e3, "MB": 1e6, "GB": 1e9, "TB": 1e12,
		"KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30, "TiB": 1 << 40,
	}
	unit, known := units[strings.TrimSpace(text[len(number):])]
	n, err := strconv.ParseFloat(number, 64)
	if size := n * unit; known && err == nil && size >= 1<<20 && size <= 1<<50 {
		return Size(size), nil
	}
	return 0, fmt.Errorf("invalid size %.40q: use 1MiB or more, such as 500MB or 2GiB", text)
}

// Read reads a file of at most most bytes.
func Read(path string, most int64) ([]byte, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close() //nolint:errcheck // it was only read
	content, err := io.ReadAll(io.LimitReader(file, most+1))
	if err == nil && int64(len(content)) > most {
		return nil, fmt.Errorf("%s is larger than %d bytes", path, most)
	}
	return content, err
}

// Replace writes a file as a whole or not at all: first beside its place. A pipe or a device is written to directly.
func Replace(path string, content []byte, mode os.FileMode) error {
	if info, err := os.Stat(path); err == nil && !info.Mode().IsRegular() {
		return write(path, content, os.O_WRONLY, mode)
	}
	// In a shared directory such as /tmp another user may plant a link: the name cannot be guessed, and the file must be
	// new.
	beside := filepath.Join(filepath.Dir(path), fmt.Sprintf(".%s.%s.part", filepath.Base(path), rand.Text()))
	err := write(beside, content, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
	if err == nil {
		err = os.Rename(beside, path)
	}
	if err != nil {
		_ = os.Remove(beside) // err says more than this one would
	}
	return err
}

// Exposed says that others than its owner can read a file that holds secrets, and what to do; "" if they cannot.
func Exposed(path, what string) string {
	info, err := os.Stat(path)
	if err != nil || !info.Mode().IsRegular() || info.Mode().Perm()&0o044 == 0 || runtime.GOOS == "windows" {
		return ""
	}
	return fmt.Sprintf("other users can read %s, which holds %s; run: chmod 600 %s", path, what, path)
}

func write(path string, content []byte, flags int, mode os.FileMode) error {
	file, err := os.OpenFile(path, flags, mode)
	if err != nil {
		return err
	}
	_, err = file.Write(content)
	if err == nil && flags&os.O_EXCL != 0 {
		err = file.Sync()
	}
	return errors.Join(err, file.Close())
}
