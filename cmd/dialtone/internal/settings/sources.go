package settings

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"

	"github.com/alecthomas/kong"

	"dialtone/cmd/dialtone/internal/files"
)

const (
	envPrefix  = "DIALTONE_"
	configFlag = "config"
)

// EnvName is the variable of a flag: DIALTONE_ICE_PASS for ice-pass.
func EnvName(flag string) string {
	return envPrefix + strings.ToUpper(strings.ReplaceAll(flag, "-", "_"))
}

// entry is what a source says about a setting.
type entry struct {
	command string // the command whose table it is in; "" for all that have the setting
	name    string
	texts   []string
	origin  string
}

// find looks a setting up. In each source the command's own entry precedes the one for all commands.
func (p *parser) find(command string, row *kong.Value) (entry, bool) {
	for _, source := range p.sources {
		for _, table := range []string{command, ""} {
			if table == "" && listed(row, "own", command) {
				break
			}
			for _, e := range source {
				if e.command == table && e.name == row.Name {
					return e, true
				}
			}
		}
	}
	return entry{}, false
}

// accept adds an entry if its texts have no mistake.
func (p *parser) accept(entries []entry, row *kong.Value, e entry, err error) []entry {
	if err == nil {
		err = p.options.Decoders.check(row, e.texts)
	}
	if err != nil {
		p.Add(e.origin, err)
		return entries
	}
	e.name = row.Name
	return append(entries, e)
}

// keyFinder is the setting and the texts of a key.
type keyFinder func(tomlKey) (*kong.Value, []string, error)

// acceptTable takes the keys of a table of a file; find knows the setting of a key.
func (p *parser) acceptTable(path, command string, t tomlTable, find keyFinder) (entries []entry) {
	for _, k := range t.keys {
		row, texts, err := find(k)
		e := entry{command: command, texts: texts, origin: place(path, k.line) + ": " + k.name}
		entries = p.accept(entries, row, e, err)
	}
	return entries
}

// loadEnv takes the variables. An empty one counts as not set.
func (p *parser) loadEnv(environ []string) {
	rows := p.rows.of("")
	var known []string
	for _, row := range rows {
		known = append(known, strings.TrimPrefix(EnvName(row.Name), envPrefix))
	}
	var entries []entry
	for _, pair := range environ {
		name, text, _ := strings.Cut(pair, "=")
		suffix, ours := strings.CutPrefix(name, envPrefix)
		if !ours || text == "" {
			continue
		}
		i := slices.Index(known, suffix)
		if i < 0 {
			p.Add(name, fmt.Errorf("unknown variable%s", DidYouMean(envPrefix, suffix, known)))
			continue
		}
		texts := []string{text}
		if rows[i].IsSlice() && !rows[i].Tag.Has("whole") {
			texts = SplitList(text)
		}
		entries = p.accept(entries, rows[i], entry{texts: texts, origin: name}, nil)
	}
	p.sources = append(p.sources, entries)
}

// SplitList separates several values in one text. JSON is one value.
func SplitList(text string) []string {
	if text = strings.TrimSpace(text); strings.HasPrefix(text, "{") || strings.HasPrefix(text, "[") {
		return []string{text}
	}
	return strings.FieldsFunc(text, func(r rune) bool { return strings.ContainsRune(", \t\n", r) })
}

// loadFile reads the configuration file: the one that is named on the command line or by a variable, else the one in
// the default place, if it is there.
func (p *parser) loadFile(path string) {
	p.loaded = true
	origin := "--" + configFlag
	if row := get(p.rows.of(""), configFlag); path == "" && row != nil {
		if e, ok := p.find("", row); ok {
			path, origin = e.texts[0], e.origin
		}
	}
	if path == "" {
		dir, err := p.options.ConfigDir()
		if err != nil {
			return // without a home there is no default place
		}
		path, origin = filepath.Join(dir, "dialtone", "config.toml"), ""
	}
	tables, err := readTOML(path)
	if err != nil && (origin != "" || !errors.Is(err, fs.ErrNotExist)) {
		p.Add(cmp.Or(origin, path), err)
	}
	if holdsSecrets(tables) {
		if text := files.Exposed(path, "secrets"); text != "" {
			p.warnings = append(p.warnings, text)
		}
	}
	var entries []entry
	for _, t := range tables {
		if _, known := p.rows[t.name]; t.name != "" && !known {
			p.Add(place(path, t.line), fmt.Errorf("unknown table [%s]; there are [%s]", t.name,
				strings.Join(sorted(p.rows), "], [")))
			continue
		}
		entries = append(entries, p.acceptTable(path, t.name, t, p.configKey(t.name))...)
	}
	p.sources = append(p.sources, entries)
}

// holdsSecrets reports whether a file has keys of passwords and the like.
func holdsSecrets(tables []tomlTable) bool {
	return slices.ContainsFunc(tables, func(t tomlTable) bool {
		return slices.ContainsFunc(t.keys, func(k tomlKey) bool { return secretKey.MatchString(k.name) })
	})
}

// configKey finds the settings of the configuration file: at its top those of every command, in a command's table its
// own.
func (p *parser) configKey(table string) keyFinder {
	rows := slices.DeleteFunc(slices.Clone(p.rows.of(table)), func(v *kong.Value) bool { return v.Tag.Get("file") == "-" })
	return func(k tomlKey) (*kong.Value, []string, error) {
		row := get(rows, k.name)
		if _, isCommand := p.rows[k.name]; row == nil && isCommand && table == "" {
			return nil, nil, fmt.Errorf("this is a command: write its flags as a table, [%s]", k.name)
		}
		if row == nil {
			return nil, nil, fmt.Errorf("unknown key%s", DidYouMean("", k.name, names(rows)))
		}
		texts, err := fromTOML(row, k.value)
		return row, texts, err
	}
}
