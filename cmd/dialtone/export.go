package main

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

// exporter saves on request what a screen has collected of a call.
type exporter struct {
	header  record.Header
	redact  bool
	secrets []diag.Secret
	dir     string // where to; "" is the working directory
}

// maxExports bounds the files of one second and one code.
const maxExports = 100

// write saves events to a new file that only its owner can read, and returns its name. It never overwrites a file.
func (x exporter) write(events []diag.Event) (string, error) {
	path, err := x.create(time.Now())
	if err != nil {
		return "", fmt.Errorf("cannot save the recording: %w; start dialtone in a directory with write permission, or record with --record FILE", err)
	}
	w, err := record.Create(path, x.header, record.Options{Redact: x.redact, Secrets: x.secrets})
	if err != nil {
		return "", err
	}
	return path, errors.Join(w.Write(events), w.Close())
}

// create makes an empty file whose name was free.
func (x exporter) create(now time.Time) (string, error) {
	base := "dialtone-" + fileWord(x.header.Config.Code) + "-" + now.Format("20060102-150405")
	for n := 1; ; n++ {
		path := numbered(filepath.Join(x.dir, base+".jsonl"), n)
		f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
		if err == nil {
			return path, f.Close()
		}
		if !errors.Is(err, fs.ErrExist) || n == maxExports {
			return "", err
		}
	}
}

// fileWord is a name as a part of a file name: letters and digits stay, anything else becomes a hyphen.
func fileWord(name string) string {
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
func (r *running) exporter() exporter {
	return exporter{
		header: record.NewHeader(r.place.config, r.log.Start()), redact: r.place.redact, secrets: r.place.secrets(),
	}
}

// secrets are the texts that no file may contain.
func (p placement) secrets() []diag.Secret {
	var out []diag.Secret
	if p.config.Token != "" {
		out = append(out, p.config.Token)
	}
	for _, server := range p.config.ICEServers {
		out = append(out, server.Credential)
	}
	return out
}
