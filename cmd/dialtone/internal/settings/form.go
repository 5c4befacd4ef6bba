package settings

import (
	"errors"
	"fmt"
	"strings"

	"github.com/alecthomas/kong"
)

// Field is a setting in the start form of a command.
type Field struct {
	Name       string
	Label      string
	Hint       string
	Value      string // as configured
	Positional bool   // an argument, not a flag
	Switch     bool
	Secret     bool
	List       bool   // several values, see [SplitList]
	Private    bool   // no history keeps it
	Empty      string // the flag that stands for an empty text; "" for none

	row      *kong.Value
	decoders Decoders
}

// Form describes a command's start form, with the values of all sources but the command line; config is the path of the
// configuration file, "" for the usual one. A secret has no value; its hint says if it is configured.
func Form(grammar any, command, config string, o Options) ([]Field, error) {
	p, err := newParser(grammar, o)
	if err != nil {
		return nil, err
	}
	p.loadEnv(o.Environ)
	p.loadFile(command, config)
	var fields []Field
	for _, node := range p.kong.Model.Children {
		if node.Name != command {
			continue
		}
		rows := node.Positional
		for _, flag := range node.Flags {
			rows = append(rows, flag.Value)
		}
		for _, row := range rows {
			if listed(row, "form", command) {
				fields = append(fields, p.field(command, row))
			}
		}
	}
	return fields, nil
}

func (p *parser) field(command string, row *kong.Value) Field {
	f := Field{
		Name: row.Name, Label: row.Tag.Get("label"), Hint: row.Tag.Get("hint"), Empty: row.Tag.Get("empty"),
		Positional: row.Flag == nil, Switch: row.IsBool(), Secret: isSecret(row), List: row.IsSlice(),
		Private: row.Tag.Has("private") || isSecret(row), Value: row.Default, row: row, decoders: p.options.Decoders,
	}
	e, configured := p.find(command, row)
	switch {
	case f.Secret && configured:
		f.Hint = "as configured"
	case configured:
		f.Value = strings.Join(e.texts, " ")
	case f.Switch:
		f.Value = "false"
	}
	return f
}

// Check says what is wrong with a text, or nil.
func (f Field) Check(text string) error {
	switch {
	case f.Positional && text == "":
		return fmt.Errorf("enter the %s", f.Label)
	case f.List && strings.TrimSpace(text) == "" && f.Value != "":
		return errors.New("configured servers cannot be removed here: change the configuration")
	case text == "" && f.Value == "":
		return nil
	case f.List:
		return f.decoders.check(f.row, SplitList(text))
	}
	return f.decoders.check(f.row, []string{text})
}
