package settings

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/alecthomas/kong"

	"dialtone/tui/start"
)

// Form is the start form of a command: the settings that it offers, with the values of all sources but the command
// line.
type Form struct {
	Command string
	Summary string
	About   string
	Fields  []Field
}

// Field is a setting of a form. A secret has no value; its hint says if it is configured.
type Field struct {
	start.Field
	Positional bool   // an argument, not a flag
	List       bool   // several values, see [SplitList]
	Private    bool   // no history keeps it
	Empty      string // the flag that stands for an empty text; "" for none
}

// Forms describes the start forms of all commands that have one; config is the path of the configuration file, "" for
// the usual one.
func Forms(grammar any, config string, o Options) ([]Form, error) {
	var forms []Form
	p, err := newParser(grammar, o)
	if err != nil {
		return nil, err
	}
	p.loadEnv(o.Environ)
	p.loadFile(config)
	for _, node := range p.kong.Model.Children {
		about, _, _ := strings.Cut(node.Detail, "\n\n")
		f := Form{Command: node.Name, Summary: strings.TrimSuffix(node.Help, "."), About: about}
		rows := slices.Clone(node.Positional)
		for _, flag := range node.Flags {
			rows = append(rows, flag.Value)
		}
		for _, row := range rows {
			if listed(row, "form", node.Name) {
				f.Fields = append(f.Fields, p.field(node.Name, row))
			}
		}
		if len(f.Fields) > 0 {
			forms = append(forms, f)
		}
	}
	return forms, nil
}

func (p *parser) field(command string, row *kong.Value) Field {
	f := Field{
		Field: start.Field{Name: row.Name, Label: row.Tag.Get("label"), Hint: row.Tag.Get("hint"), Value: row.Default},
		Empty: row.Tag.Get("empty"), Positional: row.Flag == nil, List: row.IsSlice(),
		Private: row.Tag.Has("private") || isSecret(row),
	}
	e, configured := p.find(command, row)
	switch {
	case isSecret(row):
		f.Kind = start.Secret
		if configured {
			f.Hint = "as configured"
		}
	case configured:
		f.Value = strings.Join(e.texts, " ")
	case row.IsBool():
		f.Value = "false"
	}
	if row.IsBool() {
		f.Kind = start.Switch
	}
	f.Check = func(text string) error { return p.checkField(row, f, text) }
	return f
}

// checkField says what is wrong with a text, or nil.
func (p *parser) checkField(row *kong.Value, f Field, text string) error {
	texts := []string{text}
	if f.List {
		texts = SplitList(text)
	}
	switch {
	case f.Positional && text == "":
		return fmt.Errorf("enter the %s", f.Label)
	case f.List && len(texts) == 0 && f.Value != "":
		return errors.New("configured values cannot be removed here: change the configuration")
	case text == "" && f.Value == "":
		return nil
	}
	return p.options.Decoders.check(row, texts)
}
