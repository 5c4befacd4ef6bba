package settings

import (
	"cmp"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/alecthomas/kong"
)

// envSuffix ends the key that names a variable instead of holding a value.
const envSuffix = "_env"

// ReadScenario reads a file that holds the settings of a command several times: a table [[command]] for each, and at
// the top what applies to all. Other commands of the grammar may have tables, too. Keys are flags with an underscore
// for each hyphen. A text may be in a variable that the key with _env names; a secret must be. MistakeErrors are those
// of [Parsed.Check]; the error says why there is no readable file.
func ReadScenario(path, command string, grammar func() any, o Options) (top *Parsed, each []*Parsed, _ error) {
	tables, err := readTOML(path)
	if err != nil {
		return nil, nil, err
	}
	o.Decoders = o.Decoders.remembered()
	var common []entry
	found := false
	for _, t := range tables {
		p, err := newParser(grammar(), o)
		if err != nil {
			return nil, nil, err
		}
		name := cmp.Or(t.name, command)
		if _, known := p.rows[name]; !known {
			top.mistakes.Add(place(path, t.line),
				fmt.Errorf("unknown table [%s]; write each %s as [[%s]]", t.name, command, command))
			continue
		}
		p.loaded = true
		p.sources = [][]entry{p.acceptTable(path, "", t, p.scenarioKey(name, t.name == "")), common}
		parsed, err := p.parse([]string{name})
		if err != nil {
			return nil, nil, err
		}
		parsed.place = place(path, t.line)
		if t.name != "" {
			each, found = append(each, parsed), found || name == command
			continue
		}
		top = parsed
		common = slices.DeleteFunc(slices.Clone(p.sources[0]), func(e entry) bool {
			return get(p.rows[command], e.name).Tag.Get("scenario") != ""
		})
	}
	if !found {
		top.mistakes.Add(path, fmt.Errorf("no %s in the file: write at least one table [[%s]]", command, command))
	}
	return top, each, nil
}

// scenarioKey finds the settings of a scenario.
func (p *parser) scenarioKey(command string, atTop bool) keyFinder {
	rows := map[string]*kong.Value{} // by key
	for _, row := range p.rows[command] {
		key, where := strings.ReplaceAll(row.Name, "-", "_"), row.Tag.Get("scenario")
		if where == "-" || where == "top" && !atTop {
			continue
		}
		if !isSecret(row) {
			rows[key] = row
		}
		if row.Target.Kind() == reflect.String {
			rows[key+envSuffix] = row
		}
	}
	return func(k tomlKey) (row *kong.Value, texts []string, err error) {
		row, known := rows[k.name]
		_, secret := rows[k.name+envSuffix]
		switch {
		case !known && secret:
			err = fmt.Errorf("do not write secrets to this file: name a variable with %s%s = \"NAME\"", k.name, envSuffix)
		case !known:
			err = fmt.Errorf("unknown key%s", DidYouMean("", k.name, sorted(rows)))
		case strings.HasSuffix(k.name, envSuffix):
			texts, err = fromVariable(k.value, p.options.Environ)
		default:
			texts, err = fromTOML(row, k.value)
		}
		return row, texts, err
	}
}

// fromVariable is the text of the variable that a file names; the last of a name counts.
func fromVariable(name any, environ []string) ([]string, error) {
	for _, pair := range slices.Backward(environ) {
		if key, text, _ := strings.Cut(pair, "="); key == name && text != "" {
			return []string{text}, nil
		}
	}
	return nil, fmt.Errorf("the variable %s is not set", Quote(fmt.Sprint(name)))
}
