package calls

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"dialtone/diag"
	"dialtone/diag/record"
)

// Exporter saves on request what a screen has collected of a call.
type Exporter struct {
	Header  record.Header
	Redact  bool
	Secrets []diag.Secret
	dir     string // where to; "" is the working directory
}

// maxExports bounds the files of one second and one code.
const maxExports = 100

// Write saves events to a new file that only its owner can read, and returns its name. It never overwrites a file.
func (x Exporter) Write(events []diag.Event) (string, error) {
	path, err := x.create(time.Now())
	if err != nil {
		return "", fmt.Errorf("cannot save the recording: %w; start dialtone in a directory with write permission, or "+
			"record with --record FILE", err)
	}
	w, err := record.Create(path, x.Header, record.Options{Redact: x.Redact, Secrets: x.Secrets})
	if err != nil {
		return "", err
	}
	return path, errors.Join(w.Write(events), w.Close())
}

// create makes an empty file whose name was free.
func (x Exporter) create(now time.Time) (string, error) {
	base := "dialtone-" + FileWord(x.Header.Config.Code) + "-" + now.Format("20060102-150405")
	for n := 1; ; n++ {
		path := Numbered(filepath.Join(x.dir, base+".jsonl"), n)
		f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
		if err == nil {
			return path, f.Close()
		}
		if !errors.Is(err, fs.ErrExist) || n == maxExports {
			return "", err
		}
	}
}

// FileWord is a name as a part of a file name: letters and digits stay, anything else becomes a hyphen.
func FileWord(name string) string {
	word := strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '_' {
			return r
		}
		return '-'
	}, name)
	if word = strings.Trim(word, "-"); word == "" {
		return "call"
	}
	return word[:min(len(word), 40)]
}

// exporter saves as --record would: addresses are masked with --redact, credentials always.
func (r *running) exporter() Exporter {
	return Exporter{
		Header: record.NewHeader(r.place.Config, r.log.Start()), Redact: r.place.Redact, Secrets: r.place.Secrets(),
	}
}

// Numbered is the file for the n-th recording: call.jsonl, call-2.jsonl, …
func Numbered(path string, n int) string {
	if path == "" || n == 1 {
		return path
	}
	extension := filepath.Ext(path)
	return fmt.Sprintf("%s-%d%s", strings.TrimSuffix(path, extension), n, extension)
}
