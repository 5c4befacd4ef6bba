package save

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"dialtone/diag"
)

// file is one that is being written. Only its owner can read it.
type file struct {
	*os.File
	path   string
	budget *Budget
	size   int64
}

// Write counts what is written.
func (f *file) Write(b []byte) (int, error) {
	n, err := f.File.Write(b)
	f.size += int64(n)
	f.budget.used.Add(int64(n))
	return n, err
}

// create makes a new file; one that is there already, of another call, stays.
func (s *Saver) create(t Track, extension string) (*file, error) {
	base := name(t)
	for i := 1; ; i++ {
		path := filepath.Join(s.o.Dir, base+extension)
		if i > 1 {
			path = filepath.Join(s.o.Dir, base+"-"+strconv.Itoa(i)+extension)
		}
		f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
		if errors.Is(err, os.ErrExist) && i < 10_000 {
			continue
		}
		if err != nil {
			return nil, err
		}
		return &file{File: f, path: path, budget: s.o.Budget}, nil
	}
}

// name is kind-mid-ssrc, of which the peer chooses the last two.
func name(t Track) string {
	clean := func(r rune) rune {
		if r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' {
			return r
		}
		return '_'
	}
	mid := strings.Map(clean, t.Mid[:min(len(t.Mid), 32)])
	if mid == "" {
		return fmt.Sprintf("%s-%d", t.Kind, t.SSRC)
	}
	return fmt.Sprintf("%s-%s-%d", t.Kind, mid, t.SSRC)
}

// report says what a file holds, now that it is whole.
func (s *Saver) report(f *file, t Track, d diag.MediaFile) {
	d.File, d.Kind, d.Mid, d.SSRC = f.path, t.Kind, t.Mid, t.SSRC
	if info, err := os.Stat(f.path); err == nil {
		d.Bytes = info.Size()
	}
	s.o.Emit(d)
}
