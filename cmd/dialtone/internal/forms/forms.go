// Package forms makes the forms of the start screen from the table of settings, and command lines from what was
// entered.
package forms

import (
	"cmp"
	"errors"
	"maps"
	"slices"
	"strings"

	"dialtone/cmd/dialtone/internal/settings"
	"dialtone/tui/start"
)

// Form is a command as the start screen offers it.
type Form struct {
	settings.Form
	Config string // the file that --config names; "" for none
	// Checked says what is wrong with a command line whose fields are right one by one; the password is not part of it.
	Checked func(args []string, password string) error
}

// secretField is the field whose text becomes a variable of the command.
const secretField = "ice-pass"

// Screen is the form as data for the screen.
func (f Form) Screen() start.Command {
	c := start.Command{Name: f.Command, Summary: f.Summary, About: f.About, Line: f.line}
	for _, field := range f.Fields {
		c.Fields = append(c.Fields, field.Field)
	}
	c.Check = func(v start.Values) error { return f.Checked(f.Args(v), v[secretField]) }
	return c
}

// Args are the arguments of dialtone that do what the form says. Configured values are not repeated, and a password is
// not among them.
func (f Form) Args(v start.Values) []string {
	args := []string{f.Command}
	var flags, last []string
	for _, field := range f.Fields {
		switch text := v[field.Name]; {
		case field.Positional && strings.HasPrefix(text, "-"):
			last = []string{"--", text}
		case field.Positional:
			args = append(args, text)
		case text == "" && field.Empty != "":
			flags = append(flags, field.Empty)
		case field.Kind == start.Secret, text == field.Value:
		default:
			flags = append(flags, flagArgs(field, text)...)
		}
	}
	if f.Config != "" {
		flags = append(flags, "--config", f.Config)
	}
	return append(append(args, flags...), last...)
}

func flagArgs(field settings.Field, text string) []string {
	flag := "--" + field.Name
	switch {
	case field.Kind == start.Switch && text == "true":
		return []string{flag}
	case field.List:
		var args []string
		for _, part := range settings.SplitList(text) {
			args = append(args, flag, part)
		}
		return args
	case field.Kind == start.Switch, text == "", strings.HasPrefix(text, "-"):
		return []string{flag + "=" + text}
	}
	return []string{flag, text}
}

// Values are the texts that lead to a command line of [Form.Args]; the other fields are as configured.
func (f Form) Values(args []string) start.Values {
	v, lists := start.Values{}, map[string][]string{}
	fields := map[string]settings.Field{"--config": {Field: start.Field{Name: "config"}}}
	argument := ""
	for _, field := range f.Fields {
		v[field.Name], fields["--"+field.Name], fields[field.Empty] = field.Value, field, field
		if field.Positional {
			argument = field.Name
		}
	}
	ended := false // by "--": what follows is an argument
	for rest := args[1:]; len(rest) > 0; {
		word := rest[0]
		rest = rest[1:]
		flag, text, given := strings.Cut(word, "=")
		field, known := fields[flag]
		switch {
		case ended || !strings.HasPrefix(word, "--"):
			v[argument] = word
		case word == "--":
			ended = true
		case !known:
		case flag == field.Empty:
			v[field.Name] = ""
		case field.Kind == start.Switch:
			v[field.Name] = cmp.Or(text, "true")
		case given || len(rest) > 0:
			if !given {
				text, rest = rest[0], rest[1:]
			}
			lists[field.Name] = append(lists[field.Name], text)
			v[field.Name] = strings.Join(lists[field.Name], " ")
		}
	}
	delete(v, "config")
	return v
}

// line is the command line for a shell. A flag and its value are one word of it, so that lines break before flags. A
// missing argument is in capitals, as in the help.
func (f Form) line(v start.Values) []string {
	v = maps.Clone(v)
	for _, field := range f.Fields {
		if field.Positional && v[field.Name] == "" {
			v[field.Name] = strings.ToUpper(field.Name)
		}
	}
	words := []string{"dialtone"}
	if v[secretField] != "" {
		words = []string{settings.EnvName(secretField) + "=…", "dialtone"}
	}
	return append(words, shellWords(f.Args(v))...)
}

// shellWords quotes arguments and joins each flag with its value.
func shellWords(args []string) []string {
	var words []string
	for i, arg := range args {
		isFlag := strings.HasPrefix(arg, "--")
		word := settings.ShellQuoted(arg)
		if name, text, found := strings.Cut(arg, "="); isFlag && found {
			word = name + "=" + settings.ShellQuoted(text)
		} else if isFlag {
			word = arg
		}
		if i > 1 && !isFlag && strings.HasPrefix(args[i-1], "--") && !strings.Contains(args[i-1], "=") && args[i-1] != "--" {
			words[len(words)-1] += " " + word
		} else {
			words = append(words, word)
		}
	}
	return words
}

// Find returns the form of a command.
func Find(all []Form, name string) (Form, error) {
	i := slices.IndexFunc(all, func(f Form) bool { return f.Command == name })
	if i < 0 {
		return Form{}, errors.New("no form for " + name)
	}
	return all[i], nil
}
