package settings

import (
	"cmp"
	"errors"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"

	"github.com/alecthomas/kong"
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

// accept checks texts for a setting and adds them to entries.
func (p *parser) accept(entries []entry, command string, row *kong.Value, texts []string, origin string) []entry {
	if err := p.options.Decoders.check(row, texts); err != nil {
		p.Add(origin, err)
		return entries
	}
	return append(entries, entry{command, row.Name, texts, origin})
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
			p.addf(name, "unknown variable%s", DidYouMean(envPrefix, suffix, known))
			continue
		}
		texts := []string{text}
		if rows[i].IsSlice() && !rows[i].Tag.Has("whole") {
			texts = SplitList(text)
		}
		entries = p.accept(entries, "", rows[i], texts, name)
	}
	p.sources = append(p.sources, entries)
}

// SplitList separates several values in one text.
func SplitList(text string) []string {
	return strings.FieldsFunc(text, func(r rune) bool { return strings.ContainsRune(", \t\n", r) })
}

// loadFile reads the configuration file: the one that is named on the command line or by a variable, else the one in the
// default place, if it is there.
func (p *parser) loadFile(command, path string) {
	p.loaded = true
	origin := "--" + configFlag
	if row := get(p.rows[command], configFlag); path == "" && row != nil {
		if e, ok := p.find(command, row); ok {
			path, origin = e.texts[0], e.origin
		}
	}
	if path == "" && p.options.ConfigDir != nil {
		dir, err := p.options.ConfigDir()
		if err != nil {
			return // without a home there is no default place
		}
		path, origin = filepath.Join(dir, "dialtone", "config.toml"), ""
	}
	tables, err := readTOML(path)
	if origin == "" && errors.Is(err, fs.ErrNotExist) {
		return
	}
	p.sources = append(p.sources, p.config(path, origin, tables, err))
}

// config takes the entries of a configuration file: at the top those for every command, in a command's table those for it.
func (p *parser) config(path, origin string, tables []tomlTable, err error) (entries []entry) {
	var syntax Mistakes
	switch {
	case errors.As(err, &syntax):
		p.Mistakes = append(p.Mistakes, syntax...)
	case err != nil:
		p.addf(cmp.Or(origin, path), "cannot read the configuration file: %v", err)
	}
	for _, t := range tables {
		if _, known := p.rows[t.name]; t.name != "" && (!known || t.array) {
			p.addf(t.origin(path), "unknown table [%s]; there are [%s]", t.name, strings.Join(sorted(p.rows), "], ["))
			continue
		}
		rows := slices.DeleteFunc(slices.Clone(p.rows.of(t.name)), func(v *kong.Value) bool { return v.Tag.Get("file") == "-" })
		for _, k := range t.keys {
			entries = p.fileKey(entries, path, t, k, rows)
		}
	}
	return entries
}

// fileKey takes one key of the configuration file.
func (p *parser) fileKey(entries []entry, path string, t tomlTable, k tomlKey, rows []*kong.Value) []entry {
	origin := k.origin(path)
	if _, isCommand := p.rows[k.name]; isCommand && t.name == "" {
		p.addf(origin, "this is a command: write its flags as a table, [%s]", k.name)
		return entries
	}
	row := get(rows, k.name)
	if row == nil {
		p.addf(origin, "unknown key%s", DidYouMean("", k.name, names(rows)))
		return entries
	}
	texts, err := fromTOML(row, k.value)
	if err != nil {
		p.Add(origin, err)
		return entries
	}
	return p.accept(entries, t.name, row, texts, origin)
}
