package forms

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"dialtone/cmd/dialtone/internal/files"
	"dialtone/tui/start"
)

const (
	historySchema  = "dialtone.history/2"
	historyEntries = 20
	maxHistory     = 256 << 10 // bytes
)

// History is what was chosen on the start screen, the latest first, as command lines without dialtone. It holds no
// credentials.
type History struct {
	Schema string     `json:"schema"`
	Lines  [][]string `json:"lines"`
}

// HistoryFile is where the history is kept: dialtone/history.json in the user's directory for state, which is
// $XDG_STATE_HOME or ~/.local/state, and on macOS and Windows the directory for caches.
func HistoryFile(getenv func(string) string) (string, error) {
	dir, home := getenv("XDG_STATE_HOME"), getenv("HOME")
	switch {
	case filepath.IsAbs(dir):
	case runtime.GOOS == "darwin" || runtime.GOOS == "windows":
		cache, err := os.UserCacheDir()
		if err != nil {
			return "", err
		}
		dir = cache
	case filepath.IsAbs(home):
		dir = filepath.Join(home, ".local", "state")
	default:
		return "", errors.New("neither XDG_STATE_HOME nor HOME names a directory")
	}
	return filepath.Join(dir, "dialtone", "history.json"), nil
}

// ReadHistory reads the file; one that is not there is an empty history. With an error the history is empty too.
func ReadHistory(path string) (History, error) {
	text, err := files.Read(path, maxHistory)
	if errors.Is(err, fs.ErrNotExist) {
		return History{}, nil
	}
	if err != nil {
		return History{}, err
	}
	var h History
	if err := json.Unmarshal(text, &h); err != nil {
		return History{}, fmt.Errorf("%s is damaged: %w", path, err)
	}
	if h.Schema != historySchema {
		return History{}, fmt.Errorf("%s is not of the schema %s", path, historySchema)
	}
	h.Lines = h.Lines[:min(len(h.Lines), historyEntries)]
	return h, nil
}

// With is the history with a further choice in front. An equal one is not kept twice; private settings and JSON, which
// may have a password, are not kept.
func (h History) With(f Form, v start.Values) History {
	v = maps.Clone(v)
	for _, field := range f.Fields {
		if field.Private || strings.ContainsAny(v[field.Name], "{[") && json.Valid([]byte(v[field.Name])) {
			v[field.Name] = field.Value
		}
	}
	line := f.Args(v)
	kept := History{Schema: historySchema, Lines: [][]string{line}}
	for _, l := range h.Lines {
		if len(kept.Lines) < historyEntries && !slices.Equal(l, line) {
			kept.Lines = append(kept.Lines, l)
		}
	}
	return kept
}

// Write replaces the file. Only its owner can read it.
func (h History) Write(path string) error {
	text, err := json.MarshalIndent(h, "", " ")
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	return files.Replace(path, append(text, '\n'), 0o600)
}

// Recent is the history as the start screen shows it.
func (h History) Recent(all []Form) []start.Recent {
	var list []start.Recent
	for _, line := range h.Lines {
		if len(line) == 0 {
			continue
		}
		if f, err := Find(all, line[0]); err == nil {
			title := cmp.Or(strings.Join(shellWords(line[1:]), " "), "with the configured settings")
			list = append(list, start.Recent{Command: f.Command, Title: title, Values: f.Values(line)})
		}
	}
	return list
}
