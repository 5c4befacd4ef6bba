package settings

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/alecthomas/kong"
)

// envSuffix ends the key that names a variable instead of holding a value.
const envSuffix = "_env"

// ReadScenario reads a file that holds the settings of a command several times: a table [[command]] for each, and at the top
// what applies to all. Keys are flags with an underscore for each hyphen. A text may be in a variable that the key with _env
// names; a secret must be. Mistakes are those of [Parsed.Check]; the error says why there is no readable file.
func ReadScenario(path, command string, grammar func() any, o Options) (top *Parsed, each []*Parsed, _ error) {
	tables, err := readTOML(path)
	if err != nil {
		return nil, nil, err
	}
	var common []entry
	for _, t := range tables {
		p, err := newParser(grammar(), o)
		if err != nil {
			return nil, nil, err
		}
		p.loaded = true
		switch {
		case t.name == "":
			common = p.scenarioTable(path, command, t, func(tag string) bool { return tag != "-" })
			p.sources = [][]entry{common}
			common = slices.DeleteFunc(slices.Clone(common), func(e entry) bool {
				return get(p.rows[command], e.name).Tag.Get("scenario") != ""
			})
		case t.name == command && t.array:
			own := p.scenarioTable(path, command, t, func(tag string) bool { return tag == "" || tag == "own" })
			p.sources = [][]entry{own, common}
		default:
			top.mistakes.addf(t.origin(path), "unknown table [%s]; write each %s as [[%s]]", t.name, command, command)
			continue
		}
		parsed, err := p.parse([]string{command})
		if err != nil {
			return nil, nil, err
		}
		parsed.place = t.origin(path)
		if t.name == "" {
			top = parsed
		} else {
			each = append(each, parsed)
		}
	}
	if len(each) == 0 {
		top.mistakes.addf(path, "no %s in the file: write at least one table [[%s]]", command, command)
	}
	return top, each, nil
}

// scenarioTable takes the keys of a table; may says by a row's tag whether it can be there.
func (p *parser) scenarioTable(path, command string, t tomlTable, may func(tag string) bool) (entries []entry) {
	rows := map[string]*kong.Value{} // by key
	for _, row := range p.rows[command] {
		key := strings.ReplaceAll(row.Name, "-", "_")
		if !may(row.Tag.Get("scenario")) {
			continue
		}
		if !isSecret(row) {
			rows[key] = row
		}
		if row.Target.Kind() == reflect.String {
			rows[key+envSuffix] = row
		}
	}
	for _, k := range t.keys {
		row, known := rows[k.name]
		_, isSecret := rows[k.name+envSuffix]
		var texts []string
		var err error
		switch {
		case !known && isSecret:
			err = fmt.Errorf("do not write secrets to this file: name a variable with %s%s = \"NAME\"", k.name, envSuffix)
		case !known:
			err = fmt.Errorf("unknown key%s", DidYouMean("", k.name, sorted(rows)))
		case strings.HasSuffix(k.name, envSuffix):
			texts, err = fromVariable(k.value, p.options.Environ)
		default:
			texts, err = fromTOML(row, k.value)
		}
		if err != nil {
			p.Add(k.origin(path), err)
			continue
		}
		entries = p.accept(entries, "", row, texts, k.origin(path))
	}
	return entries
}

// fromVariable is the text of the variable that a file names; the last of a name counts.
func fromVariable(written any, environ []string) ([]string, error) {
	name, ok := written.(string)
	if !ok {
		return nil, errors.New("use the name of a variable in quotes")
	}
	for _, pair := range slices.Backward(environ) {
		if key, text, _ := strings.Cut(pair, "="); key == name && text != "" {
			return []string{text}, nil
		}
	}
	return nil, fmt.Errorf("the variable %s is not set", Quote(name))
}
