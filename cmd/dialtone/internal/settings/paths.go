package settings

import (
	"reflect"

	"github.com/alecthomas/kong"

	"dialtone/cmd/dialtone/internal/files"
)

// pathsOf are the files that the settings of a command name.
func pathsOf(command *kong.Node) (list []files.Named) {
	for _, flag := range command.Flags {
		if use := files.Use(flag.Tag.Get("path")); use != "" {
			for _, path := range paths(flag.Target) {
				list = append(list, files.Named{Flag: "--" + flag.Name, Path: path, Use: use})
			}
		}
	}
	return list
}

// paths are those of a setting: texts, or values with a file.
func paths(value reflect.Value) []string {
	place, isPlace := value.Interface().(interface{ File() string })
	switch {
	case isPlace:
		return []string{place.File()}
	case value.Kind() == reflect.String:
		return []string{value.String()}
	}
	var list []string
	for i := range value.Len() {
		list = append(list, paths(value.Index(i))...)
	}
	return list
}

// Beside takes over the files that further settings name: those of the command line are beside those of a scenario.
func (p *Parsed) Beside(others ...*Parsed) {
	for _, other := range others {
		p.paths = append(p.paths, other.paths...)
	}
}

// Clashes reports whether flags name one file, which one of them would destroy.
func (p *Parsed) Clashes() bool { return files.Distinct(p.paths) != nil }
