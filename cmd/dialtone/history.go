package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"slices"
	"strings"

	"dialtone/tui/start"
)

const (
	historySchema  = "dialtone.history/1"
	historyEntries = 20
	maxHistory     = 256 << 10 // bytes
)

// notRemembered are fields that the history does not keep: accounts are nobody's business, and the file of a recording
// must not be named a second time by accident.
var notRemembered = []string{"ice-user", "ice-pass", "record"}

// history is what was chosen on the start screen, the latest first. It holds no credentials.
type history struct {
	Schema  string      `json:"schema"`
	Entries []pastEntry `json:"entries"`
}

type pastEntry struct {
	Command string            `json:"command"`
	Values  map[string]string `json:"values"`
}

// historyFile is where the history is kept: dialtone/history.json in the user's directory for state, which is
// $XDG_STATE_HOME or ~/.local/state, and on macOS and Windows the directory for caches.
func historyFile(environ []string) (string, error) {
	var dir, home string
	for _, pair := range environ {
		switch name, text, _ := strings.Cut(pair, "="); name {
		case "XDG_STATE_HOME":
			dir = text
		case "HOME":
			home = text
		}
	}
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

// readHistory reads the file; one that is not there is an empty history. With an error the history is empty too.
func readHistory(path string) (history, error) {
	file, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return history{}, nil
	}
	if err != nil {
		return history{}, err
	}
	defer file.Close() //nolint:errcheck // it was only read
	text, err := io.ReadAll(io.LimitReader(file, maxHistory+1))
	if err != nil {
		return history{}, err
	}
	var h history
	switch err := json.Unmarshal(text, &h); {
	case len(text) > maxHistory:
		return history{}, fmt.Errorf("%s is larger than %d bytes", path, maxHistory)
	case err != nil:
		return history{}, fmt.Errorf("%s is damaged: %w", path, err)
	case h.Schema != historySchema:
		return history{}, fmt.Errorf("%s is not of the schema %s", path, historySchema)
	}
	h.Entries = h.Entries[:min(len(h.Entries), historyEntries)]
	return h, nil
}

// with is the history with a further entry in front. An equal one is not kept twice.
func (h history) with(c start.Choice) history {
	entry := pastEntry{Command: c.Command, Values: map[string]string{}}
	for name, text := range c.Values {
		if !slices.Contains(notRemembered, name) {
			entry.Values[name] = text
		}
	}
	kept := history{Schema: historySchema, Entries: []pastEntry{entry}}
	for _, e := range h.Entries {
		if len(kept.Entries) < historyEntries && !reflect.DeepEqual(e, entry) {
			kept.Entries = append(kept.Entries, e)
		}
	}
	return kept
}

// write replaces the file as a whole: a reader sees the old one or the new one. Only its owner can read it.
func (h history) write(path string) error {
	text, err := json.MarshalIndent(h, "", " ")
	if err != nil {
		return err
	}
	dir := filepath.Dir(path)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	file, err := os.CreateTemp(dir, ".history-*") // with mode 0600
	if err != nil {
		return err
	}
	_, err = file.Write(append(text, '\n'))
	err = errors.Join(err, file.Close())
	if err == nil {
		err = os.Rename(file.Name(), path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(file.Name()))
	}
	return nil
}

// recent is the history as the start screen shows it.
func (h history) recent() []start.Recent {
	var list []start.Recent
	for _, e := range h.Entries {
		list = append(list, start.Recent{Command: e.Command, Title: pastTitle(e), Values: e.Values})
	}
	return list
}

// pastTitle says in a few words what was done.
func pastTitle(e pastEntry) string {
	switch v := start.Values(e.Values); {
	case e.Command == "replay":
		return v["file"]
	case v["code"] != "":
		return v["code"] + " at " + v["server"]
	case v["room"] != "":
		return v["room"] + " at " + v["server"]
	case e.Command == "nat" && v["ice"] != "":
		return v["ice"]
	case v.On("public"):
		return "with public servers"
	case v.On("relay-only"):
		return "over the relay alone"
	case v.On("no-media"):
		return "without media"
	}
	return "as it is"
}
