package main

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/alecthomas/kong"

	"dialtone/cmd/dialtone/internal/endpoint"
	"dialtone/cmd/dialtone/internal/requests"
	"dialtone/cmd/dialtone/internal/settings"
	"dialtone/diag"
	"dialtone/diag/reach"
	"dialtone/diag/session"
	"dialtone/diag/words"
	"dialtone/signal"
	"dialtone/signal/ways"
)

// callingFlags are the ways of signaling of a caller, beside the room code.
type callingFlags struct {
	wayFlags `group:"signaling"`
	requestFlags
}

// answeringFlags are those of an answerer.
type answeringFlags struct {
	wayFlags `group:"signaling"`
	Token    diag.Secret `placeholder:"TOKEN" group:"signaling" help:"Bearer token that callers of ${answer_tokens} must send. Prefer DIALTONE_TOKEN or the file."`
	endpoint.TLSFlags
}

// requestFlags say how a caller's requests are made, beside their address.
type requestFlags = requests.Flags

// side is the command that the flags of a way are for.
type side string

const (
	calling   side = "call"
	answering side = "answer"
	checking  side = "check"
	loading   side = "load"
	measuring side = "speed"
)

// flags are those of a way in the command.
func (s side) flags(w signal.Way) []signal.Flag {
	switch s {
	case answering:
		return w.Answer
	case measuring:
		if w.OneWay() { // it carries only media
			return nil
		}
		return w.Check
	case checking, loading:
		return w.Check
	case calling:
	}
	return w.Call
}

// wayFlags are the flags of all ways of signaling in one command, made of their descriptors.
type wayFlags struct {
	kong.Plugins
	side side
}

// roomForm are the columns of the settings table for the code of a check, which its start form offers.
const roomForm = ` form:"check" label:"code" hint:"the peer's room code; empty: both peers run here" empty:"--loopback"`

// newWayFlags makes them. Each is a field of a struct of its own kind: a string, an address to listen on, or a bool for
// a flag without a value.
func newWayFlags(s side) wayFlags {
	f := wayFlags{side: s}
	for _, w := range ways.All {
		var fields []reflect.StructField
		for i, flag := range s.flags(w) {
			field := reflect.StructField{Name: "F" + strconv.Itoa(i), Type: reflect.TypeFor[string]()}
			tag := "name:" + strconv.Quote(flag.Name) + " help:" + strconv.Quote(flag.Help)
			switch {
			case flag.Placeholder == "":
				field.Type = reflect.TypeFor[bool]()
			case i == 0 && w.Listen != nil && s == answering:
				field.Type = reflect.TypeFor[listenAddress]()
			case i == 0 && w.Coded:
				tag += roomForm
			}
			if flag.Placeholder != "" {
				tag += " single:\"yes\" placeholder:" + strconv.Quote(flag.Placeholder)
			}
			field.Tag = reflect.StructTag(tag)
			fields = append(fields, field)
		}
		f.Plugins = append(f.Plugins, reflect.New(reflect.StructOf(fields)).Interface())
	}
	return f
}

// grammar is the grammar with the flags of the ways.
func grammar() *cli {
	c := &cli{}
	c.Call.wayFlags, c.Answer.wayFlags = newWayFlags(calling), newWayFlags(answering)
	c.Check.wayFlags, c.Speed.wayFlags = newWayFlags(checking), newWayFlags(measuring)
	c.Load.wayFlags = newWayFlags(loading)
	return c
}

// tokenWays lists the flags of ways with a token: "--offer, --whip and --whep".
func tokenWays(s side, last string) string {
	var names []string
	for _, w := range ways.All {
		if flags := s.flags(w); w.Token && len(flags) > 0 {
			names = append(names, "--"+flags[0].Name)
		}
	}
	return listed(names, last)
}

// listed joins names in a sentence.
func listed(names []string, last string) string {
	if len(names) < 2 {
		return strings.Join(names, "")
	}
	return strings.Join(names[:len(names)-1], ", ") + " " + last + " " + names[len(names)-1]
}

// each calls do with the name and the field of every flag.
func (f *wayFlags) each(do func(name string, field reflect.Value)) {
	for _, plugin := range f.Plugins {
		fields := reflect.ValueOf(plugin).Elem()
		for i := range fields.NumField() {
			do(fields.Type().Field(i).Tag.Get("name"), fields.Field(i))
		}
	}
}

// set gives a flag a value, "" for none.
func (f *wayFlags) set(name, text string) {
	f.each(func(n string, field reflect.Value) {
		switch {
		case n != name:
		case field.Kind() == reflect.Bool:
			field.SetBool(text != "")
		default:
			field.SetString(text)
		}
	})
}

// chosen lists the ways that were asked for.
func (f *wayFlags) chosen() []chosen {
	values := map[string]string{}
	f.each(func(name string, field reflect.Value) {
		if !field.IsZero() {
			values[name] = fmt.Sprint(field)
		}
	})
	var out []chosen
	for _, w := range ways.All {
		if flags := f.side.flags(w); len(flags) > 0 && values[flags[0].Name] != "" {
			out = append(out, chosen{Way: w, flag: flags[0].Name, value: values[flags[0].Name], values: values})
		}
	}
	return out
}

// chosen is the way of signaling of a call and what is given to it. Without a name it is none.
type chosen struct {
	signal.Way
	flag   string // that asked for it, without hyphens
	value  string // the address, or the code
	values map[string]string
	asks   requestFlags // how its requests are made
}

// inRoom is the way on which both peers dial a code.
func inRoom(code string) chosen {
	i := slices.IndexFunc(ways.All, func(w signal.Way) bool { return w.Coded })
	return chosen{Way: ways.All[i], value: code}
}

// choose takes the one way that was asked for. What is typed, code or flag, comes before the environment and the file.
// The error says that there is none, or more than one, and what was typed that does not go with it.
func (a app) choose(code *string, f *wayFlags) (chosen, error) {
	asked := f.chosen()
	var typed []chosen
	for _, w := range asked {
		if a.settings.Typed[w.flag] {
			typed = append(typed, w)
		}
	}
	switch {
	case code != nil && len(typed) > 0:
		return chosen{}, fmt.Errorf("--%s needs no code: leave out %s, or the flag", typed[0].flag, settings.Quote(*code))
	case code != nil:
		w := inRoom(*code)
		return w, a.superfluous(w, f.side)
	case len(typed) > 0:
		asked = typed
	}
	switch len(asked) {
	case 0:
		return chosen{}, errors.New("no target given: give a room code, or another way, such as --paste")
	case 1:
		w, err := asked[0].configured()
		return w, errors.Join(err, a.superfluous(w, f.side))
	}
	return chosen{}, fmt.Errorf("--%s and --%s are mutually exclusive: leave one out", asked[0].flag, asked[1].flag)
}

// configured is the way as its flags make it.
func (w chosen) configured() (chosen, error) {
	if w.For == nil {
		return w, nil
	}
	way, err := w.For(w.Way, w.values)
	if err != nil {
		return w, err
	}
	w.Way = way
	return w, nil
}

// ask says how the requests of a call are made.
func (w *chosen) ask(f requestFlags, config *diag.Config) error {
	w.asks = f
	if f.Channel != "" && !w.OneWay() {
		w.Channel = f.Channel
	}
	config.Channel = w.Channel
	config.Secrets = append(config.Secrets, f.Secrets()...)
	if w.ValidFields != nil && w.For != nil {
		return errors.Join(f.Consistent(), w.ValidFields(f.Fields()))
	}
	return f.Consistent()
}

// superfluous names flags of the command line that have nothing to do with the way. In the environment or the file they
// are meant for other calls.
func (a app) superfluous(w chosen, s side) error {
	var errs []error
	refuse := func(needs string, flags ...string) {
		for _, flag := range flags {
			if a.settings.Typed[flag] {
				errs = append(errs, fmt.Errorf("--%s requires %s: leave it out", flag, needs))
			}
		}
	}
	if !w.Coded {
		refuse("a room code", "server")
	}
	if !w.Token {
		refuse(tokenWays(s, "or"), "token", "token-to", "header", "trickle")
	}
	if w.For == nil {
		refuse("--offer", "field", "channel")
	}
	if w.Listen == nil {
		refuse(tokenWays(s, "or"), "tls", "tls-cert", "tls-key")
	}
	for _, other := range ways.All {
		for i, flag := range s.flags(other) {
			if i > 0 && other.Name != w.Name {
				refuse("--"+s.flags(other)[0].Name, flag.Name)
			}
		}
	}
	return errors.Join(errs...)
}

// checkMedia refuses what the way cannot carry, and no media on a way that carries nothing else.
func (w chosen) checkMedia(m mediaFlags, answers bool) error {
	if w.OneWay() && m.NoMedia {
		return fmt.Errorf("--%s carries only media: it cannot be used with --no-media", w.flag)
	}
	return m.check(session.Flow(w.Way, answers), answers && !w.OneWay())
}

// checkURL reports what is wrong with the address to dial.
func (w chosen) checkURL() error {
	if w.ValidAddress == nil || w.Coded {
		return nil
	}
	if err := w.ValidAddress(w.value); err != nil {
		return fmt.Errorf("--%s: %w", w.flag, advised(err))
	}
	return nil
}

// advised is an error of signaling with the next step.
func advised(err error) error {
	failure := session.FailureOf(err)
	var failed *signal.Error
	if failure == nil || !errors.As(err, &failed) || failed.Err == nil {
		return err
	}
	return fmt.Errorf("%w. %s", failed.Err, words.SignalAdvice(*failure))
}

// shown is the address fit to be shown and recorded.
func (w chosen) shown() string {
	if w.Shown != nil {
		return w.Shown(w.value)
	}
	return w.value
}

// apply puts the way into the configuration of a call.
func (w chosen) apply(config *diag.Config, token diag.Secret) {
	config.Signaling, config.Code, config.NoCode = w.Name, w.value, !w.Coded
	config.MediaOnly, config.Carried = w.OneWay(), w.Carried
	config.NamesServers = config.NamesServers || w.ICEServers != nil
	if w.Token {
		config.Token = token
	}
	if !w.Coded {
		config.Code, config.Server = "", ""
	}
	for _, kind := range diag.Kinds {
		if w.Kinds != nil && !slices.Contains(w.Kinds, kind) && !slices.Contains(config.NoKinds, kind) {
			config.NoKinds = append(config.NoKinds, kind)
		}
	}
}

// setup is what the way gets for a call.
func (w chosen) setup(config diag.Config) signal.Setup {
	s := signal.Setup{
		Address: w.value, Code: config.Code, Values: w.values, Token: config.Token.Reveal(), CAFile: config.CAFile,
		Insecure: config.Insecure, UserAgent: "dialtone/" + config.Version,
	}
	if w.Coded {
		s.Address = config.Server
	}
	w.asks.Into(&s)
	if proxies, err := reach.NewProxies(config.Proxy.Reveal()); err == nil { // a mistake is reported by the call
		s.Proxy = proxies.Request
	}
	return s
}
