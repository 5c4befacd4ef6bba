package main

import (
	"errors"
	"fmt"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/BurntSushi/toml"

	"dialtone/diag"
	"dialtone/signal/ways"
	"dialtone/signal/whip"
)

// scenarioTable is the form of a scenario file.
type scenarioTable struct {
	Name   string            `toml:"name"`
	Output map[string]string `toml:"output"`
	Check  []checkTable      `toml:"check"`
}

// checkTable is one [[check]].
type checkTable struct {
	Name          string   `toml:"name"`
	Target        string   `toml:"target"`
	Room          string   `toml:"room"`
	URL           string   `toml:"url"`
	TokenEnv      string   `toml:"token_env"`
	Conformance   bool     `toml:"conformance"`
	Server        string   `toml:"server"`
	Role          string   `toml:"role"`
	Wait          string   `toml:"wait"`
	ICE           []string `toml:"ice"`
	ICEUser       string   `toml:"ice_user"`
	ICEUserEnv    string   `toml:"ice_user_env"`
	ICEPassEnv    string   `toml:"ice_pass_env"`
	TURNSecretEnv string   `toml:"turn_secret_env"`
	RelayOnly     bool     `toml:"relay_only"`
	PionDefaults  bool     `toml:"pion_defaults"`
	Media         *bool    `toml:"media"`
	For           string   `toml:"for"`
	Repeat        *int     `toml:"repeat"`
	Parallel      *int     `toml:"parallel"`
	Expect        string   `toml:"expect"`
	Assert        []string `toml:"assert"`
	Baseline      string   `toml:"baseline"`
	Insecure      bool     `toml:"insecure"`
	CA            string   `toml:"ca"`
}

// secretKeys are keys that people try, and why they are refused: the file lands in a repository.
var secretKeys = map[string]string{"ice_pass": "ice_pass_env", "turn_secret": "turn_secret_env",
	"ice_password": "ice_pass_env", "token": "token_env"}

// scenario is a file that was read.
type scenario struct {
	name   string
	checks []scenarioCheck
	out    []output
}

// scenarioCheck is one check, and where it stands.
type scenarioCheck struct {
	command *checkCommand
	origin  string
}

// readScenario reads a scenario file. The error is a configError with everything that is wrong.
func readScenario(path string, getenv func(string) string) (*scenario, error) {
	info, err := os.Stat(path)
	if err == nil && info.Size() > maxFile {
		err = fmt.Errorf("it is larger than %d bytes: is it a scenario?", maxFile)
	}
	if err != nil {
		return nil, configError{{"--scenario", err.Error()}}
	}
	raw, err := os.ReadFile(path)
	if err != nil {
		return nil, configError{{"--scenario", err.Error()}}
	}
	r := &scenarioReader{path: path, text: string(raw), getenv: getenv}
	s := r.read()
	if len(r.mistakes) > 0 {
		return nil, r.mistakes
	}
	return s, nil
}

// scenarioReader collects what is wrong.
type scenarioReader struct {
	path, text string
	getenv     func(string) string
	mistakes   configError
}

func (r *scenarioReader) blame(line int, format string, args ...any) {
	origin := r.path
	if line > 0 {
		origin += ":" + strconv.Itoa(line)
	}
	r.mistakes = append(r.mistakes, mistake{origin, fmt.Sprintf(format, args...)})
}

func (r *scenarioReader) read() *scenario {
	var file scenarioTable
	meta, err := toml.Decode(r.text, &file)
	if err != nil {
		var parse toml.ParseError
		if errors.As(err, &parse) {
			r.mistakes = append(r.mistakes, syntaxMistake(r.path, r.text, err))
		} else {
			r.blame(0, "%s", diag.Clean(err.Error(), 300))
		}
		return nil
	}
	r.unknown(meta.Undecoded())
	s := &scenario{name: file.Name, out: r.outputs(file.Output)}
	if s.name == "" {
		s.name = "scenario"
	}
	if len(file.Check) == 0 {
		r.blame(0, "there is no check in it: write at least one table [[check]]")
	}
	names := map[string]bool{}
	for i, t := range file.Check {
		c := r.check(i, t)
		if names[c.command.Name] {
			r.blame(r.lineOf("check", i, "name"), "the name %s is taken: each check needs a name of its own",
				quote(c.command.Name))
		}
		names[c.command.Name] = true
		s.checks = append(s.checks, c)
	}
	return s
}

// unknown refuses keys that the form does not have.
func (r *scenarioReader) unknown(keys []toml.Key) {
	seen := map[string]bool{}
	for _, key := range keys {
		if seen[key.String()] {
			continue
		}
		seen[key.String()] = true
		table, name := "", key[len(key)-1]
		if len(key) > 1 {
			table = key[0]
		}
		lines := r.linesOf(table, name)
		if len(lines) == 0 {
			lines = []int{0}
		}
		for _, line := range lines {
			if instead, ok := secretKeys[name]; ok {
				r.blame(line, "%s: a password does not belong into this file, which others read: name a variable, %s = \"NAME\", and set that", name, instead)
				continue
			}
			r.blame(line, "unknown key %s%s", quote(name), didYouMean("", name, keysOf(table)))
		}
	}
}

// keysOf lists the keys of a table; "" for the top.
func keysOf(table string) []string {
	form := reflect.TypeFor[scenarioTable]()
	if table == "check" {
		form = reflect.TypeFor[checkTable]()
	}
	var keys []string
	for i := range form.NumField() {
		keys = append(keys, form.Field(i).Tag.Get("toml"))
	}
	return keys
}

var (
	tableLine = regexp.MustCompile(`^\s*\[\[?\s*([A-Za-z0-9_-]+)`)
	keyLine   = regexp.MustCompile(`^\s*"?([A-Za-z0-9_-]+)"?\s*=`)
)

// walk calls f with each key's line, its table, and the number of that table among those of its name.
func (r *scenarioReader) walk(f func(line int, table string, index int, key string)) {
	table, index := "", map[string]int{}
	number := 0
	for text := range strings.Lines(r.text) {
		number++
		if m := tableLine.FindStringSubmatch(text); m != nil {
			table = m[1]
			index[table]++
			f(number, table, index[table]-1, "")
		} else if m := keyLine.FindStringSubmatch(text); m != nil {
			f(number, table, max(0, index[table]-1), m[1])
		}
	}
}

// linesOf are the lines at which a key stands in any table of a name.
func (r *scenarioReader) linesOf(table, key string) []int {
	var lines []int
	r.walk(func(line int, t string, _ int, k string) {
		if t == table && k == key || table == "" && t == key {
			lines = append(lines, line)
		}
	})
	return lines
}

// lineOf is the line of a key in one table; that of the table itself where the key is not there.
func (r *scenarioReader) lineOf(table string, index int, key string) int {
	own, head := 0, 0
	r.walk(func(line int, t string, i int, k string) {
		if t == table && i == index {
			switch k {
			case key:
				own = line
			case "":
				head = line
			}
		}
	})
	if own > 0 {
		return own
	}
	return head
}

func (r *scenarioReader) outputs(table map[string]string) []output {
	var list outputs
	for _, format := range sorted(table) {
		if err := list.set(format + "=" + table[format]); err != nil {
			r.blame(r.lineOf("output", 0, format), "%v", err)
		}
	}
	return list.list
}

// check makes the flags of one table.
func (r *scenarioReader) check(i int, t checkTable) scenarioCheck {
	c := &checkCommand{Name: t.Name, RelayOnly: t.RelayOnly, PionDefaults: t.PionDefaults, Baseline: t.Baseline}
	c.Insecure, c.ICEUser = t.Insecure, t.ICEUser
	set := func(key, text string, v value) {
		if text != "" {
			if err := v.set(text); err != nil {
				r.blame(r.lineOf("check", i, key), "%s: %v", key, err)
			}
		}
	}
	or := func(text, otherwise string) string {
		if text == "" {
			return otherwise
		}
		return text
	}
	r.target(i, t, c)
	set("server", or(t.Server, defaultServer), &c.Server)
	set("role", or(t.Role, "any"), &c.Role)
	set("wait", or(t.Wait, "1m"), &c.Wait)
	set("for", or(t.For, "10s"), &c.For)
	set("expect", or(t.Expect, "any"), &c.Expect)
	set("ca", t.CA, &c.CA)
	for _, u := range t.ICE {
		set("ice", u, &c.ICE)
	}
	for _, e := range t.Assert {
		set("assert", e, &c.Assert)
	}
	set("repeat", numberOr1(t.Repeat), &c.Repeat)
	set("parallel", numberOr1(t.Parallel), &c.Parallel)
	c.NoMedia = t.Media != nil && !*t.Media
	r.fromEnv(i, "ice_user_env", t.ICEUserEnv, func(s string) { c.ICEUser = s })
	r.fromEnv(i, "ice_pass_env", t.ICEPassEnv, func(s string) { c.ICEPass.Secret = diag.Secret(s) })
	r.fromEnv(i, "token_env", t.TokenEnv, func(s string) { c.Token.Secret = diag.Secret(s) })
	r.fromEnv(i, "turn_secret_env", t.TURNSecretEnv, func(s string) { c.TURNSecret.Secret = diag.Secret(s) })
	if c.Name == "" {
		c.Name = fmt.Sprintf("check %d", i+1)
	}
	return scenarioCheck{command: c, origin: fmt.Sprintf("%s:%d", r.path, r.lineOf("check", i, ""))}
}

// target says what is called, and tells what is missing for it or does not go with it.
func (r *scenarioReader) target(i int, t checkTable, c *checkCommand) {
	c.wayFlags, c.Conformance = newWayFlags(checking), t.Conformance
	needs, token := "", false
	targets := []string{"loopback"}
	for _, w := range ways.All {
		if len(w.Check) == 0 {
			continue
		}
		targets = append(targets, w.Name)
		switch {
		case t.Target != w.Name:
		case w.Coded:
			needs = "room"
			c.set(w.Check[0].Name, t.Room)
		default:
			needs, token = "url", w.Token
			c.set(w.Check[0].Name, t.URL)
		}
	}
	c.Loopback = t.Target == "loopback"
	if !slices.Contains(targets, t.Target) {
		r.blame(r.lineOf("check", i, "target"), "target: unknown target %s: write %s", quote(t.Target), listed(targets, "or"))
		return
	}
	for _, key := range []struct{ name, value, what string }{
		{"room", t.Room, "the code to dial"}, {"url", t.URL, "the address of the endpoint"},
	} {
		switch {
		case key.name == needs && key.value == "":
			r.blame(r.lineOf("check", i, "target"), "%s is missing: %s", key.name, key.what)
		case key.name != needs && key.value != "":
			r.blame(r.lineOf("check", i, key.name), "%s: the target is %s, which has none: leave it out", key.name, t.Target)
		}
	}
	if t.TokenEnv != "" && !token {
		r.blame(r.lineOf("check", i, "token_env"), "token_env: the target is %s, which asks for no token: leave it out",
			t.Target)
	}
	if t.Conformance && t.Target != whip.Publish.Name {
		r.blame(r.lineOf("check", i, "conformance"), "conformance requires the target whip, not %s", t.Target)
	}
}

// fromEnv takes a value from the variable that the file names.
func (r *scenarioReader) fromEnv(i int, key, name string, take func(string)) {
	if name == "" {
		return
	}
	text := r.getenv(name)
	if text == "" {
		r.blame(r.lineOf("check", i, key), "%s: the variable %s is not set", key, quote(name))
	}
	take(text)
}

func numberOr1(n *int) string {
	if n == nil {
		return "1"
	}
	return strconv.Itoa(*n)
}

// envOf looks variables up; the last of a name counts.
func envOf(environ []string) func(string) string {
	return func(name string) string {
		for _, pair := range slices.Backward(environ) {
			if key, text, _ := strings.Cut(pair, "="); key == name {
				return text
			}
		}
		return ""
	}
}
