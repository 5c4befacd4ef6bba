package main

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/alecthomas/kong"
)

// envPrefix begins the name of every variable that dialtone reads.
const envPrefix = "DIALTONE_"

// forDemo are flags that name other people's servers. What a file or the environment says about them for all commands
// is not meant for the demo, which needs nothing.
var forDemo = []string{"server", "ice", "ice-user", "ice-pass", "ca", "insecure"}

// notInFile are flags that a configuration file cannot give.
var notInFile = []string{"config"}

// setting is what the environment or the file says about a flag.
type setting struct {
	command string // the command whose table it stands in; "" for all that have the flag
	flag    string
	raw     any // bool, string or []string: what the flag's decoder takes
	origin  string
}

// layers answers kong's question for the flags that are not on the command line: the environment first, then the file.
// It notes everything that is wrong with either, also what concerns other commands: whether a file is right does not
// depend on the command that reads it.
type layers struct {
	environ   []string
	configDir func() (string, error)

	loaded   bool
	env      []setting
	file     []setting
	mistakes []mistake
	origins  map[string]string // of the flags that were taken from here
	typed    map[string]bool   // flags of the command line
}

// Validate implements kong.Resolver.
func (l *layers) Validate(*kong.Application) error { return nil }

// Resolve implements kong.Resolver. It never fails: mistakes are told later, all at once.
func (l *layers) Resolve(ctx *kong.Context, parent *kong.Path, flag *kong.Flag) (any, error) {
	command := parent.Node()
	if command == nil || command.Type != kong.CommandNode {
		return nil, nil
	}
	if !l.loaded {
		l.loaded = true
		l.load(ctx, command)
	}
	for _, layer := range [][]setting{l.env, l.file} {
		if s, ok := find(layer, command.Name, flag.Name); ok {
			l.origins[flag.Name] = s.origin
			return s.raw, nil
		}
	}
	return nil, nil
}

// find takes the command's own setting before the one for all.
func find(layer []setting, command, flag string) (setting, bool) {
	for _, scope := range []string{command, ""} {
		if scope == "" && command == "demo" && slices.Contains(forDemo, flag) {
			break
		}
		for _, s := range layer {
			if s.command == scope && s.flag == flag {
				return s, true
			}
		}
	}
	return setting{}, false
}

// originOf tells where the value of a flag was written. One that nobody wrote is missing on the command line.
func (l *layers) originOf(flag string) string {
	if origin, ok := l.origins[flag]; ok {
		return origin
	}
	if l.typed != nil && !l.typed[flag] {
		return "the command line"
	}
	return "--" + flag
}

func (l *layers) blame(origin, format string, args ...any) {
	l.mistakes = append(l.mistakes, mistake{origin, fmt.Sprintf(format, args...)})
}

// load reads both layers. Of the flags on the command line only --config matters here.
func (l *layers) load(ctx *kong.Context, command *kong.Node) {
	l.origins = map[string]string{}
	known := flagsOf(ctx.Model)
	l.loadEnv(known)
	path, origin := l.configPath(ctx, command)
	if path == "" {
		return
	}
	settings, found, err := readFile(path, known)
	if errors.Is(err, fs.ErrNotExist) && origin == "" {
		return // there need not be a file in the default place
	}
	if err != nil {
		l.blame(origin, "the configuration file cannot be read: %v", err)
	}
	l.file = settings
	l.mistakes = append(l.mistakes, found...)
}

// configPath is the file to read, and who named it: "" for the default place.
func (l *layers) configPath(ctx *kong.Context, command *kong.Node) (path, origin string) {
	for _, flag := range command.Flags {
		if flag.Name != "config" {
			continue
		}
		if named, ok := ctx.FlagValue(flag).(string); ok && named != "" {
			return named, "--config"
		}
	}
	if s, ok := find(l.env, command.Name, "config"); ok {
		named, _ := s.raw.(string)
		return named, s.origin
	}
	dir, err := l.configDir()
	if err != nil {
		return "", "" // without a home there is no default place
	}
	return filepath.Join(dir, "dialtone", "config.toml"), ""
}

// loadEnv takes the DIALTONE_ variables. An empty one counts as not set.
func (l *layers) loadEnv(known flagTable) {
	flagOf := map[string]*kong.Flag{} // by the name of the variable, without the prefix
	for _, name := range known.names("") {
		flagOf[strings.TrimPrefix(envName(name), envPrefix)] = known.first(name)
	}
	for _, pair := range l.environ {
		name, text, _ := strings.Cut(pair, "=")
		suffix, ours := strings.CutPrefix(name, envPrefix)
		if !ours || text == "" {
			continue
		}
		flag, ok := flagOf[suffix]
		if !ok {
			l.blame(name, "unknown variable%s", didYouMean(envPrefix, suffix, sorted(flagOf)))
			continue
		}
		raw, err := fromText(flag, text)
		if err == nil {
			err = check(flag, raw)
		}
		if err != nil {
			l.mistakes = append(l.mistakes, mistakesOf(name, err)...)
			continue
		}
		l.env = append(l.env, setting{flag: flag.Name, raw: raw, origin: name})
	}
}

// envName is the variable of a flag: DIALTONE_ICE_PASS for --ice-pass.
func envName(flag string) string {
	return envPrefix + strings.ToUpper(strings.ReplaceAll(flag, "-", "_"))
}

// fromText makes a variable's text what the flag takes: several URLs are separated by commas or white space.
func fromText(flag *kong.Flag, text string) (any, error) {
	if flag.IsBool() {
		v, err := strconv.ParseBool(text)
		if err != nil {
			return nil, fmt.Errorf("%s is neither true nor false", quote(text))
		}
		return v, nil
	}
	if l, list := newValue(flag).(lister); list {
		if !l.splits() {
			return []string{text}, nil
		}
		return strings.FieldsFunc(text, func(r rune) bool { return r == ',' || r == ' ' || r == '\t' || r == '\n' }), nil
	}
	return text, nil
}

// newValue is a fresh target of the flag's type; a pointer.
func newValue(flag *kong.Flag) any { return reflect.New(flag.Target.Type()).Interface() }

// check decodes a value for its mistakes only.
func check(flag *kong.Flag, raw any) error {
	v, ok := newValue(flag).(value)
	if !ok {
		return nil
	}
	raws, several := raw.([]string)
	if !several {
		raws = []string{fmt.Sprint(raw)}
	}
	var errs []error
	for _, r := range raws {
		errs = append(errs, v.set(r))
	}
	return errors.Join(errs...)
}

// flagTable holds the flags of each command.
type flagTable map[string][]*kong.Flag

// flagsOf lists the flags of the commands that can be configured: those with --config.
func flagsOf(app *kong.Application) flagTable {
	table := flagTable{}
	for _, command := range app.Children {
		if isConfig := func(f *kong.Flag) bool { return f.Name == "config" }; slices.ContainsFunc(command.Flags, isConfig) {
			table[command.Name] = command.Flags
		}
	}
	return table
}

// get returns a command's flag, or nil.
func (t flagTable) get(command, name string) *kong.Flag {
	for _, flag := range t[command] {
		if flag.Name == name {
			return flag
		}
	}
	return nil
}

// first returns the flag of that name of any command, or nil: flags of one name have one type everywhere.
func (t flagTable) first(name string) *kong.Flag {
	for command := range t {
		if flag := t.get(command, name); flag != nil {
			return flag
		}
	}
	return nil
}

// names lists the flags of a command, or of all for "", sorted and each once.
func (t flagTable) names(command string) []string {
	var names []string
	for c, flags := range t {
		for _, flag := range flags {
			if command == "" || c == command {
				names = append(names, flag.Name)
			}
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}
