package main

import (
	"errors"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/BurntSushi/toml"
	"github.com/alecthomas/kong"
)

// maxFile bounds a configuration file, in bytes.
const maxFile = 1 << 20

// readFile reads a configuration file: keys are flags, at the top for every command that has them, in a command's table
// for that one. It returns what is usable and what is wrong; the error tells that there is no readable file.
func readFile(path string, known flagTable) ([]setting, []mistake, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, nil, err
	}
	if info.Size() > maxFile {
		return nil, nil, fmt.Errorf("%s is larger than %d bytes: is it a configuration file?", path, maxFile)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, nil, err
	}
	var tree map[string]any
	if _, err := toml.Decode(string(text), &tree); err != nil {
		return nil, []mistake{syntaxMistake(path, string(text), err)}, nil
	}
	r := fileReader{path: path, known: known}
	for _, key := range sorted(tree) {
		if table, ok := tree[key].(map[string]any); ok {
			r.table(key, table)
		} else {
			r.entry("", key, tree[key])
		}
	}
	return r.settings, r.mistakes, nil
}

// syntaxMistake tells where the file is no TOML. The parser's words may quote the text, which must not be a password's.
func syntaxMistake(path, text string, err error) mistake {
	var parse toml.ParseError
	if !errors.As(err, &parse) {
		return mistake{path, "not a TOML file: " + err.Error()}
	}
	lines := strings.Split(text, "\n")
	line := parse.Position.Line
	words := parse.Message
	if line >= 1 && line <= len(lines) && secretKey.MatchString(lines[line-1]) || secretKey.MatchString(parse.LastKey) {
		words = `a string needs quotes: ice-pass = "…"`
	}
	return mistake{path + ":" + strconv.Itoa(line), "not TOML: " + words}
}

// secretKey finds the keys of passwords and the like.
var secretKey = regexp.MustCompile("pass|secret|token")

// fileReader collects the entries of one file.
type fileReader struct {
	path     string
	known    flagTable
	settings []setting
	mistakes []mistake
}

func (r *fileReader) blame(key, format string, args ...any) {
	r.mistakes = append(r.mistakes, mistake{r.path + ": " + key, fmt.Sprintf(format, args...)})
}

func (r *fileReader) table(command string, entries map[string]any) {
	if _, ok := r.known[command]; !ok {
		r.blame("["+command+"]", "unknown table; there are [%s]", strings.Join(sorted(r.known), "], ["))
		return
	}
	for _, key := range sorted(entries) {
		r.entry(command, key, entries[key])
	}
}

// entry takes one key; command is "" at the top of the file.
func (r *fileReader) entry(command, key string, entry any) {
	name := key
	flag := r.known.first(key)
	candidates := r.known.names("")
	if command != "" {
		name = command + "." + key
		flag = r.known.get(command, key)
		candidates = r.known.names(command)
	}
	candidates = slices.DeleteFunc(candidates, func(s string) bool { return slices.Contains(notInFile, s) })
	if _, isCommand := r.known[key]; isCommand && command == "" {
		r.blame(name, "this is a command: write its flags as a table, [%s]", key)
		return
	}
	if flag == nil || slices.Contains(notInFile, key) {
		r.blame(name, "unknown key%s", didYouMean("", key, candidates))
		return
	}
	raw, err := fromTOML(flag, entry)
	if err == nil {
		err = check(flag, raw)
	}
	if err != nil {
		r.mistakes = append(r.mistakes, mistakesOf(r.path+": "+name, err)...)
		return
	}
	r.settings = append(r.settings, setting{command: command, flag: key, raw: raw, origin: r.path + ": " + name})
}

// fromTOML makes an entry what the flag takes, or says which type is needed. It never quotes the entry: it may be a
// secret.
func fromTOML(flag *kong.Flag, entry any) (any, error) {
	if flag.IsBool() {
		if v, ok := entry.(bool); ok {
			return v, nil
		}
		return nil, errors.New("true or false is needed, without quotes")
	}
	switch newValue(flag).(type) {
	case lister:
		return fromList(entry)
	case *limit, *rate, *count:
		switch v := entry.(type) {
		case int64:
			return strconv.FormatInt(v, 10), nil
		case float64:
			return strconv.FormatFloat(v, 'g', -1, 64), nil
		case string:
			return v, nil
		}
		return nil, errors.New(`a number is needed, or "none"`)
	case *duration:
		if v, ok := entry.(string); ok {
			return v, nil
		}
		return nil, errors.New(`a duration is needed, with its unit and in quotes: "10s"`)
	}
	if v, ok := entry.(string); ok {
		return v, nil
	}
	return nil, errors.New("a text in quotes is needed")
}

// fromList takes a list of texts, or one.
func fromList(entry any) (any, error) {
	if one, ok := entry.(string); ok {
		return []string{one}, nil
	}
	list, ok := entry.([]any)
	texts := make([]string, 0, len(list))
	for _, e := range list {
		text, isText := e.(string)
		ok = ok && isText
		texts = append(texts, text)
	}
	if !ok {
		return nil, errors.New(`a list of texts is needed: ["stun:stun.example", "turn:turn.example"]`)
	}
	return texts, nil
}

func sorted[T any](m map[string]T) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}
