// Package settings reads everything that can be set: from the command line, DIALTONE_ variables, a configuration file
// and scenario files, and describes it for the start form.
//
// The table of settings is the grammar of the command line: each field of a command's struct is one row, and its tags
// are the columns. Beside those of kong (name, short, default, placeholder, group, help) there are
//
//	oneof     the words that a text can be, separated by commas
//	form      the commands whose start form offers the setting, separated by commas
//	label     its name in the form
//	hint      what to write there
//	empty     the flag that stands for an empty text in the form
//	private   the form's history does not keep it
//	own       the commands that ignore what is written for all commands
//	file      "-" if it cannot be in the configuration file
//	scenario  "-" if it cannot be in a scenario, "top" if only at its top, "own" if checks do not inherit it
//	path      what the command does with the file that it names: see [files.Use]
//	single    "yes" if it is a mistake to give it twice, as with a target: otherwise the last value counts
//	whole     a variable holds one value of the list instead of several that commas or spaces separate
//
// How a text becomes a value depends only on the field's type: see [Decoders]. A field of type diag.Secret is never
// quoted and never shown.
package settings

import (
	"errors"
	"fmt"
	"io"
	"reflect"
	"slices"
	"strings"

	"github.com/alecthomas/kong"

	"dialtone/cmd/dialtone/internal/files"
	"dialtone/diag"
)

// Options say where settings may come from.
type Options struct {
	Environ   []string               // KEY=value
	ConfigDir func() (string, error) // the user's directory for configuration
	Out, Err  io.Writer              // for --help
	Decoders  Decoders
	Kong      []kong.Option
}

// ErrHelp is the end of a command line that asked for help, which has been written.
var ErrHelp = errors.New("help was written")

// Parsed is a command with its settings.
type Parsed struct {
	Command any             // points to the command's struct
	Name    string          // of the command, "" if there is none
	Typed   map[string]bool // the flags of the command line

	Warnings []string // about files that others can read

	place    string            // where it was written
	origins  map[string]string // of the flags that came from elsewhere
	mistakes MistakeErrors
	paths    []files.Named // that it names
}

// Parse reads args and the other sources into grammar, a pointer to a struct of commands. The error is [ErrHelp], or
// [MistakeErrors] if args are not a command line; mistakes in values are those of [Parsed.Check].
func Parse(grammar any, args []string, o Options) (*Parsed, error) {
	p, err := newParser(grammar, o)
	if err != nil {
		return &Parsed{}, err
	}
	p.loadEnv(o.Environ)
	return p.parse(args)
}

// parser collects the settings of one command line. It is kong's resolver of flags that are not typed.
type parser struct {
	kong    *kong.Kong
	options Options
	rows    table
	sources [][]entry // the first that has a setting counts
	loaded  bool      // the configuration file was looked for
	helped  bool
	origins map[string]string
	MistakeErrors
	warnings []string
}

func newParser(grammar any, o Options) (*parser, error) {
	p := &parser{options: o, origins: map[string]string{}}
	options := []kong.Option{
		kong.Name("dialtone"), kong.Writers(o.Out, o.Err), kong.Resolvers(p), kong.Exit(func(int) { p.helped = true }),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true, WrapUpperBound: 110}),
	}
	var err error
	p.kong, err = kong.New(grammar, slices.Concat(options, p.mappers(), o.Kong)...)
	if err == nil {
		p.rows = rowsOf(p.kong.Model)
	}
	return p, err
}

func (p *parser) parse(args []string) (*Parsed, error) {
	context, err := p.kong.Parse(args)
	parsed := &Parsed{place: commandLine, origins: p.origins, Typed: map[string]bool{}}
	if p.helped {
		return parsed, ErrHelp
	}
	var refused *kong.ParseError
	if errors.As(err, &refused) {
		context = refused.Context
	}
	if node := context.Selected(); node != nil {
		parsed.Name, parsed.Command, parsed.paths = node.Name, node.Target.Addr().Interface(), pathsOf(node)
	}
	if err != nil {
		p.Add(commandLine, unflagged(context.Selected(), err))
		return parsed, p.MistakeErrors
	}
	parsed.mistakes, parsed.Warnings = p.MistakeErrors, p.warnings
	for _, step := range context.Path {
		if step.Flag == nil || step.Resolved {
			continue
		}
		if parsed.Typed[step.Flag.Name] && step.Flag.Tag.Get("single") != "" {
			parsed.mistakes.Add("--"+step.Flag.Name, errors.New("give it once: it has one value"))
		}
		parsed.Typed[step.Flag.Name] = true
	}
	return parsed, nil
}

// unflagged adds to the refusal of a flag what to write here: an argument that is tagged so, or a flag of another name.
func unflagged(command *kong.Node, err error) error {
	if command == nil {
		return err
	}
	for _, arg := range command.Positional {
		if flag := arg.Tag.Get("unflagged"); flag != "" && strings.HasPrefix(err.Error()+",", "unknown flag --"+flag+",") {
			return fmt.Errorf("%w; here it has no flag: dialtone %s %s", err, command.Name, strings.ToUpper(arg.Name))
		}
	}
	return renamed(command, err)
}

// commandLine is the origin of what is missing.
const commandLine = "the command line"

// Validate implements kong.Resolver.
func (p *parser) Validate(*kong.Application) error { return nil }

// Resolve implements kong.Resolver. It never fails: mistakes are reported later, all at once.
func (p *parser) Resolve(context *kong.Context, parent *kong.Path, flag *kong.Flag) (any, error) {
	command := parent.Node()
	if command == nil || command.Type != kong.CommandNode {
		return nil, nil
	}
	if row := get(p.rows[command.Name], configFlag); !p.loaded && row != nil {
		path, _ := context.FlagValue(row.Flag).(string)
		p.loadFile(path)
	}
	e, ok := p.find(command.Name, flag.Value)
	if !ok {
		return nil, nil
	}
	p.origins[flag.Name] = e.origin
	if flag.IsSlice() {
		return e.texts, nil
	}
	return e.texts[0], nil
}

// table holds the rows of each command that can be configured: those with --config.
type table map[string][]*kong.Value

func rowsOf(app *kong.Application) table {
	rows := table{}
	for _, command := range app.Children {
		var list []*kong.Value
		for _, flag := range command.Flags {
			list = append(list, flag.Value)
		}
		if get(list, configFlag) != nil {
			rows[command.Name] = list
		}
	}
	return rows
}

// of lists the rows of a command, for "" those of all commands, one of each name: settings of one name have one type.
func (t table) of(command string) []*kong.Value {
	if command != "" {
		return t[command]
	}
	var all []*kong.Value
	for _, name := range sorted(t) {
		for _, row := range t[name] {
			if get(all, row.Name) == nil {
				all = append(all, row)
			}
		}
	}
	return all
}

// get finds a row by its name; nil if there is none.
func get(rows []*kong.Value, name string) *kong.Value {
	i := slices.IndexFunc(rows, func(v *kong.Value) bool { return v.Name == name })
	if i < 0 {
		return nil
	}
	return rows[i]
}

// Model is the table of settings as kong has read it from a grammar.
func Model(grammar any, o Options) (*kong.Application, error) {
	p, err := newParser(grammar, o)
	if err != nil {
		return nil, err
	}
	return p.kong.Model, nil
}

func names(rows []*kong.Value) []string {
	var list []string
	for _, row := range rows {
		list = append(list, row.Name)
	}
	slices.Sort(list)
	return list
}

func isSecret(v *kong.Value) bool { return v.Target.Type() == reflect.TypeFor[diag.Secret]() }

// listed reports whether a tag, such as form:"call,demo", names a command.
func listed(v *kong.Value, tag, command string) bool {
	return command != "" && slices.Contains(strings.Split(v.Tag.Get(tag), ","), command)
}
